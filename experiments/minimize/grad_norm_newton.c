/* grad_norm_newton.c: Newton steps regularized by |g|/gamma, gamma found on the way: gradient-normalized smoothness. Follows the
 * authors' code (epfml/grad-norm-smooth), but treats a failed factorization as a rejected step. */
#include <math.h>

#include "experiments/kernel/vec.h"
#include "experiments/minimize/newton_frame.h"

enum model { MODEL_HESSIAN, MODEL_DIAGONAL, MODEL_NONE };
static const char *const models[] = {"hessian", "diagonal", "none", NULL};

struct conf {
  int model;
  double gamma;
};

static const struct param params[] = {
  {.id = "model", .type = PARAM_CHOICE, .at = offsetof(struct conf, model), .choices = models,
   .doc = "what stands for H: the Hessian, its diagonal, or nothing (gradient descent with the same rule)", .example = "diagonal"},
  {.id = "gamma", .type = PARAM_REAL, .at = offsetof(struct conf, gamma), .def = 1, .min = 0, .max = 1e12, .flags = PARAM_MIN_OPEN | PARAM_LOG,
   .doc = "first guess of gamma", .example = "0.1"},
  {0},
};

static enum status read_model(const struct conf *c, struct newton *k, struct err *e)
{
  size_t d = k->d;
  if (c->model == MODEL_NONE) {
    for (size_t i = 0; i < d * d; i++)
      k->h[i] = 0;
    return STATUS_OK;
  }
  enum status s = newton_hessian(k, e);
  for (size_t i = 0; i < d && s == STATUS_OK && c->model == MODEL_DIAGONAL; i++)
    for (size_t j = 0; j < d; j++)
      k->h[i * d + j] *= i == j;
  return s;
}

/* Is f - f+ >= |g+|^2/(8 lambda)? Then the trial stands, with its gradient in k->next. */
static bool accepts(struct newton *k, double lambda, double *value)
{
  newton_try(k, 1);
  *value = minimize_gradient(k->m, k->trial, k->next);
  double norm = vec_norm2_f64(k->next, k->d);
  return isfinite(*value) && isfinite(norm) && k->value - *value >= norm * norm / (8 * lambda);
}

static enum status iterate(const void *conf, struct newton *k, uint64_t i, double *step, bool *moved, struct err *e)
{
  const struct conf *c = conf;
  double *gamma = &k->memory;
  enum status s = read_model(c, k, e);
  if (s != STATUS_OK)
    return s;
  if (i == 0)
    *gamma = c->gamma;
  double norm = vec_norm2_f64(k->g, k->d), value;
  *moved = false;
  for (int trial = 0; trial < 40 && norm > 0 && !*moved; trial++) {
    double lambda = norm / (*gamma + 1e-8);
    *step = *gamma;
    *moved = newton_solve(k, lambda) && accepts(k, lambda, &value);
    *gamma = *moved ? fmax(2 * *gamma, 1e-9) : *gamma / 2;
  }
  if (!*moved)
    return STATUS_OK;
  for (size_t j = 0; j < k->d; j++) {
    k->m->w[j] = k->trial[j];
    k->g[j] = k->next[j];
  }
  k->value = value;
  return STATUS_OK;
}

static enum status run(const void *conf, struct minimize *m, struct err *e) { return newton_run(conf, m, iterate, e); }

const struct minimizer minimizer_grad_norm_newton = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "grad-norm-newton",
        .name = "Newton with gradient-normalized smoothness",
        .summary = "Newton steps regularized by |g|/gamma, with gamma found on the way",
        .formula = "lambda = |g|/(gamma + 1e-8);  s = -(H + lambda I)^-1 g;\n"
                   "accept if f(w) - f(w + s) >= |grad f(w + s)|^2/(8 lambda), then gamma <- max(2 gamma, 1e-9), else gamma <- gamma/2",
        .cite = "Semenov, Jaggi and Doikov 2025, Gradient-normalized smoothness for optimization with approximate Hessians",
        .notes = "H may be approximate; a matrix that is not positive definite counts as a rejected step. With H = 0 it is gradient descent with step "
                 "gamma/|g|; on a quadratic gamma doubles each time and convergence is superlinear. The step in the trace is gamma.",
        .example = "assay.minimizer(\"grad-norm-newton\", {model = \"diagonal\"})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .accepts = newton_accepts,
  .run = run,
};
