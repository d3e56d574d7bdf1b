/* constant.c: the same rate at every update (after the warm-up). */
#include "experiments/schedules/schedule.h"

struct conf {
  struct schedule_common common;
};

static const struct param params[] = {SCHEDULE_COMMON_PARAMS(struct conf, common), {0}};

static double body(const void *conf, int64_t t, int64_t total)
{
  (void)conf, (void)t, (void)total;
  return 1.0;
}

const struct schedule schedule_constant = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "constant",
        .name = "Constant rate",
        .summary = "the same rate at every update",
        .formula = "eta_t = peak",
        .cite = "Robbins and Monro 1951, A stochastic approximation method (the fixed-step variant of it)",
        .notes = "The last iterate keeps a noise floor proportional to the rate: average the iterates, or cool down (wsd). "
                 "The parameter `last` has no effect.",
        .example = "assay.schedule(\"constant\", {peak = 0.1, steps = 1000, warmup = 50})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = schedule_resolve},
  .body = body,
};
