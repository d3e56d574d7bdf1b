/* polyak.c: Polyak's step: as far as a convex loss with this value and gradient can have its optimum. */
#include <math.h>

#include "experiments/schedules/controller.h"

struct conf {
  double c, optimum, eta_max, eps;
};

static const struct param params[] = {
  {.id = "c", .type = PARAM_REAL, .at = offsetof(struct conf, c), .def = 1, .min = 0, .max = 1e6,
   .flags = PARAM_MIN_OPEN | PARAM_LOG | PARAM_TUNED, .doc = "divides the step: 1 is Polyak's, 0.5 twice as far", .example = "0.5"},
  {.id = "optimum", .type = PARAM_REAL, .at = offsetof(struct conf, optimum), .def = 0, .min = -INFINITY, .max = INFINITY,
   .doc = "least loss f*; 0 where every example can be fitted", .example = "0.1"},
  {.id = "eta_max", .type = PARAM_REAL, .at = offsetof(struct conf, eta_max), .def = 1e6, .min = 0, .max = 1e6,
   .flags = PARAM_MIN_OPEN | PARAM_LOG, .doc = "largest rate", .example = "10"},
  {.id = "eps", .type = PARAM_REAL, .at = offsetof(struct conf, eps), .def = 1e-8, .min = 0, .max = 1,
   .flags = PARAM_ADVANCED, .doc = "added to c |g|^2", .example = "0"},
  {0},
};

static enum status rate(const void *conf, void *state, struct control *k, double *lr, struct err *e)
{
  const struct conf *p = conf;
  (void)state;
  enum status s = controller_check(k, e);
  *lr = s || controller_skips(k) ? 0.0 : fmin(polyak_step(k, p->c, p->optimum, p->eps), p->eta_max);
  return s;
}

const struct controller controller_polyak = {
  .m = {.kind = KIND_CONTROLLER,
        .id = "polyak",
        .name = "Polyak step",
        .summary = "the step to where the gradient's line reaches the least loss",
        .formula = "eta = min((f_B(x) - f*)/(c |g_B|^2 + eps), eta_max);  0 where f_B < f*",
        .cite = "Polyak 1987, Introduction to optimization",
        .notes = "For a convex full-batch loss, exact f* and c = 1 the distance to the optimum never grows, though the loss may. "
                 "With mini-batches it is the stochastic Polyak step without its cap: where examples contradict each other it "
                 "takes steps that are far too long; use sps-max. Updates with a gradient norm under 1e-8 are skipped. Meant for "
                 "plain SGD: the direction of another rule is not looked at.",
        .example = "assay.controller(\"polyak\", {optimum = 0})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .state_size = controller_no_state,
  .init = controller_no_init,
  .rate = rate,
  .scalar = true,
};
