/* sso.c: target-based surrogates. The expensive part of a gradient is that of the loss in the outputs z ("targets"); one such gradient makes
 * a quadratic surrogate in z, on which any number of cheap steps in the weights follow. Here z_i = a_i.w, and the surrogate of a batch B,
 *     g(w) = mean_{i in B} [ l_i(z_i) + q_i (a_i.w - z_i) + (a_i.w - z_i)^2/(2 eta) ] + (l2/2)|w|^2,
 * lies above f_B everywhere if eta <= 1/L_z, L_z the largest second derivative of a link, and touches it at w: minimizing it decreases f_B.
 *
 * Lavington, Vaswani, Babanezhad, Schmidt and Le Roux 2023; the search for eta and the decay of eta follow their code
 * (WilderLavington/Target-Based-Surrogates-For-Stochastic-Optimization), which writes q dz/eta_c + dz^2: eta = 1/(2 eta_c). */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/minimize/finite_sum.h"
#include "experiments/objective/glm.h"
#include "experiments/schedules/schedule.h"

enum inner { INNER_ARMIJO, INNER_CG, INNER_FIXED };
static const char *const inner_names[] = {"armijo", "cg", "fixed", NULL};

enum { TRIALS = 100 };
#define GROWTH 1.8 /* of a rate before a search, and its factor within: the authors' */
#define BACKTRACK 0.9
#define FIRST_TRIAL 10

struct conf {
  struct sum_conf sum;
  struct object schedule;
  double inner_rate;
  int64_t steps;
  int inner;
  bool search;
};

static const struct param params[] = {
  SUM_SAMPLER_PARAM(struct conf, sum),
  {.id = "batch", .type = PARAM_INT, .at = offsetof(struct conf, sum.batch), .min = 1, .max = 1e9, .flags = PARAM_AUTO | PARAM_LOG | PARAM_TUNED,
   .unit = "components", .doc = "components a surrogate; auto: all", .example = "64"},
  {.id = "rate", .type = PARAM_REAL, .at = offsetof(struct conf, sum.rate), .min = 0, .max = 1e9,
   .flags = PARAM_AUTO | PARAM_LOG | PARAM_TUNED | PARAM_MIN_OPEN,
   .doc = "eta, the step in the space of outputs; auto: 1/L_z, the largest that keeps the surrogate above the loss everywhere", .example = "1"},
  {.id = "schedule", .type = PARAM_METHOD, .at = offsetof(struct conf, schedule), .of = KIND_SCHEDULE,
   .doc = "factor of eta at each surrogate, so its peak should be 1; none: always 1", .example = "inverse-sqrt"},
  {.id = "search", .type = PARAM_BOOL, .at = offsetof(struct conf, search), .def = 0,
   .doc = "find eta by backtracking in the space of outputs: from 1.8 times the last until mean l(z - eta q) <= mean l(z) - (eta/2) mean q^2",
   .example = "true"},
  {.id = "steps", .type = PARAM_INT, .at = offsetof(struct conf, steps), .def = 10, .min = 1, .max = 1e6, .flags = PARAM_LOG | PARAM_TUNED,
   .doc = "steps on each surrogate, m", .example = "20"},
  {.id = "inner", .type = PARAM_CHOICE, .at = offsetof(struct conf, inner), .choices = inner_names,
   .doc = "these steps: gradient descent with line search, conjugate gradients, or gradient descent with a fixed rate", .example = "cg"},
  {.id = "inner_rate", .type = PARAM_REAL, .at = offsetof(struct conf, inner_rate), .min = 0, .max = 1e9,
   .flags = PARAM_AUTO | PARAM_LOG | PARAM_MIN_OPEN, .example = "0.1",
   .doc = "fixed: their rate; auto: 1/(mean |a_i|^2/eta + l2), at most 1/L of the surrogate. armijo: the first trial on each; auto: 10"},
  {0},
};

/* One surrogate and the walk on it. */
struct work {
  const struct glm *a;
  const uint32_t *index;
  size_t b;
  double eta;
  double *z, *q, *moved, *along; /* b: outputs; slopes of the links; a_i.(w - w_t); a_i.p */
  double *g, *p;                 /* d: gradient of the surrogate, direction */
};

static enum status work_new(struct work *k, const struct glm *a, size_t b, struct err *e)
{
  void *outputs = NULL, *weights = NULL;
  enum status s = mem_new(&outputs, b, 4 * sizeof(double), "outputs", e);
  if (s == STATUS_OK)
    s = mem_new(&weights, a->d, 2 * sizeof(double), "a surrogate's gradient", e);
  k->a = a;
  k->z = outputs, k->g = weights;
  if (s == STATUS_OK)
    k->q = k->z + b, k->moved = k->q + b, k->along = k->moved + b, k->p = k->g + a->d;
  return s;
}

