/* stochastic.c: any optimizer with any schedule, order of examples and average, on any objective, in float64. An objective that is no
 * sum gives its whole gradient at every update. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/minimize/minimize.h"
#include "experiments/optim/average.h"
#include "experiments/optim/momentum.h"
#include "experiments/optim/optimizer.h"
#include "experiments/params.h"
#include "experiments/schedules/schedule.h"

struct conf {
  struct object optimizer, schedule, controller, sampler, average;
  int64_t batch;
  double growth;
};

static const struct param params[] = {
  {.id = "optimizer", .type = PARAM_METHOD, .at = offsetof(struct conf, optimizer), .of = KIND_OPTIMIZER, .def_text = "sgd",
   .doc = "the update rule", .example = "adam"},
  {.id = "schedule", .type = PARAM_METHOD, .at = offsetof(struct conf, schedule), .of = KIND_SCHEDULE, .def_text = "constant",
   .doc = "the rate of each update; an auto T is the number of updates in the budget", .example = "cosine"},
  {.id = "controller", .type = PARAM_METHOD, .at = offsetof(struct conf, controller), .of = KIND_CONTROLLER,
   .doc = "choose the rate of each update from its batch; the schedule then says nothing", .example = "sls-armijo"},
  {.id = "sampler", .type = PARAM_METHOD, .at = offsetof(struct conf, sampler), .of = KIND_SAMPLER, .def_text = "random-reshuffling",
   .doc = "the order of the components", .example = "iid"},
  {.id = "average", .type = PARAM_METHOD, .at = offsetof(struct conf, average), .of = KIND_AVERAGE,
   .doc = "give the average of the iterates as the result; none: the last one", .example = "polyak-average"},
  {.id = "batch", .type = PARAM_INT, .at = offsetof(struct conf, batch), .def = 1, .min = 1, .max = 1e9, .flags = PARAM_LOG | PARAM_TUNED,
   .unit = "components", .doc = "components an update; at least n: the whole gradient", .example = "8"},
  {.id = "growth", .type = PARAM_REAL, .at = offsetof(struct conf, growth), .def = 1, .min = 1, .max = 2, .flags = PARAM_LOG | PARAM_TUNED,
   .doc = "factor of the batch from one update to the next, up to n components", .example = "1.01"},
  {0},
};

struct work {
  struct sample_stream *stream;
  uint32_t *index;
  double *g, *shown; /* gradient; the weights to evaluate, where they are not the iterate */
  void *state, *mean;
  void *control, *trial_state;  /* with a controller: its state, and that of the optimizer where a step is tried */
  double *direction, *trial;    /* what the optimizer would subtract at rate 1, and a point along it */
  size_t batch;      /* of the update in hand */
  uint64_t place;    /* components drawn so far */
  int64_t updates;   /* T */
};

static const struct optimizer *rule_of(const struct conf *c) { return (const struct optimizer *)c->optimizer.method; }

static void work_free(struct work *k)
{
  sample_stream_free(k->stream);
  free(k->index);
  free(k->g);
  free(k->shown);
  free(k->state);
  free(k->mean);
  free(k->control);
  free(k->trial_state);
  free(k->direction);
  free(k->trial);
}

/* Components of update t: ceil(batch growth^t), at most n. */
static size_t batch_at(const struct conf *c, size_t n, uint64_t t)
{
  double b = c->growth > 1 ? ceil((double)c->batch * pow(c->growth, (double)t)) : (double)c->batch;
  return b < (double)n ? (size_t)b : n;
}

/* Updates in the budget: what the schedule stretches over. Those whose batch still grows are counted one by one, the others at once. */
static int64_t updates_in(const struct conf *c, const struct minimize *m)
{
  size_t n = m->f->n, batch = batch_at(c, n, 0);
  double t = 0, left = m->passes * (double)n;
  for (; c->growth > 1 && batch < n && left > 0 && t < m->iterations; batch = batch_at(c, n, (uint64_t)t)) {
    left -= (double)batch;
    t++;
  }
  t = fmin(t + ceil(fmax(left, 0) / (double)batch), m->iterations);
  return t >= 1 && t < 1e12 ? (int64_t)t : t < 1 ? 1 : (int64_t)1e12;
}

