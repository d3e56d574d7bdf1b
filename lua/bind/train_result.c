/* train_result.c: what a replica's training returned, as a table: figures, losses, distances, weights with their origin. */
#include "lua/bind/train_int.h"

#include <math.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "lua/bind/origin.h"

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

static void set_series(lua_State *L, const char *key, const struct series *s)
{
  struct err e = {0};
  if (!s->v)
    return;
  struct lua_matrix *m = matrix_push(L);
  if (mat_new(&m->m, DTYPE_F64, 1, s->n, &e) != STATUS_OK)
    bind_raise(L, &e);
  matrix_account(L, m);
  if (s->n)
    memcpy(m->m.data, s->v, s->n * sizeof *s->v);
  lua_setfield(L, -2, key);
}

static void set_evaluations(lua_State *L, const struct replica_parts *p)
{
  if (!p->evaluation)
    return;
  lua_createtable(L, (int)p->n_evaluations, 0);
  for (size_t i = 0; i < p->n_evaluations; i++) {
    const struct evaluation *v = &p->evaluation[i];
    lua_createtable(L, 0, 4);
    lua_pushinteger(L, (lua_Integer)v->step);
    lua_setfield(L, -2, "step");
    for (int m = 1; m < TRAIN_METRICS; m++)
      if (!isnan(v->of[m]))
        set_number(L, train_metric_name((enum train_metric)m), v->of[m]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "evaluations");
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

static void set_integer(lua_State *L, const char *key, uint64_t v)
{
  lua_pushinteger(L, (lua_Integer)v);
  lua_setfield(L, -2, key);
}

static void set_bool(lua_State *L, const char *key, bool v)
{
  lua_pushboolean(L, v);
  lua_setfield(L, -2, key);
}

/* Losses and errors. Those of parts that the data lacks, and of an average that was not asked for, are left out. */
static void set_figures(lua_State *L, const struct train_request *r, size_t i)
{
  const struct train_result *t = &r->result[i];
  bool valid = r->data->valid.n > 0, test = r->data->test.n > 0 && !r->replica[i].skip_test;
  set_number(L, "train_loss", t->train_loss);
  if (valid) {
    set_number(L, "val_loss", t->valid_loss);
    set_number(L, "val_error", t->valid_error);
    set_number(L, "best_val_loss", t->best_valid_loss);
    set_number(L, "best_val_error", t->best_valid_error);
    set_integer(L, "best_step", t->best_step);
  }
  if (test) {
    set_number(L, "test_loss", t->test_loss);
    set_number(L, "test_error", t->test_error);
  }
  if (test && valid)
    set_number(L, "best_test_error", t->best_test_error);
}

static void set_average_figures(lua_State *L, const struct train_request *r, size_t i)
{
  const struct train_result *t = &r->result[i];
  if (!r->replica[i].average)
    return;
  if (r->data->valid.n) {
    set_number(L, "avg_val_loss", t->average_valid_loss);
    set_number(L, "avg_val_error", t->average_valid_error);
  }
  if (r->data->test.n && !r->replica[i].skip_test) {
    set_number(L, "avg_test_loss", t->average_test_loss);
    set_number(L, "avg_test_error", t->average_test_error);
  }
}

/* How it went: what it took, and whether it reached its goal or diverged. */
static void set_course(lua_State *L, const struct train_request *r, size_t i)
{
  const struct train_result *t = &r->result[i];
  set_number(L, "cost", t->cost);
  if (r->replica[i].selector)
    set_number(L, "chosen", t->chosen);
  set_number(L, "wall_s", t->wall_s);
  set_number(L, "cpu_s", t->cpu_s);
  set_integer(L, "steps", t->steps_done);
  if (r->replica[i].batching)
    set_integer(L, "updates", t->updates);
  if (r->replica[i].until_loss > 0)
    set_bool(L, "reached", t->reached);
  set_bool(L, "diverged", t->status == STATUS_DIVERGED);
  if (t->status == STATUS_DIVERGED) {
    set_integer(L, "diverged_at", t->steps_done);
    lua_pushstring(L, t->error.message);
    lua_setfield(L, -2, "message");
  }
}

void train_result_push(lua_State *L, const struct train_request *r, size_t i)
{
  lua_newtable(L);
  luaL_setmetatable(L, BIND_TRAINING);
  set_figures(L, r, i);
  set_average_figures(L, r, i);
  set_course(L, r, i);
  set_distances(L, r, &r->result[i]);
  set_series(L, "losses", &r->parts[i].loss);
  set_series(L, "norms", &r->parts[i].norm);
  set_series(L, "norms_l1", &r->parts[i].norm_l1);
  set_evaluations(L, &r->parts[i]);
  train_set_looks(L, &r->parts[i]);
  set_weights(L, r, i);
}

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

void train_result_open(lua_State *L)
{
  static const luaL_Reg meta[] = {{"__tostring", training_tostring}, {NULL, NULL}};
  bind_metatable(L, BIND_TRAINING, meta, NULL);
}
