/* train_replica.c: what each replica has for itself: optimizer, schedule, start, mask, rows, replaced example. */
#include "lua/bind/train_int.h"

#include <math.h>

#include "experiments/kernel/mem.h"
#include "experiments/optim/optimizer.h"
#include "experiments/schedules/schedule.h"

/* What says the rate? A schedule of Lua type `type`, lr (nan: none), or both; refuses what does not go together. */
static void check_rate(lua_State *L, const struct train_settings *s, int type, double lr)
{
  if (type == LUA_TNIL && isnan(lr) && train_setting(L, s, "lr") != LUA_TNIL)
    bind_error(L, "train: lr must be a number, got nan");
  if (type == LUA_TNIL && isnan(lr))
    bind_error(L, "train: give a schedule, a rate (lr = 0.1) or a controller");
  if (!isnan(lr) && type != LUA_TNIL && type != LUA_TSTRING)
    bind_error(L, "train: lr goes with the id of a schedule; this schedule has its own peak (use :with{peak = …})");
}

/* A function of (t, T) at `at` becomes the table of its rates. */
static void tabulate(lua_State *L, int at, uint64_t steps)
{
  lua_pushcfunction(L, schedule_tabulate);
  lua_pushvalue(L, at);
  lua_createtable(L, 0, 1);
  lua_pushinteger(L, (lua_Integer)steps);
  lua_setfield(L, -2, "steps");
  lua_call(L, 2, 1);
  lua_replace(L, at);
}

/* The schedule: an object, a function, or an id with `lr` as its peak; `lr` alone is a constant rate. */
static void read_schedule(lua_State *L, const struct train_settings *s, const struct train_request *r, struct replica_parts *p)
{
  struct err e = {0};
  int type = train_setting(L, s, "schedule"), at = lua_gettop(L);
  double lr = train_setting_real(L, s, "lr", NAN);
  if (p->controller.method) {
    if (type != LUA_TNIL || !isnan(lr))
      bind_error(L, "train: a controller chooses the rate itself: leave out schedule and lr");
    lua_pop(L, 1);
    return;
  }
  check_rate(L, s, type, lr);
  if (type == LUA_TFUNCTION)
    tabulate(L, at, r->group.steps);
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
static const struct mat *read_per_weight(lua_State *L, const struct train_settings *s, const char *key,
                                         const struct train_request *r, void **out, size_t size)
{
  struct err e = {0};
  if (train_setting(L, s, key) == LUA_TNIL)
    return NULL;
  const struct lua_matrix *m = matrix_from(L, -1, DTYPE_F32, key);
  if (m->m.rows * m->m.cols != r->net.n_logical)
    bind_error(L, "train: %s needs %zu numbers (the model's weights), got %zu", key, r->net.n_logical, m->m.rows * m->m.cols);
  if (mem_new(out, r->net.n_logical, size, key, &e) != STATUS_OK)
    bind_raise(L, &e);
  return &m->m;
}

static void read_init_and_mask(lua_State *L, const struct train_settings *s, const struct train_request *r, struct replica_parts *p)
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
static void read_replace(lua_State *L, const struct train_settings *s, const struct train_request *r, struct train_replica *t)
{
  static const char *const keys[] = {"at", "by", "by_train", NULL};
  int type = train_setting(L, s, "replace"), at = lua_gettop(L);
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

const struct mat *train_rows_push(lua_State *L, const struct train_settings *s)
{
  if (train_setting(L, s, "rows") == LUA_TNIL)
    return NULL;
  const struct mat *m = &matrix_from(L, -1, DTYPE_F64, "rows")->m;
  if (m->rows * m->cols == 0)
    bind_error(L, "train: rows is empty: it lists training examples, from 1");
  return m;
}

static void read_rows(lua_State *L, const struct train_settings *s, const struct train_request *r, struct replica_parts *p)
{
  struct err e = {0};
  int top = lua_gettop(L);
  const struct mat *m = train_rows_push(L, s);
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

/* keep_losses = true: room for the mini-batch losses, and with `norms` for the norms of their gradients. */
static void read_losses(lua_State *L, const struct train_settings *s, const struct train_request *r, struct replica_parts *p)
{
  struct err e = {0};
  struct series *const kept[] = {&p->loss, &p->norm, &p->norm_l1};
  if (!train_setting_bool(L, s, "keep_losses"))
    return;
  uint64_t every = r->group.log_every;
  if (every == 0)
    bind_error(L, "train: keep_losses keeps the loss of each mini-batch that log_every names: give log_every = 1 for all");
  for (size_t i = 0; i < (r->group.norms ? 3 : 1); i++)
    if (mem_new((void **)&kept[i]->v, (size_t)((r->group.steps - 1) / every + 1), sizeof(double), "losses", &e) != STATUS_OK)
      bind_raise(L, &e);
}

/* keep_evaluations = true: room for those every eval_every updates and the last. */
static void read_evaluations(lua_State *L, const struct train_settings *s, const struct train_request *r, struct replica_parts *p)
{
  struct err e = {0};
  if (!train_setting_bool(L, s, "keep_evaluations"))
    return;
  p->evaluations_room = (size_t)(r->group.eval_every ? r->group.steps / r->group.eval_every : 0) + 1;
  if (mem_new((void **)&p->evaluation, p->evaluations_room, sizeof *p->evaluation, "evaluations", &e) != STATUS_OK)
    bind_raise(L, &e);
}

void train_read_replica(lua_State *L, const struct train_settings *s, struct train_request *r, size_t i)
{
  struct replica_parts *p = &r->parts[i];
  struct train_replica *t = &r->replica[i];
  train_setting_object(L, s, "optimizer", KIND_OPTIMIZER, "sgd", &p->optimizer);
  bool controlled = train_setting_object(L, s, "controller", KIND_CONTROLLER, NULL, &p->controller);
  bool averaged = train_setting_object(L, s, "average", KIND_AVERAGE, NULL, &p->average);
  bool selects = train_setting_object(L, s, "selector", KIND_SELECTOR, NULL, &p->selector);
  bool batched = train_setting_object(L, s, "batching", KIND_BATCHING, NULL, &p->batching);
  read_schedule(L, s, r, p);
  read_init_and_mask(L, s, r, p);
  train_read_layers(L, s, r, p);
  read_replace(L, s, r, t);
  read_rows(L, s, r, p);
  int64_t seed = train_setting_seed(L, s);
  t->optimizer = &p->optimizer;
  t->schedule = controlled ? NULL : &p->schedule;
  t->controller = controlled ? &p->controller : NULL;
  t->batching = batched ? &p->batching : NULL;
  t->average = averaged ? &p->average : NULL;
  t->selector = selects ? &p->selector : NULL;
  t->init_seed = (uint64_t)train_setting_integer(L, s, "init_seed", INT64_MIN, seed);
  t->init = p->init;
  t->layer_rates = p->layer_rates;
  t->mask = p->mask;
  t->keep_weights = train_setting_bool(L, s, "keep_weights");
  t->until_loss = train_setting_real(L, s, "until_loss", 0);
  if (!(t->until_loss >= 0))
    bind_error(L, "train: until_loss must be a number >= 0, got %g", t->until_loss);
  t->skip_test = train_setting_bool(L, s, "skip_test");
  t->rows = p->rows;
  read_losses(L, s, r, p);
  read_evaluations(L, s, r, p);
  train_read_looks(L, s, r, i);
}
