/* tridiagonal.h: Lanczos iteration on a symmetric operator known by its products, float64, full reorthogonalization. */
#ifndef ASSAY_KERNEL_TRIDIAGONAL_H
#define ASSAY_KERNEL_TRIDIAGONAL_H

#include <stddef.h>

#include "experiments/kernel/err.h"

struct tridiagonal {
  size_t d, most; /* dimension; steps at most, >= 1 */
  size_t n;       /* out: steps made, fewer where the space is spent */
  double *q;      /* most + 1 vectors of d; the first is the start, of any length but 0; out: n orthonormal ones */
  double *t;      /* out: Q'AQ, n x n in its lower triangle, row major with stride `most` */
  void *self;
  enum status (*product)(void *self, const double *x, double *out, struct err *e); /* out = A x */
};

/* Borrows everything. STATUS_DIVERGED where a product is not finite. Cost: n products and 4 n^2 d operations. */
NODISCARD enum status tridiagonal_run(struct tridiagonal *k, struct err *e);

#endif
