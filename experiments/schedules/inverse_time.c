/* inverse_time.c: rate proportional to 1/(1 + k t), the decay of stochastic approximation. */
#include <math.h>

#include "experiments/schedules/schedule.h"

/* An auto k leads to this part of the peak at t = T. */
#define END_DEFAULT 0.1

struct conf {
  struct schedule_common common;
  double k;
};

static const struct param params[] = {
  SCHEDULE_COMMON_PARAMS(struct conf, common),
  {.id = "k", .type = PARAM_REAL, .at = offsetof(struct conf, k), .min = 0, .max = 1e6,
   .flags = PARAM_AUTO | PARAM_LOG | PARAM_TUNED, .unit = "per step",
   .doc = "decay; auto: 9/T, which leads to a tenth of the peak", .example = "0.01"},
  {0},
};

static double body(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  double k = isnan(c->k) ? (1 / END_DEFAULT - 1) / (double)total : c->k;
  return 1.0 / (1.0 + k * (double)t);
}

const struct schedule schedule_inverse_time = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "inverse-time",
        .name = "Inverse time decay",
        .summary = "fall like 1/t, as stochastic approximation asks for",
        .formula = "eta_t = peak/(1 + k t)",
        .cite = "Robbins and Monro 1951, A stochastic approximation method; Bottou 2012, Stochastic gradient descent tricks",
        .notes = "With k = peak * lambda it is Bottou's rate for an L2 penalty lambda: asymptotically 1/(lambda t). With a "
                 "k of its own it is an anytime schedule: T plays no part. The parameter `last` has no effect.",
        .example = "assay.schedule(\"inverse-time\", {peak = 0.1, steps = 1000, k = 0.01})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = schedule_resolve},
  .body = body,
};
