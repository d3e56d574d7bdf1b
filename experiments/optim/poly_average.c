/* poly_average.c: polynomial-decay averaging: late iterates weigh more, with no end to be known. */
#include "experiments/optim/optimizer.h"

struct conf {
  double r;
};

static const struct param params[] = {
  {.id = "r", .type = PARAM_REAL, .at = offsetof(struct conf, r), .def = 3, .min = 0, .max = 1e6, .flags = PARAM_TUNED,
   .doc = "degree: iterate k weighs about k^r; 0 is the plain mean, 3 and 8 are common", .example = "8"},
  {0},
};

/* Weight of the iterate after update t, number k = t + 1. */
static double weight(const void *conf, uint64_t t, uint64_t total)
{
  double r = ((const struct conf *)conf)->r;
  (void)total;
  return (r + 1.0) / ((double)t + 1.0 + r);
}

const struct average average_poly_average = {
  .m = {.kind = KIND_AVERAGE,
        .id = "poly-average",
        .name = "Polynomial-decay averaging",
        .summary = "a running mean in which iterate k weighs about k^r",
        .formula = "xbar_k = (1 - (r+1)/(k+r)) xbar_{k-1} + (r+1)/(k+r) x_k,  k = 1, 2, ..\n"
                   "= sum of x_j (j+r-1)!/(j-1)! over the sum of these weights",
        .cite = "Shamir and Zhang 2013, Stochastic gradient descent for non-smooth optimization: convergence results and optimal "
                "averaging schemes",
        .notes = "Forgets the start like a suffix, but needs no T. Averages over about the last 1/(r + 1) of the iterates.",
        .example = "assay.average(\"poly-average\", {r = 3})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .weight = weight,
};
