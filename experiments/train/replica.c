/* replica.c: the life of one replica: start, one update after the other, evaluations, end.
 *
 * An update takes one of two routes with the same bits. Fused: rules of the momentum family are applied
 * inside the pass that makes the gradient (step_update). Unfused: the whole gradient first, then the rule;
 * needed by other rules, by masks and by controllers.
 *
 * For the error on the test part at the best evaluation the best weights are copied (a copy is some
 * hundred times cheaper than evaluating the test part whenever a run improves) and evaluated at the end. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/optim/average.h"
#include "experiments/train/train_int.h"

static const struct optimizer *rule_of(const struct replica *r) { return (const struct optimizer *)r->how->optimizer->method; }

static const struct controller *controller_of(const struct replica *r)
{
  return r->how->controller ? (const struct controller *)r->how->controller->method : NULL;
}

/* --- start ------------------------------------------------------------------------------------------- */

void replica_plan(struct engine *g, struct replica *r)
{
  const struct optimizer *o = rule_of(r);
  r->momentum = o->momentum_form && o->momentum_form(r->how->optimizer->conf, &r->form);
  r->own_momentum = r->form.mu;
  r->fused = r->momentum && !r->how->mask && !r->how->controller && !r->how->batching && !g->g->norms && !g->unfused;
}

void replica_layout(const struct engine *g, struct replica *r, struct arena *a)
{
  size_t n = g->net.n_params;
  const struct train_replica *how = r->how;
  r->w = arena_take(a, n, sizeof(float));
  r->state = arena_take(a, 1, rule_of(r)->state_size(how->optimizer->conf, &g->net, n, DTYPE_F32));
  r->best = g->best_apart ? arena_take(a, n, sizeof(float)) : NULL;
  r->mask = how->mask ? arena_take(a, n, sizeof(uint32_t)) : NULL;
  gathered_layout(g, r, a);
  if (how->controller)
    r->control_state = arena_take(a, 1, controller_of(r)->state_size(how->controller->conf, n));
  if (how->average)
    r->average_state = arena_take(a, 1, average_state_size(n));
  r->select_state = arena_take(a, 1, select_state_size(how));
}

void mask_apply(const uint32_t *mask, float *x, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, sizeof bits);
    bits &= mask[i];
    memcpy(x + i, &bits, sizeof bits);
  }
}

/* Spread the user's mask over the padded vector; the padding is masked, so it stays zero whatever a rule does.
 * net_pack only moves the 32-bit pieces. */
static enum status spread_mask(const struct net *net, const uint8_t *mask, uint32_t *out, struct err *e)
{
  void *memory;
  enum status s = mem_new(&memory, net->n_logical, sizeof(float), "mask", e);
  if (s)
    return s;
  for (size_t i = 0; i < net->n_logical; i++) {
    uint32_t ones = mask[i] ? UINT32_MAX : 0;
    memcpy((char *)memory + i * sizeof ones, &ones, sizeof ones);
  }
  net_pack_f32(net, memory, (float *)(void *)out);
  free(memory);
  return STATUS_OK;
}

/* An earlier replica that has just been given the same initial weights; drawing them anew would cost as much as some
 * ten updates of a wide net. NULL if there is none. */
static const struct replica *twin_of(const struct engine *g, const struct replica *r)
{
  for (const struct replica *q = g->replica; q < r && !r->how->init; q++)
    if (q->w != r->w && !q->done && q->out->steps_done == 0 && !q->how->init && !q->mask && q->how->init_seed == r->how->init_seed)
      return q;
  return NULL;
}

static enum status fill_weights(struct engine *g, struct replica *r, struct err *e)
{
  const struct object *model = g->g->model;
  const struct train_replica *how = r->how;
  const struct replica *twin = twin_of(g, r);
  enum status s = STATUS_OK;
  memset(r->w, 0, g->net.n_params * sizeof(float));
  if (how->init)
    net_pack_f32(&g->net, how->init, r->w);
  else if (twin)
    memcpy(r->w, twin->w, g->net.n_params * sizeof(float));
  else
    s = ((const struct model *)model->method)->init(model->conf, &g->net, how->init_seed, r->w, e);
  if (!s && how->mask)
    s = spread_mask(&g->net, how->mask, r->mask, e);
  if (!s && how->mask)
    mask_apply(r->mask, r->w, g->net.n_params);
  return s;
}

