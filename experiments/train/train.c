/* train.c: the front of the engine: checks, plan, loops over blocks and replicas, results.
 *
 * Mini-batches are gathered in blocks. Every plan is the same double loop, over blocks and over the
 * replicas of a set, and the inner function is the same, so a plan cannot change a bit:
 *
 *   replica      sets of one replica: its state stays in cache from start to end
 *   block        one set of all, blocks of some MB: the gathering is shared, and each replica's state stays in
 *                cache for a block
 *   interleaved  one set of all, blocks of one mini-batch */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/models/derivatives.h"
#include "experiments/params.h"
#include "experiments/train/train_int.h"

/* Bytes of mini-batches gathered at once: several times the state of a replica, so that fetching that state
 * again is a small part of the work on a block; within these bounds. */
#define BLOCK_LEAST ((size_t)2 << 20)
#define BLOCK_MOST ((size_t)8 << 20)
#define BLOCK_ALONE ((size_t)512 << 10) /* one replica fetches nothing again */
#define STATE_LARGE ((size_t)1 << 30) /* replicas that need more than this together are trained one by one */

const char *const train_plan_names[] = {"auto", "replica", "block", "interleaved", NULL};

const char *train_metric_name(enum train_metric m)
{
  switch (m) {
  case TRAIN_LOSS: return "loss";
  case TRAIN_RATE: return "lr";
  case TRAIN_VALID_LOSS: return "val_loss";
  case TRAIN_VALID_ERROR: return "val_error";
  case TRAIN_COST: return "cost";
  case TRAIN_AVERAGE_VALID_ERROR: return "avg_val_error";
  case TRAIN_AVERAGE_VALID_LOSS: return "avg_val_loss";
  case TRAIN_GRAD_NORM: return "grad_norm";
  case TRAIN_GRAD_NORM_L1: return "grad_norm_l1";
  case TRAIN_CHOSEN: return "chosen";
  case TRAIN_BATCH: return "batch";
  }
  return "?";
}

/* --- checks ------------------------------------------------------------------------------------------ */

static enum status check_group(const struct train_group *g, size_t n_replicas, struct err *e)
{
  if (g->data->train.n == 0)
    return err_set(e, STATUS_BAD_ARG, "the data set \"%s\" has no training examples", g->data->name ? g->data->name : "?");
  if (g->batch == 0)
    return err_set(e, STATUS_BAD_ARG, "batch must be at least 1, got 0");
  if (g->steps == 0 || g->steps > INT64_MAX)
    return err_set(e, STATUS_BAD_ARG, "steps must be from 1 to 2^63 - 1, got %llu", (unsigned long long)g->steps);
  if (n_replicas == 0)
    return err_set(e, STATUS_BAD_ARG, "nothing to train: 0 replicas");
  if (g->n_rows > g->data->train.n)
    return err_set(e, STATUS_BAD_ARG, "%zu rows of a training part of %zu examples", g->n_rows, g->data->train.n);
  if (g->plan < TRAIN_PLAN_AUTO || g->plan > TRAIN_PLAN_INTERLEAVED)
    return err_set(e, STATUS_BAD_ARG, "plan must be auto, replica, block or interleaved, got number %d", (int)g->plan);
  return STATUS_OK;
}

static enum status check_rows(const struct engine *g, const struct train_replica *r, struct err *e)
{
  if (!r->rows != !g->g->n_rows)
    return err_set(e, STATUS_BAD_ARG, r->rows ? "rows need their number, n_rows" : "n_rows is %zu, but there are no rows", g->g->n_rows);
  for (size_t i = 0; r->rows && i < g->g->n_rows; i++)
    if (r->rows[i] >= g->g->data->train.n)
      return err_set(e, STATUS_BAD_ARG, "row %zu is training example %u: there are %zu (counted from 0)", i, r->rows[i], g->g->data->train.n);
  return STATUS_OK;
}

