/* cosine.c: half a cosine from peak to end. */
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
  return c->end + (1.0 - c->end) * schedule_half_cosine(schedule_left(c->common.last, t, total));
}

const struct schedule schedule_cosine = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "cosine",
        .name = "Cosine decay",
        .summary = "half a cosine from peak to end",
        .formula = "eta_t = peak * (end + (1 - end)(1 + cos(pi u))/2),  u = t/T (exclusive) or t/(T-1) (inclusive)",
        .cite = "Loshchilov and Hutter 2017, SGDR: stochastic gradient descent with warm restarts (without the restarts)",
        .notes = "The end falls quadratically, so that the last updates hardly move. The horizon T must be known in "
                 "advance: a longer cosine cut short is a different schedule.",
        .example = "assay.schedule(\"cosine\", {peak = 0.1, steps = 1000, warmup = 50})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = schedule_resolve},
  .body = body,
};