/* Show the weights to whoever observes the training. */
static enum status observe(struct engine *g, const struct replica *r, uint64_t step, struct err *e)
{
  if (!g->g->observe_every || !g->sink || !g->sink->observe)
    return STATUS_OK;
  const float *w = replica_weights(g, r);
  return vec_finite_f32(w, g->net.n_params) ? g->sink->observe(g->sink->self, r->id, step, &g->net, w, e) : STATUS_OK;
}

void replica_start(struct engine *g, struct replica *r)
{
  const struct train_replica *how = r->how;
  struct train_result *out = r->out;
  struct err e = {0};
  size_t n = g->net.n_params;
  enum status s = fill_weights(g, r, &e);
  out->train_loss = out->valid_loss = out->valid_error = out->test_loss = out->test_error = NAN;
  out->best_valid_error = out->best_valid_loss = out->best_test_error = NAN;
  out->average_valid_error = out->average_valid_loss = out->average_test_error = out->average_test_loss = NAN;
  out->chosen = NAN;
  if (s) {
    replica_fail(r, s, &e);
    return;
  }
  memset(r->state, 0, rule_of(r)->state_size(how->optimizer->conf, &g->net, n, DTYPE_F32));
  rule_of(r)->init(how->optimizer->conf, &g->net, r->state, r->w, n, DTYPE_F32);
  gathered_start(r);
  if (how->controller)
    controller_of(r)->init(how->controller->conf, r->control_state, n);
  if (how->average)
    average_init(r->average_state, r->w, n, DTYPE_F32);
  if (how->selector)
    replica_selector(how)->init(how->selector->conf, r->select_state);
  s = observe(g, r, 0, &e);
  if (s)
    replica_fail(r, s, &e);
}

/* --- evaluation and end ------------------------------------------------------------------------------ */

static void report(const struct engine *g, const struct replica *r, enum train_metric m, uint64_t step, double value)
{
  if (g->sink && g->sink->metric)
    g->sink->metric(g->sink->self, r->id, m, step, value);
}

const float *replica_weights(struct engine *g, const struct replica *r)
{
  const struct optimizer *o = rule_of(r);
  if (!o->eval_weights_f32)
    return r->w;
  o->eval_weights_f32(r->how->optimizer->conf, r->state, r->w, g->ws.eval_w, g->net.n_params);
  return g->ws.eval_w;
}

static const float *averaged_weights(struct engine *g, const struct replica *r)
{
  average_weights(r->average_state, g->ws.eval_w, g->net.n_params, DTYPE_F32);
  return g->ws.eval_w;
}

static enum status evaluate(struct engine *g, const struct examples *part, const float *w, double *loss, double *error, struct err *e)
{
  return evaluate_part(g->x, &g->ws, part, g->g->data->outputs, w, loss, error, e);
}

static void keep_best(struct engine *g, struct replica *r, const float *w, uint64_t step)
{
  struct train_result *out = r->out;
  bool better = out->best_step == 0 || out->valid_error < out->best_valid_error ||
                (!(out->valid_error > out->best_valid_error) && out->valid_loss < out->best_valid_loss);
  r->best_is_last = better;
  if (!better)
    return;
  out->best_step = step;
  out->best_valid_error = out->valid_error;
  out->best_valid_loss = out->valid_loss;
  if (r->best)
    memcpy(r->best, w, g->net.n_params * sizeof *w);
}

