/* fosi.c: Newton steps in the space of the extreme eigenvectors of the Hessian, any first-order rule in the rest. Follows the authors'
 * code (hsivan/fosi). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/minimize/krylov.h"
#include "experiments/optim/optimizer.h"

struct conf {
  struct object base;
  double rate, alpha, momentum, scale_max;
  int64_t largest, smallest, period;
};

static const struct param params[] = {
  {.id = "base", .type = PARAM_METHOD, .at = offsetof(struct conf, base), .of = KIND_OPTIMIZER, .def_text = "heavy-ball",
   .doc = "the optimizer of what lies outside the extreme eigenvectors", .example = "adam"},
  {.id = "rate", .type = PARAM_REAL, .at = offsetof(struct conf, rate), .def = 0.1, .min = 0, .max = 1e6,
   .flags = PARAM_MIN_OPEN | PARAM_LOG | PARAM_TUNED, .doc = "rate of the base", .example = "0.01"},
  {.id = "largest", .type = PARAM_INT, .at = offsetof(struct conf, largest), .def = 10, .min = 0, .max = 1000,
   .doc = "k: how many of the largest eigenvalues", .example = "5"},
  {.id = "smallest", .type = PARAM_INT, .at = offsetof(struct conf, smallest), .def = 0, .min = 0, .max = 1000,
   .doc = "l: how many of the smallest", .example = "2"},
  {.id = "alpha", .type = PARAM_REAL, .at = offsetof(struct conf, alpha), .def = 0.1, .min = 0, .max = 2, .flags = PARAM_MIN_OPEN | PARAM_TUNED,
   .doc = "part of the Newton step", .example = "1"},
  {.id = "momentum", .type = PARAM_REAL, .at = offsetof(struct conf, momentum), .def = 0.9, .min = 0, .max = 1, .flags = PARAM_MAX_OPEN,
   .doc = "of the gradient's part along the eigenvectors", .example = "0"},
  {.id = "period", .type = PARAM_INT, .at = offsetof(struct conf, period), .def = 100, .min = 1, .max = 1e9, .unit = "iterations",
   .doc = "iterations between two searches for eigenvectors", .example = "50"},
  {.id = "scale_max", .type = PARAM_REAL, .at = offsetof(struct conf, scale_max), .def = 3, .min = 1, .max = 1e6,
   .doc = "the base's steps grow at most by this; 1 with Adam", .example = "1"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  if (c->largest + c->smallest == 0)
    return err_set(e, STATUS_BAD_ARG, "largest and smallest are both 0: there would be no eigenvector");
  return STATUS_OK;
}

static enum status accepts(const void *conf, const struct objective *f, struct err *e)
{
  (void)conf;
  if (!f->method->hvp && !f->method->hessian)
    return err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" has no Hessian", f->of.method->id);
  return STATUS_OK;
}

struct work {
  struct krylov krylov;
  size_t n;                            /* eigenpairs held */
  double *v, *curvature;               /* n x d; |lambda| */
  double *g, *g1, *rest, *u, *moved;   /* d each */
  void *state;                         /* of the base */
  double scale;
};

static enum status work_new(struct work *k, const struct conf *c, size_t d, struct err *e)
{
  const struct optimizer *base = (const struct optimizer *)c->base.method;
  size_t pairs = (size_t)(c->largest + c->smallest);
  *k = (struct work){.scale = 1};
  enum status s = krylov_new(&k->krylov, d, 4 * pairs, e);
  void *memory = NULL;
  if (s == STATUS_OK)
    s = mem_new(&memory, (pairs + 5) * d + pairs, sizeof(double), "FOSI", e);
  if (s == STATUS_OK)
    s = mem_new(&k->state, 1, base->state_size(c->base.conf, NULL, d, DTYPE_F64), "the state of the base", e);
  k->v = memory;
  if (s != STATUS_OK)
    return s;
  k->g = k->v + pairs * d, k->g1 = k->g + d, k->rest = k->g1 + d, k->u = k->rest + d, k->moved = k->u + d;
  k->curvature = k->moved + d;
  return STATUS_OK;
}

static void work_free(struct work *k)
{
  krylov_free(&k->krylov);
  free(k->v);
  free(k->state);
}

/* Ritz pair i is held as the next eigenpair, unless its curvature is lost in rounding. */
static void hold(struct work *k, size_t i, double largest)
{
  double lambda = fabs(k->krylov.value[i]);
  if (!(lambda > 1e-12 * largest))
    return;
  memcpy(k->v + k->n * k->krylov.d, krylov_vector(&k->krylov, i), k->krylov.d * sizeof(double));
  k->curvature[k->n++] = lambda;
}