/* Room for a controller. */
static enum status control_new(struct work *k, const struct conf *c, size_t d, struct err *e)
{
  const struct controller *rule = (const struct controller *)c->controller.method;
  if (!rule)
    return STATUS_OK;
  enum status s = mem_new(&k->control, rule->state_size(c->controller.conf, d), 1, "the controller's state", e);
  s = s ? s : mem_new(&k->trial_state, rule_of(c)->state_size(c->optimizer.conf, NULL, d, DTYPE_F64), 1, "a state to try", e);
  s = s ? s : mem_new((void **)&k->direction, d, sizeof *k->direction, "a direction", e);
  s = s ? s : mem_new((void **)&k->trial, d, sizeof *k->trial, "a point to try", e);
  if (!s)
    rule->init(c->controller.conf, k->control, d);
  return s;
}

static enum status work_new(struct work *k, const struct conf *c, const struct minimize *m, struct err *e)
{
  size_t d = m->f->d, n = m->f->n;
  void *index = NULL, *g = NULL, *shown = NULL;
  k->batch = batch_at(c, n, 0);
  k->updates = updates_in(c, m);
  enum status s = schedule_check(&c->schedule, k->updates, e);
  if (s == STATUS_OK && k->batch < n && (k->batch > 1 || c->growth > 1))
    s = sample_stream_new(&k->stream, &c->sampler, n, m->seed, e);
  else if (s == STATUS_OK && k->batch < n)
    s = sample_stream_new_seeing(&k->stream, &c->sampler, n, d, m->seed, e);
  if (s == STATUS_OK)
    s = mem_new(&index, c->growth > 1 ? n : k->batch, sizeof(uint32_t), "a batch", e);
  if (s == STATUS_OK)
    s = mem_new(&g, d, sizeof(double), "a gradient", e);
  if (s == STATUS_OK)
    s = mem_new(&shown, d, sizeof(double), "weights to evaluate", e);
  if (s == STATUS_OK)
    s = mem_new(&k->state, rule_of(c)->state_size(c->optimizer.conf, NULL, d, DTYPE_F64), 1, "the optimizer's state", e);
  if (s == STATUS_OK && c->average.method)
    s = mem_new(&k->mean, average_state_size(d), 1, "the average", e);
  k->index = index, k->g = g, k->shown = shown;
  return s ? s : control_new(k, c, d, e);
}

/* The weights that would be the result now. */
static const double *result(const struct conf *c, const struct work *k, const struct minimize *m)
{
  size_t d = m->f->d;
  if (c->average.method)
    average_weights(k->mean, k->shown, d, DTYPE_F64);
  else if (rule_of(c)->eval_weights_f64)
    rule_of(c)->eval_weights_f64(c->optimizer.conf, k->state, m->w, k->shown, d);
  else
    return m->w;
  return k->shown;
}

static bool is_whole(const struct work *k, const struct minimize *m) { return k->batch == m->f->n; }

/* The batch in hand at other points, for optimizers that ask (optim/oracle.h). */
struct asking {
  struct minimize *m;
  struct work *k;
};

static double batch_gradient(const struct asking *a, const double *at, double *g)
{
  return is_whole(a->k, a->m) ? minimize_gradient(a->m, at, g) : minimize_batch(a->m, a->k->index, a->k->batch, at, g);
}

static enum status ask_gradient(struct oracle *o, const double *at, double *loss, double *g, struct err *e)
{
  const struct asking *a = o->self;
  o->cost += ORACLE_COST_GRADIENT;
  *loss = batch_gradient(a, at, g);
  if (!isfinite(*loss) || !vec_finite_f64(g, a->m->f->d))
    return err_set(e, STATUS_DIVERGED, "the value or gradient asked for at another point is not finite");
  return STATUS_OK;
}

/* A gradient that comes with it goes where the result will be made. */
static double batch_value(const struct asking *a, const double *at)
{
  return is_whole(a->k, a->m) ? minimize_value(a->m, at) : minimize_batch_value(a->m, a->k->index, a->k->batch, at, a->k->shown);
}

static enum status ask_loss(struct oracle *o, const double *at, double *loss, struct err *e)
{
  const struct asking *a = o->self;
  (void)e;
  o->cost += ORACLE_COST_LOSS;
  *loss = batch_value(a, at);
  return STATUS_OK;
}

/* --- the rate of a controller ------------------------------------------------------------------------------- */

static enum status loss_along(struct control *control, double lr, double *loss, struct err *e)
{
  const struct asking *a = control->self;
  (void)e;
  for (size_t i = 0; i < control->n; i++)
    a->k->trial[i] = fma(-lr, a->k->direction[i], a->m->w[i]);
  control->cost += ORACLE_COST_LOSS;
  *loss = batch_value(a, a->k->trial);
  return STATUS_OK;
}

