/* rex.c: reflected exponential: stays high longer than linear decay, then falls to 0. */
#include "experiments/schedules/schedule.h"

struct conf {
  struct schedule_common common;
};

static const struct param params[] = {SCHEDULE_COMMON_PARAMS(struct conf, common), {0}};

static double body(const void *conf, int64_t t, int64_t total)
{
  double left = schedule_left(((const struct conf *)conf)->common.last, t, total);
  return left / (0.5 + 0.5 * left);
}

const struct schedule schedule_rex = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "rex",
        .name = "REX",
        .summary = "stay above linear decay, then fall fast to 0",
        .formula = "eta_t = peak * (1 - u)/(1/2 + (1 - u)/2),  u = t/T (exclusive) or t/(T-1) (inclusive)",
        .cite = "Chen, Wolfe and Kyrillidis 2021, REX: revisiting budgeted training with an improved schedule",
        .notes = "Two thirds of the peak at half time, where linear decay has a half. Proposed for small budgets of updates.",
        .example = "assay.schedule(\"rex\", {peak = 0.1, steps = 1000})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = schedule_resolve},
  .body = body,
};
