/* krylov.c: see krylov.h. */
#include "experiments/minimize/krylov.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/tridiagonal.h"
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

struct asking {
  struct minimize *m;
  const double *w;
};

static enum status product(void *self, const double *x, double *out, struct err *e)
{
  const struct asking *a = self;
  return minimize_hvp(a->m, a->w, x, out, e);
}

enum status krylov_run(struct krylov *k, struct minimize *m, const double *w, uint64_t start, struct err *e)
{
  struct rng r = rng_make(m->seed, RNG_PROBE, start);
  rng_fill_normal_f64(&r, k->q, k->d, 0, 1);
  struct asking asking = {m, w};
  struct tridiagonal t = {.d = k->d, .most = k->most, .q = k->q, .t = k->small, .self = &asking, .product = product};
  enum status s = tridiagonal_run(&t, e);
  k->n = t.n;
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