/* The validation part, after `step` updates. */
static enum status evaluate_valid(struct engine *g, struct replica *r, uint64_t step, struct err *e)
{
  struct train_result *out = r->out;
  const struct examples *valid = &g->g->data->valid;
  if (valid->n == 0)
    return STATUS_OK;
  const float *w = replica_weights(g, r);
  enum status s = evaluate(g, valid, w, &out->valid_loss, &out->valid_error, e);
  if (s)
    return s;
  keep_best(g, r, w, step);
  report(g, r, TRAIN_VALID_LOSS, step, out->valid_loss);
  report(g, r, TRAIN_VALID_ERROR, step, out->valid_error);
  report(g, r, TRAIN_COST, step, out->cost);
  if (!r->how->average)
    return STATUS_OK;
  s = evaluate(g, valid, averaged_weights(g, r), &out->average_valid_loss, &out->average_valid_error, e);
  if (s)
    return s;
  report(g, r, TRAIN_AVERAGE_VALID_LOSS, step, out->average_valid_loss);
  report(g, r, TRAIN_AVERAGE_VALID_ERROR, step, out->average_valid_error);
  return STATUS_OK;
}

static enum status evaluate_test(struct engine *g, struct replica *r, struct err *e)
{
  struct train_result *out = r->out;
  const struct examples *test = &g->g->data->test;
  double unused;
  if (r->how->skip_test)
    return STATUS_OK;
  enum status s = evaluate(g, test, replica_weights(g, r), &out->test_loss, &out->test_error, e);
  if (!s && r->how->average)
    s = evaluate(g, test, averaged_weights(g, r), &out->average_test_loss, &out->average_test_error, e);
  if (!s && out->best_step && r->best_is_last)
    out->best_test_error = out->test_error;
  else if (!s && out->best_step)
    s = evaluate(g, test, r->best, &unused, &out->best_test_error, e);
  return s;
}

static enum status keep_weights(struct engine *g, struct replica *r, struct err *e)
{
  void *memory;
  enum status s = mem_new(&memory, g->net.n_logical, sizeof(float), "final weights", e);
  if (s)
    return s;
  r->out->weights = memory;
  net_unpack_f32(&g->net, replica_weights(g, r), r->out->weights);
  return STATUS_OK;
}

void replica_fail(struct replica *r, enum status s, const struct err *e)
{
  r->out->status = s;
  r->out->error = *e;
  r->done = true;
}

static const char *number(double v, char text[32])
{
  if (isnan(v))
    return "nan"; /* without a sign */
  snprintf(text, 32, "%g", v);
  return text;
}

/* What was seen at step t: `what` is value. */
static void diverge(struct replica *r, uint64_t t, const char *what, double value)
{
  struct err e;
  char seen[32], lr[32];
  err_set(&e, STATUS_DIVERGED, "diverged at step %llu: %s is %s (lr %s)", (unsigned long long)t, what, number(value, seen), number(r->lr, lr));
  replica_fail(r, STATUS_DIVERGED, &e);
}

/* All updates are done. */
static enum status finish(struct engine *g, struct replica *r, struct err *e)
{
  struct train_result *out = r->out;
  if (!vec_finite_f32(r->w, g->net.n_params))
    diverge(r, g->g->steps, "a weight", NAN);
  else if (g->g->data->valid.n && !isfinite(out->valid_loss))
    diverge(r, g->g->steps, "validation loss", out->valid_loss);
  if (r->done)
    return STATUS_OK;
  enum status s = evaluate_test(g, r, e);
  if (!s && r->how->keep_weights)
    s = keep_weights(g, r, e);
  r->done = !s;
  return s;
}

/* --- update ------------------------------------------------------------------------------------------ */

/* The rule of each layer at the rate lr. */
static void layer_updates(const struct engine *g, const struct replica *r, uint64_t t, double lr, struct product_update *u)
{
  for (size_t l = 0; l < g->net.n_layers; l++)
    u[l] = l && !r->how->layer_rates ? u[0] : momentum_update(&r->form, r->how->layer_rates ? lr * r->how->layer_rates[l] : lr, t == 0);
}

static void apply_momentum(const struct engine *g, const struct replica *r, float *w, float *v, const float *grad, uint64_t t, double lr)
{
  struct product_update u[NET_MAX_LAYERS];
  layer_updates(g, r, t, lr, u);
  for (size_t l = 0, n; l < g->net.n_layers && r->how->layer_rates; l++) {
    size_t at = optimizer_layer_span(&g->net, l, &n);
    g->ws.p->update(&u[l], w + at, v + at, grad + at, n);
  }
  if (!r->how->layer_rates)
    g->ws.p->update(&u[0], w, v, grad, g->net.n_params);
}

