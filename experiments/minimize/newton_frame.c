/* newton_frame.c: see newton_frame.h. */
#include "experiments/minimize/newton_frame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"

enum { D_MAX = 4096 };

enum status newton_accepts(const void *conf, const struct objective *f, struct err *e)
{
  (void)conf;
  if (!f->method->hvp && !f->method->hessian)
    return err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" has no Hessian", f->of.method->id);
  if (f->d > D_MAX)
    return err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" has %zu weights; a whole Hessian is held for at most %d", f->of.method->id, f->d, D_MAX);
  return STATUS_OK;
}

static enum status newton_new(struct newton *k, struct minimize *m, struct err *e)
{
  size_t d = m->f->d;
  void *memory;
  enum status s = mem_new(&memory, 2 * d + 5, d * sizeof(double), "Newton's method", e);
  if (s != STATUS_OK)
    return s;
  double *p = memory;
  *k = (struct newton){.m = m, .d = d, .h = p, .factor = p + d * d, .g = p + 2 * d * d};
  k->s = k->g + d, k->trial = k->s + d, k->next = k->trial + d, k->eigenvalue = k->next + d;
  return STATUS_OK;
}

enum status newton_run(const void *conf, struct minimize *m, newton_iteration *iteration, struct err *e)
{
  struct newton k;
  enum status s = newton_new(&k, m, e);
  if (s != STATUS_OK)
    return s;
  k.value = minimize_gradient(m, m->w, k.g);
  struct minimize_point p = {.w = m->w, .gradient = k.g, .value = k.value, .step = NAN};
  for (uint64_t i = 0; minimize_go_on(m, &p); i++) {
    bool moved = true;
    p.step = NAN;
    s = iteration(conf, &k, i, &p.step, &moved, e);
    if (s != STATUS_OK)
      break;
    p.iterations = moved;
    p.value = k.value;
    if (!moved) {
      minimize_converged(m, &p);
      break;
    }
  }
  free(k.h);
  return s != STATUS_OK ? s : m->status;
}

enum status newton_hessian(struct newton *k, struct err *e)
{
  enum status s = minimize_hessian(k->m, k->m->w, k->h, e);
  if (s == STATUS_OK && !vec_finite_f64(k->h, k->d * k->d))
    s = err_set(e, STATUS_DIVERGED, "the Hessian is not finite");
  return s;
}

/* L L' x = b in place; L in the lower triangle of k->factor. */
static void substitute(const struct newton *k, double *x)
{
  size_t d = k->d;
  for (size_t i = 0; i < d; i++) {
    const double *l = k->factor + i * d;
    x[i] = (x[i] - vec_dot_f64(l, x, i)) / l[i];
  }
  for (size_t i = d; i-- > 0;) {
    x[i] /= k->factor[i * d + i];
    for (size_t j = 0; j < i; j++)
      x[j] -= k->factor[i * d + j] * x[i];
  }
}

bool newton_solve(struct newton *k, double shift)
{
  size_t d = k->d;
  memcpy(k->factor, k->h, d * d * sizeof(double));
  for (size_t i = 0; i < d; i++) {
    k->factor[i * d + i] += shift;
    k->s[i] = -k->g[i];
  }
  k->m->count.factorizations++;
  if (blas_potrf_f64(d, k->factor, d) != 0)
    return false;
  substitute(k, k->s);
  return vec_finite_f64(k->s, d);
}

/* The least shift, INFINITY where there is none. */
static double solve_somehow(struct newton *k)
{
  double trace = 0, shift = 0;
  for (size_t i = 0; i < k->d; i++)
    trace += fabs(k->h[i * k->d + i]);
  double least = trace > 0 ? 1e-12 * trace / (double)k->d : 1e-12;
  while (!newton_solve(k, shift)) {
    shift = shift > 0 ? 10 * shift : least;
    if (!(shift < 1e24 * least))
      return (double)INFINITY;
  }
  return shift;
}

enum status newton_step(struct newton *k, struct err *e)
{
  enum status s = newton_hessian(k, e);
  if (s == STATUS_OK && !isfinite(solve_somehow(k)))
    s = err_set(e, STATUS_BAD_DATA, "no shift makes the Hessian positive definite");
  return s;
}

double newton_decrement(const struct newton *k) { return sqrt(fmax(0, -vec_dot_f64(k->g, k->s, k->d))); }

void newton_try(struct newton *k, double a)
{
  for (size_t j = 0; j < k->d; j++)
    k->trial[j] = k->m->w[j] + a * k->s[j];
}

void newton_accept(struct newton *k)
{
  memcpy(k->m->w, k->trial, k->d * sizeof(double));
  k->value = minimize_gradient(k->m, k->m->w, k->g);
}

enum status newton_eigen(struct newton *k, struct err *e)
{
  memcpy(k->factor, k->h, k->d * k->d * sizeof(double));
  k->m->count.factorizations++;
  int info = blas_syevd_f64(k->d, k->factor, k->d, k->eigenvalue);
  return info == 0 ? STATUS_OK : err_set(e, STATUS_BAD_DATA, "the eigenvalues of the Hessian were not found (info %d)", info);
}

void newton_spectral_step(struct newton *k, const double *weight)
{
  size_t d = k->d;
  memset(k->s, 0, d * sizeof(double));
  for (size_t i = 0; i < d; i++) { /* along eigenvector i, a column */
    double along = 0;
    for (size_t j = 0; j < d; j++)
      along += k->factor[j * d + i] * k->g[j];
    for (size_t j = 0; j < d; j++)
      k->s[j] -= weight[i] * along * k->factor[j * d + i];
  }
}
