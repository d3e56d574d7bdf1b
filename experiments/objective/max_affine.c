/* max_affine.c: the function on which no first-order method beats 1/sqrt(k), or 1/(mu k): a maximum of coordinates. */
#include <math.h>

#include "experiments/objective/objective.h"

struct conf {
  int64_t d, pieces;
  double mu;
};

static const struct param params[] = {
  {.id = "d", .type = PARAM_INT, .at = offsetof(struct conf, d), .def = 20, .min = 1, .max = 1e7, .unit = "weights", .doc = "weights",
   .example = "100"},
  {.id = "pieces", .type = PARAM_INT, .at = offsetof(struct conf, pieces), .min = 1, .max = 1e7, .flags = PARAM_AUTO,
   .doc = "pieces k of the maximum, at most d; auto: d", .example = "5"},
  {.id = "mu", .type = PARAM_REAL, .at = offsetof(struct conf, mu), .def = 1, .min = 0, .max = 1e9, .flags = PARAM_LOG | PARAM_MIN_OPEN,
   .doc = "strong convexity", .example = "0.1"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  struct conf *c = conf;
  if (c->pieces != PARAM_AUTO_INT && c->pieces > c->d)
    return err_set(e, STATUS_BAD_ARG, "pieces must be at most d = %lld, got %lld", (long long)c->d, (long long)c->pieces);
  return STATUS_OK;
}

static size_t pieces_of(const struct conf *c) { return c->pieces == PARAM_AUTO_INT ? (size_t)c->d : (size_t)c->pieces; }

static enum status make(const void *conf, const struct objective_env *env, struct objective *out, struct err *e)
{
  const struct conf *c = conf;
  size_t k = pieces_of(c);
  (void)env;
  out->d = (size_t)c->d;
  enum status s = objective_new_start(out, true, e);
  if (s != STATUS_OK)
    return s;
  for (size_t j = 0; j < k; j++)
    out->optimum[j] = -1 / (c->mu * (double)k);
  out->minimum = -1 / (2 * c->mu * (double)k);
  out->smoothness = out->smoothness_max = INFINITY;
  out->strong_convexity = c->mu;
  return STATUS_OK;
}

/* The first of the largest: the resisting choice of the lower bound. */
static size_t largest(const struct objective *f, const double *w)
{
  size_t best = 0, k = pieces_of(f->of.conf);
  for (size_t j = 1; j < k; j++)
    if (w[j] > w[best])
      best = j;
  return best;
}

static double value(const struct objective *f, const double *w)
{
  double mu = ((const struct conf *)f->of.conf)->mu, sum = 0;
  for (size_t j = 0; j < f->d; j++)
    sum += w[j] * w[j];
  return w[largest(f, w)] + 0.5 * mu * sum;
}

static double gradient(const struct objective *f, const double *w, double *g)
{
  double mu = ((const struct conf *)f->of.conf)->mu;
  for (size_t j = 0; j < f->d; j++)
    g[j] = mu * w[j];
  g[largest(f, w)] += 1;
  return value(f, w);
}

const struct objective_method objective_max_affine = {
  .m = {.kind = KIND_OBJECTIVE,
        .id = "max-affine",
        .name = "Maximum of coordinates",
        .summary = "the worst case of first-order methods on convex functions that are not smooth",
        .formula = "f(w) = max_{j <= k} w_j + (mu/2) |w|^2; minimum -1/(2 mu k) at w_j = -1/(mu k), j <= k",
        .cite = "Nesterov 2004, Introductory lectures on convex optimization, section 3.2; Nemirovski and Yudin 1983, Problem complexity and method "
                "efficiency in optimization",
        .notes = "gradient gives the subgradient of the first largest piece: from the start 0 each step learns of one coordinate, so after t < k steps of "
                 "any such method f is still at least 0 and the gap at least 1/(2 mu k).",
        .example = "assay.objective(\"max-affine\", {d = 20, mu = 1})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = resolve},
  .make = make,
  .value = value,
  .gradient = gradient,
};
