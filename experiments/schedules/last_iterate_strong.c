/* last_iterate_strong.c: step sizes with a proof for the last iterate of SGD on strongly convex problems. */
#include <math.h>

#include "experiments/schedules/schedule.h"

enum form { FORM_WEIGHTED, FORM_CLASSIC };
static const char *const form_names[] = {"weighted", "classic", NULL};

struct conf {
  struct schedule_common common;
  double mu, smoothness;
  int form;
};

static const struct param params[] = {
  SCHEDULE_SCALE_PARAM(struct conf, common, "factor; 1 is the theorem's step"),
  SCHEDULE_FRAME_PARAMS(struct conf, common),
  {.id = "mu", .type = PARAM_REAL, .at = offsetof(struct conf, mu), .min = 0, .max = 1e12,
   .flags = PARAM_MIN_OPEN | PARAM_LOG | PARAM_REQUIRED, .doc = "strong convexity; an L2 penalty lambda |w|^2/2 has mu = lambda",
   .example = "0.1"},
  {.id = "form", .type = PARAM_CHOICE, .at = offsetof(struct conf, form), .def = FORM_WEIGHTED, .choices = form_names,
   .doc = "weighted: 2/(mu(t+2)); classic: 1/(mu(t+1))", .example = "classic"},
  {.id = "smoothness", .type = PARAM_REAL, .at = offsetof(struct conf, smoothness), .def = 0, .min = 0, .max = 1e12,
   .flags = PARAM_LOG, .doc = "L of the smooth part: no rate exceeds 1/max(2L, mu); 0: no smooth part", .example = "10"},
  {0},
};

static double body(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  double k = (double)t, m = c->form == FORM_CLASSIC ? 1.0 / (c->mu * (k + 1.0)) : 2.0 / (c->mu * (k + 2.0));
  (void)total;
  return schedule_capped(&c->common, m, fmax(2.0 * c->smoothness, c->mu));
}

const struct schedule schedule_last_iterate_strong = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "last-iterate-strong",
        .name = "Last-iterate steps, strongly convex",
        .summary = "steps of order 1/(mu t) with a proven rate for the last iterate",
        .formula = "eta_t = min(1/max(2L, mu), 2/(mu(t+2)))  (weighted);  1/(mu(t+1))  (classic);  times peak",
        .cite = "Liu and Zhou 2024, Revisiting the last-iterate convergence of stochastic gradient methods; Lacoste-Julien, "
                "Schmidt and Bach 2012, A simpler approach to obtaining an O(1/t) convergence rate (the weighted form)",
        .notes = "mu must not be overestimated: with k times the true mu the squared distance to the optimum falls no faster "
                 "than t^(-2/k) (classic) or t^(-4/k) (weighted). The last iterate of a non-smooth function errs by O(log T/T) under both; "
                 "the weighted average of the iterates by O(1/T) under weighted. "
                 "Anytime: T plays no part, and neither does `last`.",
        .example = "assay.schedule(\"last-iterate-strong\", {mu = 0.1, steps = 1000})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = schedule_resolve},
  .body = body,
};
