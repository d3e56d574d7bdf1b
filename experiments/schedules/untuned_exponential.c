/* untuned_exponential.c: a warm-up for Adam that follows the filling of its second moments. */
#include <math.h>

#include "experiments/schedules/schedule.h"

struct conf {
  struct schedule_common common;
  double beta2;
};

static const struct param params[] = {
  SCHEDULE_SCALE_PARAM(struct conf, common, "rate that is approached; 1 where it is a factor of another schedule"),
  SCHEDULE_FRAME_PARAMS(struct conf, common),
  {.id = "beta2", .type = PARAM_REAL, .at = offsetof(struct conf, beta2), .def = 0.999, .min = 0, .max = 1,
   .flags = PARAM_MAX_OPEN, .doc = "beta2 of the optimizer it warms up", .example = "0.999"},
  {0},
};

static double body(const void *conf, int64_t t, int64_t total)
{
  (void)total;
  return -expm1(-(1.0 - ((const struct conf *)conf)->beta2) * ((double)t + 1.0));
}

const struct schedule schedule_untuned_exponential = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "untuned-exponential",
        .name = "Untuned exponential warm-up",
        .summary = "rise toward the peak with the time constant of Adam's second moments",
        .formula = "eta_t = peak * (1 - exp(-(1 - beta2)(t + 1))),  for all t",
        .cite = "Ma and Yarats 2019, On the adequacy of untuned warmup for adaptive optimization",
        .notes = "Never quite ends, so it has no length to shift a body by: multiply it with one (\"product\"). A warm-up itself: "
                 "warmup must stay 0. The parameter `last` has no effect.",
        .example = "assay.schedule(\"untuned-exponential\", {steps = 10000, beta2 = 0.999})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = schedule_resolve},
  .body = body,
  .own_warmup = true,
};
