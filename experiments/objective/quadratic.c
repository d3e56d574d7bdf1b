/* quadratic.c: f(w) = (w - o)' H (w - o)/2 with a Hessian whose eigenvalues are given exactly: dense (random axes) or diagonal.
 *
 * As a sum its components add noise to the gradient, the same everywhere: f_i(w) = f(w) + b_i.(w - o), in pairs b_{2k+1} = -b_{2k}, so that
 * nothing of it remains in f. The laws are normal or heavy-tailed: what analyses assume of SGD, with the minimum known.
 *
 * H = V diag(lambda) V' with the random reflections V of data/spectrum.h: O(d) a product, so that d may be millions. The
 * arithmetic is float64 throughout, unlike the data set of the same name, whose rows are float32. */
#include <math.h>
#include <stdlib.h>

#include "experiments/data/spectrum.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/rng.h"
#include "experiments/kernel/vec.h"
#include "experiments/objective/objective.h"

enum law { LAW_NORMAL, LAW_STUDENT, LAW_PARETO };
static const char *const law_names[] = {"normal", "student", "pareto", NULL};

struct conf {
  int64_t d, seed, n;
  struct spectrum spectrum;
  double noise, alpha;
  int law; /* enum law */
};

struct state {
  struct covariance hessian;
  double *difference; /* d: scratch */
  double *noise;      /* n/2 x d: b_0, b_2, …; NULL: no sum */
};

