/* tridiagonal.c: see tridiagonal.h. Lanczos 1950; reorthogonalized in full, since without it ghosts of found eigenvalues
 * return (Paige 1972). */
#include "experiments/kernel/tridiagonal.h"

#include <math.h>
#include <string.h>

#include "experiments/kernel/vec.h"

/* Take the parts along the first n vectors out of x: twice is enough (Kahan). */
static void orthogonalize(const struct tridiagonal *k, size_t n, double *x)
{
  for (int round = 0; round < 2; round++)
    for (size_t i = 0; i < n; i++) {
      const double *q = k->q + i * k->d;
      double along = vec_dot_f64(q, x, k->d);
      for (size_t j = 0; j < k->d; j++)
        x[j] -= along * q[j];
    }
}

static void unit(double *x, size_t d, double norm)
{
  for (size_t j = 0; j < d; j++)
    x[j] /= norm;
}

enum status tridiagonal_run(struct tridiagonal *k, struct err *e)
{
  size_t d = k->d, most = k->most;
  double largest = 0;
  memset(k->t, 0, most * most * sizeof(double));
  unit(k->q, d, vec_norm2_f64(k->q, d));
  for (k->n = 0; k->n < most;) {
    size_t i = k->n;
    double *q = k->q + i * d, *next = q + d;
    enum status s = k->product(k->self, q, next, e);
    if (s != STATUS_OK)
      return s;
    double alpha = vec_dot_f64(q, next, d);
    k->t[i * most + i] = alpha;
    k->n++;
    orthogonalize(k, k->n, next);
    double beta = vec_norm2_f64(next, d);
    if (!isfinite(alpha) || !isfinite(beta))
      return err_set(e, STATUS_DIVERGED, "a Hessian-vector product is not finite");
    largest = fmax(largest, fmax(fabs(alpha), beta));
    if (beta <= 1e-12 * largest || k->n == most)
      break;
    k->t[(i + 1) * most + i] = beta;
    unit(next, d, beta);
  }
  return STATUS_OK;
}
