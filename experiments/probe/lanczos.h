/* lanczos.h: Lanczos iteration on the Hessian (or Gauss-Newton matrix) of the mean loss over a subject's examples, exact
 * products, float64, full reorthogonalisation: without it, ghosts of found eigenvalues return. */
#ifndef ASSAY_PROBE_LANCZOS_H
#define ASSAY_PROBE_LANCZOS_H

#include "experiments/kernel/exec.h"
#include "experiments/kernel/mat.h"
#include "experiments/models/derivatives.h"
#include "experiments/probe/probe.h"

struct lanczos {
  const struct probe_subject *s;
  enum curvature c;
  size_t n, most;             /* padded parameters; steps at most: no more than there are parameters */
  size_t m;                   /* steps done */
  struct mat values, vectors; /* eigenvalues (ascending, m x 1) and eigenvectors (columns) of the tridiagonal matrix T */
  /* T: alpha on its diagonal, beta[j] between j and j + 1. q: m orthonormal vectors of n. */
  double *q, *alpha, *beta, *w, *hq;
  void *scratch, *memory;     /* for the products; all of it */
};

NODISCARD enum status lanczos_new(struct lanczos *l, const struct probe_subject *s, enum curvature c, size_t steps, struct err *e);
void lanczos_free(struct lanczos *l);

/* Run from a random unit vector, uniform on the sphere: number `start` of the stream. Ends when the space is spent (an invariant
 * subspace: then T says all about it), after `most` steps, or when the `count` largest eigenvalues have residuals below
 * `tolerance` times their size (count 0: not before). */
NODISCARD enum status lanczos_run(struct lanczos *l, const struct exec *x, enum probe_stream stream, uint32_t start, size_t count,
                                  double tolerance, struct err *e);

/* |H y - theta y| of Ritz pair i (ascending): an eigenvalue of H is that near to theta. */
double lanczos_residual(const struct lanczos *l, size_t i);

#endif
