/* dual_coordinate.c: ascent in one dual variable at a time, for linear models with l2 > 0: what liblinear does.
 *
 * With C = 1/(n l2) the dual variable of example i is beta_i, and w = C sum_i c_i(beta_i) a_i with c = y beta (logistic, squared hinge)
 * or beta (squares). Its exact step, all others held fixed, with q = C |a_i|^2 and z = a_i.w:
 *   logistic       beta = sigma(t), t + q (sigma(t) - beta_old) + y z = 0: t by Newton's method inside a bracket
 *   squared hinge  beta = max(0, beta_old + (1 - y z - beta_old)/(1 + q))
 *   squares        beta = beta_old + (y - z - beta_old)/(1 + q)
 * The logistic variable is kept as its logit t, which loses no digits where beta is near 0 or 1 (Yu, Huang and Lin 2011 keep beta and
 * 1 - beta instead). */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/minimize/finite_sum.h"
#include "experiments/objective/glm.h"
#include "experiments/objective/glm_math.h"

#define FIRST_LOGIT (-18.0) /* beta of 1.5e-8 to begin with: 0 itself has no logit */
enum { INNER = 50 };

struct conf {
  struct object sampler;
};

static const struct param params[] = {
  {.id = "sampler", .type = PARAM_METHOD, .at = offsetof(struct conf, sampler), .of = KIND_SAMPLER, .def_text = "random-reshuffling",
   .doc = "the order of the examples", .example = "iid"},
  {0},
};

struct work {
  const struct glm *g;
  struct sum_order order;
  double c;              /* C */
  double *beta, *logit;  /* n each */
  double *w;             /* padded where dense */
};

static double sigma(double t)
{
  double x = exp_minus(fabs(t)), s = 1 / (1 + x);
  return t < 0 ? x * s : s;
}

/* The root of h(t) = t + q (sigma(t) - old) + m, increasing, between -m - q (1 - old) and -m + q old: to a hundredth of the first
 * residual, for the other variables move as well. *beta = sigma of it. */
static double solve_logit(double t, double q, double old, double m, double *beta)
{
  double low = -m - q * (1 - old), high = -m + q * old, s = old, first = fabs(t + m);
  for (int i = 0; i < INNER; i++) {
    double h = t + q * (s - old) + m;
    if (fabs(h) <= 0.01 * first && (i > 0 || h == 0))
      break;
    if (h > 0)
      high = fmin(high, t);
    else
      low = fmax(low, t);
    double next = t - h / (1 + q * s * (1 - s));
    if (!(next > low && next < high))
      next = 0.5 * (low + high);
    if (next == t)
      break;
    t = next;
    s = sigma(t);
  }
  *beta = s;
  return t;
}

/* The change of example i's coefficient of a_i, over C. */
static double step(struct work *k, size_t i, double z)
{
  double old = k->beta[i], y = k->g->y[i], q = k->c * k->g->norm2[i];
  switch (k->g->link) {
  case GLM_LOGISTIC:
    k->logit[i] = solve_logit(k->logit[i], q, old, y * z, &k->beta[i]);
    return y * (k->beta[i] - old);
  case GLM_SQUARED_HINGE:
    k->beta[i] = fmax(0, old + (1 - y * z - old) / (1 + q));
    return y * (k->beta[i] - old);
  case GLM_SQUARED:
    k->beta[i] = old + (y - z - old) / (1 + q);
    return k->beta[i] - old;
  }
  return 0;
}

static void visit(struct work *k, size_t i)
{
  const struct glm *g = k->g;
  if (!g->x) {
    double change = step(k, i, glm_dot(g, i, k->w));
    if (change != 0)
      glm_add(g, i, k->c * change, k->w);
    return;
  }
  const float *row = g->x + i * g->stride;
  double z;
  g->rows->dot(&row, 1, k->w, glm_padded(g), &z);
  z = k->c * step(k, i, z);
  g->rows->add(&row, 1, &z, k->w, glm_padded(g));
}

