/* train.c: assay.train: a table of settings becomes a request; requests become calls of the engine.
 *
 * Inside a run of an experiment the request is yielded to the scheduler (run.c), which gathers the
 * requests of all runs in hand; those that the engine can train together become replicas of one call. */
#include "experiments/train/train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/optim/optimizer.h"
#include "experiments/registry.h"
#include "experiments/schedules/schedule.h"
#include "lua/bind/origin.h"

#define REQUEST "assay.request"
#define MAX_REPLICAS 100000

struct replica_parts { /* what a replica owns; struct train_replica borrows it */
  struct object optimizer, schedule, controller, average;
  uint32_t *rows;
  double *loss;   /* of the mini-batches, where they are kept: at every log_every updates */
  size_t n_losses;
  float *init;
  uint8_t *mask;
};

struct train_request {
  struct train_group group; /* points to the objects below */
  struct object model, loss, sampler;
  struct dataset *data;
  struct net net;
  size_t n;
  struct train_replica *replica;
  struct replica_parts *parts;
  struct train_result *result;
  uint64_t *checkpoints; /* what group borrows */
  bool many;         /* assay.train_many: a list of results */
  bool diverged_ok;  /* divergence is a result for this script, not a failure */
  long run;          /* index in the batch of runs; -1: not logged */
  char *label;       /* "teacher": metrics are logged as teacher/loss; NULL: none */
  enum status status;
  struct err error;
};

static void free_parts(struct replica_parts *p)
{
  object_free(&p->optimizer);
  object_free(&p->schedule);
  object_free(&p->controller);
  object_free(&p->average);
  free(p->rows);
  free(p->loss);
  free(p->init);
  free(p->mask);
}

static int request_gc(lua_State *L)
{
  struct train_request *r = lua_touserdata(L, 1);
  for (size_t i = 0; i < r->n; i++) {
    if (r->parts)
      free_parts(&r->parts[i]);
    if (r->result)
      train_result_free(&r->result[i]);
  }
  free(r->parts);
  free(r->replica);
  free(r->result);
  free(r->label);
  free(r->checkpoints);
  object_free(&r->model);
  object_free(&r->loss);
  object_free(&r->sampler);
  if (r->data)
    dataset_release(r->data);
  memset(r, 0, sizeof *r);
  return 0;
}

struct train_request *train_request_test(lua_State *L, int at) { return luaL_testudata(L, at, REQUEST); }

/* --- reading the settings ------------------------------------------------------------------------ */

/* Settings are looked up in the replica's own table first (0: none), then in the common one. */
struct settings { int common, own; };

/* Push the value of a key; returns its type. */
static int setting(lua_State *L, const struct settings *s, const char *key)
{
  if (s->own) {
    if (lua_getfield(L, s->own, key) != LUA_TNIL)
      return lua_type(L, -1);
    lua_pop(L, 1);
  }
  return lua_getfield(L, s->common, key);
}

/* Copy the object under a key into *out (an id string makes one); false if there is none and no default. */
static bool read_object(lua_State *L, const struct settings *s, const char *key, enum kind kind, const char *def, struct object *out)
{
  struct err e = {0};
  if (setting(L, s, key) == LUA_TNIL || (lua_isboolean(L, -1) && !lua_toboolean(L, -1))) {
    lua_pop(L, 1);
    if (!def)
      return false;
    lua_pushstring(L, def);
  }
  struct lua_object *o = object_from(L, lua_gettop(L), kind, key);
  if (object_copy(out, &o->o, &e) != STATUS_OK)
    bind_raise(L, &e);
  lua_pop(L, 1);
  return true;
}

static int64_t read_integer(lua_State *L, const struct settings *s, const char *key, int64_t min, int64_t def)
{
  int whole = 1;
  int64_t v = setting(L, s, key) == LUA_TNIL ? def : lua_tointegerx(L, -1, &whole);
  if (!whole || lua_type(L, -1) == LUA_TSTRING)
    bind_error(L, "train: %s must be a whole number, got %s", key, luaL_tolstring(L, -1, NULL));
  if (v < min)
    bind_error(L, "train: %s must be at least %lld, got %lld", key, (long long)min, (long long)v);
  lua_pop(L, 1);
  return v;
}

static double read_real(lua_State *L, const struct settings *s, const char *key, double def)
{
  double v = def;
  if (setting(L, s, key) != LUA_TNIL) {
    if (lua_type(L, -1) != LUA_TNUMBER)
      bind_error(L, "train: %s must be a number, got %s", key, luaL_tolstring(L, -1, NULL));
    v = lua_tonumber(L, -1);
  }
  lua_pop(L, 1);
  return v;
}

