/* quadratic.c: f(w) = (w - o)' H (w - o)/2 with a Hessian whose eigenvalues are given exactly: dense (random axes) or diagonal.
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

struct conf {
  int64_t d, seed;
  struct spectrum spectrum;
};

struct state {
  struct covariance hessian;
  double *difference; /* d: scratch */
};

static const struct param params[] = {
  DATA_INPUTS_PARAM(struct conf, d, 20),
  DATA_SEED_PARAM(struct conf, seed),
  SPECTRUM_PARAMS(struct conf, spectrum, 100),
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  return spectrum_check(&c->spectrum, c->d, e);
}

static void release(struct objective *f)
{
  struct state *s = f->state;
  if (!s)
    return;
  covariance_free(&s->hessian);
  free(s->difference);
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

static enum status make(const void *conf, const struct objective_env *env, struct objective *out, struct err *e)
{
  const struct conf *c = conf;
  struct state *s = out->state = xcalloc(1, sizeof *s);
  void *memory = NULL;
  (void)env;
  out->d = (size_t)c->d;
  enum status status = covariance_make(&s->hessian, &c->spectrum, out->d, c->seed, e);
  if (status == STATUS_OK)
    status = mem_new(&memory, out->d, sizeof(double), "a difference of weights", e);
  s->difference = memory;
  if (status == STATUS_OK)
    status = objective_new_start(out, true, e);
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

static void hvp(const struct objective *f, const double *w, const double *v, double *out)
{
  (void)w;
  multiply(f->state, v, out);
}

const struct objective_method objective_quadratic = {
  .m = {.kind = KIND_OBJECTIVE,
        .id = "quadratic",
        .name = "Quadratic of known spectrum",
        .summary = "a convex quadratic with the given eigenvalues, in float64; no sum",
        .formula = "f(w) = (w - o)' H (w - o)/2, H = V diag(lambda) V'; L = max lambda, mu = min lambda",
        .cite = "Nesterov 2004, Introductory lectures on convex optimization",
        .notes = "The optimum o is a random point; the start differs from it by 1 along each eigenvector, so all eigenvalues "
                 "matter from the beginning. rotate = false makes H diagonal. For a finite sum of quadratics use "
                 "assay.objective(\"least-squares\", {data = assay.data(\"quadratic\", …), l2 = 0}).",
        .example = "assay.objective(\"quadratic\", {d = 20, condition = 1000})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = resolve},
  .make = make,
  .release = release,
  .value = value,
  .gradient = gradient,
  .hvp = hvp,
};
