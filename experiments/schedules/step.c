/* step.c: step decay: the rate is multiplied by gamma every S updates. */
#include <math.h>

#include "experiments/schedules/schedule.h"

struct conf {
  struct schedule_common common;
  double gamma;
  int64_t step_size;
};

static const struct param params[] = {
  SCHEDULE_COMMON_PARAMS(struct conf, common),
  {.id = "gamma", .type = PARAM_REAL, .at = offsetof(struct conf, gamma), .def = 0.1, .min = 0, .max = 1,
   .flags = PARAM_MIN_OPEN | PARAM_TUNED, .doc = "factor of each drop", .example = "0.1"},
  {.id = "step_size", .type = PARAM_INT, .at = offsetof(struct conf, step_size), .min = 1, .max = 1e12,
   .flags = PARAM_AUTO, .unit = "steps", .doc = "updates S between drops; auto: a third of what follows the warm-up",
   .example = "300"},
  {0},
};

static double body(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  int64_t S = c->step_size == PARAM_AUTO_INT ? (total + 2) / 3 : c->step_size; /* rounded up: two drops, no third */
  int64_t drops = t / S;
  return pow(c->gamma, (double)drops);
}

const struct schedule schedule_step = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "step",
        .name = "Step decay",
        .summary = "multiply the rate by gamma every S updates",
        .formula = "eta_t = peak * gamma^floor(t/S)",
        .cite = "He, Zhang, Ren and Sun 2016, Deep residual learning for image recognition (gamma 0.1 every 30 epochs)",
        .notes = "The drop takes effect at t = S, not after it (torch StepLR agrees). S counts updates, not epochs. "
                 "The parameter `last` has no effect.",
        .example = "assay.schedule(\"step\", {peak = 0.1, steps = 900, gamma = 0.1, step_size = 300})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = schedule_resolve},
  .body = body,
};