static void work_free(struct work *k)
{
  free(k->z);
  free(k->g);
}

/* The outputs of the batch and their gradient: what is expensive. */
static void open_surrogate(struct work *k, struct minimize *m)
{
  for (size_t i = 0; i < k->b; i++) {
    k->z[i] = glm_dot(k->a, k->index[i], m->w);
    k->q[i] = glm_slope(k->a->link, k->z[i], k->a->y[k->index[i]]);
    k->moved[i] = 0;
  }
  m->count.gradients += (double)k->b;
}

static double loss_at(const struct work *k, struct minimize *m, double eta)
{
  double sum = 0;
  for (size_t i = 0; i < k->b; i++)
    sum += glm_link_at(k->a->link, k->z[i] - eta * k->q[i], k->a->y[k->index[i]]).value;
  m->count.values += (double)k->b;
  return sum / (double)k->b;
}

/* The largest of eta, 0.9 eta, … that decreases the loss of the outputs by half of what q predicts. */
static double search_rate(const struct work *k, struct minimize *m, double eta)
{
  double here = loss_at(k, m, 0), slope = vec_dot_f64(k->q, k->q, k->b) / (double)k->b;
  for (int trial = 0; trial < TRIALS && !(loss_at(k, m, eta) <= here - 0.5 * eta * slope); trial++)
    eta *= BACKTRACK;
  return eta;
}

/* A product of the batch's rows with a vector, or of their transpose, is half of what a component gradient takes beside the links. */
static void count_product(const struct work *k, struct minimize *m) { m->count.hvps += 0.5 * (double)k->b; }

/* g = the surrogate's gradient at w; |g|^2. */
static double surrogate_gradient(struct work *k, const double *w)
{
  const struct glm *a = k->a;
  for (size_t j = 0; j < a->d; j++)
    k->g[j] = a->l2 * w[j];
  for (size_t i = 0; i < k->b; i++)
    glm_add(a, k->index[i], (k->q[i] + k->moved[i] / k->eta) / (double)k->b, k->g);
  return vec_dot_f64(k->g, k->g, a->d);
}

/* along = the batch's outputs of p; p'Hp, H the surrogate's Hessian. */
static double curvature_along(struct work *k)
{
  for (size_t i = 0; i < k->b; i++)
    k->along[i] = glm_dot(k->a, k->index[i], k->p);
  return vec_dot_f64(k->along, k->along, k->b) / ((double)k->b * k->eta) + k->a->l2 * vec_dot_f64(k->p, k->p, k->a->d);
}

/* The rate of fixed steps, or the one before the first line search. */
static double first_rate(const struct conf *c, const struct work *k)
{
  double sum = 0;
  if (c->inner != INNER_FIXED)
    return (isnan(c->inner_rate) ? FIRST_TRIAL : c->inner_rate) / GROWTH;
  if (!isnan(c->inner_rate))
    return c->inner_rate;
  for (size_t i = 0; i < k->b; i++)
    sum += k->a->norm2[k->index[i]];
  double top = sum / ((double)k->b * k->eta) + k->a->l2;
  return top > 0 ? 1 / top : 0;
}

/* Armijo with c = 1/2: on a quadratic any rate up to the exact one, size/curvature, passes. 0: flat along p, so g is rounding. */
static double armijo(double last, double size, double curvature)
{
  double by = GROWTH * last, most = size / curvature;
  if (!(curvature > 0))
    return 0;
  for (int trial = 0; trial < TRIALS && by > most; trial++)
    by *= BACKTRACK;
  return by;
}

/* How far along p, whose curvature is p'Hp. */
static double rate_along(const struct conf *c, double last, double size, double curvature)
{
  if (c->inner == INNER_FIXED)
    return last;
  if (c->inner == INNER_ARMIJO)
    return armijo(last, size, curvature);
  return curvature > 0 ? size / curvature : 0;
}

