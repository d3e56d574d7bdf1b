/* ai_sarah.c: SARAH whose rate comes from the batch's own curvature at every step: nothing to tune.
 *
 * The step a along v minimizes, by one Newton step from 0, the estimate that would follow, xi(a) = |r(a)|^2 with
 * r(a) = grad f_B(w - a v) - grad f_B(w) + v:  xi'(0) = -2 v'H v,  xi''(0) = 2 |H v|^2 + 2 v.D3[v, v], all of the batch. On linear models
 * products with the batch's Hessian H and its third derivative cost two products of each row. */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/minimize/table.h"
#include "experiments/objective/glm.h"

enum { SECOND_EXACT, SECOND_GAUSS };
static const char *const seconds[] = {"exact", "gauss", NULL};

struct conf {
  struct object sampler;
  int64_t batch;
  double fraction, beta;
  int second;
};

static const struct param params[] = {
  {.id = "sampler", .type = PARAM_METHOD, .at = offsetof(struct conf, sampler), .of = KIND_SAMPLER, .def_text = "random-reshuffling",
   .doc = "the order of the examples", .example = "iid"},
  {.id = "batch", .type = PARAM_INT, .at = offsetof(struct conf, batch), .def = 64, .min = 1, .max = 1e9, .unit = "examples",
   .doc = "examples an iteration", .example = "32"},
  {.id = "fraction", .type = PARAM_REAL, .at = offsetof(struct conf, fraction), .def = 1.0 / 32, .min = 0, .max = 1,
   .flags = PARAM_MIN_OPEN | PARAM_MAX_OPEN, .doc = "the inner loop ends when |v|^2 < fraction |v_0|^2", .example = "0.125"},
  {.id = "beta", .type = PARAM_REAL, .at = offsetof(struct conf, beta), .def = 0.999, .min = 0, .max = 1, .flags = PARAM_MAX_OPEN,
   .doc = "memory of the mean of 1/a that bounds the step", .example = "0.99"},
  {.id = "second", .type = PARAM_CHOICE, .at = offsetof(struct conf, second), .choices = seconds,
   .doc = "second derivative: exact, or gauss without the third-order term (a Barzilai-Borwein step)", .example = "gauss"},
  {0},
};

struct work {
  struct sum_order order;
  double *v, *g, *hv;        /* d each */
  double delta, bound;       /* mean of 1/a; the longest step allowed */
  double norm2;              /* |v_0|^2 of this inner loop */
};

/* H v of the batch into hv, and v.D3[v, v]. */
static double curvature(const struct glm *g, const uint32_t *index, size_t b, const double *w, const double *v, double *hv)
{
  double third = 0;
  for (size_t j = 0; j < g->d; j++)
    hv[j] = g->l2 * v[j];
  for (size_t k = 0; k < b; k++) {
    size_t i = index[k];
    double u = glm_dot(g, i, v), y = g->y[i];
    struct glm_link_at at = glm_link_at(g->link, glm_dot(g, i, w), y);
    glm_add(g, i, at.curve * u / (double)b, hv);
    if (g->link == GLM_LOGISTIC) /* curve' = y curve (2 sigma(-m) - 1), sigma(-m) = -y slope */
      third += y * at.curve * (-2 * y * at.slope - 1) * u * u * u / (double)b;
  }
  return third;
}

/* The step, and the bound for those that follow. */
static double choose(const struct conf *c, struct work *k, const struct glm *g, const uint32_t *index, size_t b, const double *w)
{
  double third = curvature(g, index, b, w, k->v, k->hv), vhv = vec_dot_f64(k->v, k->hv, g->d), second = vec_dot_f64(k->hv, k->hv, g->d);
  if (c->second == SECOND_EXACT)
    second += third;
  double a = vhv / fabs(second), step = fmin(a, k->bound);
  if (!(a > 0) || !isfinite(a))
    return isfinite(k->bound) ? k->bound : 0;
  k->delta = k->delta == 0 ? 1 / a : c->beta * k->delta + (1 - c->beta) / a;
  k->bound = 1 / k->delta;
  return step;
}

static enum status work_new(struct work *k, const struct conf *c, const struct minimize *m, struct err *e)
{
  void *memory = NULL;
  size_t d = m->f->d;
  *k = (struct work){.bound = INFINITY};
  enum status s = sum_order_new(&k->order, &c->sampler, m, e);
  if (s == STATUS_OK)
    s = mem_new(&memory, 3, d * sizeof(double), "gradients", e);
  if (s == STATUS_OK)
    k->v = memory, k->g = k->v + d, k->hv = k->v + 2 * d;
  return s;
}

/* One inner iteration: the step, and the estimate at the new point from the same batch. */
static enum status inner(const struct conf *c, struct work *k, struct minimize *m, double *rate, struct err *e)
{
  const uint32_t *index;
  size_t b, d = m->f->d;
  enum status s = sum_order_next(&k->order, (size_t)c->batch, &index, &b, e);
  if (s != STATUS_OK)
    return s;
  *rate = choose(c, k, m->f->glm, index, b, m->w);
  m->count.hvps += (double)b;
  minimize_batch(m, index, b, m->w, k->g);
  for (size_t j = 0; j < d; j++) {
    k->v[j] -= k->g[j];
    m->w[j] -= *rate * (k->v[j] + k->g[j]);
  }
  minimize_batch(m, index, b, m->w, k->g);
  for (size_t j = 0; j < d; j++)
    k->v[j] += k->g[j];
  return STATUS_OK;
}

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  struct work k;
  struct minimize_point at = {.w = m->w, .step = NAN};
  bool whole = true;
  enum status s = work_new(&k, c, m, e);
  while (s == STATUS_OK && minimize_go_on(m, &at)) {
    if (whole) {
      minimize_gradient(m, m->w, k.v);
      k.norm2 = vec_dot_f64(k.v, k.v, m->f->d);
    }
    s = inner(c, &k, m, &at.step, e);
    double norm2 = vec_dot_f64(k.v, k.v, m->f->d);
    whole = !(norm2 >= c->fraction * k.norm2) || norm2 > 100 * k.norm2;
    at.iterations = 1;
  }
  sum_order_free(&k.order);
  free(k.v);
  return s == STATUS_OK ? m->status : s;
}

const struct minimizer minimizer_ai_sarah = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "ai-sarah",
        .name = "AI-SARAH",
        .summary = "SARAH with a rate from each batch's curvature: nothing to tune; linear models",
        .formula = "a~ = -xi'(0)/|xi''(0)|, xi(a) = |grad f_B(w - a v) - grad f_B(w) + v|^2; a = min(a~, a_max), w <- w - a v\n"
                   "1/a_max: the mean of 1/a~ so far, beta (old) + (1 - beta)/a~; v = g_B(w) - g_B(w_last) + v until |v|^2 < fraction |v_0|^2",
        .cite = "Shi, Sadiev, Loizou, Richtarik and Takac 2023, AI-SARAH: adaptive and implicit stochastic recursive gradient methods",
        .notes = "Three evaluations of the batch an iteration (two gradients, one Hessian product). The bound used is that from before the step; the first "
                 "step of a run has none. An inner loop that grows a hundredfold is ended as well.",
        .example = "assay.minimizer(\"ai-sarah\", {batch = 64})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .accepts = table_accepts,
  .run = run,
};