/* What the optimizer would subtract at rate 1: its step of a copy of weights and state. */
static enum status find_direction(const struct conf *c, struct work *k, const struct minimize *m, uint64_t t, struct err *e)
{
  size_t d = m->f->d;
  struct step_info info = {.k = t + 1, .lr = 1};
  memcpy(k->trial, m->w, d * sizeof *k->trial);
  memcpy(k->trial_state, k->state, rule_of(c)->state_size(c->optimizer.conf, NULL, d, DTYPE_F64));
  enum status s = optimizer_step_f64(&c->optimizer, k->trial_state, k->trial, k->g, d, &info, e);
  for (size_t i = 0; i < d; i++)
    k->direction[i] = m->w[i] - k->trial[i];
  return s;
}

static enum status control_rate(const struct conf *c, struct asking *a, uint64_t t, double loss, double *rate, struct err *e)
{
  struct work *k = a->k;
  size_t d = a->m->f->d;
  struct momentum_form f;
  bool plain = rule_of(c)->momentum_form && rule_of(c)->momentum_form(c->optimizer.conf, &f) && f.mu == 0 && f.l2 == 0 && f.decay == 0;
  struct control control = {.self = a, .t = t, .batches_per_epoch = (double)a->m->f->n / (double)k->batch, .n = d, .loss = loss,
                            .grad_norm2 = vec_dot_f64(k->g, k->g, d), .loss_along = loss_along, .cost = 1, .momentum = (double)NAN};
  if (!isfinite(loss) || !isfinite(control.grad_norm2))
    return err_set(e, STATUS_DIVERGED, "the value or the gradient of the batch is not finite");
  enum status s = plain ? STATUS_OK : find_direction(c, k, a->m, t, e);
  if (plain)
    memcpy(k->direction, k->g, d * sizeof *k->g);
  control.slope = vec_dot_f64(k->g, k->direction, d);
  return s ? s : ((const struct controller *)c->controller.method)->rate(c->controller.conf, k->control, &control, rate, e);
}

/* --- updates ------------------------------------------------------------------------------------------------ */

/* The step of a rule whose momentum the schedule sets. */
static enum status step_with_momentum(const struct conf *c, struct work *k, struct minimize *m, double mu, const struct step_info *info, struct err *e)
{
  struct momentum_form f;
  if (!rule_of(c)->momentum_form || !rule_of(c)->momentum_form(c->optimizer.conf, &f) || f.mu == 0)
    return err_set(e, STATUS_UNSUPPORTED, "schedule \"%s\" sets the momentum, but optimizer \"%s\" has none to set", c->schedule.method->id,
                   c->optimizer.method->id);
  if (!vec_finite_f64(k->g, m->f->d))
    return err_set(e, STATUS_DIVERGED, "the gradient is not finite");
  f.mu = mu;
  return momentum_step_f64(&f, k->state, m->w, k->g, m->f->d, info);
}

/* Of the whole objective alone: see `accepts`. */
static enum status ask_hvp(struct oracle *o, const double *v, double *out, struct err *e)
{
  const struct asking *a = o->self;
  o->cost += ORACLE_COST_HVP;
  return minimize_hvp(a->m, a->m->w, v, out, e);
}

/* Rate and momentum of update t, by the schedule; NaN: the optimizer's own momentum. *rate: that of the update in the end. */
static enum status update(const struct conf *c, struct work *k, struct minimize *m, uint64_t t, double *rate, double mu, struct err *e)
{
  struct asking asking = {m, k};
  struct oracle oracle = {.self = &asking, .loss_f64 = ask_loss, .gradient_f64 = ask_gradient, .hvp_f64 = ask_hvp};
  struct step_info info = {.k = t + 1, .oracle = &oracle};
  enum status s = STATUS_OK;
  k->batch = batch_at(c, m->f->n, t);
  if (is_whole(k, m))
    oracle.loss = minimize_gradient(m, m->w, k->g);
  else {
    s = sample_stream_take(k->stream, k->place, k->batch, k->index, e);
    k->place += k->batch;
    if (s == STATUS_OK)
      oracle.loss = minimize_batch(m, k->index, k->batch, m->w, k->g);
    if (s == STATUS_OK && k->batch == 1)
      sample_stream_see(k->stream, k->g);
  }
  if (s == STATUS_OK && c->controller.method)
    s = control_rate(c, &asking, t, oracle.loss, rate, e);
  info.lr = *rate;
  if (s == STATUS_OK)
    s = isnan(mu) ? optimizer_step_f64(&c->optimizer, k->state, m->w, k->g, m->f->d, &info, e) : step_with_momentum(c, k, m, mu, &info, e);
  if (s == STATUS_OK && c->average.method)
    average_move(&c->average, k->mean, m->w, m->f->d, DTYPE_F64, t, (uint64_t)k->updates);
  return s;
}

