/* suffix_average.c: the plain mean of the last part of the iterates. */
#include <math.h>

#include "experiments/optim/optimizer.h"

struct conf {
  double alpha;
};

static const struct param params[] = {
  {.id = "alpha", .type = PARAM_REAL, .at = offsetof(struct conf, alpha), .def = 0.5, .min = 0, .max = 1,
   .flags = PARAM_MIN_OPEN | PARAM_TUNED, .unit = "fraction of steps", .doc = "the last part of all iterates, at least one",
   .example = "0.25"},
  {0},
};

/* Weight of the iterate after update t: 1 up to the first of the last K = alpha T (the average is then the last iterate), and
 * 1/k for the k-th of them. */
static double weight(const void *conf, uint64_t t, uint64_t total)
{
  const struct conf *c = conf;
  uint64_t K = (uint64_t)ceil(c->alpha * (double)total), first = K < total ? total - K : 0;
  return t <= first || K == 0 ? 1.0 : 1.0 / (double)(t - first + 1);
}

const struct average average_suffix_average = {
  .m = {.kind = KIND_AVERAGE,
        .id = "suffix-average",
        .name = "Suffix averaging",
        .summary = "the mean of the last fraction alpha of the iterates",
        .formula = "xbar = mean of x_t over the last ceil(alpha T) updates",
        .cite = "Rakhlin, Shamir and Sridharan 2012, Making gradient descent optimal for strongly convex stochastic optimization",
        .notes = "Needs T: a training that ends early has averaged less, or nothing. Before the suffix begins the average is the "
                 "last iterate. alpha = 1 is polyak-average from the first update on.",
        .example = "assay.average(\"suffix-average\", {alpha = 0.5})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .weight = weight,
};