static bool read_bool(lua_State *L, const struct settings *s, const char *key)
{
  int type = setting(L, s, key);
  if (type != LUA_TNIL && type != LUA_TBOOLEAN)
    bind_error(L, "train: %s must be true or false, got %s", key, luaL_tolstring(L, -1, NULL));
  bool v = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return v;
}

static enum train_plan read_plan(lua_State *L, const struct settings *s)
{
  const char *word = setting(L, s, "plan") == LUA_TSTRING ? lua_tostring(L, -1) : "auto";
  size_t n = 0;
  char hint[96];
  for (; train_plan_names[n]; n++)
    if (!strcmp(train_plan_names[n], word)) {
      lua_pop(L, 1);
      return (enum train_plan)n;
    }
  bind_error(L, "train: no plan \"%s\" (auto, replica, block, interleaved)%s", word,
             bind_did_you_mean(word, train_plan_names, n, hint, sizeof hint));
}

/* Updates: `steps`, or `epochs` times the number of mini-batches of an epoch. */
static uint64_t read_steps(lua_State *L, const struct settings *s, size_t n, size_t batch)
{
  int64_t steps = read_integer(L, s, "steps", 1, INT64_MAX);
  double epochs = read_real(L, s, "epochs", NAN);
  if ((steps == INT64_MAX) == isnan(epochs))
    bind_error(L, "train: give either steps or epochs");
  if (steps != INT64_MAX)
    return (uint64_t)steps;
  double t = round(epochs * (double)n / (double)batch);
  if (!(epochs > 0) || !(t < 9e15))
    bind_error(L, "train: epochs must be a positive number that makes fewer than 9e15 updates, got %g", epochs);
  return t < 1 ? 1 : (uint64_t)t;
}

static const char *const known[] = {"data", "model", "loss", "optimizer", "schedule", "controller", "average", "sampler", "batch",
    "steps", "epochs", "lr", "seed", "init_seed", "order_seed", "eval_every", "log_every", "plan", "keep_weights", "until_loss", "mask", "init",
    "replace", "rows", "skip_test", "keep_losses", "run", "label", "diverged", NULL};
static const char *const known_many[] = {"replicas", "data", "model", "loss", "optimizer", "schedule", "controller", "average",
    "sampler", "batch", "steps", "epochs", "lr", "seed", "init_seed", "order_seed", "eval_every", "log_every", "plan",
    "keep_weights", "until_loss", "mask", "init", "replace", "rows", "skip_test", "keep_losses", "coupled", "checkpoints", "diverged", NULL};
static const char *const known_replica[] = {"optimizer", "schedule", "controller", "average", "lr", "init_seed",
    "keep_weights", "until_loss", "mask", "init", "replace", "rows", "skip_test", "keep_losses", NULL};

/* The run that the training belongs to: `run = false` logs nowhere. */
static void read_run(lua_State *L, const struct settings *s, struct train_request *r)
{
  int type = setting(L, s, "run");
  r->run = run_current(L);
  if (type == LUA_TBOOLEAN && !lua_toboolean(L, -1))
    r->run = -1;
  else if (type != LUA_TNIL && !luaL_testudata(L, -1, BIND_RUN))
    bind_error(L, "train: run is the run of an experiment or false, got %s", luaL_typename(L, -1));
  lua_pop(L, 1);
  if (setting(L, s, "label") == LUA_TSTRING)
    r->label = xstrdup(lua_tostring(L, -1));
  lua_pop(L, 1);
  type = setting(L, s, "diverged");
  r->diverged_ok = type == LUA_TSTRING && !strcmp(lua_tostring(L, -1), "ok");
  if (type != LUA_TNIL && !r->diverged_ok)
    bind_error(L, "train: diverged may be \"ok\" (a divergence is a result, not a failure), got %s", luaL_tolstring(L, -1, NULL));
  lua_pop(L, 1);
}

/* The seed of everything: given, else the run's own, else 0. */
static uint64_t default_seed(lua_State *L)
{
  int64_t seed = run_seed(bind_host(L), run_current(L));
  return seed == INT64_MIN ? 0 : (uint64_t)seed;
}

/* Push the rows that a replica trains on, as one matrix; NULL: all. */
static const struct mat *push_rows(lua_State *L, const struct settings *s)
{
  if (setting(L, s, "rows") == LUA_TNIL)
    return NULL;
  const struct mat *m = &matrix_from(L, -1, DTYPE_F64, "rows")->m;
  if (m->rows * m->cols == 0)
    bind_error(L, "train: rows is empty: it lists training examples, from 1");
  return m;
}

