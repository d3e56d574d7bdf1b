/* krylov.h: eigenpairs of a Hessian from products alone: Lanczos with full reorthogonalization, in float64. */
#ifndef ASSAY_MINIMIZE_KRYLOV_H
#define ASSAY_MINIMIZE_KRYLOV_H

#include "experiments/minimize/minimize.h"

struct krylov {
  size_t d, most;  /* steps at most */
  size_t n;        /* steps made: fewer where the space is spent */
  double *q;       /* most + 1 orthonormal vectors of d */
  double *value;   /* n Ritz values, ascending */
  double *small;   /* eigenvectors of the tridiagonal matrix, columns */
  double *vector;  /* a Ritz vector: see krylov_vector() */
};

NODISCARD enum status krylov_new(struct krylov *k, size_t d, size_t steps, struct err *e);
void krylov_free(struct krylov *k);
/* Lanczos at w from a random unit vector of the run's seed, number `start`. Products are counted by m. */
NODISCARD enum status krylov_run(struct krylov *k, struct minimize *m, const double *w, uint64_t start, struct err *e);
/* Ritz vector i (unit length, d numbers), in k->vector until the next call. */
const double *krylov_vector(struct krylov *k, size_t i);

#endif
