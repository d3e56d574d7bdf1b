/* diagonal_linear_net.c: linear regression through beta = u^2 - v^2: the smallest net whose training chooses among solutions. Small starts
 * lead to sparse ones. */
#include <math.h>
#include <string.h>

#include "experiments/kernel/rng.h"
#include "experiments/objective/design.h"

struct conf {
  int64_t d, n, sparsity, seed;
  double scale;
};

static const struct param params[] = {
  {.id = "d", .type = PARAM_INT, .at = offsetof(struct conf, d), .def = 30, .min = 1, .max = 1e6, .unit = "inputs",
   .doc = "inputs p; there are 2 p weights", .example = "40"},
  DESIGN_COUNT_PARAM(struct conf, n, 20),
  {.id = "sparsity", .type = PARAM_INT, .at = offsetof(struct conf, sparsity), .def = 3, .min = 1, .max = 1e6, .unit = "inputs",
   .doc = "inputs that matter: ones of the teacher, at most d", .example = "5"},
  {.id = "scale", .type = PARAM_REAL, .at = offsetof(struct conf, scale), .def = 0.1, .min = 0, .max = 1e3,
   .flags = PARAM_LOG | PARAM_TUNED | PARAM_MIN_OPEN, .doc = "every weight at the start", .example = "0.01"},
  DESIGN_SEED_PARAM(struct conf, seed),
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  if (c->sparsity > c->d)
    return err_set(e, STATUS_BAD_ARG, "sparsity must be at most d = %lld, got %lld", (long long)c->d, (long long)c->sparsity);
  return STATUS_OK;
}

static double loss(double z, double y, double *slope)
{
  *slope = z - y;
  return 0.5 * (z - y) * (z - y);
}

/* The minimum 0 is met at many places: u^2 - v^2 = beta*, at least. */
static enum status make(const void *conf, const struct objective_env *env, struct objective *out, struct err *e)
{
  const struct conf *c = conf;
  (void)env;
  size_t p = (size_t)c->d;
  out->d = 2 * p, out->n = (size_t)c->n;
  enum status s = design_new(&out->state, out->n, p, loss, c->seed, e);
  if (s == STATUS_OK)
    s = objective_new_start(out, false, e);
  if (s != STATUS_OK)
    return s;
  struct design *k = out->state;
  for (size_t j = 0; j < p; j++)
    k->scratch[j] = j < (size_t)c->sparsity;
  for (size_t i = 0; i < k->n; i++)
    k->y[i] = design_dot(k, i, k->scratch);
  for (size_t j = 0; j < out->d; j++)
    out->start[j] = c->scale;
  out->minimum = 0;
  out->smoothness = out->smoothness_max = INFINITY;
  return STATUS_OK;
}

/* beta of w into scratch. */
static const double *beta_of(const struct design *k, const double *w)
{
  for (size_t j = 0; j < k->d; j++)
    k->scratch[j] = w[j] * w[j] - w[k->d + j] * w[k->d + j];
  return k->scratch;
}

/* q, the gradient in beta, becomes that in (u, v): 2 u q, -2 v q. */
static void pull_back(const struct design *k, const double *w, const double *q, double *g)
{
  for (size_t j = 0; j < k->d; j++) {
    g[j] = 2 * w[j] * q[j];
    g[k->d + j] = -2 * w[k->d + j] * q[j];
  }
}

static double value(const struct objective *f, const double *w)
{
  return design_mean(f->state, 0, f->n, beta_of(f->state, w), NULL);
}

/* Components [from, to); q, the gradient in beta, stays in the second scratch. */
static double evaluate(const struct objective *f, size_t from, size_t to, const double *w, double *g)
{
  const struct design *k = f->state;
  double *q = k->scratch + k->d, mean = design_mean(k, from, to, beta_of(k, w), q);
  pull_back(k, w, q, g);
  return mean;
}

static double gradient(const struct objective *f, const double *w, double *g) { return evaluate(f, 0, f->n, w, g); }
static double component(const struct objective *f, size_t i, const double *w, double *g) { return evaluate(f, i, i + 1, w, g); }

/* d(2 u q) = 2 du q + 2 u dq, dq = A'A dbeta/n, dbeta = 2 u du - 2 v dv; for v with the signs turned. */
static void hvp(const struct objective *f, const double *w, const double *v, double *out)
{
  const struct design *k = f->state;
  size_t p = k->d;
  double *change = k->scratch, *q = k->scratch + p;
  gradient(f, w, out);
  for (size_t j = 0; j < p; j++) {
    out[j] = 2 * v[j] * q[j];
    out[p + j] = -2 * v[p + j] * q[j];
    change[j] = 2 * w[j] * v[j] - 2 * w[p + j] * v[p + j];
  }
  memset(q, 0, p * sizeof *q);
  for (size_t i = 0; i < k->n; i++)
    design_add(k, i, design_dot(k, i, change) / (double)k->n, q);
  for (size_t j = 0; j < p; j++) {
    out[j] += 2 * w[j] * q[j];
    out[p + j] -= 2 * w[p + j] * q[j];
  }
}

const struct objective_method objective_diagonal_linear_net = {
  .m = {.kind = KIND_OBJECTIVE,
        .id = "diagonal-linear-net",
        .name = "Diagonal linear network",
        .summary = "least squares through beta = u^2 - v^2: not convex, the start decides which solution is found",
        .formula = "f(u, v) = (1/(2n)) sum_i (a_i.(u o u - v o v) - y_i)^2, y = A beta*, beta* = 1 in its first `sparsity` places; u = v = scale first",
        .cite = "Woodworth, Gunasekar, Lee, Moroshko, Savarese, Golan, Soudry and Srebro 2020, Kernel and rich regimes in overparametrized models",
        .notes = "The weights are u, then v. Gradient flow from a small scale finds the interpolating beta of about least l1 norm, from a large scale "
                 "that of least l2 norm. The minimum 0 is met at many places.",
        .example = "assay.objective(\"diagonal-linear-net\", {d = 30, n = 20, scale = 0.01})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = resolve},
  .make = make,
  .release = design_release,
  .value = value,
  .gradient = gradient,
  .component = component,
  .hvp = hvp,
};
