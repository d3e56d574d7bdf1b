/* synthetic.h: what the generators share: parts made example by example, teachers, and a few integrals.
 *
 * Example i of part k draws from its own random streams, so it is the same whatever the counts are and
 * whatever is made before it: 100 training examples are the first 100 of 1000. */
#ifndef ASSAY_DATA_SYNTHETIC_H
#define ASSAY_DATA_SYNTHETIC_H

#include "experiments/data/data_int.h"
#include "experiments/kernel/rng.h"

/* One example in the making: its streams, and where its numbers go. */
struct draw {
  struct rng input; /* RNG_DATA */
  struct rng noise; /* RNG_LABEL_NOISE */
  float *x;         /* d inputs, zero */
  int32_t *label;   /* TASK_CLASSES, else NULL */
  float *target;    /* TASK_REGRESSION, one number, else NULL */
};

/* Make all parts of `out`, whose task and d are set: `make` fills one example. */
NODISCARD enum status synthetic_parts(struct dataset *out, const struct data_counts *counts, int64_t seed,
                                      const struct exec *x, void (*make)(const void *self, struct draw *to),
                                      const void *self, struct err *e);

/* out->teacher = 1 x d weights with a uniformly random direction and this Euclidean norm (float64, RNG_TEACHER). */
NODISCARD enum status synthetic_teacher(struct dataset *out, int64_t seed, double norm, struct err *e);
/* sum_j x_j w_j in float64, in order: what the stored float32 inputs give. */
double synthetic_output(const struct mat *teacher, const float *x);

double normal_cdf(double x);
double normal_density(double x);
/* Composite Simpson's rule with an even number of intervals. */
double integrate(double (*f)(double x, const void *self), const void *self, double from, double to, int intervals);

#define SYNTHETIC_NOTE                                                                                                 \
  "Example i of a part is the same whatever the counts; parts are independent draws of one law. Numbers depend "       \
  "on the seed only."

#endif
