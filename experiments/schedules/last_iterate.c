/* last_iterate.c: step sizes with a proof for the last iterate of SGD on convex problems.
 *
 * Only the linear form, T known, reaches the minimax rate 1/sqrt(T) without the factor log T; the other two
 * are those whose cost the theory compares it with. */
#include <math.h>

#include "experiments/schedules/schedule.h"

enum form { FORM_LINEAR, FORM_FIXED, FORM_ANYTIME };
static const char *const form_names[] = {"linear", "fixed", "anytime", NULL};

struct conf {
  struct schedule_common common;
  double smoothness;
  int form;
};

static const struct param params[] = {
  SCHEDULE_SCALE_PARAM(struct conf, common, "eta of the theorem, before the division by sqrt(T); about D/G"),
  SCHEDULE_FRAME_PARAMS(struct conf, common),
  {.id = "form", .type = PARAM_CHOICE, .at = offsetof(struct conf, form), .def = FORM_LINEAR, .choices = form_names,
   .doc = "linear: eta (T-t)/T^1.5; fixed: eta/sqrt(T); anytime: eta/sqrt(t+1), T unknown", .example = "anytime"},
  {.id = "smoothness", .type = PARAM_REAL, .at = offsetof(struct conf, smoothness), .def = 0, .min = 0, .max = 1e12,
   .flags = PARAM_LOG, .doc = "L of the smooth part: no rate exceeds 1/(2L); 0: no smooth part, no cap", .example = "10"},
  {0},
};

static double body(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  double T = (double)total, m = 1.0 / sqrt(c->form == FORM_ANYTIME ? (double)t + 1.0 : T);
  if (c->form == FORM_LINEAR)
    m *= schedule_left(c->common.last, t, total);
  return schedule_capped(&c->common, m, 2.0 * c->smoothness);
}

const struct schedule schedule_last_iterate = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "last-iterate",
        .name = "Last-iterate steps, convex",
        .summary = "step sizes with a proven rate for the last iterate of SGD",
        .formula = "eta_t = min(1/(2L), eta (T-t)/T^1.5)  (linear: error O(L D^2/T + 1/sqrt(T)))\n"
                   "fixed: min(1/(2L), eta/sqrt(T));  anytime: min(1/(2L), eta/sqrt(t+1))  (both with a factor log T);  eta = peak",
        .cite = "Liu and Zhou 2024, Revisiting the last-iterate convergence of stochastic gradient methods; Zamani and Glineur "
                "2023, Exact convergence rate of the last iterate in subgradient methods (the linear form)",
        .notes = "peak is eta, not a rate: the first rate is eta/sqrt(T). For |gradients| <= G and distance D to the optimum, "
                 "eta = D/G. The linear form is linear-decay with a peak that knows T: use it to compare different T. Strongly "
                 "convex problems: last-iterate-strong.",
        .example = "assay.schedule(\"last-iterate\", {peak = 1, steps = 1000, form = \"linear\"})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = schedule_resolve},
  .body = body,
};
