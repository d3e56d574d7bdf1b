/* sgdr.c: cosine decay with warm restarts, in closed form. */
#include "experiments/schedules/schedule.h"

struct conf {
  struct schedule_common common;
  int64_t t0, mult;
  double end;
};

static const struct param params[] = {
  SCHEDULE_COMMON_PARAMS(struct conf, common),
  {.id = "t0", .type = PARAM_INT, .at = offsetof(struct conf, t0), .min = 1, .max = 1e12, .flags = PARAM_AUTO,
   .unit = "steps", .doc = "updates T_0 of the first cycle; auto: three cycles fill the schedule", .example = "100"},
  {.id = "mult", .type = PARAM_INT, .at = offsetof(struct conf, mult), .def = 1, .min = 1, .max = 100,
   .doc = "each cycle is so many times longer than the one before", .example = "2"},
  SCHEDULE_END_PARAM(struct conf, end),
  {0},
};

/* T_0; auto: the least for which the third cycle does not end early, T_0 (1 + m + m^2) >= total. */
static int64_t first_cycle(const struct conf *c, int64_t total)
{
  int64_t three = 1 + c->mult + c->mult * c->mult;
  return c->t0 != PARAM_AUTO_INT ? c->t0 : (total + three - 1) / three;
}

static double body(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  int64_t cycle = first_cycle(c, total);
  if (c->mult == 1)
    t %= cycle;
  for (; t >= cycle; cycle *= c->mult) /* at most log(t)/log(mult) rounds; cycle <= t * mult */
    t -= cycle;
  return c->end + (1.0 - c->end) * schedule_half_cosine(schedule_left(c->common.last, t, cycle));
}

const struct schedule schedule_sgdr = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "sgdr",
        .name = "Cosine with warm restarts",
        .summary = "cosine decay that starts again at peak, in cycles of growing length",
        .formula = "eta_t = peak * (end + (1 - end)(1 + cos(pi c/T_i))/2),  T_i = T_0 mult^i,\n"
                   "c = updates since the last restart (inclusive: c/(T_i - 1))",
        .cite = "Loshchilov and Hutter 2017, SGDR: stochastic gradient descent with warm restarts",
        .notes = "The best iterate is the one just before a restart: evaluate there, and choose T so that the last cycle "
                 "is whole.",
        .example = "assay.schedule(\"sgdr\", {peak = 0.1, steps = 700, t0 = 100, mult = 2})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = schedule_resolve},
  .body = body,
};
