/* krylov.c: see krylov.h. */
#include "experiments/minimize/krylov.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"

enum status krylov_new(struct krylov *k, size_t d, size_t steps, struct err *e)
{
  size_t most = steps < d ? steps : d;
  void *memory;
  enum status s = mem_new(&memory, (most + 2) * d + most * most + most, sizeof(double), "Lanczos vectors", e);
  if (s != STATUS_OK)
    return s;
  double *p = memory;
  *k = (struct krylov){.d = d, .most = most, .q = p, .vector = p + (most + 1) * d};
  k->small = k->vector + d;
  k->value = k->small + most * most;
  return STATUS_OK;
}

void krylov_free(struct krylov *k)
{
  free(k->q);
  k->q = NULL;
}

/* Take the parts along the first n vectors out of x: twice is enough (Kahan). */
static void orthogonalize(const struct krylov *k, size_t n, double *x)
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

/* The tridiagonal matrix T in k->small, row major with stride `most`, steps made in k->n. */
static enum status tridiagonalize(struct krylov *k, struct minimize *m, const double *w, struct err *e)
{
  size_t d = k->d, most = k->most;
  double largest = 0;
  memset(k->small, 0, most * most * sizeof(double));
  for (k->n = 0; k->n < most;) {
    size_t i = k->n;
    double *q = k->q + i * d, *next = q + d;
    enum status s = minimize_hvp(m, w, q, next, e);
    if (s != STATUS_OK)
      return s;
    double alpha = vec_dot_f64(q, next, d);
    k->small[i * most + i] = alpha;
    k->n++;
    orthogonalize(k, k->n, next);
    double beta = vec_norm2_f64(next, d);
    if (!isfinite(alpha) || !isfinite(beta))
      return err_set(e, STATUS_DIVERGED, "a Hessian-vector product is not finite");
    largest = fmax(largest, fmax(fabs(alpha), beta));
    if (beta <= 1e-12 * largest || k->n == most)
      break;
    k->small[(i + 1) * most + i] = beta;
    unit(next, d, beta);
  }
  return STATUS_OK;
}

enum status krylov_run(struct krylov *k, struct minimize *m, const double *w, uint64_t start, struct err *e)
{
  struct rng r = rng_make(m->seed, RNG_PROBE, start);
  rng_fill_normal_f64(&r, k->q, k->d, 0, 1);
  unit(k->q, k->d, vec_norm2_f64(k->q, k->d));
  enum status s = tridiagonalize(k, m, w, e);
  if (s != STATUS_OK)
    return s;
  int info = blas_syevd_f64(k->n, k->small, k->most, k->value);
  return info == 0 ? STATUS_OK : err_set(e, STATUS_BAD_DATA, "the eigenvalues of a tridiagonal matrix were not found (info %d)", info);
}

const double *krylov_vector(struct krylov *k, size_t i)
{
  memset(k->vector, 0, k->d * sizeof(double));
  for (size_t a = 0; a < k->n; a++)
    for (size_t j = 0; j < k->d; j++)
      k->vector[j] += k->small[a * k->most + i] * k->q[a * k->d + j];
  return k->vector;
}
