/* inverse_sqrt.c: rate proportional to 1/sqrt(t), continuous with a warm-up of W updates: the
 * Transformer's schedule. With k = t + 1 it is min(k/W, sqrt(W/k)), 1 exactly at k = W. */
#include <math.h>

#include "experiments/schedules/schedule.h"

struct conf {
  struct schedule_common common;
};

static const struct param params[] = {SCHEDULE_COMMON_PARAMS(struct conf, common), {0}};

/* t counts from the end of the warm-up. k follows the warm-up's own count, so that both meet at 1. */
static double body(const void *conf, int64_t t, int64_t total)
{
  const struct schedule_common *c = &((const struct conf *)conf)->common;
  (void)total;
  if (c->warmup == 0)
    return sqrt(1.0 / (double)(t + 1));
  int64_t k = c->warmup + t + (c->warmup_from_zero ? 0 : 1);
  return sqrt((double)c->warmup / (double)k);
}

const struct schedule schedule_inverse_sqrt = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "inverse-sqrt",
        .name = "Inverse square root",
        .summary = "warm up for W updates, then fall like 1/sqrt(t): needs no horizon",
        .formula = "eta_t = peak * min(k/W, sqrt(W/k)),  k = t + 1;  W = 0: peak/sqrt(k)",
        .cite = "Vaswani et al. 2017, Attention is all you need",
        .notes = "W is usually 4000 to 10000 updates. An anytime schedule: T plays no part, and neither does `last`. "
                 "The original scales the rate by d^-0.5 W^-0.5 instead of a peak.",
        .example = "assay.schedule(\"inverse-sqrt\", {peak = 0.001, steps = 100000, warmup = 4000})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = schedule_resolve},
  .body = body,
};
