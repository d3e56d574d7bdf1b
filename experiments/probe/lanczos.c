/* lanczos.c: see lanczos.h. Lanczos 1950, An iteration method for the solution of the eigenvalue problem of linear
 * differential and integral operators; Paige 1972, Computational variants of the Lanczos method for the eigenproblem. */
#include "experiments/probe/lanczos.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"

enum status lanczos_new(struct lanczos *l, const struct probe_subject *s, enum curvature c, size_t steps, struct err *e)
{
  size_t n = s->net->n_params, most = steps < s->net->n_logical ? steps : s->net->n_logical, vectors, numbers;
  size_t bytes = net_curvature_bytes_f64(s->net), scratch = round_up(bytes, MEM_ALIGN) / sizeof(double);
  *l = (struct lanczos){.s = s, .c = c, .n = n, .most = most};
  bool fits = bytes && size_mul(n, most + 1, &vectors) && !__builtin_add_overflow(vectors, scratch + 2 * most, &numbers);
  enum status status = probe_weights(s, &l->w, e);
  status = status ? status : mem_new(&l->memory, fits ? numbers : SIZE_MAX, sizeof(double), "Lanczos vectors", e);
  if (status) {
    lanczos_free(l);
    return status;
  }
  l->scratch = l->memory;
  l->q = (double *)l->memory + scratch;
  l->hq = l->q + n * most;
  l->alpha = l->hq + n;
  l->beta = l->alpha + most;
  return STATUS_OK;
}

void lanczos_free(struct lanczos *l)
{
  mat_free(&l->values);
  mat_free(&l->vectors);
  free(l->memory);
  free(l->w);
}

double lanczos_residual(const struct lanczos *l, size_t i) { return fabs(l->beta[l->m - 1] * mat_get(&l->vectors, l->m - 1, i)); }

static enum status decompose(struct lanczos *l, struct err *e)
{
  struct mat t;
  enum status s = mat_new(&t, DTYPE_F64, l->m, l->m, e);
  if (s)
    return s;
  for (size_t i = 0; i < l->m; i++) {
    mat_set(&t, i, i, l->alpha[i]);
    if (i + 1 < l->m) {
      mat_set(&t, i + 1, i, l->beta[i]);
      mat_set(&t, i, i + 1, l->beta[i]);
    }
  }
  mat_free(&l->values);
  mat_free(&l->vectors);
  s = mat_eigh(&l->values, &l->vectors, &t, e);
  mat_free(&t);
  return s;
}

static bool converged(const struct lanczos *l, size_t count, double tolerance)
{
  if (count == 0 || l->m < count)
    return false;
  for (size_t i = l->m - count; i < l->m; i++)
    if (lanczos_residual(l, i) > tolerance * fabs(mat_get(&l->values, i, 0)))
      return false;
  return true;
}

/* Take all earlier vectors out of hq, twice: once leaves rounding errors that grow. */
static void orthogonalise(struct lanczos *l)
{
  for (int pass = 0; pass < 2; pass++)
    for (size_t j = 0; j < l->m; j++) {
      const double *q = l->q + j * l->n;
      double a = vec_dot_f64(q, l->hq, l->n);
      for (size_t i = 0; i < l->n; i++)
        l->hq[i] = fma(-a, q[i], l->hq[i]);
    }
}

static void first_vector(struct lanczos *l, enum probe_stream stream, uint32_t start)
{
  const struct net *net = l->s->net;
  struct rng r = probe_rng(l->s->seed, stream, start);
  double *logical = l->hq;
  rng_fill_normal_f64(&r, logical, net->n_logical, 0, 1);
  double norm = vec_norm2_f64(logical, net->n_logical);
  for (size_t i = 0; i < net->n_logical; i++)
    logical[i] /= norm;
  net_pack_f64(net, logical, l->q);
}

enum status lanczos_run(struct lanczos *l, const struct exec *x, enum probe_stream stream, uint32_t start, size_t count,
                        double tolerance, struct err *e)
{
  struct batch b = probe_batch(l->s);
  double scale = 0; /* of H, from below */
  first_vector(l, stream, start);
  l->m = 0;
  while (l->m < l->most) {
    const double *q = l->q + l->m * l->n;
    enum status status = net_curvature_f64(x, l->s->net, l->s->loss, l->w, &b, l->c, q, l->hq, l->scratch, e);
    if (status)
      return status;
    scale = fmax(scale, vec_norm2_f64(l->hq, l->n));
    l->alpha[l->m++] = vec_dot_f64(q, l->hq, l->n);
    orthogonalise(l);
    double beta = l->beta[l->m - 1] = vec_norm2_f64(l->hq, l->n);
    bool spent = beta <= 100 * DBL_EPSILON * scale; /* nothing new: the space is invariant */
    bool due = spent || l->m == l->most || (count && l->m % 5 == 0);
    if (due)
      status = decompose(l, e);
    if (status || spent || (due && converged(l, count, tolerance)))
      return status;
    for (size_t i = 0; i < l->n && l->m < l->most; i++)
      l->q[l->m * l->n + i] = l->hq[i] / beta;
  }
  return STATUS_OK;
}
