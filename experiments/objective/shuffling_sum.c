/* shuffling_sum.c: the sum on which the order of the components matters most: half of them pull up, half down, and the curvature differs on
 * both sides of the minimum, so that the noise of an epoch does not cancel. */
#include "experiments/objective/objective.h"

struct conf {
  int64_t n;
  double l, mu, pull, start;
};

static const struct param params[] = {
  {.id = "n", .type = PARAM_INT, .at = offsetof(struct conf, n), .def = 100, .min = 2, .max = 1e7, .unit = "components",
   .doc = "components, an even number", .example = "1000"},
  {.id = "l", .type = PARAM_REAL, .at = offsetof(struct conf, l), .def = 10, .min = 0, .max = 1e9, .flags = PARAM_LOG | PARAM_MIN_OPEN,
   .doc = "curvature left of the minimum: L, at least mu", .example = "100"},
  {.id = "mu", .type = PARAM_REAL, .at = offsetof(struct conf, mu), .def = 1, .min = 0, .max = 1e9, .flags = PARAM_LOG | PARAM_MIN_OPEN,
   .doc = "curvature right of it", .example = "0.1"},
  {.id = "pull", .type = PARAM_REAL, .at = offsetof(struct conf, pull), .def = 1, .min = 0, .max = 1e9,
   .doc = "slope with which the first half pulls up and the second down", .example = "2"},
  {.id = "start", .type = PARAM_REAL, .at = offsetof(struct conf, start), .def = 1, .min = -1e9, .max = 1e9, .doc = "where runs begin",
   .example = "-1"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  if (c->n % 2)
    return err_set(e, STATUS_BAD_ARG, "n must be even, got %lld", (long long)c->n);
  return c->l >= c->mu ? STATUS_OK : err_set(e, STATUS_BAD_ARG, "l must be at least mu = %g, got %g", c->mu, c->l);
}

static enum status make(const void *conf, const struct objective_env *env, struct objective *out, struct err *e)
{
  const struct conf *c = conf;
  (void)env;
  out->d = 1;
  out->n = (size_t)c->n;
  enum status s = objective_new_start(out, true, e);
  if (s != STATUS_OK)
    return s;
  out->start[0] = c->start;
  out->minimum = 0; /* at 0: the pulls cancel */
  out->smoothness = out->smoothness_max = c->l;
  out->strong_convexity = c->mu;
  return STATUS_OK;
}

static double curve(const struct objective *f, double x)
{
  const struct conf *c = f->of.conf;
  return x <= 0 ? c->l : c->mu;
}

static double value(const struct objective *f, const double *w) { return 0.5 * curve(f, w[0]) * w[0] * w[0]; }

static double gradient(const struct objective *f, const double *w, double *g)
{
  g[0] = curve(f, w[0]) * w[0];
  return value(f, w);
}

static double component(const struct objective *f, size_t i, const double *w, double *g)
{
  const struct conf *c = f->of.conf;
  double pull = i < f->n / 2 ? c->pull : -c->pull;
  g[0] = curve(f, w[0]) * w[0] + pull;
  return value(f, w) + pull * w[0];
}

static void hvp(const struct objective *f, const double *w, const double *v, double *out) { out[0] = curve(f, w[0]) * v[0]; }

const struct objective_method objective_shuffling_sum = {
  .m = {.kind = KIND_OBJECTIVE,
        .id = "shuffling-sum",
        .name = "Worst case of shuffling",
        .summary = "one weight, components that pull up and down, another curvature on each side of the minimum",
        .formula = "f_i(w) = (L [w <= 0] + mu [w > 0]) w^2/2 + pull w (i <= n/2) or - pull w (i > n/2); f* = 0 at 0",
        .cite = "Safran and Shamir 2020, How good is SGD with random shuffling?; Cha, Lee and Yun 2023, Tighter lower bounds for shuffling SGD: "
                "random permutations and beyond",
        .notes = "Incremental order sees all pulls up before those down: the error of an epoch is of order rate n pull. With l = mu it is the "
                 "construction without the kink. The second derivative jumps at 0.",
        .example = "assay.objective(\"shuffling-sum\", {n = 100, l = 10, mu = 1})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = resolve},
  .make = make,
  .value = value,
  .gradient = gradient,
  .component = component,
  .hvp = hvp,
};
