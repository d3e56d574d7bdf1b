/* pruner.c: scores, solvers, allocators and restorers on the user's own matrices.
 *
 * A layer is a matrix W (out x in); a net is a list of them, and then calibration, masks and results are lists, too. The
 * calibration of a layer is its inputs X (in x examples), or a table {inputs = X, gradients = G or {G, …}, curvature = D}.
 * Everything that C borrows is anchored in one Lua table while the call runs. */
#include "lua/bind/bind.h"

#include <string.h>

#include "experiments/pruning/pruning.h"
#include "experiments/registry.h"

#define MAX_LAYERS 100000

/* The layers of one call; in a userdata. */
struct layers {
  size_t n;
  bool list;                 /* given as a list */
  int anchor;                /* stack index of the table that keeps what the layers borrow */
  struct prune_layer *layer;
  enum dtype *type;          /* of each W: results get it, too */
  double **w;                /* new weights */
  uint8_t **keep;
  struct prune_note *note;
};

static void check(enum status status, lua_State *L, const struct err *e)
{
  if (status != STATUS_OK)
    bind_raise(L, e);
}

/* Anchor the value at the top, and pop it. */
static void anchor_top(lua_State *L, const struct layers *g) { lua_rawseti(L, g->anchor, (lua_Integer)lua_rawlen(L, g->anchor) + 1); }

static double *new_numbers(lua_State *L, const struct layers *g, size_t rows, size_t cols)
{
  struct err e = {0};
  struct lua_matrix *m = matrix_push(L);
  check(mat_new(&m->m, DTYPE_F64, rows, cols, &e), L, &e);
  matrix_account(L, m);
  double *numbers = m->m.data;
  anchor_top(L, g);
  return numbers;
}

/* A matrix of the shape of W at `at` as packed float64. */
static const double *numbers_like(lua_State *L, const struct layers *g, const struct prune_layer *l, int at, const char *what)
{
  struct err e = {0};
  const struct lua_matrix *m = matrix_from(L, at, DTYPE_F64, what);
  if (m->m.rows != l->out || m->m.cols != l->in)
    bind_error(L, "%s must be %zu x %zu like W, got %zu x %zu", what, l->out, l->in, m->m.rows, m->m.cols);
  struct lua_matrix *copy = matrix_push(L);
  check(mat_copy(&copy->m, &m->m, DTYPE_F64, &e), L, &e);
  matrix_account(L, copy);
  const double *numbers = copy->m.data;
  anchor_top(L, g);
  lua_pop(L, 1);
  return numbers;
}

static void read_inputs(lua_State *L, const struct layers *g, struct prune_layer *l, int at, bool gram)
{
  struct err e = {0};
  const struct lua_matrix *x = matrix_from(L, at, DTYPE_F64, "X");
  if (x->m.rows != l->in)
    bind_error(L, "X must have one row for each of the %zu inputs of W and one column per example, got %zu x %zu", l->in,
               x->m.rows, x->m.cols);
  double *norm2 = new_numbers(L, g, 1, l->in), *h = gram ? new_numbers(L, g, l->in, l->in) : NULL;
  check(prune_calibrate(&bind_host(L)->exec, &x->m, norm2, h, &e), L, &e);
  l->norm2 = norm2;
  l->gram = h;
  lua_pop(L, 1);
}

static bool is_list_of_matrices(lua_State *L, int at)
{
  if (!lua_istable(L, at))
    return false;
  lua_rawgeti(L, at, 1);
  bool list = matrix_test(L, -1) != NULL;
  lua_pop(L, 1);
  return list;
}

static void read_gradients(lua_State *L, const struct layers *g, struct prune_layer *l, int at)
{
  size_t each = l->out * l->in, n = is_list_of_matrices(L, at) ? lua_rawlen(L, at) : 1;
  double *all = new_numbers(L, g, n, each);
  for (size_t i = 0; i < n; i++) {
    if (is_list_of_matrices(L, at))
      lua_rawgeti(L, at, (lua_Integer)i + 1);
    else
      lua_pushvalue(L, at);
    const double *one = numbers_like(L, g, l, lua_gettop(L), "a gradient");
    if (each)
      memcpy(all + i * each, one, each * sizeof *all);
    lua_pop(L, 1);
  }
  l->gradient = all;
  l->n_gradients = n;
}

/* {inputs = X, gradients = G, curvature = D}: is this table one? Lists of numbers have none of these keys. */
static bool has_names(lua_State *L, int at)
{
  lua_pushnil(L);
  if (!lua_next(L, at))
    return false;
  bool named = lua_type(L, -2) == LUA_TSTRING;
  lua_pop(L, 2);
  return named;
}