/* Rows that all replicas share are gathered once for all of them. */
static void share_rows(struct engine *g)
{
  const uint32_t *first = g->replica[0].how->rows;
  bool same = true;
  for (size_t i = 1; i < g->n_replicas && first; i++)
    same &= memcmp(g->replica[i].how->rows, first, g->g->n_rows * sizeof *first) == 0;
  g->gather.rows = same ? first : NULL;
  g->gather.positions = first && !same;
}

static enum status check_layer_rates(const struct engine *g, const struct train_replica *r, struct err *e)
{
  if (r->layer_rates && !optimizer_takes_layer_rates(r->optimizer))
    return err_set(e, STATUS_BAD_ARG, "optimizer \"%s\" has one rate for all layers: leave layer_rates out", r->optimizer->method->id);
  if (r->layer_rates && r->controller)
    return err_set(e, STATUS_BAD_ARG, "a controller finds one rate for all layers: give a schedule with layer_rates");
  for (size_t l = 0; r->layer_rates && l < g->net.n_layers; l++)
    if (!(r->layer_rates[l] >= 0 && isfinite(r->layer_rates[l])))
      return err_set(e, STATUS_BAD_ARG, "layer_rates: the factor of layer %zu is %g; it must be a number >= 0", l + 1, r->layer_rates[l]);
  return STATUS_OK;
}

static enum status check_replica(const struct engine *g, const struct train_replica *r, struct err *e)
{
  const struct dataset *data = g->g->data;
  if (!r->optimizer)
    return err_set(e, STATUS_BAD_ARG, "an optimizer is missing");
  if (!r->schedule == !r->controller)
    return err_set(e, STATUS_BAD_ARG, "give a schedule or a controller, %s", r->schedule ? "not both" : "one of them");
  if (r->controller && object_needs(r->optimizer, "oracle"))
    return err_set(e, STATUS_BAD_ARG, "optimizer \"%s\" asks for gradients at other points and a controller needs to know its step before: "
                   "give a schedule", r->optimizer->method->id);
  if (r->selector && (object_needs(r->optimizer, "hvp") || object_needs(r->controller, "hvp")))
    return err_set(e, STATUS_BAD_ARG, "selector \"%s\" weighs examples, and Hessian-vector products are of whole mini-batches: leave out "
                   "what needs them", r->selector->method->id);
  size_t others = r->replace_from_train ? data->train.n : data->test.n;
  if (r->replace && (r->replace_at >= data->train.n || r->replace_by >= others))
    return err_set(e, STATUS_BAD_ARG, "replacing training example %zu by %s example %zu: there are %zu and %zu (counted from 0)",
                   r->replace_at, r->replace_from_train ? "training" : "test", r->replace_by, data->train.n, others);
  if (r->init && !vec_finite_f32(r->init, g->net.n_logical))
    return err_set(e, STATUS_BAD_ARG, "the initial weights are not all finite");
  enum status s = check_rows(g, r, e);
  s = s ? s : check_layer_rates(g, r, e);
  s = s ? s : gathered_check(g, r, e);
  return !s && r->schedule ? schedule_check(r->schedule, (int64_t)g->g->steps, e) : s;
}

/* --- plan and memory --------------------------------------------------------------------------------- */

static enum train_plan choose_plan(const struct engine *g, size_t state_bytes)
{
  if (g->g->plan != TRAIN_PLAN_AUTO)
    return g->g->plan;
  if (g->g->coupled) /* neighbours start from the base as it is then: side by side */
    return TRAIN_PLAN_BLOCK;
  return g->n_replicas == 1 || state_bytes > STATE_LARGE ? TRAIN_PLAN_REPLICA : TRAIN_PLAN_BLOCK;
}

static size_t choose_block(enum train_plan plan, size_t state_bytes)
{
  if (plan != TRAIN_PLAN_BLOCK)
    return plan == TRAIN_PLAN_REPLICA ? BLOCK_ALONE : 1;
  if (state_bytes > BLOCK_MOST / 4)
    return BLOCK_MOST;
  return state_bytes < BLOCK_LEAST / 4 ? BLOCK_LEAST : 4 * state_bytes;
}

