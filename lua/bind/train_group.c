/* train_group.c: what the replicas of a request share: data, model, loss, sampler, length, logging, run. */
#include "lua/bind/train_int.h"

#include <math.h>
#include <string.h>

#include "experiments/kernel/mem.h"

static enum train_plan read_plan(lua_State *L, const struct train_settings *s)
{
  const char *word = train_setting(L, s, "plan") == LUA_TSTRING ? lua_tostring(L, -1) : "auto";
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
static uint64_t read_steps(lua_State *L, const struct train_settings *s, size_t n, size_t batch)
{
  int64_t steps = train_setting_integer(L, s, "steps", 1, INT64_MAX);
  double epochs = train_setting_real(L, s, "epochs", NAN);
  if ((steps == INT64_MAX) == isnan(epochs))
    bind_error(L, "train: give either steps or epochs");
  if (steps != INT64_MAX)
    return (uint64_t)steps;
  double t = round(epochs * (double)n / (double)batch);
  if (!(epochs > 0) || !(t < 9e15))
    bind_error(L, "train: epochs must be a positive number that makes fewer than 9e15 updates, got %g", epochs);
  return t < 1 ? 1 : (uint64_t)t;
}

/* The run that the training belongs to, and its name there: `run = false` logs nowhere. */
static void read_run(lua_State *L, const struct train_settings *s, struct train_request *r)
{
  int type = train_setting(L, s, "run");
  r->run = run_current(L);
  if (type == LUA_TBOOLEAN && !lua_toboolean(L, -1))
    r->run = -1;
  else if (type != LUA_TNIL && !luaL_testudata(L, -1, BIND_RUN))
    bind_error(L, "train: run is the run of an experiment or false, got %s", luaL_typename(L, -1));
  lua_pop(L, 1);
  if (train_setting(L, s, "label") == LUA_TSTRING)
    r->label = xstrdup(lua_tostring(L, -1));
  lua_pop(L, 1);
}

static void read_diverged(lua_State *L, const struct train_settings *s, struct train_request *r)
{
  int type = train_setting(L, s, "diverged");
  r->diverged_ok = type == LUA_TSTRING && !strcmp(lua_tostring(L, -1), "ok");
  if (type != LUA_TNIL && !r->diverged_ok)
    bind_error(L, "train: diverged may be \"ok\" (a divergence is a result, not a failure), got %s", luaL_tolstring(L, -1, NULL));
  lua_pop(L, 1);
}

/* How many rows a replica of the group has: what the common settings say, or the first replica. */
static size_t count_rows(lua_State *L, const struct train_settings *s, const struct train_request *r)
{
  int top = lua_gettop(L);
  struct train_settings first = *s;
  if (r->many && lua_getfield(L, s->common, "replicas") == LUA_TTABLE && lua_geti(L, -1, 1) == LUA_TTABLE)
    first.own = lua_gettop(L);
  const struct mat *m = train_rows_push(L, &first);
  size_t n = m ? m->rows * m->cols : 0;
  if (n > r->data->train.n)
    bind_error(L, "train: rows lists %zu examples, but the training part has %zu", n, r->data->train.n);
  lua_settop(L, top);
  return n;
}

/* The numbers of updates at which distances to the base are taken; the engine checks their order. */
static void read_checkpoints(lua_State *L, const struct train_settings *s, struct train_request *r)
{
  struct err e = {0};
  int top = lua_gettop(L);
  r->group.coupled = train_setting_bool(L, s, "coupled");
  if (train_setting(L, s, "checkpoints") != LUA_TNIL) {
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

static void read_objects(lua_State *L, const struct train_settings *s, struct train_request *r)
{
  if (train_setting(L, s, "data") == LUA_TNIL)
    bind_error(L, "train: data is missing: data = assay.data(id)");
  r->data = dataset_retain(data_get(L, object_from(L, lua_gettop(L), KIND_DATA, "data")));
  lua_pop(L, 1);
  if (!train_setting_object(L, s, "model", KIND_MODEL, NULL, &r->model))
    bind_error(L, "train: model is missing: model = assay.model(id, {…})");
  train_setting_object(L, s, "loss", KIND_LOSS, r->data->task == TASK_CLASSES ? "cross-entropy" : "squared", &r->loss);
  train_setting_object(L, s, "sampler", KIND_SAMPLER, "random-reshuffling", &r->sampler);
}

void train_read_group(lua_State *L, const struct train_settings *s, struct train_request *r)
{
  struct err e = {0};
  read_objects(L, s, r);
  size_t n_rows = count_rows(L, s, r), n = n_rows ? n_rows : r->data->train.n;
  size_t batch = (size_t)train_setting_integer(L, s, "batch", 1, 64);
  batch = batch > n ? n : batch;
  uint64_t steps = read_steps(L, s, n, batch);
  read_run(L, s, r);
  read_diverged(L, s, r);
  int64_t seed = train_setting_seed(L, s);
  r->group = (struct train_group){
      .data = r->data, .model = &r->model, .loss = &r->loss, .sampler = &r->sampler, .batch = batch, .steps = steps,
      .order_seed = (uint64_t)train_setting_integer(L, s, "order_seed", INT64_MIN, seed),
      .eval_every = (uint64_t)train_setting_integer(L, s, "eval_every", 0, 0),
      .log_every = (uint64_t)train_setting_integer(L, s, "log_every", 0, r->run >= 0 ? (int64_t)((steps + 99) / 100) : 0),
      .norms = train_setting_bool(L, s, "norms"), .plan = read_plan(L, s), .n_rows = n_rows};
  if (r->group.norms && r->group.log_every == 0)
    bind_error(L, "train: norms reports the norms of each mini-batch gradient that log_every names: give log_every = 1 for all");
  train_read_probes(L, s, r);
  if (r->many)
    read_checkpoints(L, s, r);
  if (model_build(&r->net, &r->model, &r->loss, r->data, &e) != STATUS_OK)
    bind_raise(L, &e);
}
