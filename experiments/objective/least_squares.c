/* least_squares.c: half the mean squared error of a linear model (ridge regression with l2 > 0). Where d is small enough for a
 * factorisation the minimum is known: the normal equations, refined with residuals from the rows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"
#include "experiments/objective/glm.h"

enum { EXACT_MAX = 1000, EIGEN_MAX = 300, REFINEMENTS = 20 };

struct conf {
  struct glm_conf glm;
};

static const struct param params[] = {
  GLM_PARAMS(struct conf, glm, 0),
  {0},
};

/* h = H^-1; *regular: false where H is singular as far as float64 can tell. */
static enum status invert(struct objective *f, double *h, bool *regular, struct err *e)
{
  size_t d = f->d;
  glm_hessian(f, f->optimum, h);
  int info = blas_potrf_f64(d, h, d);
  if (info == 0)
    info = blas_potri_f64(d, h, d);
  *regular = info == 0;
  return info <= -1010 ? err_set(e, STATUS_NO_MEMORY, "no memory to factor a matrix of %zu rows", d) : STATUS_OK;
}

/* f->optimum -= H^-1 gradient, until the gradient is rounding; false where that does not come to an end. */
static bool refine(struct objective *f, double *h, double *g)
{
  size_t d = f->d;
  for (size_t j = 0; j < d; j++)
    for (size_t k = j + 1; k < d; k++)
      h[j * d + k] = h[k * d + j];
  double before = INFINITY;
  for (int round = 0; round < REFINEMENTS; round++) {
    f->minimum = glm_gradient(f, f->optimum, g);
    double norm = vec_norm2_f64(g, d);
    if (!(norm < 0.5 * before))
      return norm <= 1e-10 * (1 + f->minimum) && isfinite(f->minimum);
    before = norm;
    for (size_t j = 0; j < d; j++)
      f->optimum[j] -= vec_dot_f64(h + j * d, g, d);
  }
  return false;
}

static enum status make(const void *conf, const struct objective_env *env, struct objective *out, struct err *e)
{
  enum status s = glm_make(conf, GLM_SQUARED, env, out, e);
  void *h = NULL, *optimum = NULL, *g = NULL;
  if (s != STATUS_OK || out->d > EXACT_MAX)
    return s;
  s = mem_new(&h, out->d * out->d, sizeof(double), "the normal equations", e);
  if (s == STATUS_OK)
    s = mem_new(&g, out->d, sizeof(double), "a gradient", e);
  if (s == STATUS_OK)
    s = mem_new(&optimum, out->d, sizeof(double), "the optimum", e);
  out->optimum = optimum;
  bool regular = false;
  if (s == STATUS_OK)
    s = invert(out, h, &regular, e);
  if (s == STATUS_OK && !(regular && refine(out, h, g))) {
    free(out->optimum);
    out->optimum = NULL;
    out->minimum = NAN;
  }
  free(g);
  free(h);
  return s;
}

/* The Hessian is the same everywhere: mu exactly, where its eigenvalues are cheap. */
static enum status constants(struct objective *f, const struct exec *x, struct err *e)
{
  void *h = NULL, *values = NULL;
  enum status s = glm_constants(f, x, e);
  if (s != STATUS_OK || f->d > EIGEN_MAX)
    return s;
  s = mem_new(&h, f->d * f->d, sizeof(double), "the Hessian", e);
  if (s == STATUS_OK)
    s = mem_new(&values, f->d, sizeof(double), "its eigenvalues", e);
  if (s == STATUS_OK) {
    glm_hessian(f, f->start, h);
    int info = blas_syevd_f64(f->d, h, f->d, values);
    if (info <= -1010)
      s = err_set(e, STATUS_NO_MEMORY, "no memory for the eigenvalues of a matrix of %zu rows", f->d);
    if (info == 0) /* rounding is some 1e-15 of the largest */
      f->strong_convexity = fmax(f->glm->l2, *(double *)values - 1e-13 * f->smoothness);
  }
  free(values);
  free(h);
  return s;
}

const struct objective_method objective_least_squares = {
  .m = {.kind = KIND_OBJECTIVE,
        .id = "least-squares",
        .name = "Least squares",
        .summary = "half the mean squared error of a linear model, with l2: a finite sum of quadratics",
        .formula = "f(w) = (1/(2n)) sum_i (a_i.w - y_i)^2 + (l2/2) |w|^2\n"
                   "L = lambda_max(X'X/n) + l2, L_max = max_i |a_i|^2 + l2, mu = lambda_min(X'X/n) + l2 (d <= 300; else l2)",
        .cite = "Legendre 1805, Nouvelles methodes pour la determination des orbites des cometes; "
                "Hoerl and Kennard 1970, Ridge regression",
        .notes = GLM_NOTE " Two classes become the targets -1 and 1. Up to d = 1000 the minimum is computed exactly, where the "
                 "normal equations are not singular.",
        .example = "assay.objective(\"least-squares\", {data = assay.data(\"quadratic\", {d = 20, train = 256})})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .make = make,
  .release = glm_release,
  .value = glm_value,
  .gradient = glm_gradient,
  .component = glm_component,
  .batch = glm_batch,
  .batch_value = glm_batch_value,
  .hvp = glm_hvp,
  .hessian = glm_hessian,
  .constants = constants,
};