/* How many rows a replica of the group has: what the common settings say, or the first replica. */
static size_t count_rows(lua_State *L, const struct settings *s, const struct train_request *r)
{
  int top = lua_gettop(L);
  struct settings first = *s;
  if (r->many && lua_getfield(L, s->common, "replicas") == LUA_TTABLE && lua_geti(L, -1, 1) == LUA_TTABLE)
    first.own = lua_gettop(L);
  const struct mat *m = push_rows(L, &first);
  size_t n = m ? m->rows * m->cols : 0;
  if (n > r->data->train.n)
    bind_error(L, "train: rows lists %zu examples, but the training part has %zu", n, r->data->train.n);
  lua_settop(L, top);
  return n;
}

static void read_rows(lua_State *L, const struct settings *s, const struct train_request *r, struct replica_parts *p)
{
  struct err e = {0};
  int top = lua_gettop(L);
  const struct mat *m = push_rows(L, s);
  size_t n = m ? m->rows * m->cols : 0;
  if (n != r->group.n_rows)
    bind_error(L, "train: every replica needs as many rows as the first (%zu), got %zu", r->group.n_rows, n);
  if (n && mem_new((void **)&p->rows, n, sizeof *p->rows, "rows", &e) != STATUS_OK)
    bind_raise(L, &e);
  for (size_t i = 0; i < n; i++) {
    double v = mat_get(m, i / m->cols, i % m->cols);
    if (!(v >= 1 && v <= (double)r->data->train.n && v == floor(v)))
      bind_error(L, "train: rows holds %g; it lists training examples, 1 to %zu", v, r->data->train.n);
    p->rows[i] = (uint32_t)v - 1;
  }
  lua_settop(L, top);
}

/* The numbers of updates at which distances to the base are taken; the engine checks their order. */
static void read_checkpoints(lua_State *L, const struct settings *s, struct train_request *r)
{
  struct err e = {0};
  int top = lua_gettop(L);
  r->group.coupled = read_bool(L, s, "coupled");
  if (setting(L, s, "checkpoints") != LUA_TNIL) {
    const struct mat *m = &matrix_from(L, -1, DTYPE_F64, "checkpoints")->m;
    size_t n = m->rows * m->cols;
    if (mem_new((void **)&r->checkpoints, n, sizeof *r->checkpoints, "checkpoints", &e) != STATUS_OK)
      bind_raise(L, &e);
    for (size_t i = 0; i < n; i++) {
      double v = mat_get(m, i / m->cols, i % m->cols);
      if (!(v >= 1 && v < 9e15 && v == floor(v)))
        bind_error(L, "train: checkpoints holds %g; it lists numbers of updates", v);
      r->checkpoints[i] = (uint64_t)v;
    }
    r->group.checkpoints = r->checkpoints;
    r->group.n_checkpoints = n;
  }
  lua_settop(L, top);
}

static void read_group(lua_State *L, const struct settings *s, struct train_request *r)
{
  struct err e = {0};
  if (setting(L, s, "data") == LUA_TNIL)
    bind_error(L, "train: data is missing: data = assay.data(id)");
  r->data = dataset_retain(data_get(L, object_from(L, lua_gettop(L), KIND_DATA, "data")));
  lua_pop(L, 1);
  if (!read_object(L, s, "model", KIND_MODEL, NULL, &r->model))
    bind_error(L, "train: model is missing: model = assay.model(id, {…})");
  read_object(L, s, "loss", KIND_LOSS, r->data->task == TASK_CLASSES ? "cross-entropy" : "squared", &r->loss);
  read_object(L, s, "sampler", KIND_SAMPLER, "random-reshuffling", &r->sampler);
  size_t n_rows = count_rows(L, s, r), n = n_rows ? n_rows : r->data->train.n;
  size_t batch = (size_t)read_integer(L, s, "batch", 1, 64);
  batch = batch > n ? n : batch;
  uint64_t steps = read_steps(L, s, n, batch);
  read_run(L, s, r);
  int64_t seed = read_integer(L, s, "seed", INT64_MIN, (int64_t)default_seed(L));
  r->group = (struct train_group){
      .data = r->data, .model = &r->model, .loss = &r->loss, .sampler = &r->sampler, .batch = batch, .steps = steps,
      .order_seed = (uint64_t)read_integer(L, s, "order_seed", INT64_MIN, seed),
      .eval_every = (uint64_t)read_integer(L, s, "eval_every", 0, 0),
      .log_every = (uint64_t)read_integer(L, s, "log_every", 0, r->run >= 0 ? (int64_t)((steps + 99) / 100) : 0),
      .plan = read_plan(L, s), .n_rows = n_rows};
  if (r->many)
    read_checkpoints(L, s, r);
  if (model_build(&r->net, &r->model, &r->loss, r->data, &e) != STATUS_OK)
    bind_raise(L, &e);
}

