/* pruner.c: scores, solvers, allocators and restorers on the user's own matrices (pruner_layers.h says how they are given). */
#include "lua/bind/pruner_layers.h"

#include "experiments/registry.h"

/* The score or solver that the method was called on. */
static const struct lua_object *check_pruner(lua_State *L)
{
  const struct lua_object *o = object_check(L, 1, 0);
  if (o->o.method->kind != KIND_SCORE && o->o.method->kind != KIND_SOLVER)
    bind_error(L, "argument 1: score or solver expected, got %s", kind_name(o->o.method->kind));
  return o;
}

/* Sparsities at `at`: nil, a number for one layer, or a list. */
static const double *sparsities(lua_State *L, const struct layers *g, int at)
{
  if (lua_isnoneornil(L, at))
    return NULL;
  if (lua_istable(L, at) && lua_rawlen(L, at) != g->n)
    bind_error(L, "sparsities must be a list of %zu numbers, one per layer, got %zu", g->n, (size_t)lua_rawlen(L, at));
  double *s = layers_new_numbers(L, g, 1, g->n);
  for (size_t i = 0; i < g->n; i++) {
    if (lua_istable(L, at))
      lua_rawgeti(L, at, (lua_Integer)i + 1);
    else
      lua_pushvalue(L, at);
    if (lua_type(L, -1) != LUA_TNUMBER || (!lua_istable(L, at) && g->list))
      bind_error(L, "sparsities must be a list of numbers, one per layer");
    s[i] = lua_tonumber(L, -1);
    lua_pop(L, 1);
  }
  return s;
}

static int score_score(lua_State *L)
{
  struct err e = {0};
  const struct lua_object *o = object_check(L, 1, KIND_SCORE);
  lua_settop(L, 3);
  struct layers *g = layers_read(L, 2, 3, prune_wants(&o->o, "gram"));
  layers_make_results(L, g);
  for (size_t i = 0; i < g->n; i++) {
    layers_check(prune_score(&o->o, &bind_host(L)->exec, &g->layer[i], g->w[i], &e), L, &e);
    g->type[i] = DTYPE_F64;
  }
  layers_push_each(L, g, layers_push_numbers);
  return 1;
}

static int pruner_mask(lua_State *L)
{
  struct err e = {0};
  const struct lua_object *o = check_pruner(L);
  lua_settop(L, 4);
  struct layers *g = layers_read(L, 2, 3, prune_wants(&o->o, "gram"));
  layers_make_masks(L, g);
  const double *s = sparsities(L, g, 4);
  layers_check(prune_mask(&o->o, &bind_host(L)->exec, g->layer, g->n, s, g->keep, &e), L, &e);
  layers_push_each(L, g, layers_push_mask);
  return 1;
}

static int pruner_apply(lua_State *L)
{
  struct err e = {0};
  const struct lua_object *o = check_pruner(L);
  lua_settop(L, 4);
  struct layers *g = layers_read(L, 2, 3, prune_wants(&o->o, "gram"));
  layers_make_masks(L, g);
  layers_make_results(L, g);
  const double *s = sparsities(L, g, 4);
  layers_check(prune_apply(&o->o, &bind_host(L)->exec, g->layer, g->n, s, g->w, g->keep, g->note, &e), L, &e);
  layers_push_each(L, g, layers_push_numbers);
  layers_push_each(L, g, layers_push_mask);
  layers_push_each(L, g, layers_push_note);
  return 3;
}

static int restorer_restore(lua_State *L)
{
  struct err e = {0};
  const struct lua_object *o = object_check(L, 1, KIND_RESTORER);
  lua_settop(L, 4);
  if (layers_is_list(L, 2))
    bind_error(L, "restorer:restore works on one layer");
  struct layers *g = layers_read(L, 2, 4, prune_wants(&o->o, "gram"));
  layers_make_masks(L, g);
  layers_make_results(L, g);
  const double *mask = layers_numbers_like(L, g, &g->layer[0], 3, "the mask");
  g->note[0] = (struct prune_note){0};
  for (size_t k = 0; k < g->layer[0].out * g->layer[0].in; k++) {
    g->keep[0][k] = mask[k] != 0;
    g->w[0][k] = mask[k] != 0 ? g->layer[0].w[k] : 0.0;
  }
  layers_check(prune_restore(&o->o, &bind_host(L)->exec, &g->layer[0], g->keep[0], g->w[0], &g->note[0], &e), L, &e);
  layers_push_numbers(L, g, 0);
  layers_push_note(L, g, 0);
  return 2;
}