static void read_calibration(lua_State *L, const struct layers *g, struct prune_layer *l, int at, bool gram)
{
  static const char *const keys[] = {"inputs", "gradients", "curvature", NULL};
  if (lua_isnoneornil(L, at))
    return;
  if (!lua_istable(L, at) || !has_names(L, at)) {
    read_inputs(L, g, l, at, gram);
    return;
  }
  bind_check_keys(L, at, "calibration", keys);
  if (lua_getfield(L, at, "inputs") != LUA_TNIL)
    read_inputs(L, g, l, lua_gettop(L), gram);
  if (lua_getfield(L, at, "gradients") != LUA_TNIL)
    read_gradients(L, g, l, lua_gettop(L));
  if (lua_getfield(L, at, "curvature") != LUA_TNIL)
    l->curvature = numbers_like(L, g, l, lua_gettop(L), "curvature");
  lua_pop(L, 3);
}

static void read_weights(lua_State *L, struct layers *g, size_t i, int at)
{
  struct err e = {0};
  const struct lua_matrix *m = matrix_from(L, at, DTYPE_F64, "W");
  struct lua_matrix *copy = matrix_push(L);
  check(mat_copy(&copy->m, &m->m, DTYPE_F64, &e), L, &e);
  matrix_account(L, copy);
  g->layer[i] = (struct prune_layer){.w = copy->m.data, .out = copy->m.rows, .in = copy->m.cols, .place = i};
  g->type[i] = m->m.type;
  anchor_top(L, g);
  lua_pop(L, 1);
}

/* The layers at `at_w` with the calibration at `at_calibration`; pushes what keeps them. */
static struct layers *read_layers(lua_State *L, int at_w, int at_calibration, bool gram)
{
  bool list = is_list_of_matrices(L, at_w);
  size_t n = list ? lua_rawlen(L, at_w) : 1;
  if (n > MAX_LAYERS)
    bind_error(L, "%zu layers are too many (at most %d)", n, MAX_LAYERS);
  if (list && !lua_isnoneornil(L, at_calibration) && (!lua_istable(L, at_calibration) || lua_rawlen(L, at_calibration) != n))
    bind_error(L, "a list of %zu layers needs a list of %zu calibrations (inputs X)", n, n);
  struct layers *g = lua_newuserdatauv(L, sizeof *g, 0);
  *g = (struct layers){.n = n, .list = list};
  g->layer = lua_newuserdatauv(L, n * sizeof *g->layer, 0);
  g->type = lua_newuserdatauv(L, n * sizeof *g->type, 0);
  g->w = lua_newuserdatauv(L, n * sizeof *g->w, 0);
  g->keep = lua_newuserdatauv(L, n * sizeof *g->keep, 0);
  g->note = lua_newuserdatauv(L, n * sizeof *g->note, 0);
  lua_newtable(L);
  g->anchor = lua_gettop(L);
  for (size_t i = 0; i < n; i++) {
    g->w[i] = NULL;
    g->keep[i] = NULL;
    if (list) {
      lua_rawgeti(L, at_w, (lua_Integer)i + 1);
      if (!lua_isnoneornil(L, at_calibration))
        lua_rawgeti(L, at_calibration, (lua_Integer)i + 1);
      else
        lua_pushnil(L);
    } else {
      lua_pushvalue(L, at_w);
      lua_pushvalue(L, at_calibration);
    }
    int top = lua_gettop(L);
    read_weights(L, g, i, top - 1);
    read_calibration(L, g, &g->layer[i], top, gram);
    lua_settop(L, top - 2);
  }
  return g;
}

static void make_masks(lua_State *L, struct layers *g)
{
  for (size_t i = 0; i < g->n; i++) {
    g->keep[i] = lua_newuserdatauv(L, g->layer[i].out * g->layer[i].in + 1, 0);
    anchor_top(L, g);
  }
}

static void make_results(lua_State *L, struct layers *g)
{
  for (size_t i = 0; i < g->n; i++)
    g->w[i] = new_numbers(L, g, g->layer[i].out, g->layer[i].in);
}

/* --- results --- */

static struct mat *push_matrix(lua_State *L, enum dtype type, const struct prune_layer *l)
{
  struct err e = {0};
  struct lua_matrix *m = matrix_push(L);
  check(mat_new(&m->m, type, l->out, l->in, &e), L, &e);
  matrix_account(L, m);
  return &m->m;
}

static void push_numbers(lua_State *L, const struct layers *g, size_t i)
{
  struct mat *m = push_matrix(L, g->type[i], &g->layer[i]);
  for (size_t k = 0; k < m->rows * m->cols; k++) {
    if (m->type == DTYPE_F32)
      ((float *)m->data)[k] = (float)g->w[i][k];
    else
      ((double *)m->data)[k] = g->w[i][k];
  }
}