/* The schedule: an object, or an id with `lr` as its peak; `lr` alone is a constant rate. */
static void read_schedule(lua_State *L, const struct settings *s, const struct train_request *r, struct replica_parts *p)
{
  struct err e = {0};
  int type = setting(L, s, "schedule"), at = lua_gettop(L);
  double lr = read_real(L, s, "lr", NAN);
  if (p->controller.method) {
    if (type != LUA_TNIL || !isnan(lr))
      bind_error(L, "train: a controller chooses the rate itself: leave out schedule and lr");
    lua_pop(L, 1);
    return;
  }
  if (type == LUA_TNIL && isnan(lr) && setting(L, s, "lr") != LUA_TNIL)
    bind_error(L, "train: lr must be a number, got nan");
  if (type == LUA_TNIL && isnan(lr))
    bind_error(L, "train: give a schedule, a rate (lr = 0.1) or a controller");
  if (!isnan(lr) && type != LUA_TNIL && type != LUA_TSTRING)
    bind_error(L, "train: lr goes with the id of a schedule; this schedule has its own peak (use :with{peak = …})");
  const char *id = type == LUA_TSTRING ? lua_tostring(L, at) : "constant";
  if (!isnan(lr)) {
    lua_newtable(L);
    lua_pushnumber(L, lr);
    lua_setfield(L, -2, "peak");
    object_build(L, KIND_SCHEDULE, id, lua_gettop(L));
    lua_replace(L, at);
  }
  struct lua_object *o = object_from(L, at, KIND_SCHEDULE, "schedule");
  if (object_copy(&p->schedule, &o->o, &e) != STATUS_OK || schedule_check(&p->schedule, (int64_t)r->group.steps, &e) != STATUS_OK)
    bind_raise(L, &e);
  lua_settop(L, at - 1);
}

/* Numbers for every weight, from a matrix or list: into new memory of n_logical items of `size` bytes. */
static const struct mat *read_per_weight(lua_State *L, const struct settings *s, const char *key, const struct train_request *r,
                                         void **out, size_t size)
{
  struct err e = {0};
  if (setting(L, s, key) == LUA_TNIL)
    return NULL;
  const struct lua_matrix *m = matrix_from(L, -1, DTYPE_F32, key);
  if (m->m.rows * m->m.cols != r->net.n_logical)
    bind_error(L, "train: %s needs %zu numbers (the model's weights), got %zu", key, r->net.n_logical, m->m.rows * m->m.cols);
  if (mem_new(out, r->net.n_logical, size, key, &e) != STATUS_OK)
    bind_raise(L, &e);
  return &m->m;
}

static void read_init_and_mask(lua_State *L, const struct settings *s, const struct train_request *r, struct replica_parts *p)
{
  int top = lua_gettop(L);
  const struct mat *m = read_per_weight(L, s, "init", r, (void **)&p->init, sizeof *p->init);
  for (size_t i = 0; m && i < r->net.n_logical; i++)
    p->init[i] = (float)mat_get(m, i / m->cols, i % m->cols);
  m = read_per_weight(L, s, "mask", r, (void **)&p->mask, sizeof *p->mask);
  for (size_t i = 0; m && i < r->net.n_logical; i++) {
    double v = mat_get(m, i / m->cols, i % m->cols);
    if (v < 0 || v > 1 || v != floor(v))
      bind_error(L, "train: mask holds %g at weight %zu; it must be 0 (fixed at zero) or 1 (trained)", v, i + 1);
    p->mask[i] = v > 0;
  }
  lua_settop(L, top);
}

/* replace = {at = i, by = j}: example i of the training part becomes example j of the test part (from 1), or with
 * by_train = j of the training part. */