enum status replica_apply(struct engine *g, struct replica *r, float *w, void *state, const float *grad, uint64_t t, double lr,
                          struct oracle *oracle, struct err *e)
{
  size_t n = g->net.n_params;
  if (r->momentum) {
    apply_momentum(g, r, w, state, grad, t, lr); /* the caller knows that grad is finite */
    return STATUS_OK;
  }
  struct step_info info = {.k = t + 1, .lr = lr, .net = &g->net, .layer_rate = r->how->layer_rates, .oracle = oracle};
  return optimizer_apply_f32(r->how->optimizer, state, w, grad, n, &info, e);
}

static bool log_due(const struct engine *g, uint64_t t) { return g->g->log_every && t % g->g->log_every == 0; }

/* The gradient of update t, as the rule will see it. */
static void log_norms(const struct engine *g, const struct replica *r, uint64_t t)
{
  if (!g->g->norms || !log_due(g, t))
    return;
  report(g, r, TRAIN_GRAD_NORM, t, vec_norm2_f32(g->ws.grad, g->net.n_params));
  report(g, r, TRAIN_GRAD_NORM_L1, t, vec_norm1_f32(g->ws.grad, g->net.n_params));
}

/* Gradient first, then the rule. */
static enum status update_unfused(struct engine *g, struct replica *r, const struct prepared *b, uint64_t t, double loss, struct err *e)
{
  enum status s = STATUS_OK;
  if (!step_gradient(&g->ws, r->w, b, g->ws.grad)) {
    diverge(r, t, "the gradient", NAN);
    return STATUS_OK;
  }
  if (r->mask)
    mask_apply(r->mask, g->ws.grad, g->net.n_params);
  log_norms(g, r, t);
  if (r->how->batching && !gathered_take(g, r, t))
    return STATUS_OK;
  if (r->how->controller)
    s = control_rate(g, r, b, t, loss, &r->lr, e);
  struct asking asking = {g, r, b};
  struct oracle oracle = asking_oracle(&asking, loss);
  if (!s)
    s = replica_apply(g, r, r->w, r->state, g->ws.grad, r->out->updates, r->lr, &oracle, e);
  r->out->updates++;
  r->out->cost += oracle.cost;
  if (!s && r->mask)
    mask_apply(r->mask, r->w, g->net.n_params);
  return s;
}

static void log_step(struct engine *g, struct replica *r, uint64_t t, double loss)
{
  bool due = log_due(g, t) || (g->g->log_every && r->done); /* the step that diverged must not be missing */
  if (due)
    report(g, r, TRAIN_LOSS, t, loss);
  if (due && r->how->selector && !r->done)
    report(g, r, TRAIN_CHOSEN, t, r->chosen);
  if (due || r->how->controller)
    report(g, r, TRAIN_RATE, t, r->lr);
  if (due && r->how->batching)
    report(g, r, TRAIN_BATCH, t, (double)(r->gathering.wanted * g->batch));
  if (due && r->how->controller)
    report(g, r, TRAIN_COST, t + 1, r->out->cost);
}

/* The mini-batch of update t as this replica sees it. */
static struct prepared batch_of_update(const struct engine *g, const struct replica *r, uint64_t t)
{
  const struct train_replica *how = r->how;
  if (g->gather.positions)
    return gather_rows(&g->gather, t, how->rows);
  const struct dataset *data = g->g->data;
  return how->replace ? gather_replaced(&g->gather, t, how->replace_at, how->replace_from_train ? &data->train : &data->test, how->replace_by)
                      : gather_at(&g->gather, t);
}

/* At the end of each epoch: has its mean loss come down to what was asked for? */
static void watch_loss(struct replica *r, uint64_t t, uint64_t per_epoch, double loss)
{
  if (r->how->until_loss == 0)
    return;
  r->epoch_sum += loss;
  if ((t + 1) % per_epoch)
    return;
  double mean = r->epoch_sum / (double)per_epoch;
  r->epoch_sum = 0;
  r->out->reached = mean <= r->how->until_loss;
  if (r->out->reached)
    r->out->train_loss = mean;
}