static void push_mask(lua_State *L, const struct layers *g, size_t i)
{
  struct mat *m = push_matrix(L, DTYPE_F32, &g->layer[i]);
  for (size_t k = 0; k < m->rows * m->cols; k++)
    ((float *)m->data)[k] = g->keep[i][k];
}

static void push_note(lua_State *L, const struct layers *g, size_t i)
{
  size_t n = g->layer[i].out * g->layer[i].in, gone = 0;
  for (size_t k = 0; k < n; k++)
    gone += !g->keep[i][k];
  lua_newtable(L);
  lua_pushinteger(L, (lua_Integer)gone);
  lua_setfield(L, -2, "removed");
  lua_pushnumber(L, n ? (double)gone / (double)n : 0);
  lua_setfield(L, -2, "sparsity");
  lua_pushnumber(L, g->note[i].damp);
  lua_setfield(L, -2, "damp");
}

/* One value, or a list of one per layer. */
static void push_each(lua_State *L, const struct layers *g, void (*push)(lua_State *, const struct layers *, size_t))
{
  if (!g->list) {
    push(L, g, 0);
    return;
  }
  lua_createtable(L, (int)g->n, 0);
  for (size_t i = 0; i < g->n; i++) {
    push(L, g, i);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

/* --- methods --- */

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
  double *s = new_numbers(L, g, 1, g->n);
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
  struct layers *g = read_layers(L, 2, 3, prune_wants(&o->o, "gram"));
  make_results(L, g);
  for (size_t i = 0; i < g->n; i++) {
    check(prune_score(&o->o, &bind_host(L)->exec, &g->layer[i], g->w[i], &e), L, &e);
    g->type[i] = DTYPE_F64;
  }
  push_each(L, g, push_numbers);
  return 1;
}

static int pruner_mask(lua_State *L)
{
  struct err e = {0};
  const struct lua_object *o = check_pruner(L);
  lua_settop(L, 4);
  struct layers *g = read_layers(L, 2, 3, prune_wants(&o->o, "gram"));
  make_masks(L, g);
  const double *s = sparsities(L, g, 4);
  check(prune_mask(&o->o, &bind_host(L)->exec, g->layer, g->n, s, g->keep, &e), L, &e);
  push_each(L, g, push_mask);
  return 1;
}

static int pruner_apply(lua_State *L)
{
  struct err e = {0};
  const struct lua_object *o = check_pruner(L);
  lua_settop(L, 4);
  struct layers *g = read_layers(L, 2, 3, prune_wants(&o->o, "gram"));
  make_masks(L, g);
  make_results(L, g);
  const double *s = sparsities(L, g, 4);
  check(prune_apply(&o->o, &bind_host(L)->exec, g->layer, g->n, s, g->w, g->keep, g->note, &e), L, &e);
  push_each(L, g, push_numbers);
  push_each(L, g, push_mask);
  push_each(L, g, push_note);
  return 3;
}

static int restorer_restore(lua_State *L)
{
  struct err e = {0};
  const struct lua_object *o = object_check(L, 1, KIND_RESTORER);
  lua_settop(L, 4);
  if (is_list_of_matrices(L, 2))
    bind_error(L, "restorer:restore works on one layer");
  struct layers *g = read_layers(L, 2, 4, prune_wants(&o->o, "gram"));
  make_masks(L, g);
  make_results(L, g);
  const double *mask = numbers_like(L, g, &g->layer[0], 3, "the mask");
  g->note[0] = (struct prune_note){0};
  for (size_t k = 0; k < g->layer[0].out * g->layer[0].in; k++) {
    g->keep[0][k] = mask[k] != 0;
    g->w[0][k] = mask[k] != 0 ? g->layer[0].w[k] : 0.0;
  }
  check(prune_restore(&o->o, &bind_host(L)->exec, &g->layer[0], g->keep[0], g->w[0], &g->note[0], &e), L, &e);
  push_numbers(L, g, 0);
  push_note(L, g, 0);
  return 2;
}

static int allocator_allocate(lua_State *L)
{
  struct err e = {0};
  const struct lua_object *o = object_check(L, 1, KIND_ALLOCATOR);
  lua_settop(L, 3);
  if (!is_list_of_matrices(L, 2))
    bind_error(L, "allocator:allocate takes a list of layers {W1, W2, …}, got %s", luaL_typename(L, 2));
  struct layers *g = read_layers(L, 2, 3, prune_wants(&o->o, "gram"));
  double *s = new_numbers(L, g, 1, g->n);
  check(prune_allocate(&o->o, &bind_host(L)->exec, g->layer, g->n, s, &e), L, &e);
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
  struct layers *g = read_layers(L, 1, 3, true);
  if (g->list)
    bind_error(L, "assay.output_error works on one layer");
  const double *v = numbers_like(L, g, &g->layer[0], 2, "the pruned W");
  check(prune_relative_error(&g->layer[0], v, &error, &e), L, &e);
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
