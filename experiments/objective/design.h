/* design.h: what objectives on random measurements share: n rows of d independent standard normal numbers, float64. */
#ifndef ASSAY_OBJECTIVE_DESIGN_H
#define ASSAY_OBJECTIVE_DESIGN_H

#include "experiments/objective/objective.h"

struct design {
  size_t n, d;
  double *a;      /* n x d, row major */
  double *y;      /* n answers, for the owner to fill */
  double *scratch; /* 2 d */
};

/* *state = a new design; the rows draw from (seed, RNG_DATA, row). design_release() frees it: a release() for objectives. */
NODISCARD enum status design_new(void **state, size_t n, size_t d, int64_t seed, struct err *e);
void design_release(struct objective *f);
double design_dot(const struct design *k, size_t i, const double *w);
void design_add(const struct design *k, size_t i, double scale, double *to);

#define DESIGN_COUNT_PARAM(owner, member, count)                                                                       \
  {.id = "n", .type = PARAM_INT, .at = offsetof(owner, member), .def = (count), .min = 1, .max = 1e7, .unit = "components", \
   .doc = "measurements: components of the sum", .example = "50"}
#define DESIGN_SEED_PARAM(owner, member)                                                                               \
  {.id = "seed", .type = PARAM_INT, .at = offsetof(owner, member), .def = 1, .min = 0, .max = 9007199254740991.0,      \
   .doc = "seed of everything random in it", .example = "1"}

#endif