static size_t choose_capacity(const struct engine *g, enum train_plan plan, size_t state_bytes, size_t block_bytes)
{
  size_t one = gather_bytes(g->g->data, g->batch);
  block_bytes = block_bytes ? block_bytes : choose_block(plan, state_bytes);
  size_t fit = block_bytes / one, capacity = fit ? fit : 1;
  return capacity < g->g->steps ? capacity : (size_t)g->g->steps;
}

/* Everything that the loops need. Replicas of different sets share their place. */
static void layout(struct engine *g, struct arena *a, bool one_by_one)
{
  bool own = false, controls = false, unfused = false, asks = false, hvp = false;
  size_t state = 0, n = g->net.n_params;
  for (size_t i = 0; i < g->n_replicas; i++) {
    const struct train_replica *how = g->replica[i].how;
    const struct optimizer *o = (const struct optimizer *)how->optimizer->method;
    size_t bytes = o->state_size(how->optimizer->conf, &g->net, n, DTYPE_F32);
    own |= how->replace || g->gather.positions;
    controls |= how->controller != NULL;
    hvp |= object_needs(how->optimizer, "hvp") || object_needs(how->controller, "hvp");
    asks |= how->controller || object_needs(how->optimizer, "oracle") || hvp;
    unfused |= !g->replica[i].fused;
    state = bytes > state ? bytes : state;
  }
  workspace_layout(&g->ws, a, unfused);
  gather_layout(&g->gather, a, own);
  g->base_w = g->g->coupled ? arena_take(a, n, sizeof(float)) : NULL;
  if (controls) {
    g->trial = arena_take(a, n, sizeof(float));
    g->direction = arena_take(a, n, sizeof(float));
    g->trial_state = arena_take(a, 1, state);
  }
  if (asks) {
    g->asked = arena_take(a, n, sizeof(float));
    g->answer = arena_take(a, n, sizeof(float));
  }
  if (hvp) {
    size_t bytes = net_curvature_bytes_f32(&g->net);
    g->hvp_scratch = arena_take(a, 1, bytes ? bytes : SIZE_MAX);
  }
  size_t start = a->used, end = start;
  for (size_t i = 0; i < g->n_replicas; i++) {
    a->used = one_by_one ? start : a->used;
    replica_layout(g, &g->replica[i], a);
    end = a->used > end ? a->used : end;
  }
  a->used = end;
}

static size_t replica_bytes(const struct engine *g)
{
  struct arena a = {0};
  for (size_t i = 0; i < g->n_replicas; i++)
    replica_layout(g, &g->replica[i], &a);
  return a.overflow ? SIZE_MAX : a.used;
}

size_t train_memory(const struct train_group *g, const struct net *net, size_t n_replicas)
{
  size_t batch = g->batch < g->data->train.n ? g->batch : g->data->train.n, per, all, total;
  struct workspace ws = {.net = net, .lanes = batch > EVALUATE_BLOCK ? batch : EVALUATE_BLOCK};
  struct arena a = {0};
  size_t block = gather_bytes(g->data, batch);
  workspace_layout(&ws, &a, true);
  block = block > BLOCK_MOST ? block : BLOCK_MOST;
  if (a.overflow || !size_mul(net->n_params, 4 * sizeof(float), &per) || !size_mul(per, n_replicas, &all) ||
      __builtin_add_overflow(all, a.used + block, &total))
    return SIZE_MAX;
  return total;
}

/* --- the loops --------------------------------------------------------------------------------------- */

