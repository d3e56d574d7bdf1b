/* probe.c: probe:measure{model = …, weights = …, data = …}: facts about a trained model, kept by the host's cache. */
#include "experiments/probe/probe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "lua/bind/bind.h"

#define CACHE_BYTES ((size_t)256 << 20) /* held between calls */

static const char *const keys[] = {"model", "weights", "data", "part", "loss", "start", "seed", NULL};

/* The object under a key of the table at 2, left on the stack. */
static struct lua_object *read_object(lua_State *L, const char *key, enum kind kind, const char *def)
{
  if (lua_getfield(L, 2, key) == LUA_TNIL && def) {
    lua_pop(L, 1);
    lua_pushstring(L, def);
  }
  if (lua_isnil(L, -1))
    bind_error(L, "measure: %s is missing", key);
  return object_from(L, lua_gettop(L), kind, key);
}

static const struct examples *read_part(lua_State *L, const struct dataset *d)
{
  static const char *const names[] = {"train", "valid", "test"};
  const struct examples *const parts[] = {&d->train, &d->valid, &d->test};
  char hint[96];
  const char *word = lua_getfield(L, 2, "part") == LUA_TNIL ? "train" : lua_tostring(L, -1);
  for (size_t i = 0; word && i < 3; i++)
    if (!strcmp(word, names[i]))
      return parts[i];
  bind_error(L, "measure: part must be \"train\", \"valid\" or \"test\", got %s%s", luaL_tolstring(L, -1, NULL),
             word ? bind_did_you_mean(word, names, 3, hint, sizeof hint) : "");
}

/* Weights under a key, packed for the net into a userdata on the stack; NULL where there are none. */
static const float *read_weights(lua_State *L, const char *key, const struct net *net)
{
  if (lua_getfield(L, 2, key) == LUA_TNIL)
    return NULL;
  const struct lua_matrix *m = matrix_from(L, lua_gettop(L), DTYPE_F32, key);
  size_t n = m->m.rows * m->m.cols;
  if (n != net->n_logical)
    bind_error(L, "measure: %s needs %zu numbers (the model's weights), got %zu", key, net->n_logical, n);
  float *logical = lua_newuserdatauv(L, (n + net->n_params) * sizeof(float) + MEM_ALIGN, 0);
  float *padded = logical + n + (MEM_ALIGN - (uintptr_t)(logical + n) % MEM_ALIGN) / sizeof(float);
  for (size_t i = 0; i < n; i++)
    logical[i] = (float)mat_get(&m->m, i / m->m.cols, i % m->m.cols);
  net_pack_f32(net, logical, padded);
  return padded;
}

/* Numbers as numbers, the rest as read-only matrices that share the cache's memory. */
static void push_array(lua_State *L, const struct probe_array *a)
{
  if (a->value.rows == 1 && a->value.cols == 1) {
    lua_pushnumber(L, mat_get(&a->value, 0, 0));
    return;
  }
  struct lua_matrix *m = matrix_push(L);
  m->m = mat_retain(&a->value);
  m->read_only = true;
  matrix_account(L, m);
}

/* A table: name = value, name = {value of layer 1, …}, name_se = standard error. */
static void push_value(lua_State *L, const struct probe_value *v)
{
  lua_newtable(L);
  int table = lua_gettop(L);
  for (size_t i = 0; i < v->n; i++) {
    const struct probe_array *a = &v->array[i];
    if (a->layer == PROBE_WHOLE) {
      push_array(L, a);
      lua_setfield(L, table, a->name);
    } else {
      luaL_getsubtable(L, table, a->name);
      push_array(L, a);
      lua_rawseti(L, -2, (lua_Integer)a->layer + 1);
      lua_pop(L, 1);
    }
    if (!isnan(a->standard_error)) {
      lua_pushfstring(L, "%s_se", a->name);
      lua_pushnumber(L, a->standard_error);
      lua_rawset(L, table);
    }
  }
}

static int probe_run(lua_State *L)
{
  struct err e = {0};
  struct lua_host *h = bind_host(L);
  const struct lua_object *probe = object_check(L, 1, KIND_PROBE);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  bind_check_keys(L, 2, "measure", keys);
  const struct lua_object *model = read_object(L, "model", KIND_MODEL, NULL);
  const struct dataset *data = data_get(L, read_object(L, "data", KIND_DATA, NULL));
  const struct lua_object *loss = read_object(L, "loss", KIND_LOSS, data->task == TASK_CLASSES ? "cross-entropy" : "squared");
  struct net *net = lua_newuserdatauv(L, sizeof *net, 0);
  if (model_build(net, &model->o, &loss->o, data, &e) != STATUS_OK)
    bind_raise(L, &e);
  struct probe_subject s = {.net = net, .model = &model->o, .loss = &loss->o, .weights = read_weights(L, "weights", net),
                            .start = read_weights(L, "start", net), .data = data, .part = read_part(L, data)};
  if (!s.weights)
    bind_error(L, "measure: weights are missing: the model's %zu numbers (assay.train{keep_weights = true} returns them)", net->n_logical);
  lua_getfield(L, 2, "seed");
  s.seed = (uint64_t)luaL_optinteger(L, -1, 0);
  const struct probe_value *value;
  if (!h->probes)
    h->probes = probe_cache_new();
  probe_cache_trim(h->probes, CACHE_BYTES);
  if (probe_cache_get(h->probes, &probe->o, &h->exec, &s, &value, &e) != STATUS_OK)
    bind_raise(L, &e);
  push_value(L, value);
  return 1;
}

const struct function_row probe_methods[] = {
    {"measure", probe_run, "probe:measure{model = …, weights = …, data = …[, part = \"train\", loss = …, start = …, seed = 0]}",
     "A table of its values: numbers, matrices, or a list with one for each layer; the standard error of name is name_se. Equal questions "
     "are answered from memory."},
    {0}};
