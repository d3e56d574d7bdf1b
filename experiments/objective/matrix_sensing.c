/* matrix_sensing.c: a positive semidefinite matrix of low rank from random products with it, through its factor U: smooth, not convex, no bad
 * local minima with enough measurements. */
#include <math.h>
#include <string.h>

#include "experiments/kernel/rng.h"
#include "experiments/objective/design.h"

struct conf {
  int64_t size, rank, fit, n, seed;
  double scale;
};

static const struct param params[] = {
  {.id = "size", .type = PARAM_INT, .at = offsetof(struct conf, size), .def = 6, .min = 1, .max = 2000, .doc = "rows p of the matrix",
   .example = "10"},
  {.id = "rank", .type = PARAM_INT, .at = offsetof(struct conf, rank), .def = 2, .min = 1, .max = 2000, .doc = "rank of the truth, at most size",
   .example = "1"},
  {.id = "fit", .type = PARAM_INT, .at = offsetof(struct conf, fit), .min = 1, .max = 2000, .flags = PARAM_AUTO,
   .doc = "columns of U, at least rank; auto: rank", .example = "6"},
  DESIGN_COUNT_PARAM(struct conf, n, 60),
  {.id = "scale", .type = PARAM_REAL, .at = offsetof(struct conf, scale), .def = 0.5, .min = 0, .max = 1e3, .flags = PARAM_LOG | PARAM_MIN_OPEN,
   .doc = "standard deviation of U at the start", .example = "0.001"},
  DESIGN_SEED_PARAM(struct conf, seed),
  {0},
};

static size_t columns(const struct conf *c) { return c->fit == PARAM_AUTO_INT ? (size_t)c->rank : (size_t)c->fit; }

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  if (c->rank > c->size)
    return err_set(e, STATUS_BAD_ARG, "rank must be at most size = %lld, got %lld", (long long)c->size, (long long)c->rank);
  if (columns(c) < (size_t)c->rank)
    return err_set(e, STATUS_BAD_ARG, "fit must be at least rank = %lld, got %lld", (long long)c->rank, (long long)c->fit);
  return STATUS_OK;
}

/* x = U V' made symmetric, (U V' + V U')/2: p x p. */
static void product(const double *u, const double *v, size_t p, size_t r, double *x)
{
  for (size_t i = 0; i < p; i++)
    for (size_t j = 0; j < p; j++) {
      double sum = 0;
      for (size_t k = 0; k < r; k++)
        sum += 0.5 * (u[i * r + k] * v[j * r + k] + v[i * r + k] * u[j * r + k]);
      x[i * p + j] = sum;
    }
}

/* (z - y)^2/4 */
static double loss(double z, double y, double *slope)
{
  *slope = 0.5 * (z - y);
  return 0.25 * (z - y) * (z - y);
}

static enum status make(const void *conf, const struct objective_env *env, struct objective *out, struct err *e)
{
  const struct conf *c = conf;
  size_t p = (size_t)c->size, r = (size_t)c->rank;
  (void)env;
  out->d = p * columns(c), out->n = (size_t)c->n;
  enum status s = design_new(&out->state, out->n, p * p, loss, c->seed, e);
  if (s == STATUS_OK)
    s = objective_new_start(out, false, e);
  if (s != STATUS_OK)
    return s;
  struct design *k = out->state;
  struct rng teacher = rng_make((uint64_t)c->seed, RNG_TEACHER, 0), start = rng_make((uint64_t)c->seed, RNG_INIT, 0);
  double *truth = k->scratch + p * p; /* p x r of its p x p */
  rng_fill_normal_f64(&teacher, truth, p * r, 0, 1);
  product(truth, truth, p, r, k->scratch);
  for (size_t i = 0; i < k->n; i++)
    k->y[i] = design_dot(k, i, k->scratch);
  rng_fill_normal_f64(&start, out->start, out->d, 0, c->scale);
  out->minimum = 0;
  out->smoothness = out->smoothness_max = INFINITY;
  return STATUS_OK;
}

/* g += (Q + Q') U, Q of p x p: the gradient of <Q, U U'>. */
static void pull_back(const double *q, const double *u, size_t p, size_t r, double *g)
{
  for (size_t i = 0; i < p; i++)
    for (size_t j = 0; j < p; j++) {
      double s = q[i * p + j] + q[j * p + i];
      for (size_t k = 0; k < r; k++)
        g[i * r + k] += s * u[j * r + k];
    }
}

/* Components [from, to) at U; g (if any): their mean gradient. Q stays in the second scratch. */
static double evaluate(const struct objective *f, const double *u, size_t from, size_t to, double *g)
{
  const struct design *k = f->state;
  const struct conf *c = f->of.conf;
  size_t p = (size_t)c->size, r = columns(c);
  double *x = k->scratch, *q = k->scratch + p * p;
  product(u, u, p, r, x);
  double mean = design_mean(k, from, to, x, q);
  if (g) {
    memset(g, 0, f->d * sizeof *g);
    pull_back(q, u, p, r, g);
  }
  return mean;
}

static double value(const struct objective *f, const double *w) { return evaluate(f, w, 0, f->n, NULL); }
static double gradient(const struct objective *f, const double *w, double *g) { return evaluate(f, w, 0, f->n, g); }
static double component(const struct objective *f, size_t i, const double *w, double *g) { return evaluate(f, w, i, i + 1, g); }

/* The gradient is 2 Q U: d(Q U) = Q dU + dQ U, dQ = (1/(2n)) sum <A_i, U dU' + dU U'> A_i. */
static void hvp(const struct objective *f, const double *w, const double *v, double *out)
{
  const struct design *k = f->state;
  const struct conf *c = f->of.conf;
  size_t p = (size_t)c->size, r = columns(c);
  double *x = k->scratch, *q = k->scratch + p * p;
  evaluate(f, w, 0, f->n, NULL);
  memset(out, 0, f->d * sizeof *out);
  pull_back(q, v, p, r, out);
  product(w, v, p, r, x);
  memset(q, 0, p * p * sizeof *q);
  for (size_t i = 0; i < k->n; i++)
    design_add(k, i, design_dot(k, i, x) / (double)k->n, q);
  pull_back(q, w, p, r, out);
}

const struct objective_method objective_matrix_sensing = {
  .m = {.kind = KIND_OBJECTIVE,
        .id = "matrix-sensing",
        .name = "Matrix sensing",
        .summary = "a low-rank matrix from random measurements, through its factor: not convex, minimum 0",
        .formula = "f(U) = (1/(4n)) sum_i (<A_i, U U'> - y_i)^2, y_i = <A_i, U* U*'>, entries of A_i and U* ~ N(0, 1)",
        .cite = "Gunasekar, Woodworth, Bhojanapalli, Neyshabur and Srebro 2017, Implicit regularization in matrix factorization",
        .notes = "The weights are U, row by row. fit above rank is overparametrized: from a small scale gradient descent still finds low rank. The "
                 "minima are U* times any rotation.",
        .example = "assay.objective(\"matrix-sensing\", {size = 6, rank = 2, n = 60})",
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
