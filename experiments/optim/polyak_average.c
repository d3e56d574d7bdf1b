/* polyak_average.c: the plain mean of the iterates from t0 on. */
#include "experiments/optim/optimizer.h"

struct conf {
  double t0;
};

static const struct param params[] = {
  {.id = "t0", .type = PARAM_REAL, .at = offsetof(struct conf, t0), .def = 0, .min = 0, .max = 1e12, .flags = PARAM_TUNED,
   .unit = "steps, or fraction of steps below 1",
   .doc = "first update whose result is averaged; below 1 it is a fraction of all updates", .example = "0.5"},
  {0},
};

/* Weight of the iterate after update t: 1/(t - t0 + 1), and 1 before t0 (the average is then the last iterate). */
static double weight(const void *conf, uint64_t t, uint64_t total)
{
  const struct conf *c = conf;
  uint64_t t0 = (uint64_t)(c->t0 < 1 ? c->t0 * (double)total : c->t0);
  return t <= t0 ? 1.0 : 1.0 / (double)(t - t0 + 1);
}

const struct average average_polyak_average = {
  .m = {.kind = KIND_AVERAGE,
        .id = "polyak-average",
        .name = "Polyak averaging",
        .summary = "the mean of the iterates from update t0 on",
        .formula = "xbar_t = xbar_{t-1} + (x_t - xbar_{t-1})/(t - t0 + 1)",
        .cite = "Polyak and Juditsky 1992, Acceleration of stochastic approximation by averaging",
        .notes = "Evaluate the average, never train on it. With t0 = 0 the first iterates, still far away, weigh as much as "
                 "the last: t0 = 0.5 averages the second half. Until t0 the average is the last iterate.",
        .example = "assay.average(\"polyak-average\", {t0 = 0.5})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .weight = weight,
};
