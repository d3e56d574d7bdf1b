/* linear_decay.c: a straight line from peak to end, the worst-case optimal shape for the last iterate. */
#include "experiments/schedules/schedule.h"

struct conf {
  struct schedule_common common;
  double end;
};

static const struct param params[] = {
  SCHEDULE_COMMON_PARAMS(struct conf, common),
  SCHEDULE_END_PARAM(struct conf, end),
  {0},
};

static double body(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  return c->end + (1.0 - c->end) * schedule_left(c->common.last, t, total);
}

const struct schedule schedule_linear_decay = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "linear-decay",
        .name = "Linear decay",
        .summary = "a straight line from peak to end",
        .formula = "eta_t = peak * (end + (1 - end)(1 - u)),  u = t/T (exclusive) or t/(T-1) (inclusive)",
        .cite = "Defazio, Cutkosky, Mehta and Mishchenko 2023, When, why and how much? Adaptive learning rate scheduling "
                "by refinement; Zamani and Glineur 2023, Exact convergence rate of the last iterate in subgradient methods",
        .notes = "Exclusive, the last update still has the rate peak/T; inclusive with end 0, the last update does nothing. "
                 "The horizon T must be known in advance.",
        .example = "assay.schedule(\"linear-decay\", {peak = 0.1, steps = 1000, warmup = 50})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = schedule_resolve},
  .body = body,
};