static const struct param params[] = {
  DATA_INPUTS_PARAM(struct conf, d, 20),
  DATA_SEED_PARAM(struct conf, seed),
  SPECTRUM_PARAMS(struct conf, spectrum, 100),
  {.id = "n", .type = PARAM_INT, .at = offsetof(struct conf, n), .def = 1, .min = 1, .max = 1e8, .unit = "components",
   .doc = "components, each with its own noise in the gradient: an even number; 1: no sum, no noise", .example = "1000"},
  {.id = "noise", .type = PARAM_REAL, .at = offsetof(struct conf, noise), .def = 1, .min = 0, .max = 1e6, .flags = PARAM_LOG,
   .doc = "factor on the noise of each coordinate", .example = "0.1"},
  {.id = "law", .type = PARAM_CHOICE, .at = offsetof(struct conf, law), .choices = law_names,
   .doc = "of the noise: normal, Student's t, or Pareto's from 1 on with a random sign", .example = "student"},
  {.id = "alpha", .type = PARAM_REAL, .at = offsetof(struct conf, alpha), .def = 1.5, .min = 0.5, .max = 1000,
   .doc = "tail index of student and pareto: moments below it are finite", .example = "1.5"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  if (c->n > 1 && c->n % 2 == 1)
    return err_set(e, STATUS_BAD_ARG, "n must be 1 or even, got %lld: the noise of the components comes in pairs of opposite sign", (long long)c->n);
  return spectrum_check(&c->spectrum, c->d, e);
}

static void release(struct objective *f)
{
  struct state *s = f->state;
  if (!s)
    return;
  covariance_free(&s->hessian);
  free(s->difference);
  free(s->noise);
  free(s);
}

/* The optimum is a random point, the start lies at distance sqrt(d) from it, equally far along each eigenvector. */
static void place(struct objective *f, const struct conf *c)
{
  const struct state *s = f->state;
  struct rng rng = rng_make((uint64_t)c->seed, RNG_INIT, 0);
  rng_fill_normal_f64(&rng, f->optimum, f->d, 0, 1);
  for (size_t j = 0; j < f->d; j++)
    f->start[j] = rng_sign(&rng);
  covariance_turn(&s->hessian, f->start);
  for (size_t j = 0; j < f->d; j++)
    f->start[j] += f->optimum[j];
}

static double draw(const struct conf *c, struct rng *r)
{
  switch (c->law) {
  case LAW_STUDENT: return rng_student(r, c->alpha);
  case LAW_PARETO: return rng_pareto(r, c->alpha);
  default: return rng_normal(r);
  }
}

static enum status make_noise(const struct conf *c, struct state *s, struct err *e)
{
  size_t d = (size_t)c->d, pairs = (size_t)c->n / 2, bytes;
  void *noise;
  if (!size_mul(d, sizeof(double), &bytes))
    return err_set(e, STATUS_NO_MEMORY, "%zu coordinates are more than this machine can address", d);
  enum status status = mem_new(&noise, pairs, bytes, "noise of the components", e);
  if (status != STATUS_OK)
    return status;
  s->noise = noise;
  for (size_t k = 0; k < pairs; k++) {
    struct rng rng = rng_make((uint64_t)c->seed, RNG_GRAD_NOISE, k);
    for (size_t j = 0; j < d; j++)
      s->noise[k * d + j] = c->noise * draw(c, &rng);
  }
  return STATUS_OK;
}

static enum status make(const void *conf, const struct objective_env *env, struct objective *out, struct err *e)
{
  const struct conf *c = conf;
  struct state *s = out->state = xcalloc(1, sizeof *s);
  void *memory = NULL;
  (void)env;
  out->d = (size_t)c->d, out->n = (size_t)c->n;
  enum status status = covariance_make(&s->hessian, &c->spectrum, out->d, c->seed, e);
  if (status == STATUS_OK)
    status = mem_new(&memory, out->d, sizeof(double), "a difference of weights", e);
  s->difference = memory;
  if (status == STATUS_OK)
    status = objective_new_start(out, true, e);
  if (status == STATUS_OK && c->n > 1)
    status = make_noise(c, s, e);
  if (status != STATUS_OK)
    return status;
  place(out, c);
  out->minimum = 0;
  out->smoothness = vec_max_f64(s->hessian.lambda, out->d);
  out->strong_convexity = out->smoothness;
  for (size_t j = 0; j < out->d; j++)
    out->strong_convexity = fmin(out->strong_convexity, s->hessian.lambda[j]);
  out->smoothness_max = out->smoothness;
  return STATUS_OK;
}

/* out <- H v; v and out may be the same. */
static void multiply(const struct state *s, const double *v, double *out)
{
  for (size_t j = 0; v != out && j < s->hessian.d; j++)
    out[j] = v[j];
  covariance_turn_back(&s->hessian, out);
  for (size_t j = 0; j < s->hessian.d; j++)
    out[j] *= s->hessian.lambda[j];
  covariance_turn(&s->hessian, out);
}

static double value(const struct objective *f, const double *w)
{
  const struct state *s = f->state;
  double sum = 0, *u = s->difference;
  for (size_t j = 0; j < f->d; j++)
    u[j] = w[j] - f->optimum[j];
  covariance_turn_back(&s->hessian, u);
  for (size_t j = 0; j < f->d; j++)
    sum += s->hessian.lambda[j] * u[j] * u[j];
  return 0.5 * sum;
}

static double gradient(const struct objective *f, const double *w, double *g)
{
  const struct state *s = f->state;
  for (size_t j = 0; j < f->d; j++)
    g[j] = w[j] - f->optimum[j];
  multiply(s, g, g);
  return value(f, w);
}

/* Add share times the noise of component i to g; returns share times its part of the value. */
static double add_noise(const struct objective *f, size_t i, double share, const double *w, double *g)
{
  const struct state *s = f->state;
  double sum = 0, factor = i % 2 ? -share : share;
  for (size_t j = 0; s->noise && j < f->d; j++) {
    double b = factor * s->noise[i / 2 * f->d + j];
    sum += b * (w[j] - f->optimum[j]);
    g[j] += b;
  }
  return sum;
}

static double component(const struct objective *f, size_t i, const double *w, double *g)
{
  return gradient(f, w, g) + add_noise(f, i, 1, w, g);
}

static double batch(const struct objective *f, const uint32_t *index, size_t m, const double *w, double *g)
{
  double sum = gradient(f, w, g);
  for (size_t k = 0; k < m; k++)
    sum += add_noise(f, index[k], 1 / (double)m, w, g);
  return sum;
}

static void hvp(const struct objective *f, const double *w, const double *v, double *out)
{
  (void)w;
  multiply(f->state, v, out);
}

const struct objective_method objective_quadratic = {
  .m = {.kind = KIND_OBJECTIVE,
        .id = "quadratic",
        .name = "Quadratic of known spectrum",
        .summary = "a convex quadratic with the given eigenvalues, in float64; as a sum with noisy gradients",
        .formula = "f(w) = (w - o)' H (w - o)/2, H = V diag(lambda) V'; L = max lambda, mu = min lambda\n"
                   "n > 1: f_i(w) = f(w) + noise e_i.(w - o), coordinates of e_i independent, P(|e_ij| > t) ~ t^-alpha; mean of e_i = 0",
        .cite = "Nesterov 2004, Introductory lectures on convex optimization",
        .notes = "The optimum o is a random point; the start differs from it by 1 along each eigenvector, so all eigenvalues "
                 "matter from the beginning. rotate = false makes H diagonal. With n > 1 the gradient of a component has noise that does not "
                 "depend on w: of variance noise^2 (normal), noise^2 alpha/(alpha - 2) in expectation (else; infinite for alpha <= 2). For a "
                 "finite sum of quadratics that may share their minimum use assay.objective(\"least-squares\", {data = assay.data(\"quadratic\", …), l2 = 0}).",
        .example = "assay.objective(\"quadratic\", {d = 20, condition = 1000, n = 10000, law = \"student\", alpha = 1.5})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = resolve},
  .make = make,
  .release = release,
  .value = value,
  .gradient = gradient,
  .component = component,
  .batch = batch,
  .hvp = hvp,
};