static enum status work_new(struct work *k, const struct conf *c, const struct minimize *m, struct err *e)
{
  void *beta = NULL, *logit = NULL, *w = NULL;
  const struct glm *g = m->f->glm;
  enum status s = sum_order_new(&k->order, &c->sampler, m, e);
  if (s == STATUS_OK)
    s = mem_new(&beta, g->n, sizeof(double), "dual variables", e);
  if (s == STATUS_OK)
    s = mem_new(&logit, g->n, sizeof(double), "dual variables", e);
  if (s == STATUS_OK)
    s = mem_new(&w, glm_padded(g), sizeof(double), "weights", e);
  k->beta = beta, k->logit = logit, k->w = w;
  k->g = g;
  k->c = 1 / ((double)g->n * g->l2);
  return s;
}

/* Weights that belong to the first dual variables: zero, nearly (logistic) or exactly. */
static void begin(struct work *k)
{
  for (size_t i = 0; i < k->g->n && k->g->link == GLM_LOGISTIC; i++) {
    k->logit[i] = FIRST_LOGIT;
    k->beta[i] = sigma(FIRST_LOGIT);
    glm_add(k->g, i, k->c * k->beta[i] * k->g->y[i], k->w);
  }
}

static void prefetch(const struct glm *g, size_t i)
{
  if (g->x)
    return;
  const char *index = (const char *)(g->index + g->start[i]), *value = (const char *)(g->value + g->start[i]);
  size_t bytes = (g->start[i + 1] - g->start[i]) * sizeof(float);
  for (size_t at = 0; at < bytes && at < 1024; at += 64) {
    __builtin_prefetch(index + at);
    __builtin_prefetch(value + at);
  }
}

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  struct work k = {0};
  struct minimize_point p = {.step = NAN};
  enum status s = work_new(&k, c, m, e);
  if (s == STATUS_OK)
    begin(&k);
  p.w = k.w;
  while (s == STATUS_OK && minimize_go_on(m, &p)) {
    const uint32_t *index;
    size_t n, most = (size_t)minimize_room(m, 1);
    s = sum_order_next(&k.order, most, &index, &n, e);
    for (size_t i = 0; i < n && s == STATUS_OK; i++) {
      prefetch(k.g, index[i + 2 < n ? i + 2 : i]);
      visit(&k, index[i]);
    }
    p.iterations = s == STATUS_OK ? (double)n : 0;
    m->count.gradients += p.iterations;
  }
  sum_order_free(&k.order);
  free(k.beta);
  free(k.logit);
  free(k.w);
  return s == STATUS_OK ? m->status : s;
}

static enum status accepts(const void *conf, const struct objective *f, struct err *e)
{
  (void)conf;
  if (!f->glm)
    return err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" is no linear model: there is no such dual", f->of.method->id);
  return f->glm->l2 > 0 ? STATUS_OK : err_set(e, STATUS_UNSUPPORTED, "the dual needs l2 > 0");
}

const struct minimizer minimizer_dual_coordinate = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "dual-coordinate",
        .name = "Dual coordinate ascent",
        .summary = "one dual variable at a time, exactly: liblinear's way for linear models with l2 > 0",
        .formula = "w = C sum_i y_i beta_i a_i, C = 1/(n l2); logistic: beta_i = sigma(t), t + C |a_i|^2 (sigma(t) - beta_i) + y_i a_i.w = 0\n"
                   "squared hinge: beta_i = max(0, beta_i + (1 - y_i a_i.w - beta_i)/(1 + C |a_i|^2)); squares: the same with y_i - a_i.w, no max",
        .cite = "Hsieh, Chang, Lin, Keerthi and Sundararajan 2008, A dual coordinate descent method for large-scale linear SVM; "
                "Yu, Huang and Lin 2011, Dual coordinate descent methods for logistic regression and maximum entropy models; "
                "Shalev-Shwartz and Zhang 2013, Stochastic dual coordinate ascent methods for regularized loss minimization",
        .notes = "No rate. Weights belong to dual variables, so it always begins at w = 0, whatever the start (logistic: within 1.5e-8 of it). "
                 "The primal value may rise at first. Slow where l2 is far below 1/n.",
        .example = "assay.minimizer(\"dual-coordinate\")",
        .conf_size = sizeof(struct conf),
        .params = params},
  .accepts = accepts,
  .run = run,
};
