/* prune_net.c: pruner:prune{…}: a whole net at once. */
#include "lua/bind/prune_net.h"

#include <string.h>

#define BOX "assay.pruned.box"

static const char *const prune_keys[] = {"model", "weights", "data", "part", "loss", "seed", "examples", "batch", "inputs", "curvature",
                                         "allocator", "correction", "damp", "skip", "sparsity", "cache", NULL};

/* --- reading ------------------------------------------------------------------------------------------------ */

/* The subject in the table at `at`: the keys that belong to it, in a table of their own. */
struct lua_subject *prune_read_subject(lua_State *L, int at, const char *part, const char *what)
{
  lua_newtable(L);
  for (size_t i = 0; subject_keys[i]; i++) {
    lua_getfield(L, at, subject_keys[i]);
    lua_setfield(L, -2, subject_keys[i]);
  }
  if (lua_getfield(L, -1, "part") == LUA_TNIL) {
    lua_pushstring(L, part);
    lua_setfield(L, -3, "part");
  }
  lua_pop(L, 1);
  return subject_push(L, lua_gettop(L), what);
}

size_t prune_read_count(lua_State *L, const char *key, size_t least, size_t def)
{
  size_t n = lua_getfield(L, 2, key) == LUA_TNIL ? def : bind_size_arg(L, lua_gettop(L), key, least, (size_t)1 << 31);
  lua_pop(L, 1);
  return n;
}

static double read_real(lua_State *L, const char *key, double def)
{
  double v = def;
  if (lua_getfield(L, 2, key) != LUA_TNIL) {
    if (lua_type(L, -1) != LUA_TNUMBER)
      bind_error(L, "prune: %s must be a number, got %s", key, luaL_tolstring(L, -1, NULL));
    v = lua_tonumber(L, -1);
  }
  lua_pop(L, 1);
  return v;
}

static int read_choice(lua_State *L, const char *key, const char *const *words)
{
  char hint[96];
  size_t n = 0;
  const char *word = lua_getfield(L, 2, key) == LUA_TNIL ? words[0] : lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
  for (; words[n]; n++)
    if (word && strcmp(word, words[n]) == 0) {
      lua_pop(L, 1);
      return (int)n;
    }
  const char *shown = luaL_tolstring(L, -1, NULL);
  bind_error(L, "prune: %s must be one of \"%s\", …, got %s%s", key, words[0], shown, bind_did_you_mean(shown, words, n, hint, sizeof hint));
}

/* An allocator by its id gets the sparsity of the pruner; NULL without one. Stays on the stack. */
static const struct object *read_allocator(lua_State *L, const struct object *method)
{
  if (lua_getfield(L, 2, "allocator") == LUA_TNIL)
    return NULL;
  if (lua_type(L, -1) == LUA_TSTRING) {
    lua_newtable(L);
    lua_pushnumber(L, ((const struct prune_common *)method->conf)->sparsity);
    lua_setfield(L, -2, "sparsity");
    return &object_build(L, KIND_ALLOCATOR, lua_tostring(L, -2), lua_gettop(L))->o;
  }
  return &object_from(L, lua_gettop(L), KIND_ALLOCATOR, "allocator")->o;
}

/* skip = {1, 3}: the first and third of the layers with weights stay dense. */
static void read_skip(lua_State *L, const struct net *net, bool *skip)
{
  size_t place[NET_MAX_LAYERS], n = 0;
  for (size_t l = 0; l < net->n_layers; l++)
    if (net->layer[l].rows)
      place[n++] = l;
  if (lua_getfield(L, 2, "skip") != LUA_TNIL) {
    if (!lua_istable(L, -1))
      bind_error(L, "prune: skip is a list of layers, counted from 1 over those with weights, got %s", luaL_typename(L, -1));
    for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, -1); i++) {
      lua_rawgeti(L, -1, i);
      skip[place[bind_size_arg(L, lua_gettop(L), "skip", 1, n) - 1]] = true;
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
}