enum status replica_set_momentum(struct replica *r, const struct object *who, double mu, struct err *e)
{
  if (!isnan(mu) && (!r->momentum || r->own_momentum == 0))
    return err_set(e, STATUS_BAD_ARG, "%s \"%s\" sets the momentum, but optimizer \"%s\" has none to set", kind_name(who->method->kind),
                   who->method->id, r->how->optimizer->method->id);
  r->form.mu = isnan(mu) ? r->own_momentum : mu;
  return STATUS_OK;
}

/* The rate of update t, and the momentum where the schedule sets it. */
static enum status follow_schedule(const struct engine *g, struct replica *r, uint64_t t, struct err *e)
{
  const struct train_replica *how = r->how;
  if (!how->schedule)
    return STATUS_OK;
  r->lr = schedule_at(how->schedule, (int64_t)t, (int64_t)g->g->steps);
  double mu = schedule_momentum_at(how->schedule, (int64_t)t, (int64_t)g->g->steps);
  return replica_set_momentum(r, how->schedule, mu, e);
}

/* Loss, gradient and rule of update t. */
static enum status descend(struct engine *g, struct replica *r, uint64_t t, struct err *e)
{
  struct prepared b = batch_of_update(g, r, t);
  enum status s = r->gathering.count ? STATUS_OK : follow_schedule(g, r, t, e); /* an update has one rate */
  if (s)
    return s;
  gathered_begin(g, r, t);
  step_forward(&g->ws, r->w, b.x, b.ldb);
  g->ws.weighted = false;
  double loss = step_loss(&g->ws, &b);
  if (isfinite(loss) && r->how->selector)
    loss = select_examples(g, r, &b, t);
  r->out->cost += 1;
  if (!isfinite(loss)) {
    diverge(r, t, "loss", loss);
  } else if (r->fused) {
    struct product_update u[NET_MAX_LAYERS];
    layer_updates(g, r, t, r->lr, u);
    if (!step_update(&g->ws, r->w, r->state, &b, u))
      diverge(r, t, "the gradient", NAN);
    r->out->updates++;
  } else {
    s = update_unfused(g, r, &b, t, loss, e);
    if (s == STATUS_DIVERGED)
      err_prefix(e, "diverged at step %llu", (unsigned long long)t);
  }
  if (s == STATUS_OK)
    log_step(g, r, t, loss);
  uint64_t per_epoch = (g->n + g->batch - 1) / g->batch;
  watch_loss(r, t, per_epoch, loss);
  if (t + per_epoch >= g->g->steps && !r->out->reached) {
    r->loss_sum += loss;
    r->out->train_loss = r->loss_sum / (double)++r->loss_count;
    r->chosen_sum += r->chosen;
    r->out->chosen = r->how->selector ? r->chosen_sum / (double)r->loss_count : (double)NAN;
  }
  return s;
}

enum status replica_update(struct engine *g, struct replica *r, uint64_t t)
{
  struct err e = {0};
  const struct train_group *how = g->g;
  enum status s = exec_cancelled(g->x) ? err_set(&e, STATUS_CANCELLED, "cancelled at step %llu", (unsigned long long)t) : descend(g, r, t, &e);
  if (!s && !r->done) {
    r->out->steps_done = t + 1;
    if (r->how->average)
      average_move(r->how->average, r->average_state, r->w, g->net.n_params, DTYPE_F32, t, how->steps);
    bool last = t + 1 == how->steps || r->out->reached;
    if ((how->eval_every && (t + 1) % how->eval_every == 0) || last)
      s = evaluate_valid(g, r, t + 1, &e);
    if (!s && how->observe_every && ((t + 1) % how->observe_every == 0 || last))
      s = observe(g, r, t + 1, &e);
    if (!s && last)
      s = finish(g, r, &e);
  }
  if (s)
    replica_fail(r, s, &e);
  return s == STATUS_CANCELLED ? s : STATUS_OK;
}