/* c->steps steps on the surrogate, w in place. The first gradient is paid with the outputs'; the last fixed step needs no outputs. */
static void walk(const struct conf *c, struct work *k, struct minimize *m)
{
  double last = 0, by = first_rate(c, k), curvature = NAN;
  for (int64_t step = 0; step < c->steps && !exec_cancelled(m->exec); step++) {
    double size = surrogate_gradient(k, m->w), keep = c->inner == INNER_CG && step > 0 ? size / last : 0;
    if (step > 0)
      count_product(k, m);
    for (size_t j = 0; j < m->f->d; j++)
      k->p[j] = keep * k->p[j] - k->g[j];
    if (c->inner != INNER_FIXED || step + 1 < c->steps) {
      curvature = curvature_along(k);
      count_product(k, m);
    }
    by = rate_along(c, by, size, curvature);
    if (by == 0 || size == 0)
      return; /* at the surrogate's minimum */
    for (size_t j = 0; j < m->f->d; j++)
      m->w[j] += by * k->p[j];
    for (size_t i = 0; i < k->b; i++)
      k->moved[i] += by * k->along[i];
    last = size;
  }
}

/* Surrogates in the budget: what the schedule stretches over. */
static int64_t horizon(const struct conf *c, const struct minimize *m, size_t batch)
{
  double each = (double)batch * ((double)c->steps + 0.5), t = fmin(ceil(m->passes * (double)m->f->n / each), m->iterations);
  return t < 1 ? 1 : t < 1e12 ? (int64_t)t : (int64_t)1e12;
}

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  struct sum_order order = {0};
  struct work k = {0};
  size_t n = m->f->n, batch = c->sum.batch == PARAM_AUTO_INT || (uint64_t)c->sum.batch > n ? n : (size_t)c->sum.batch;
  int64_t t = 0, total = horizon(c, m, batch);
  double eta = isnan(c->sum.rate) ? 1 / m->f->glm->curvature : c->sum.rate;
  struct minimize_point at = {.w = m->w, .step = NAN};
  enum status s = c->schedule.method ? schedule_check(&c->schedule, total, e) : STATUS_OK;
  if (s == STATUS_OK)
    s = sum_order_new(&order, &c->sum.sampler, m, e);
  if (s == STATUS_OK)
    s = work_new(&k, m->f->glm, batch, e);
  for (; s == STATUS_OK && minimize_go_on(m, &at); t++) {
    s = sum_order_next(&order, batch, &k.index, &k.b, e);
    if (s != STATUS_OK)
      break;
    open_surrogate(&k, m);
    if (c->search)
      eta = search_rate(&k, m, t > 0 ? GROWTH * eta : eta);
    k.eta = eta * (c->schedule.method ? schedule_at(&c->schedule, t < total ? t : total - 1, total) : 1);
    if (k.eta > 0) /* a schedule may end at 0: then nothing moves */
      walk(c, &k, m);
    at.iterations = 1;
    at.step = k.eta;
  }
  sum_order_free(&order);
  work_free(&k);
  return s == STATUS_OK ? m->status : s;
}

static enum status accepts(const void *conf, const struct objective *f, struct err *e)
{
  (void)conf;
  return f->glm ? STATUS_OK : err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" is no linear model, whose outputs could be targets", f->of.method->id);
}

const struct minimizer minimizer_sso = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "sso",
        .name = "Target-based surrogates",
        .summary = "many cheap steps on a quadratic in the outputs for each gradient of the loss",
        .formula = "z_i = a_i.w_t, q_i = l_i'(z_i) (once);  then m steps down\n"
                   "g(w) = mean_{i in B} [q_i (a_i.w - z_i) + (a_i.w - z_i)^2/(2 eta)] + (l2/2)|w|^2\n"
                   "eta <= 1/L_z: f_B(w_t) + g(w) - g(w_t) >= f_B(w) everywhere; all of the data: f never increases",
        .cite = "Lavington, Vaswani, Babanezhad, Schmidt and Le Roux 2023, Target-based surrogates for stochastic optimization",
        .notes = "For losses whose gradient in the outputs is expensive: `gradients` counts those calls, `hvps` the work of the steps between "
                 "(half a component for each product with a row), `values` the trials of search. Linear models alone; the penalty stays as it is. "
                 "armijo takes the authors' search (factor 0.9 down, 1.8 up, half of the predicted decrease), which costs nothing on a "
                 "quadratic. One fixed step is SGD with inner_rate. Conjugate gradients with m = d end at the surrogate's minimum, the step "
                 "-(X'X/(b eta) + l2 I)^-1 grad f_B. Batches smaller than the data need a falling eta, unless their components share a minimum. With "
                 "search eta may exceed 1/L_z and the decrease in the outputs is that of the batch.",
        .example = "assay.minimizer(\"sso\", {steps = 20, inner = \"cg\"})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .accepts = accepts,
  .run = run,
};
