/* glm_constants.c: the smoothness of linear models: the largest eigenvalue of X'X/n by Lanczos with full reorthogonalisation.
 *
 * Reference: Golub and Van Loan 2013, Matrix computations, chapter 10. A Ritz value theta with residual r has an eigenvalue within r of
 * it; for the largest one theta + r is the figure given, at most one part in 1e6 above the truth once converged. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/rng.h"
#include "experiments/objective/glm.h"

enum { STEPS = 100 };
#define TOLERANCE 1e-6 /* of the constants */

struct lanczos_memory {
  size_t d, steps;
  double *q;                /* steps + 1 vectors of d */
  double *t, *values;       /* steps x steps: the tridiagonal matrix, later its eigenvectors; its eigenvalues */
  double alpha[STEPS], beta[STEPS];
};

/* out = X'X v/n */
static void gram_times(const struct glm *g, const double *v, double *out)
{
  double scale[GLM_ROWS_MAX], *padded = g->scratch, *sum = g->scratch + g->stride;
  if (g->x) {
    memcpy(padded, v, g->d * sizeof *v);
    memset(sum, 0, g->stride * sizeof *sum);
    for (size_t i = 0; i < g->n; i += GLM_BLOCK) {
      const float *row[GLM_BLOCK];
      size_t k = glm_block(g, i, row);
      g->rows->dot(row, k, padded, glm_padded(g), scale);
      g->rows->add(row, k, scale, sum, glm_padded(g));
    }
    for (size_t j = 0; j < g->d; j++)
      out[j] = sum[j] / (double)g->n;
    return;
  }
  memset(out, 0, g->d * sizeof *out);
  for (size_t i = 0; i < g->n; i++)
    glm_add(g, i, glm_dot(g, i, v) / (double)g->n, out);
}

static void take_out(double *x, const double *q, size_t d)
{
  double along = vec_dot_f64(x, q, d);
  for (size_t j = 0; j < d; j++)
    x[j] -= along * q[j];
}

/* One step: q_{m+1} from q_m; returns beta_m, the length of what is left. */
static double step(struct lanczos_memory *l, const struct glm *g, size_t m)
{
  double *next = l->q + (m + 1) * l->d;
  gram_times(g, l->q + m * l->d, next);
  l->alpha[m] = vec_dot_f64(next, l->q + m * l->d, l->d);
  for (int round = 0; round < 2; round++)
    for (size_t k = 0; k <= m; k++)
      take_out(next, l->q + k * l->d, l->d);
  l->beta[m] = vec_norm2_f64(next, l->d);
  for (size_t j = 0; j < l->d && l->beta[m] > 0; j++)
    next[j] /= l->beta[m];
  return l->beta[m];
}

/* *value: the largest Ritz value after m steps; *residual: how far from an eigenvalue it can be. */
static enum status ritz(struct lanczos_memory *l, size_t m, double *value, double *residual, struct err *e)
{
  memset(l->t, 0, m * m * sizeof *l->t);
  for (size_t k = 0; k < m; k++) {
    l->t[k * m + k] = l->alpha[k];
    if (k > 0)
      l->t[k * m + k - 1] = l->beta[k - 1];
  }
  int info = blas_syevd_f64(m, l->t, m, l->values);
  if (info <= -1010)
    return err_set(e, STATUS_NO_MEMORY, "no memory for the eigenvalues of a matrix of %zu rows", m);
  *value = l->values[m - 1];
  *residual = l->beta[m - 1] * fabs(l->t[(m - 1) * m + m - 1]);
  if (info != 0 || !isfinite(*value))
    return err_set(e, STATUS_BAD_DATA, "the largest eigenvalue of the inputs cannot be computed");
  return STATUS_OK;
}

static enum status memory_new(struct lanczos_memory *l, struct err *e)
{
  void *q = NULL, *t = NULL, *values = NULL;
  enum status s = mem_new(&q, l->steps + 1, l->d * sizeof(double), "Lanczos vectors", e);
  if (s == STATUS_OK)
    s = mem_new(&t, l->steps * l->steps, sizeof(double), "a tridiagonal matrix", e);
  if (s == STATUS_OK)
    s = mem_new(&values, l->steps, sizeof(double), "its eigenvalues", e);
  l->q = q, l->t = t, l->values = values;
  return s;
}

enum status glm_top_eigenvalue(const struct glm *g, const struct exec *x, double tolerance, double *out, double *products, struct err *e)
{
  struct lanczos_memory l = {.d = g->d, .steps = g->d < STEPS ? g->d : STEPS};
  struct rng rng = rng_make(0, RNG_PROBE, 0);
  enum status s = memory_new(&l, e);
  double residual = INFINITY;
  *out = 0;
  *products = 0;
  if (s == STATUS_OK) {
    rng_fill_normal_f64(&rng, l.q, l.d, 0, 1);
    double norm = vec_norm2_f64(l.q, l.d);
    for (size_t j = 0; j < l.d; j++)
      l.q[j] /= norm;
  }
  for (size_t m = 1; m <= l.steps && s == STATUS_OK && residual > tolerance * *out; m++) {
    *products += 1;
    double left = step(&l, g, m - 1);
    s = exec_cancelled(x) ? err_set(e, STATUS_CANCELLED, "cancelled") : ritz(&l, m, out, &residual, e);
    if (left <= 1e-14 * *out)
      break;
  }
  *out += fmin(residual, *out);
  free(l.q);
  free(l.t);
  free(l.values);
  return s;
}

enum status glm_constants(struct objective *f, const struct exec *x, struct err *e)
{
  const struct glm *g = f->glm;
  double top = 0, products;
  enum status s = glm_top_eigenvalue(g, x, TOLERANCE, &top, &products, e);
  if (s != STATUS_OK)
    return s;
  f->smoothness = g->curvature * top + g->l2;
  f->strong_convexity = g->l2; /* what the penalty guarantees; 0: none */
  return STATUS_OK;
}
