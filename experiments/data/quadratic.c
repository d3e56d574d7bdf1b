/* quadratic.c: a sum of n quadratics, one per example, whose Hessian has exactly the given eigenvalues and whose
 * minimum is known.
 *
 * f(w) = 1/(2n) sum_i (w.x_i - y_i)^2 with X = sqrt(n) U diag(sqrt lambda) V': the columns of U are n x d
 * orthonormal, so X'X/n = V diag(lambda) V' for the sample itself, not only on average. y = X w + r with r orthogonal
 * to X: the minimum is at w, and |r|^2/(2n) there. The numbers are stored in float32, which moves the optimum by a
 * little, so the teacher is that of the stored numbers, found by iterative refinement with the known inverse of the
 * Hessian (Wilkinson 1963, Rounding errors in algebraic processes). Cost: 4 n d^2 for U. */
#include <math.h>
#include <stdlib.h>

#include "experiments/data/spectrum.h"
#include "experiments/data/synthetic.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"

#define REFINEMENTS 50

struct conf {
  int64_t train, d, seed;
  double noise;
  struct spectrum spectrum;
};

static const struct param params[] = {
  {.id = "train", .type = PARAM_INT, .at = offsetof(struct conf, train), .def = 256, .min = 1, .max = DATA_COUNT_MAX,
   .unit = "examples", .doc = "examples n, at least d (d + 1 with noise)", .example = "256"},
  DATA_INPUTS_PARAM(struct conf, d, 20),
  DATA_SEED_PARAM(struct conf, seed),
  SPECTRUM_PARAMS(struct conf, spectrum, 100),
  {.id = "noise", .type = PARAM_REAL, .at = offsetof(struct conf, noise), .def = 0, .min = 0, .max = 1e6,
   .example = "1",
   .doc = "root mean squared residual at the optimum; 0: every example is fitted exactly there"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  int64_t least = c->d + (c->noise > 0);
  if (c->train < least)
    return err_set(e, STATUS_BAD_ARG, "train must be at least %lld (d%s), got %lld", (long long)least,
                   c->noise > 0 ? " + 1, because of the noise" : "", (long long)c->train);
  return spectrum_check(&c->spectrum, c->d, e);
}

/* What the construction works with; all numbers float64. */
struct work {
  size_t n, d;
  double *u;        /* d columns of length n, orthonormal */
  double *residual; /* n: r, later y - X w */
  double *v;        /* d: scratch */
  struct covariance hessian;
};

static void work_free(struct work *k)
{
  free(k->u);
  free(k->residual);
  free(k->v);
  covariance_free(&k->hessian);
}

/* Take the first `columns` columns of u out of x, twice; then give it this norm. */
static void orthogonalize(const struct work *k, size_t columns, double *x, double norm)
{
  for (int round = 0; round < 2; round++)
    for (size_t j = 0; j < columns; j++) {
      const double *u = k->u + j * k->n;
      double along = vec_dot_f64(u, x, k->n);
      for (size_t i = 0; i < k->n; i++)
        x[i] -= along * u[i];
    }
  double factor = norm / vec_norm2_f64(x, k->n);
  for (size_t i = 0; i < k->n; i++)
    x[i] *= factor;
}

static enum status work_make(struct work *k, const struct conf *c, const struct exec *x, struct err *e)
{
  void *u = NULL, *residual = NULL, *v = NULL;
  size_t count;
  *k = (struct work){.n = (size_t)c->train, .d = (size_t)c->d};
  if (!size_mul(k->n, k->d, &count)) {
    err_set(e, STATUS_NO_MEMORY, "%zu examples of %zu inputs are more than this machine can address", k->n, k->d);
    return STATUS_NO_MEMORY;
  }
  enum status s = mem_new(&u, count, sizeof(double), "orthonormal columns", e);
  if (s == STATUS_OK)
    s = mem_new(&residual, k->n, sizeof(double), "residuals", e);
  if (s == STATUS_OK)
    s = mem_new(&v, k->d, sizeof(double), "one example", e);
  k->u = u, k->residual = residual, k->v = v;
  if (s == STATUS_OK)
    s = covariance_make(&k->hessian, &c->spectrum, k->d, c->seed, e);
  for (size_t j = 0; j < k->d && s == STATUS_OK; j++) {
    struct rng rng = rng_make((uint64_t)c->seed, RNG_DATA, j);
    rng_fill_normal_f64(&rng, k->u + j * k->n, k->n, 0, 1);
    orthogonalize(k, j, k->u + j * k->n, 1);
    s = data_cancelled(x, e);
  }
  return s;
}

static void draw_residual(struct work *k, const struct conf *c)
{
  struct rng rng = rng_make((uint64_t)c->seed, RNG_LABEL_NOISE, 0);
  if (c->noise == 0)
    return; /* zeros */
  rng_fill_normal_f64(&rng, k->residual, k->n, 0, 1);
  orthogonalize(k, k->d, k->residual, c->noise * sqrt((double)k->n));
}

static void fill(struct dataset *out, const struct work *k)
{
  for (size_t i = 0; i < k->n; i++) {
    float *row = part_row(&out->train, i);
    for (size_t j = 0; j < k->d; j++)
      k->v[j] = k->u[j * k->n + i] * sqrt((double)k->n * k->hessian.lambda[j]);
    covariance_turn(&k->hessian, k->v);
    for (size_t j = 0; j < k->d; j++)
      row[j] = (float)k->v[j];
    part_targets(&out->train)[i] = (float)(synthetic_output(&out->teacher, row) + k->residual[i]);
  }
}

/* k->v = X'(y - X w)/n, the negative gradient at w; returns the mean squared residual. */
static double negative_gradient(const struct dataset *d, const struct work *k)
{
  double square = 0;
  for (size_t j = 0; j < k->d; j++)
    k->v[j] = 0;
  for (size_t i = 0; i < k->n; i++) {
    const float *row = d->train.x + i * d->train.stride;
    double residual = (double)d->train.target[i] - synthetic_output(&d->teacher, row);
    square += residual * residual;
    for (size_t j = 0; j < k->d; j++)
      k->v[j] += residual * (double)row[j] / (double)k->n;
  }
  return square / (double)k->n;
}

/* Newton's steps with the Hessian before rounding, until they change nothing more. */
static void refine(struct dataset *out, const struct work *k)
{
  double *w = mat_row_f64(&out->teacher, 0), last = INFINITY;
  for (int round = 0; round < REFINEMENTS; round++) {
    negative_gradient(out, k);
    covariance_turn_back(&k->hessian, k->v);
    for (size_t j = 0; j < k->d; j++)
      k->v[j] /= k->hessian.lambda[j];
    covariance_turn(&k->hessian, k->v);
    double step = vec_norm2_f64(k->v, k->d);
    if (!(step < last))
      break; /* rounding is all that is left */
    for (size_t j = 0; j < k->d; j++)
      w[j] += k->v[j];
    last = step;
  }
  out->bayes_error = negative_gradient(out, k);
}

static enum status load(const void *conf, const struct data_env *env, struct dataset *out, struct err *e)
{
  const struct conf *c = conf;
  struct work k;
  out->task = TASK_REGRESSION;
  out->d = (size_t)c->d;
  out->outputs = 1;
  enum status s = part_new(&out->train, (size_t)c->train, out->d, out->task, 1, e);
  if (s == STATUS_OK)
    s = synthetic_teacher(out, c->seed, 1, e);
  if (s != STATUS_OK)
    return s;
  s = work_make(&k, c, env->exec, e);
  if (s == STATUS_OK) {
    draw_residual(&k, c);
    fill(out, &k);
    refine(out, &k);
  }
  work_free(&k);
  return s;
}

const struct data_method data_quadratic = {
  .m = {.kind = KIND_DATA, .id = "quadratic", .name = "Sum of quadratics",
        .summary = "least squares with exactly the given Hessian spectrum and a known optimum",
        .formula = "f(w) = 1/(2n) sum_i (w.x_i - y_i)^2,  X'X/n = V diag(lambda) V'",
        .cite = "Nesterov 2018, Lectures on convex optimization, section 2.1",
        .notes = "For a linear model without bias and the squared loss. The teacher is the minimiser for the "
                 "numbers as stored in float32; bayes_error is the mean squared residual there, twice the minimum "
                 "of f. There is a training part only.",
        .example = "assay.data(\"quadratic\", {train = 256, d = 20, condition = 100})",
        .conf_size = sizeof(struct conf), .params = params, .resolve = resolve},
  .load = load,
};