static void read_plan(lua_State *L, const struct lua_object *method, const struct net *net, struct prune_plan *p)
{
  *p = (struct prune_plan){.method = &method->o,
                           .inputs = (enum prune_inputs)read_choice(L, "inputs", prune_inputs_names),
                           .curvature = (enum prune_curvature)read_choice(L, "curvature", prune_curvature_names),
                           .examples = prune_read_count(L, "examples", 0, 1000),
                           .batch = prune_read_count(L, "batch", 1, 128),
                           .correction = read_real(L, "correction", 1),
                           .damp = read_real(L, "damp", 0.01)};
  read_skip(L, net, p->skip);
  p->allocator = read_allocator(L, p->method);
}

struct box { size_t n; struct prune_net net[]; };

static int box_gc(lua_State *L)
{
  struct box *b = lua_touserdata(L, 1);
  for (size_t i = 0; i < b->n; i++)
    prune_net_free(&b->net[i]);
  return 0;
}

static struct box *box_push(lua_State *L, size_t n)
{
  struct box *b = lua_newuserdatauv(L, sizeof *b + n * sizeof *b->net, 0);
  memset(b, 0, sizeof *b + n * sizeof *b->net);
  b->n = n;
  luaL_setmetatable(L, BOX);
  return b;
}

/* sparsity = 0.5 or {0, 0.5, …}: pushes the numbers; NULL and 0 without it. */
static const double *read_sparsities(lua_State *L, size_t *n, bool *list)
{
  int type = lua_getfield(L, 2, "sparsity"), at = lua_gettop(L);
  *list = type == LUA_TTABLE;
  *n = *list ? (size_t)lua_rawlen(L, at) : type != LUA_TNIL;
  if (*n > PRUNE_MAX_NETS || (*list && *n == 0))
    bind_error(L, "prune: sparsity must be a number or a list of 1 to %d numbers", PRUNE_MAX_NETS);
  double *s = lua_newuserdatauv(L, *n * sizeof *s + 1, 0);
  for (size_t i = 0; i < *n; i++) {
    if (*list)
      lua_rawgeti(L, at, (lua_Integer)i + 1);
    else
      lua_pushvalue(L, at);
    if (lua_type(L, -1) != LUA_TNUMBER)
      bind_error(L, "prune: sparsity must be a number or a list of numbers, got %s", luaL_tolstring(L, -1, NULL));
    s[i] = lua_tonumber(L, -1);
    lua_pop(L, 1);
  }
  return *n ? s : NULL;
}

/* --- the functions -------------------------------------------------------------------------------------------- */

int pruner_prune(lua_State *L)
{
  struct err e = {0};
  struct lua_host *h = bind_host(L);
  const struct lua_object *method = object_check(L, 1, 0);
  struct prune_plan plan;
  lua_settop(L, 2);
  luaL_checktype(L, 2, LUA_TTABLE);
  bind_check_keys(L, 2, "prune", prune_keys);
  const struct lua_subject *s = prune_read_subject(L, 2, "train", "prune");
  read_plan(L, method, &s->net, &plan);
  size_t n;
  bool list;
  const double *sparsity = read_sparsities(L, &n, &list);
  struct box *out = box_push(L, n ? n : 1);
  subject_trim(L);
  if (!h->probes)
    h->probes = probe_cache_new();
  bool anew = lua_getfield(L, 2, "cache") == LUA_TBOOLEAN && !lua_toboolean(L, -1);
  if (prune_net_run(&h->exec, &s->s, &plan, sparsity, n, anew ? NULL : h->probes, out->net, &e) != STATUS_OK)
    bind_raise(L, &e);
  if (list)
    lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < out->n; i++) {
    prune_push_net(L, &out->net[i], &s->net);
    if (list)
      lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

void prune_net_open(lua_State *L)
{
  static const luaL_Reg box[] = {{"__gc", box_gc}, {NULL, NULL}};
  static const struct function_row functions[] = {
      {"quality", prune_quality, "assay.quality{model =, weights =, pruned =, data = [, part = \"test\", loss =, seed = 0, examples = 1000]}",
       "What pruned weights do on data, compared with the dense ones: n, loss, error, dense_loss, dense_error, kl (of dense || pruned, "
       "nats), agreement of the first class, and layers {output_error: ||(W - V) X||^2 / ||W X||^2 of the layer alone; drift: the same "
       "with the inputs that the pruned layers before it deliver} on so many examples (0: none). A list of weights gives a list."},
      {0}};
  bind_metatable(L, BOX, box, NULL);
  prune_result_open(L);
  bind_functions(L, functions);
}
