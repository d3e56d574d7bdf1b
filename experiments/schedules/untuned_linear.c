/* untuned_linear.c: a warm-up for Adam that needs no tuning, as a factor for any schedule. */
#include <math.h>

#include "experiments/schedules/schedule.h"

struct conf {
  struct schedule_common common;
  double beta2;
};

static const struct param params[] = {
  SCHEDULE_SCALE_PARAM(struct conf, common, "largest learning rate; 1 where it is a factor of another schedule"),
  SCHEDULE_FRAME_PARAMS(struct conf, common),
  {.id = "beta2", .type = PARAM_REAL, .at = offsetof(struct conf, beta2), .def = 0.999, .min = 0, .max = 1,
   .flags = PARAM_MAX_OPEN, .doc = "beta2 of the optimizer it warms up", .example = "0.999"},
  {0},
};

static double body(const void *conf, int64_t t, int64_t total)
{
  (void)total;
  return fmin(1.0, (1.0 - ((const struct conf *)conf)->beta2) * ((double)t + 1.0) / 2.0);
}

const struct schedule schedule_untuned_linear = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "untuned-linear",
        .name = "Untuned linear warm-up",
        .summary = "rise linearly over 2/(1 - beta2) updates, then stay",
        .formula = "eta_t = peak * min(1, (1 - beta2)(t + 1)/2)",
        .cite = "Ma and Yarats 2019, On the adequacy of untuned warmup for adaptive optimization",
        .notes = "For Adam and its kin: the second moments need about 2/(1 - beta2) updates. A warm-up itself: warmup must stay "
                 "0. Multiplied with a schedule (\"product\") the body is not shifted, as its authors use it; with warmup = "
                 "2/(1 - beta2) in the body's own table it is. The parameter `last` has no effect.",
        .example = "assay.schedule(\"untuned-linear\", {steps = 10000, beta2 = 0.999})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = schedule_resolve},
  .body = body,
  .own_warmup = true,
};
