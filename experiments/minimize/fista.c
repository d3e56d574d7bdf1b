/* fista.c: Nesterov's fast gradient method, with a proximal step for an l1 penalty or a constraint (FISTA). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/minimize/feasible.h"

enum { MOMENTUM_CONVEX, MOMENTUM_STRONG, MOMENTUM_NONE };
static const char *const momenta[] = {"convex", "strong", "none", NULL};

struct conf {
  struct feasible set;
  double l1, rate, mu;
  int momentum;
};

static const struct param params[] = {
  {.id = "l1", .type = PARAM_REAL, .at = offsetof(struct conf, l1), .def = 0, .min = 0, .max = 1e9, .flags = PARAM_LOG,
   .doc = "factor of |w|_1, which is added to the objective", .example = "0.01"},
  FEASIBLE_PARAMS(struct conf, set),
  {.id = "rate", .type = PARAM_REAL, .at = offsetof(struct conf, rate), .min = 0, .max = 1e9,
   .flags = PARAM_AUTO | PARAM_LOG | PARAM_TUNED | PARAM_MIN_OPEN, .doc = "the rate; auto: 1/L", .example = "0.1"},
  {.id = "momentum", .type = PARAM_CHOICE, .at = offsetof(struct conf, momentum), .choices = momenta,
   .doc = "convex: grows to 1; strong: fixed, from mu; none: proximal (projected) gradient descent", .example = "strong"},
  {.id = "mu", .type = PARAM_REAL, .at = offsetof(struct conf, mu), .min = 0, .max = 1e12, .flags = PARAM_AUTO | PARAM_LOG | PARAM_MIN_OPEN,
   .doc = "strong: the strong convexity; auto: that of the objective", .example = "0.01"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  if (c->l1 == 0 || c->set.region == REGION_SPACE)
    return STATUS_OK;
  return err_set(e, STATUS_BAD_ARG, "l1 = %g and region = \"%s\" do not go together: leave one out", c->l1, feasible_any[c->set.region]);
}

struct work {
  const struct conf *c;
  const struct objective *f;
  double *y, *before, *g; /* d each */
  double rate, fixed;     /* fixed: the momentum of "strong" */
};

/* x <- argmin_z h(z) + |z - x|^2/(2 rate), h the penalty or the constraint. */
static void prox(const struct work *k, double *x)
{
  double cut = k->rate * k->c->l1;
  feasible_project(&k->c->set, x, k->f->d);
  for (size_t j = 0; j < k->f->d && cut > 0; j++)
    x[j] = copysign(fmax(fabs(x[j]) - cut, 0), x[j]);
}

/* f + l1 |w|_1, and the gradient mapping (w - prox(w - rate grad f))/rate in g. */
static double measure(const void *self, const double *w, double *g)
{
  const struct work *k = self;
  size_t d = k->f->d;
  double value = objective_gradient(k->f, w, g) + k->c->l1 * vec_norm1_f64(w, d);
  for (size_t j = 0; j < d; j++)
    g[j] = w[j] - k->rate * g[j];
  prox(k, g);
  for (size_t j = 0; j < d; j++)
    g[j] = (w[j] - g[j]) / k->rate;
  return value;
}

/* w <- prox(y - rate grad f(y)), y = w + b (w - before). */
static void iterate(struct work *k, struct minimize *m, double b)
{
  for (size_t j = 0; j < k->f->d; j++) {
    k->y[j] = m->w[j] + b * (m->w[j] - k->before[j]);
    k->before[j] = m->w[j];
  }
  minimize_gradient(m, k->y, k->g);
  for (size_t j = 0; j < k->f->d; j++)
    m->w[j] = k->y[j] - k->rate * k->g[j];
  prox(k, m->w);
}

static enum status find_constants(const struct conf *c, struct minimize *m, struct work *k, struct err *e)
{
  enum status s = isnan(c->rate) || (c->momentum == MOMENTUM_STRONG && isnan(c->mu)) ? objective_constants(m->f, m->exec, e) : STATUS_OK;
  if (s != STATUS_OK)
    return s;
  double mu = isnan(c->mu) ? m->f->strong_convexity : c->mu;
  k->rate = isnan(c->rate) ? 1 / m->f->smoothness : c->rate;
  if (!(k->rate > 0) || !isfinite(k->rate))
    return err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" has no known L: give a rate", m->f->of.method->id);
  if (c->momentum == MOMENTUM_STRONG && !(mu > 0))
    return err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" has no known strong convexity: give mu, or use momentum = \"convex\"",
                   m->f->of.method->id);
  double root = sqrt(fmin(mu * k->rate, 1));
  k->fixed = (1 - root) / (1 + root);
  return STATUS_OK;
}

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  size_t d = m->f->d;
  void *memory;
  struct work k = {.c = c, .f = m->f};
  enum status s = find_constants(c, m, &k, e);
  if (s == STATUS_OK)
    s = mem_new(&memory, 3, d * sizeof(double), "the fast gradient method", e);
  if (s != STATUS_OK)
    return s;
  k.y = memory, k.before = k.y + d, k.g = k.before + d;
  feasible_project(&c->set, m->w, d);
  memcpy(k.before, m->w, d * sizeof(double));
  struct minimize_point p = {.w = m->w, .step = k.rate, .measure = measure, .self = &k};
  for (double t = 1, b = c->momentum == MOMENTUM_STRONG ? k.fixed : 0; minimize_go_on(m, &p);) {
    double next = 0.5 * (1 + sqrt(1 + 4 * t * t));
    iterate(&k, m, b);
    b = c->momentum == MOMENTUM_CONVEX ? (t - 1) / next : b;
    t = next;
    p.iterations = 1;
    if (!vec_finite_f64(m->w, d)) {
      minimize_diverged(m, &p);
      break;
    }
  }
  free(memory);
  return m->status;
}

const struct minimizer minimizer_fista = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "fista",
        .name = "Fast gradient method (Nesterov), FISTA",
        .summary = "Nesterov's accelerated gradient descent; with an l1 penalty or a constraint, FISTA",
        .formula = "y = w + b (w - w_before);  w <- prox(y - rate grad f(y)), prox: soft threshold rate l1, or the nearest point of the region\n"
                   "convex: b = (t_k - 1)/t_(k+1), t_(k+1) = (1 + sqrt(1 + 4 t_k^2))/2, t_1 = 1;  strong: b = (1 - q)/(1 + q), q = sqrt(mu rate)",
        .cite = "Nesterov 1983, A method of solving a convex programming problem with convergence rate O(1/k^2); Beck and Teboulle 2009, A fast "
                "iterative shrinkage-thresholding algorithm for linear inverse problems; Bubeck 2015, Convex optimization: algorithms and complexity, "
                "theorems 3.18 and 5.1",
        .notes = "convex: F(w_k) - F* <= 2 L |w_0 - w*|^2/(k + 1)^2; strong: at most (L + mu)/2 |w_0 - w*|^2 (1 - sqrt(mu/L))^k. Values may rise on "
                 "the way. What is reported is F = f + l1 |w|_1 and, as gradient norm, that of the gradient mapping. none: gradient descent of the "
                 "same kind, at most L |w_0 - w*|^2/(2 k).",
        .example = "assay.minimizer(\"fista\", {l1 = 0.01})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = resolve},
  .run = run,
};