/* Updates until the run has to be asked again. A gradient that is not finite ends them: `ended`. */
static enum status updates(const struct conf *c, struct work *k, struct minimize *m, uint64_t t, uint64_t n, double *rate, bool *ended,
                           struct err *e)
{
  enum status s = STATUS_OK;
  const struct schedule *schedule = (const struct schedule *)c->schedule.method;
  bool scheduled = !c->controller.method, sets = scheduled && schedule->momentum;
  for (uint64_t i = 0; i < n && s == STATUS_OK; i++) {
    double mu = sets ? schedule_momentum_at(&c->schedule, (int64_t)(t + i), k->updates) : (double)NAN;
    if (scheduled)
      *rate = schedule_at(&c->schedule, (int64_t)(t + i), k->updates);
    s = update(c, k, m, t + i, rate, mu, e);
  }
  *ended = s == STATUS_DIVERGED;
  return *ended ? STATUS_OK : s;
}

static enum status accepts(const void *conf, const struct objective *f, struct err *e)
{
  const struct conf *c = conf;
  const char *id = c->optimizer.method->id;
  const struct controller *controller = (const struct controller *)c->controller.method;
  if (controller && !controller->scalar)
    return err_set(e, STATUS_UNSUPPORTED, "controller \"%s\" looks at float32 vectors, and these are float64: take \"polyak\", \"sps-max\" or "
                   "\"sls-armijo\"", controller->m.id);
  if (controller && object_needs(&c->optimizer, "oracle"))
    return err_set(e, STATUS_UNSUPPORTED, "optimizer \"%s\" asks for gradients at other points and a controller needs to know its step before: "
                   "give a schedule", id);
  if (!object_needs(&c->optimizer, "hvp"))
    return STATUS_OK;
  if ((size_t)c->batch < f->n)
    return err_set(e, STATUS_UNSUPPORTED, "optimizer \"%s\" needs Hessian-vector products, which there are of the whole sum only: set batch = %zu "
                   "or more", id, f->n);
  if (!f->method->hvp && !f->method->hessian)
    return err_set(e, STATUS_UNSUPPORTED, "optimizer \"%s\" needs a Hessian, and objective \"%s\" has none", id, f->of.method->id);
  return STATUS_OK;
}

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  struct work k = {0};
  uint64_t t = 0;
  bool ended = false;
  enum status s = work_new(&k, c, m, e);
  struct minimize_point p = {.w = m->w, .step = NAN};
  if (s == STATUS_OK) {
    rule_of(c)->init(c->optimizer.conf, NULL, k.state, m->w, m->f->d, DTYPE_F64);
    if (c->average.method)
      average_init(k.mean, m->w, m->f->d, DTYPE_F64);
  }
  while (s == STATUS_OK && minimize_go_on(m, &p) && t < (uint64_t)k.updates) {
    uint64_t left = (uint64_t)k.updates - t, n = c->growth > 1 ? 1 : minimize_room(m, (double)k.batch);
    n = n < left ? n : left;
    s = updates(c, &k, m, t, n, &p.step, &ended, e);
    t += n;
    p.iterations = (double)n;
    p.w = result(c, &k, m);
    if (ended) {
      minimize_diverged(m, &p);
      break;
    }
  }
  work_free(&k);
  return s == STATUS_OK ? m->status : s;
}

const struct minimizer minimizer_stochastic = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "stochastic",
        .name = "Stochastic updates",
        .summary = "any optimizer with any schedule, order of examples and average, in float64",
        .formula = "w <- optimizer(w, (1/b) sum_{i in batch} grad f_i(w), schedule(t)), t = 0 ... T-1;  b = min(n, ceil(batch growth^t))",
        .cite = "Robbins and Monro 1951, A stochastic approximation method; "
                "Bottou, Curtis and Nocedal 2018, Optimization methods for large-scale machine learning (growing batches)",
        .notes = "T is the number of updates in the budget of passes or iterations. The batches are those of training: cut from the "
                 "endless concatenation of the sampler's epochs. An objective that is no sum gives its whole gradient. With an average the "
                 "trace and the result are those of the average. A batch that grows geometrically makes a fixed rate converge linearly in updates on "
                 "strongly convex sums, by a factor of at best 1/growth an update; growth above 1/(1 - rate mu/2) only costs more. A controller "
                 "(polyak, sps-max, sls-armijo) chooses the rate of each update instead of the schedule; its trials count as values.",
        .example = "assay.minimizer(\"stochastic\", {optimizer = assay.optimizer(\"adam\"), schedule = assay.schedule(\"cosine\", {peak = 0.1})})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .accepts = accepts,
  .run = run,
};
