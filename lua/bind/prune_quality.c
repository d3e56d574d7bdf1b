/* prune_quality.c: assay.quality{…}: what pruned weights do, compared with the dense ones. */
#include "lua/bind/prune_net.h"

static const char *const quality_keys[] = {"model", "weights", "pruned", "data", "part", "loss", "seed", "examples", NULL};

static void push_quality(lua_State *L, const struct prune_quality *q)
{
  lua_newtable(L);
  prune_set_count(L, "n", q->n);
  prune_set_number(L, "loss", q->loss);
  prune_set_number(L, "error", q->error);
  prune_set_number(L, "dense_loss", q->dense_loss);
  prune_set_number(L, "dense_error", q->dense_error);
  prune_set_number(L, "kl", q->kl);
  prune_set_number(L, "agreement", q->agreement);
  prune_set_count(L, "layer_examples", q->layer_examples);
  lua_createtable(L, (int)q->n_layers, 0);
  for (size_t i = 0; i < q->n_layers; i++) {
    lua_newtable(L);
    prune_set_count(L, "layer", q->layer[i] + 1);
    prune_set_number(L, "output_error", q->output_error[i]);
    prune_set_number(L, "drift", q->drift[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "layers");
}

/* The weights at the top, as the subject in the table at index 1 reads its own: through a subject that has them, which stays
 * on the stack in their place. */
static const float *read_pruned(lua_State *L)
{
  int weights = lua_gettop(L);
  lua_newtable(L);
  for (size_t i = 0; subject_keys[i]; i++) {
    lua_getfield(L, 1, subject_keys[i]);
    lua_setfield(L, -2, subject_keys[i]);
  }
  lua_pushvalue(L, weights);
  lua_setfield(L, -2, "weights");
  const float *w = prune_read_subject(L, lua_gettop(L), "test", "quality")->s.weights;
  lua_replace(L, weights);
  lua_settop(L, weights);
  return w;
}

/* One set of weights under the key "pruned", or a list of them. */
static const float **read_all_pruned(lua_State *L, size_t *n, bool *list)
{
  int type = lua_getfield(L, 1, "pruned"), at = lua_gettop(L);
  if (type == LUA_TNIL)
    bind_error(L, "quality: pruned is missing: the weights that are compared with the dense ones under `weights`");
  *list = type == LUA_TTABLE && (lua_rawgeti(L, at, 1), matrix_test(L, -1) != NULL);
  lua_settop(L, at);
  *n = *list ? lua_rawlen(L, at) : 1;
  if (*n > PRUNE_MAX_NETS)
    bind_error(L, "quality: pruned is a list of at most %d sets of weights, got %zu", PRUNE_MAX_NETS, *n);
  luaL_checkstack(L, (int)*n + LUA_MINSTACK, "too many sets of weights");
  const float **w = lua_newuserdatauv(L, *n * sizeof(float *), 0);
  for (size_t i = 0; i < *n; i++) {
    if (*list)
      lua_rawgeti(L, at, (lua_Integer)i + 1);
    else
      lua_pushvalue(L, at);
    w[i] = read_pruned(L);
  }
  return w;
}

int prune_quality(lua_State *L)
{
  struct err e = {0};
  size_t n;
  bool list;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  bind_check_keys(L, 1, "quality", quality_keys);
  lua_pushvalue(L, 1); /* counts are read from index 2 */
  size_t examples = prune_read_count(L, "examples", 0, 1000);
  const struct lua_subject *s = prune_read_subject(L, 1, "test", "quality");
  const float **pruned = read_all_pruned(L, &n, &list);
  struct prune_quality *q = lua_newuserdatauv(L, n * sizeof *q, 0);
  if (prune_net_quality(&bind_host(L)->exec, &s->s, pruned, n, examples, q, &e) != STATUS_OK)
    bind_raise(L, &e);
  if (list)
    lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    push_quality(L, &q[i]);
    if (list)
      lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}