static int allocator_allocate(lua_State *L)
{
  struct err e = {0};
  const struct lua_object *o = object_check(L, 1, KIND_ALLOCATOR);
  lua_settop(L, 3);
  if (!layers_is_list(L, 2))
    bind_error(L, "allocator:allocate takes a list of layers {W1, W2, …}, got %s", luaL_typename(L, 2));
  struct layers *g = layers_read(L, 2, 3, prune_wants(&o->o, "gram"));
  double *s = layers_new_numbers(L, g, 1, g->n);
  layers_check(prune_allocate(&o->o, &bind_host(L)->exec, g->layer, g->n, s, &e), L, &e);
  lua_createtable(L, (int)g->n, 0);
  for (size_t i = 0; i < g->n; i++) {
    lua_pushnumber(L, s[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* assay.output_error(W, V, X) */
static int output_error(lua_State *L)
{
  struct err e = {0};
  double error;
  lua_settop(L, 3);
  struct layers *g = layers_read(L, 1, 3, true);
  if (g->list)
    bind_error(L, "assay.output_error works on one layer");
  const double *v = layers_numbers_like(L, g, &g->layer[0], 2, "the pruned W");
  layers_check(prune_relative_error(&g->layer[0], v, &error, &e), L, &e);
  lua_pushnumber(L, error);
  return 1;
}

/* The score or solver of this id; raises, with the ids of both kinds looked through. */
static enum kind kind_of_pruner(lua_State *L, const char *id)
{
  if (registry_find(KIND_SCORE, id))
    return KIND_SCORE;
  if (registry_find(KIND_SOLVER, id))
    return KIND_SOLVER;
  const char *known[256];
  char hint[96];
  size_t n = 0;
  for (size_t i = 0; i < registry_count() && n < 256; i++)
    if (registry_at(i)->kind == KIND_SCORE || registry_at(i)->kind == KIND_SOLVER)
      known[n++] = registry_at(i)->id;
  bind_error(L, "there is no score or solver \"%s\"%s", id, bind_did_you_mean(id, known, n, hint, sizeof hint));
}

/* assay.pruner(id[, params]) or assay.pruner{score = id, …}, {solver = id, …} */
static int make_pruner(lua_State *L)
{
  lua_settop(L, 2);
  if (lua_type(L, 1) == LUA_TSTRING) {
    if (!lua_isnil(L, 2) && !lua_istable(L, 2))
      bind_error(L, "assay.pruner: parameters are one table, {name = value, …}, got %s", luaL_typename(L, 2));
    const char *id = lua_tostring(L, 1);
    object_build(L, kind_of_pruner(L, id), id, lua_istable(L, 2) ? 2 : 0);
    return 1;
  }
  if (!lua_istable(L, 1))
    bind_error(L, "assay.pruner takes the id of a score or solver, or {score = id, …} or {solver = id, …}, got %s",
               luaL_typename(L, 1));
  bool score = lua_getfield(L, 1, "score") == LUA_TSTRING, solver = lua_getfield(L, 1, "solver") == LUA_TSTRING;
  if (score == solver)
    bind_error(L, "assay.pruner{…} needs one of score = id and solver = id");
  const char *id = lua_tostring(L, score ? 3 : 4);
  lua_newtable(L); /* the other keys */
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -2);
    lua_rawset(L, 5);
  }
  lua_pushnil(L);
  lua_setfield(L, 5, score ? "score" : "solver");
  object_build(L, score ? KIND_SCORE : KIND_SOLVER, id, 5);
  return 1;
}

#define PRUNE_USAGE                                                                                                        \
  ":prune{model =, weights =, data = [, part = \"train\", examples = 1000, inputs = \"dense\", allocator =, seed = 0, …]}"
#define PRUNE_DOC                                                                                                          \
  "Prune a whole trained net. examples (0: all) are drawn from the part by the seed; inputs: dense, sequential (from the "  \
  "layers pruned before) or sequential-dense-target (correction = 1, damp = 0.01); allocator: an object, or an id with "    \
  "this sparsity; batch = 128 examples per gradient; curvature: gauss-newton or fisher; skip = {1}: layers that stay "      \
  "dense; sparsity: another than the pruner's, or a list, then a list of results from the same facts; cache = false: measure Gram matrices anew, for timing. Biases are never pruned. Returns weights, mask, layers, sparsity, kept, total, bytes, flops, wall_s, cpu_s, " \
  "calibrate_s, calibrate_cpu_s."
#define CALIBRATION "X: inputs, one column per example, or {inputs = X, gradients = {G, …}, curvature = D}. "

const struct function_row score_methods[] = {
    {"score", score_score, "score:score(W[, X])", "The scores of W (out x in): what is lowest goes first. " CALIBRATION},
    {"mask", pruner_mask, "score:mask(W[, X[, sparsity]])",
     "1 for kept, 0 for removed. W and X may be lists of layers; sparsity then a list, as from allocator:allocate."},
    {"apply", pruner_apply, "score:apply(W[, X[, sparsity]])",
     "The pruned (and restored) weights, the mask, and {removed, sparsity, damp}."},
    {"prune", pruner_prune, "score" PRUNE_USAGE, PRUNE_DOC},
    {0}};
const struct function_row solver_methods[] = {
    {"mask", pruner_mask, "solver:mask(W, X[, sparsity])", "1 for kept, 0 for removed; the solver computes the weights, too."},
    {"apply", pruner_apply, "solver:apply(W, X[, sparsity])", "The new weights, the mask, and {removed, sparsity, damp}."},
    {"prune", pruner_prune, "solver" PRUNE_USAGE, PRUNE_DOC},
    {0}};
const struct function_row allocator_methods[] = {
    {"allocate", allocator_allocate, "allocator:allocate({W1, W2, …}[, {X1, X2, …}])", "The sparsity of each layer."},
    {0}};
const struct function_row restorer_methods[] = {
    {"restore", restorer_restore, "restorer:restore(W, mask, X)",
     "Better weights under the mask of the dense W, and {removed, sparsity, damp}."},
    {0}};

void pruner_open(lua_State *L)
{
  static const struct function_row functions[] = {
      {"pruner", make_pruner, "assay.pruner(id[, {parameter = value}]) or assay.pruner{score = id, …}",
       "A score or a solver by its id, for :score, :mask and :apply; `assay methods score` and `assay methods solver` list them."},
      {"output_error", output_error, "assay.output_error(W, V, X)", "||(W - V) X||^2 / ||W X||^2 of a layer's new weights V."},
      {0}};
  bind_functions(L, functions);
}
