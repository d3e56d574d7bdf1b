/* design.h: what objectives on random measurements share: f = (1/n) sum_i loss(a_i.x, y_i), n rows a_i of d independent standard normal
 * numbers, float64. x is the weights, or what an objective makes of them. */
#ifndef ASSAY_OBJECTIVE_DESIGN_H
#define ASSAY_OBJECTIVE_DESIGN_H

#include "experiments/objective/objective.h"

/* The loss of the product z = a.x where y was measured; *slope: its derivative in z, or an element of the subdifferential. */
typedef double design_loss(double z, double y, double *slope);

struct design {
  size_t n, d;
  design_loss *loss;
  double *a;      /* n x d, row major */
  double *y;      /* n answers, for the owner to fill */
  double *scratch; /* 2 d */
};

/* *state = a new design; the rows draw from (seed, RNG_DATA, row). design_release() frees it: a release() for objectives. */
NODISCARD enum status design_new(void **state, size_t n, size_t d, design_loss *loss, int64_t seed, struct err *e);
void design_release(struct objective *f);
double design_dot(const struct design *k, size_t i, const double *x);
void design_add(const struct design *k, size_t i, double scale, double *to);

/* The mean of the losses [from, to) at x; q (if any) = the mean of their gradients in x. */
double design_mean(const struct design *k, size_t from, size_t to, const double *x, double *q);

/* Members of an objective whose weights are x. */
double design_value(const struct objective *f, const double *w);
double design_gradient(const struct objective *f, const double *w, double *g);
double design_component(const struct objective *f, size_t i, const double *w, double *g);

#define DESIGN_COUNT_PARAM(owner, member, count)                                                                       \
  {.id = "n", .type = PARAM_INT, .at = offsetof(owner, member), .def = (count), .min = 1, .max = 1e7, .unit = "components", \
   .doc = "measurements: components of the sum", .example = "50"}
#define DESIGN_SEED_PARAM(owner, member)                                                                               \
  {.id = "seed", .type = PARAM_INT, .at = offsetof(owner, member), .def = 1, .min = 0, .max = 9007199254740991.0,      \
   .doc = "seed of everything random in it", .example = "1"}

#endif