static double seconds(clockid_t clock)
{
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct stopwatch {
  double wall, cpu;
};

static struct stopwatch stopwatch_start(void)
{
  return (struct stopwatch){seconds(CLOCK_MONOTONIC), seconds(CLOCK_THREAD_CPUTIME_ID)};
}

/* Add what has passed, times share, to the replica's account. */
static void stopwatch_charge(const struct stopwatch *w, struct replica *r, double share)
{
  r->out->wall_s += share * (seconds(CLOCK_MONOTONIC) - w->wall);
  r->out->cpu_s += share * (seconds(CLOCK_THREAD_CPUTIME_ID) - w->cpu);
}

static void tell_progress(struct engine *g, const struct replica *r)
{
  if (!g->sink || !g->sink->progress)
    return;
  double now = seconds(CLOCK_MONOTONIC);
  if (now - g->last_progress_s < 0.25)
    return;
  g->last_progress_s = now;
  g->sink->progress(g->sink->self, r->id, r->out->steps_done);
}

/* The gathered block through one replica. */
static enum status run_block(struct engine *g, struct replica *r)
{
  struct stopwatch watch = stopwatch_start();
  enum status s = STATUS_OK;
  for (size_t i = 0; i < g->gather.count && !r->done && !s; i++) {
    s = replica_update(g, r, g->gather.first + i);
    if (i % 16 == 0)
      tell_progress(g, r);
  }
  stopwatch_charge(&watch, r, 1);
  return s;
}

static size_t count_running(const struct replica *set, size_t n)
{
  size_t running = 0;
  for (size_t i = 0; i < n; i++)
    running += !set[i].done;
  return running;
}

/* Train a set of replicas side by side from update 0 to the end. */
static enum status run_set(struct engine *g, struct replica *set, size_t n, struct err *e)
{
  enum status s = STATUS_OK;
  for (size_t i = 0; i < n; i++)
    replica_start(g, &set[i]);
  for (uint64_t t = 0; t < g->g->steps && !s; t += g->gather.count) {
    struct stopwatch watch = stopwatch_start();
    uint64_t left = g->g->steps - t;
    size_t most = coupled_limit(g, t, left < g->gather.capacity ? (size_t)left : g->gather.capacity);
    size_t running = count_running(set, n);
    if (running == 0)
      break;
    s = gather_fill(&g->gather, t, most, e);
    for (size_t i = 0; i < n && !s; i++)
      if (!set[i].done)
        stopwatch_charge(&watch, &set[i], 1 / (double)running);
    for (size_t i = 0; i < n && !s; i++) {
      struct replica *r = &set[g->g->coupled ? n - 1 - i : i]; /* the base last: neighbours start from it */
      if (!r->done && coupled_joins(g, r))
        s = run_block(g, r);
    }
    if (!s)
      coupled_measure(g, t + g->gather.count);
  }
  return s;
}

/* Replicas that a cancelled run leaves behind. */
static void mark_cancelled(struct engine *g)
{
  for (size_t i = 0; i < g->n_replicas; i++) {
    struct err e;
    if (g->replica[i].done)
      continue;
    err_set(&e, STATUS_CANCELLED, "cancelled at step %llu", (unsigned long long)g->replica[i].out->steps_done);
    replica_fail(&g->replica[i], STATUS_CANCELLED, &e);
  }
}

static enum status run_sets(struct engine *g, enum train_plan plan, struct err *e)
{
  size_t width = plan == TRAIN_PLAN_REPLICA ? 1 : g->n_replicas;
  enum status s = STATUS_OK;
  for (size_t i = 0; i < g->n_replicas && !s; i += width)
    s = run_set(g, g->replica + i, width, e);
  if (!s)
    coupled_finish(g);
  if (s == STATUS_CANCELLED) {
    mark_cancelled(g);
    err_set(e, STATUS_CANCELLED, "training was cancelled");
  }
  return s;
}

/* --- front ------------------------------------------------------------------------------------------- */

static enum status prepare(struct engine *g, const struct train_replica *replica, struct train_result *result, struct err *e)
{
  enum status s = model_build(&g->net, g->g->model, g->g->loss, g->g->data, e);
  for (size_t i = 0; i < g->n_replicas && !s; i++) {
    g->replica[i] = (struct replica){.how = &replica[i], .id = i, .out = &result[i]};
    s = check_replica(g, &replica[i], e);
    if (s)
      return g->n_replicas > 1 ? err_prefix(e, "replica %zu", i + 1) : s;
    replica_plan(g, &g->replica[i]);
  }
  if (s)
    return s;
  share_rows(g);
  for (size_t i = 0; i < g->n_replicas; i++)
    if (g->gather.positions && g->replica[i].how->replace)
      return err_set(e, STATUS_BAD_ARG, "an example can only be replaced where all replicas have the same rows");
  return coupled_check(g, e);
}

static enum status run(struct engine *g, const struct train_tuning *tuning, struct err *e)
{
  struct arena measure = {0}, arena = {0};
  void *memory = NULL;
  size_t state_bytes = replica_bytes(g);
  enum train_plan plan = choose_plan(g, state_bytes);
  bool one_by_one = plan == TRAIN_PLAN_REPLICA;
  g->gather.capacity = choose_capacity(g, plan, state_bytes / g->n_replicas, tuning->block_bytes);
  layout(g, &measure, one_by_one);
  enum status s = coupled_start(g, e);
  if (!s)
    s = mem_new(&memory, measure.overflow ? SIZE_MAX : measure.used, 1, "training state", e);
  if (s)
    return s;
  arena.base = memory;
  layout(g, &arena, one_by_one);
  s = sample_stream_new(&g->gather.stream, g->g->sampler, g->n, g->g->order_seed, e);
  if (!s) {
    s = run_sets(g, plan, e);
    sample_stream_free(g->gather.stream);
  }
  free(memory);
  return s;
}

enum status train_run_tuned(const struct exec *x, const struct train_group *group, const struct train_replica *replica,
                            size_t n_replicas, const struct train_sink *sink, struct train_result *result,
                            const struct train_tuning *tuning, struct err *e)
{
  enum status s = check_group(group, n_replicas, e);
  for (size_t i = 0; i < n_replicas; i++)
    result[i] = (struct train_result){0};
  if (s)
    return s;
  const struct dataset *data = group->data;
  const struct product *p = tuning->product ? tuning->product : product_best();
  struct engine *g = xcalloc(1, sizeof *g);
  g->x = x, g->g = group, g->sink = sink, g->n_replicas = n_replicas, g->unfused = tuning->unfused;
  g->n = group->n_rows ? group->n_rows : data->train.n;
  g->batch = group->batch < g->n ? group->batch : g->n;
  g->best_apart = data->valid.n && data->test.n && group->eval_every && group->eval_every < group->steps;
  g->gather = (struct gather){.data = data, .p = p, .batch = g->batch, .ldb = round_up(g->batch, 16), .ldx = data->train.stride};
  g->ws = (struct workspace){.net = &g->net, .loss = group->loss, .p = p, .lanes = g->batch > EVALUATE_BLOCK ? g->batch : EVALUATE_BLOCK};
  g->last_progress_s = seconds(CLOCK_MONOTONIC);
  void *replicas = NULL;
  s = mem_new(&replicas, n_replicas, sizeof *g->replica, "replicas", e);
  g->replica = replicas;
  if (!s)
    s = prepare(g, replica, result, e);
  if (!s)
    s = run(g, tuning, e);
  free(replicas);
  free(g);
  return s;
}

enum status train_run(const struct exec *x, const struct train_group *g, const struct train_replica *replica, size_t n_replicas,
                      const struct train_sink *sink, struct train_result *result, struct err *e)
{
  return train_run_tuned(x, g, replica, n_replicas, sink, result, &(struct train_tuning){0}, e);
}

void train_result_free(struct train_result *r)
{
  free(r->weights);
  free(r->distance);
  r->weights = NULL;
  r->distance = NULL;
}

bool train_same_object(const struct object *a, const struct object *b)
{
  if (a == b)
    return true;
  if (!a || !b)
    return false;
  char *x = object_json(a), *y = object_json(b);
  bool same = strcmp(x, y) == 0;
  free(x);
  free(y);
  return same;
}

bool train_groupable(const struct train_group *a, const struct train_group *b)
{
  return a->data == b->data && a->batch == b->batch && a->steps == b->steps && a->order_seed == b->order_seed &&
         a->eval_every == b->eval_every && a->log_every == b->log_every && a->norms == b->norms && a->observe_every == b->observe_every &&
         a->plan == b->plan && a->n_rows == b->n_rows && !a->coupled && !b->coupled && train_same_object(a->model, b->model) && train_same_object(a->loss, b->loss) &&
         train_same_object(a->sampler, b->sampler);
}
