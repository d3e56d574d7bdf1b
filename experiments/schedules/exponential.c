/* exponential.c: geometric decay, given by its factor per update or by where it ends. */
#include <math.h>

#include "experiments/schedules/schedule.h"

#define END_DEFAULT 0.01

struct conf {
  struct schedule_common common;
  double gamma, end; /* one of them is NaN */
};

static const struct param params[] = {
  SCHEDULE_COMMON_PARAMS(struct conf, common),
  {.id = "gamma", .type = PARAM_REAL, .at = offsetof(struct conf, gamma), .min = 0, .max = 1,
   .flags = PARAM_AUTO | PARAM_MIN_OPEN | PARAM_TUNED, .doc = "factor per update; auto: from end", .example = "0.999"},
  {.id = "end", .type = PARAM_REAL, .at = offsetof(struct conf, end), .min = 0, .max = 1,
   .flags = PARAM_AUTO | PARAM_MIN_OPEN | PARAM_LOG, .unit = "fraction of peak",
   .doc = "rate at the end of the schedule; auto: from gamma, or 0.01 without it", .example = "0.01"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  struct conf *c = conf;
  if (!isnan(c->gamma) && !isnan(c->end))
    return err_set(e, STATUS_BAD_ARG, "give gamma (%g) or end (%g), not both: one follows from the other", c->gamma, c->end);
  if (isnan(c->gamma) && isnan(c->end))
    c->end = END_DEFAULT;
  return schedule_resolve(conf, e);
}

static double body(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  if (!isnan(c->gamma))
    return pow(c->gamma, (double)t);
  return pow(c->end, schedule_fraction(c->common.last, t, total));
}

const struct schedule schedule_exponential = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "exponential",
        .name = "Exponential decay",
        .summary = "multiply the rate by gamma at every update, or fall geometrically to end",
        .formula = "eta_t = peak * gamma^t,  or peak * end^u (gamma = end^(1/T)), u = t/T (exclusive) or t/(T-1) (inclusive)",
        .cite = "Li and Arora 2020, An exponential learning rate schedule for deep learning; torch ExponentialLR",
        .notes = "gamma is per update, not per epoch. Give gamma or end; the parameter `last` matters with end only.",
        .example = "assay.schedule(\"exponential\", {peak = 0.1, steps = 1000, [\"end\"] = 0.01})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = resolve},
  .body = body,
};