static void read_replace(lua_State *L, const struct settings *s, const struct train_request *r, struct train_replica *t)
{
  static const char *const keys[] = {"at", "by", "by_train", NULL};
  int type = setting(L, s, "replace"), at = lua_gettop(L);
  if (type != LUA_TNIL) {
    if (type != LUA_TTABLE)
      bind_error(L, "train: replace is a table {at = example, by = test example}, got %s", luaL_typename(L, at));
    bind_check_keys(L, at, "replace", keys);
    lua_getfield(L, at, "at");
    lua_getfield(L, at, "by");
    t->replace = true;
    t->replace_at = bind_size_arg(L, at + 1, "replace.at", 1, r->data->train.n) - 1;
    t->replace_from_train = lua_getfield(L, at, "by_train") != LUA_TNIL;
    if (t->replace_from_train == !lua_isnil(L, at + 2))
      bind_error(L, "train: replace needs by = a test example or by_train = a training example");
    t->replace_by = t->replace_from_train ? bind_size_arg(L, at + 3, "replace.by_train", 1, r->data->train.n) - 1
                                          : bind_size_arg(L, at + 2, "replace.by", 1, r->data->test.n) - 1;
  }
  lua_settop(L, at - 1);
}

/* keep_losses = true: room for the mini-batch losses. */
static void read_losses(lua_State *L, const struct settings *s, const struct train_request *r, struct replica_parts *p)
{
  struct err e = {0};
  if (!read_bool(L, s, "keep_losses"))
    return;
  uint64_t every = r->group.log_every;
  if (every == 0)
    bind_error(L, "train: keep_losses keeps the loss of each mini-batch that log_every names: give log_every = 1 for all");
  if (mem_new((void **)&p->loss, (size_t)((r->group.steps - 1) / every + 1), sizeof *p->loss, "losses", &e) != STATUS_OK)
    bind_raise(L, &e);
}

static void read_replica(lua_State *L, const struct settings *s, struct train_request *r, size_t i)
{
  struct replica_parts *p = &r->parts[i];
  struct train_replica *t = &r->replica[i];
  read_object(L, s, "optimizer", KIND_OPTIMIZER, "sgd", &p->optimizer);
  bool controlled = read_object(L, s, "controller", KIND_CONTROLLER, NULL, &p->controller);
  bool averaged = read_object(L, s, "average", KIND_AVERAGE, NULL, &p->average);
  read_schedule(L, s, r, p);
  read_init_and_mask(L, s, r, p);
  read_replace(L, s, r, t);
  read_rows(L, s, r, p);
  int64_t seed = read_integer(L, s, "seed", INT64_MIN, (int64_t)default_seed(L));
  t->optimizer = &p->optimizer;
  t->schedule = controlled ? NULL : &p->schedule;
  t->controller = controlled ? &p->controller : NULL;
  t->average = averaged ? &p->average : NULL;
  t->init_seed = (uint64_t)read_integer(L, s, "init_seed", INT64_MIN, seed);
  t->init = p->init;
  t->mask = p->mask;
  t->keep_weights = read_bool(L, s, "keep_weights");
  t->until_loss = read_real(L, s, "until_loss", 0);
  if (!(t->until_loss >= 0))
    bind_error(L, "train: until_loss must be a number >= 0, got %g", t->until_loss);
  t->skip_test = read_bool(L, s, "skip_test");
  t->rows = p->rows;
  read_losses(L, s, r, p);
}

static void make_room(struct train_request *r, size_t n)
{
  r->parts = xcalloc(n, sizeof *r->parts);
  r->replica = xcalloc(n, sizeof *r->replica);
  r->result = xcalloc(n, sizeof *r->result);
  r->n = n;
}

/* The request that the table at index 1 describes; pushed as index 2. */
static struct train_request *read_request(lua_State *L, bool many)
{
  const char *name = many ? "train_many" : "train";
  if (!lua_istable(L, 1))
    bind_error(L, "assay.%s takes one table: {data = …, model = …, steps = …, …}, got %s", name, luaL_typename(L, 1));
  lua_settop(L, 1);
  bind_check_keys(L, 1, name, many ? known_many : known);
  struct train_request *r = lua_newuserdatauv(L, sizeof *r, 0);
  memset(r, 0, sizeof *r);
  r->many = many;
  luaL_setmetatable(L, REQUEST);
  read_group(L, &(struct settings){1, 0}, r);
  if (!many) {
    make_room(r, 1);
    read_replica(L, &(struct settings){1, 0}, r, 0);
    return r;
  }
  if (lua_getfield(L, 1, "replicas") != LUA_TTABLE || lua_rawlen(L, 3) == 0 || lua_rawlen(L, 3) > MAX_REPLICAS)
    bind_error(L, "train_many: replicas must be a list of 1 to %d tables", MAX_REPLICAS);
  make_room(r, lua_rawlen(L, 3));
  for (size_t i = 0; i < r->n; i++) {
    if (lua_geti(L, 3, (lua_Integer)i + 1) != LUA_TTABLE)
      bind_error(L, "train_many: replica %zu is a %s, not a table", i + 1, luaL_typename(L, 4));
    bind_check_keys(L, 4, "a replica", known_replica);
    read_replica(L, &(struct settings){1, 4}, r, i);
    lua_settop(L, 3);
  }
  lua_settop(L, 2);
  return r;
}