/* The extreme eigenpairs at w: the smallest l first, then the k largest, ascending. */
static enum status look(const struct conf *c, struct work *k, struct minimize *m, uint64_t start, struct err *e)
{
  enum status s = krylov_run(&k->krylov, m, m->w, start, e);
  if (s != STATUS_OK)
    return s;
  size_t n = k->krylov.n, few = (size_t)c->smallest < n ? (size_t)c->smallest : n, many = n - few;
  many = (size_t)c->largest < many ? (size_t)c->largest : many;
  double largest = fmax(fabs(k->krylov.value[0]), fabs(k->krylov.value[n - 1]));
  k->n = 0;
  for (size_t i = 0; i < few; i++)
    hold(k, i, largest);
  size_t first = k->n;
  for (size_t i = n - many; i < n; i++)
    hold(k, i, largest);
  k->scale = k->n > first ? fmin(fmax(k->curvature[k->n - 1] / k->curvature[first], 1), c->scale_max) : 1;
  return STATUS_OK;
}

/* out = V'V x */
static void project(const struct work *k, const double *x, double *out)
{
  size_t d = k->krylov.d;
  memset(out, 0, d * sizeof(double));
  for (size_t i = 0; i < k->n; i++) {
    const double *v = k->v + i * d;
    double along = vec_dot_f64(v, x, d);
    for (size_t j = 0; j < d; j++)
      out[j] += along * v[j];
  }
}

/* moved = what the base would add, without its part along V; g1 and rest are those of the gradient. */
static enum status base_step(const struct conf *c, struct work *k, const double *w, uint64_t iteration, struct err *e)
{
  size_t d = k->krylov.d;
  struct step_info info = {.k = iteration + 1, .lr = c->rate};
  memcpy(k->moved, w, d * sizeof(double));
  enum status s = optimizer_step_f64(&c->base, k->state, k->moved, k->rest, d, &info, e);
  if (s != STATUS_OK)
    return s;
  for (size_t j = 0; j < d; j++)
    k->moved[j] -= w[j];
  project(k, k->moved, k->rest);
  for (size_t j = 0; j < d; j++)
    k->moved[j] -= k->rest[j];
  return STATUS_OK;
}

static void newton_part(const struct conf *c, const struct work *k, double *w)
{
  size_t d = k->krylov.d;
  for (size_t i = 0; i < k->n; i++) {
    const double *v = k->v + i * d;
    double a = c->alpha * vec_dot_f64(v, k->u, d) / k->curvature[i];
    for (size_t j = 0; j < d; j++)
      w[j] -= a * v[j];
  }
}

static enum status iterate(const struct conf *c, struct work *k, struct minimize *m, uint64_t i, struct err *e)
{
  size_t d = m->f->d;
  enum status s = i % (uint64_t)c->period == 0 ? look(c, k, m, i / (uint64_t)c->period, e) : STATUS_OK;
  if (s != STATUS_OK)
    return s;
  project(k, k->g, k->g1);
  for (size_t j = 0; j < d; j++) {
    k->rest[j] = k->g[j] - k->g1[j];
    k->u[j] = k->g1[j] + c->momentum * k->u[j];
  }
  s = base_step(c, k, m->w, i, e);
  if (s != STATUS_OK)
    return s;
  newton_part(c, k, m->w);
  for (size_t j = 0; j < d; j++)
    m->w[j] += k->scale * k->moved[j];
  return STATUS_OK;
}

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  const struct optimizer *base = (const struct optimizer *)c->base.method;
  struct work k;
  enum status s = work_new(&k, c, m->f->d, e);
  if (s == STATUS_OK) {
    base->init(c->base.conf, NULL, k.state, m->w, m->f->d, DTYPE_F64);
    struct minimize_point p = {.w = m->w, .gradient = k.g, .value = minimize_gradient(m, m->w, k.g), .step = c->rate};
    for (uint64_t i = 0; s == STATUS_OK && minimize_go_on(m, &p); i++) {
      s = iterate(c, &k, m, i, e);
      if (s == STATUS_OK)
        p.value = minimize_gradient(m, m->w, k.g);
      p.iterations = 1;
    }
  }
  work_free(&k);
  return s != STATUS_OK ? s : m->status;
}

const struct minimizer minimizer_fosi = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "fosi",
        .name = "FOSI",
        .summary = "Newton steps along the extreme eigenvectors of the Hessian, a first-order rule in the rest",
        .formula = "V, lambda: k largest and l smallest eigenpairs, by Lanczos of order 4(k + l), every `period` iterations;\n"
                   "g1 = V'V g;  g2 = g - g1;  u <- g1 + momentum u;  b = base step for g2, less its part along V;\n"
                   "w <- w + scale b - alpha sum_i v_i (v_i.u)/|lambda_i|,  scale = lambda_1/lambda_k cut to [1, scale_max]",
        .cite = "Sivan, Gabel and Schuster 2024, FOSI: hybrid first and second order optimization",
        .notes = "The base sees a condition number of lambda_(k+1)/lambda_min. The whole gradient is taken at each iteration. With Adam as base set "
                 "scale_max = 1.",
        .example = "assay.minimizer(\"fosi\", {largest = 5, rate = 0.1})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = resolve},
  .accepts = accepts,
  .run = run,
};