/* --- executing ----------------------------------------------------------------------------------- */

struct origin { struct train_request *request; size_t at; }; /* whose replica it is */
struct gathering {
  struct lua_host *h;
  struct origin *origin;
};

static void on_metric(void *self, size_t replica, enum train_metric m, uint64_t step, double value)
{
  const struct gathering *g = self;
  const struct train_request *r = g->origin[replica].request;
  struct replica_parts *p = &r->parts[g->origin[replica].at];
  if (m == TRAIN_LOSS && p->loss && step % r->group.log_every == 0)
    p->loss[p->n_losses++] = value;
  if (r->run < 0 || r->many)
    return;
  const char *name = train_metric_name(m);
  char labelled[160];
  if (r->label) {
    snprintf(labelled, sizeof labelled, "%s/%s", r->label, name);
    name = labelled;
  }
  run_log(g->h, r->run, name, (int64_t)step, value);
}

static void on_progress(void *self, size_t replica, uint64_t step)
{
  const struct gathering *g = self;
  const struct train_request *r = g->origin[replica].request;
  if (r->run >= 0)
    run_progress(g->h, r->run, (double)step / (double)r->group.steps);
}

static void forget_results(struct train_request *const *requests, size_t n)
{
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < requests[i]->n; k++) {
      train_result_free(&requests[i]->result[k]);
      requests[i]->result[k] = (struct train_result){0};
      requests[i]->parts[k].n_losses = 0;
    }
}

/* Train the replicas of these requests, which share a group, in one call. */
static void train_together(struct lua_host *h, struct train_request *const *requests, size_t n)
{
  size_t total = 0, at = 0;
  for (size_t i = 0; i < n; i++)
    total += requests[i]->n;
  struct train_replica *replica = xcalloc(total, sizeof *replica);
  struct train_result *result = xcalloc(total, sizeof *result);
  struct gathering g = {.h = h, .origin = xcalloc(total, sizeof *g.origin)};
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < requests[i]->n; k++, at++) {
      replica[at] = requests[i]->replica[k];
      g.origin[at] = (struct origin){requests[i], k};
    }
  struct train_sink sink = {.self = &g, .metric = on_metric, .progress = on_progress};
  struct err e = {0};
  enum status status = train_run(&h->exec, &requests[0]->group, replica, total, &sink, result, &e);
  for (size_t i = 0; i < total; i++)
    g.origin[i].request->result[g.origin[i].at] = result[i];
  for (size_t i = 0; i < n; i++) {
    requests[i]->status = status;
    requests[i]->error = e;
    requests[i]->error.code = status;
  }
  free(replica);
  free(result);
  free(g.origin);
}

/* The engine refused the whole call: perhaps one request is to blame, so each gets a call of its own. */
static void train_one_by_one(struct lua_host *h, struct train_request *const *requests, size_t n)
{
  forget_results(requests, n);
  for (size_t i = 0; i < n; i++)
    train_together(h, &requests[i], 1);
}

void train_execute(struct lua_host *h, struct train_request *const *requests, size_t n)
{
  bool *done = xcalloc(n + 1, sizeof *done);
  struct train_request **together = xcalloc(n + 1, sizeof(struct train_request *));
  for (size_t i = 0; i < n; i++) {
    if (done[i])
      continue;
    size_t m = 0;
    for (size_t j = i; j < n; j++)
      if (!done[j] && (j == i || train_groupable(&requests[i]->group, &requests[j]->group))) {
        done[j] = true;
        together[m++] = requests[j];
      }
    train_together(h, together, m);
    if (m > 1 && requests[i]->status != STATUS_OK && requests[i]->status != STATUS_CANCELLED)
      train_one_by_one(h, together, m);
  }
  free(done);
  free(together);
}

/* --- results ------------------------------------------------------------------------------------- */

static void set_number(lua_State *L, const char *key, double v)
{
  lua_pushnumber(L, v);
  lua_setfield(L, -2, key);
}

static void set_distances(lua_State *L, const struct train_request *r, const struct train_result *t)
{
  if (!t->distance)
    return;
  lua_createtable(L, (int)r->group.n_checkpoints, 0);
  for (size_t i = 0; i < r->group.n_checkpoints; i++) {
    lua_pushnumber(L, t->distance[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "distances");
}

static void set_losses(lua_State *L, const struct replica_parts *p)
{
  struct err e = {0};
  if (!p->loss)
    return;
  struct lua_matrix *m = matrix_push(L);
  if (mat_new(&m->m, DTYPE_F64, 1, p->n_losses, &e) != STATUS_OK)
    bind_raise(L, &e);
  matrix_account(L, m);
  memcpy(m->m.data, p->loss, p->n_losses * sizeof *p->loss);
  lua_setfield(L, -2, "losses");
}

/* Where the weights of a replica come from; pushed. */
static void push_origin(lua_State *L, const struct train_request *r, size_t i)
{
  struct err e = {0};
  const struct train_replica *how = &r->replica[i];
  struct weights_origin *o = origin_push(L);
  enum status s = object_copy(&o->model, &r->model, &e);
  s = s ? s : object_copy(&o->loss, &r->loss, &e);
  s = s || !how->init ? s : mem_new((void **)&o->init, r->net.n_logical, sizeof *o->init, "weights at the start", &e);
  if (s != STATUS_OK)
    bind_raise(L, &e);
  if (how->init)
    memcpy(o->init, how->init, r->net.n_logical * sizeof *o->init);
  o->data = dataset_retain(r->data);
  o->init_seed = how->init_seed;
  o->used = how->rows ? 0 : r->data->train.n;
  for (size_t k = 0; how->rows && k < r->group.n_rows; k++)
    o->used = how->rows[k] >= o->used ? (size_t)how->rows[k] + 1 : o->used;
  o->apart = !how->init && !how->mask && !how->replace;
}

static void set_weights(lua_State *L, const struct train_request *r, size_t i)
{
  struct err e = {0};
  const struct train_result *t = &r->result[i];
  if (!t->weights)
    return;
  struct lua_matrix *w = matrix_push(L);
  if (mat_new(&w->m, DTYPE_F32, 1, r->net.n_logical, &e) != STATUS_OK)
    bind_raise(L, &e);
  matrix_account(L, w);
  memcpy(w->m.data, t->weights, r->net.n_logical * sizeof(float));
  push_origin(L, r, i);
  origin_attach(L);
  lua_setfield(L, -2, "weights");
}

/* Fields of parts that the data lacks, and of an average that was not asked for, are left out. */
static void push_result(lua_State *L, const struct train_request *r, size_t i)
{
  const struct train_result *t = &r->result[i];
  lua_newtable(L);
  luaL_setmetatable(L, BIND_TRAINING);
  set_number(L, "train_loss", t->train_loss);
  bool average = r->replica[i].average != NULL;
  if (r->data->valid.n) {
    set_number(L, "val_loss", t->valid_loss);
    set_number(L, "val_error", t->valid_error);
    set_number(L, "best_val_loss", t->best_valid_loss);
    set_number(L, "best_val_error", t->best_valid_error);
    lua_pushinteger(L, (lua_Integer)t->best_step);
    lua_setfield(L, -2, "best_step");
  }
  if (r->data->test.n && !r->replica[i].skip_test) {
    set_number(L, "test_loss", t->test_loss);
    set_number(L, "test_error", t->test_error);
  }
  if (r->data->test.n && r->data->valid.n && !r->replica[i].skip_test)
    set_number(L, "best_test_error", t->best_test_error);
  if (average && r->data->valid.n) {
    set_number(L, "avg_val_loss", t->average_valid_loss);
    set_number(L, "avg_val_error", t->average_valid_error);
  }
  if (average && r->data->test.n && !r->replica[i].skip_test) {
    set_number(L, "avg_test_loss", t->average_test_loss);
    set_number(L, "avg_test_error", t->average_test_error);
  }
  set_number(L, "cost", t->cost);
  set_number(L, "wall_s", t->wall_s);
  set_number(L, "cpu_s", t->cpu_s);
  lua_pushinteger(L, (lua_Integer)t->steps_done);
  lua_setfield(L, -2, "steps");
  if (r->replica[i].until_loss > 0) {
    lua_pushboolean(L, t->reached);
    lua_setfield(L, -2, "reached");
  }
  lua_pushboolean(L, t->status == STATUS_DIVERGED);
  lua_setfield(L, -2, "diverged");
  if (t->status == STATUS_DIVERGED) {
    lua_pushinteger(L, (lua_Integer)t->steps_done);
    lua_setfield(L, -2, "diverged_at");
    lua_pushstring(L, t->error.message);
    lua_setfield(L, -2, "message");
  }
  set_distances(L, r, t);
  set_losses(L, &r->parts[i]);
  set_weights(L, r, i);
}

/* What went wrong with a request, if anything: its own status, then its replicas'. */
static enum status failure(const struct train_request *r, const struct err **e)
{
  *e = &r->error;
  if (r->status != STATUS_OK)
    return r->status;
  for (size_t i = 0; i < r->n; i++)
    if (r->result[i].status != STATUS_OK && r->result[i].status != STATUS_DIVERGED) {
      *e = &r->result[i].error;
      return r->result[i].status;
    }
  return STATUS_OK;
}

/* The request (index 2) has been executed: push its results, or raise. */
static int finish(lua_State *L, int status, lua_KContext context)
{
  (void)status;
  (void)context;
  const struct train_request *r = lua_touserdata(L, 2);
  struct lua_host *h = bind_host(L);
  const struct err *e;
  long run = run_current(L);
  if (failure(r, &e) != STATUS_OK)
    bind_raise(L, e);
  for (size_t i = 0; i < r->n; i++) {
    run_add_time(h, run, r->result[i].wall_s, r->result[i].cpu_s);
    if (r->result[i].status == STATUS_DIVERGED && !r->diverged_ok)
      run_note_divergence(h, run, r->result[i].error.message);
  }
  if (!r->many) {
    push_result(L, r, 0);
    return 1;
  }
  lua_createtable(L, (int)r->n, 0);
  for (size_t i = 0; i < r->n; i++) {
    push_result(L, r, i);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int train(lua_State *L, bool many)
{
  struct train_request *r = read_request(L, many);
  if (run_owns(L)) {
    lua_pushvalue(L, 2);
    return lua_yieldk(L, 1, 0, finish);
  }
  struct train_request *one[] = {r};
  train_execute(bind_host(L), one, 1);
  return finish(L, LUA_OK, 0);
}

static int train_single(lua_State *L) { return train(L, false); }
static int train_many(lua_State *L) { return train(L, true); }

static int training_tostring(lua_State *L)
{
  static const char *const shown[] = {"train_loss", "val_error", "test_error", "steps", NULL};
  struct text *t = text_push(L);
  lua_getfield(L, 1, "diverged");
  text_add(t, lua_toboolean(L, -1) ? "training (diverged)" : "training");
  for (size_t i = 0; shown[i]; i++)
    if (lua_getfield(L, 1, shown[i]) == LUA_TNUMBER)
      text_format(t, "  %s %.6g", shown[i], lua_tonumber(L, -1));
  lua_pushlstring(L, t->s, t->n);
  return 1;
}

void train_open(lua_State *L)
{
  static const luaL_Reg request[] = {{"__gc", request_gc}, {NULL, NULL}};
  static const luaL_Reg training[] = {{"__tostring", training_tostring}, {NULL, NULL}};
  static const struct function_row rows[] = {
      {"train", train_single,
       "assay.train{data =, model =, steps = or epochs =, schedule = or lr = or controller =, …}",
       "Train a model. Also: loss, optimizer (sgd), average, sampler (random-reshuffling), batch (64), seed, init_seed, order_seed, "
       "eval_every, log_every, plan, keep_weights, until_loss (stop after the first epoch of at most this mean loss), init, mask, rows "
       "(the training examples to use), replace ({at =, by =} a test example, or by_train =), skip_test, keep_losses (those of "
       "mini-batches, every log_every updates), run, label, diverged (\"ok\": a result, not a failure). "
       "Returns train_loss, val_loss, val_error, test_loss, test_error, best_…, avg_…, cost, steps, wall_s, cpu_s, diverged, weights "
       "(which remember model, data, loss and start: probes and bounds take the result as their subject)."},
      {"train_many", train_many, "assay.train_many{replicas = {{lr = 0.1}, {lr = 0.2}}, data =, model =, …}",
       "Train several replicas in one call; each may have its own optimizer, schedule, lr, controller, average, init_seed, init, mask, "
       "rows, replace. A list of results as of assay.train. coupled = true: the first is the base of neighbours with one example "
       "replaced; `distances` are those to the base after each of `checkpoints` (numbers of updates)."},
      {0}};
  bind_metatable(L, REQUEST, request, NULL);
  bind_metatable(L, BIND_TRAINING, training, NULL);
  bind_functions(L, rows);
}
