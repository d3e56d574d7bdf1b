/* pruner_layers.c: see pruner_layers.h. */
#include "lua/bind/pruner_layers.h"

#include <string.h>

#define MAX_LAYERS 100000

void layers_check(enum status status, lua_State *L, const struct err *e)
{
  if (status != STATUS_OK)
    bind_raise(L, e);
}

/* Anchor the value at the top, and pop it. */
static void anchor_top(lua_State *L, const struct layers *g) { lua_rawseti(L, g->anchor, (lua_Integer)lua_rawlen(L, g->anchor) + 1); }

double *layers_new_numbers(lua_State *L, const struct layers *g, size_t rows, size_t cols)
{
  struct err e = {0};
  struct lua_matrix *m = matrix_push(L);
  layers_check(mat_new(&m->m, DTYPE_F64, rows, cols, &e), L, &e);
  matrix_account(L, m);
  double *numbers = m->m.data;
  anchor_top(L, g);
  return numbers;
}

/* A matrix of the shape of W at `at` as packed float64. */
const double *layers_numbers_like(lua_State *L, const struct layers *g, const struct prune_layer *l, int at, const char *what)
{
  struct err e = {0};
  const struct lua_matrix *m = matrix_from(L, at, DTYPE_F64, what);
  if (m->m.rows != l->out || m->m.cols != l->in)
    bind_error(L, "%s must be %zu x %zu like W, got %zu x %zu", what, l->out, l->in, m->m.rows, m->m.cols);
  struct lua_matrix *copy = matrix_push(L);
  layers_check(mat_copy(&copy->m, &m->m, DTYPE_F64, &e), L, &e);
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
  double *norm2 = layers_new_numbers(L, g, 1, l->in), *h = gram ? layers_new_numbers(L, g, l->in, l->in) : NULL;
  layers_check(prune_calibrate(&bind_host(L)->exec, &x->m, norm2, h, &e), L, &e);
  l->norm2 = norm2;
  l->gram = h;
  lua_pop(L, 1);
}

bool layers_is_list(lua_State *L, int at)
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
  size_t each = l->out * l->in, n = layers_is_list(L, at) ? lua_rawlen(L, at) : 1;
  double *all = layers_new_numbers(L, g, n, each);
  for (size_t i = 0; i < n; i++) {
    if (layers_is_list(L, at))
      lua_rawgeti(L, at, (lua_Integer)i + 1);
    else
      lua_pushvalue(L, at);
    const double *one = layers_numbers_like(L, g, l, lua_gettop(L), "a gradient");
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
    l->curvature = layers_numbers_like(L, g, l, lua_gettop(L), "curvature");
  lua_pop(L, 3);
}

static void read_weights(lua_State *L, struct layers *g, size_t i, int at)
{
  struct err e = {0};
  const struct lua_matrix *m = matrix_from(L, at, DTYPE_F64, "W");
  struct lua_matrix *copy = matrix_push(L);
  layers_check(mat_copy(&copy->m, &m->m, DTYPE_F64, &e), L, &e);
  matrix_account(L, copy);
  g->layer[i] = (struct prune_layer){.w = copy->m.data, .out = copy->m.rows, .in = copy->m.cols, .place = i};
  g->type[i] = m->m.type;
  anchor_top(L, g);
  lua_pop(L, 1);
}

/* The layers at `at_w` with the calibration at `at_calibration`; pushes what keeps them. */
struct layers *layers_read(lua_State *L, int at_w, int at_calibration, bool gram)
{
  bool list = layers_is_list(L, at_w);
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

void layers_make_masks(lua_State *L, struct layers *g)
{
  for (size_t i = 0; i < g->n; i++) {
    g->keep[i] = lua_newuserdatauv(L, g->layer[i].out * g->layer[i].in + 1, 0);
    anchor_top(L, g);
  }
}

void layers_make_results(lua_State *L, struct layers *g)
{
  for (size_t i = 0; i < g->n; i++)
    g->w[i] = layers_new_numbers(L, g, g->layer[i].out, g->layer[i].in);
}

/* --- results --- */

static struct mat *push_matrix(lua_State *L, enum dtype type, const struct prune_layer *l)
{
  struct err e = {0};
  struct lua_matrix *m = matrix_push(L);
  layers_check(mat_new(&m->m, type, l->out, l->in, &e), L, &e);
  matrix_account(L, m);
  return &m->m;
}

void layers_push_numbers(lua_State *L, const struct layers *g, size_t i)
{
  struct mat *m = push_matrix(L, g->type[i], &g->layer[i]);
  for (size_t k = 0; k < m->rows * m->cols; k++) {
    if (m->type == DTYPE_F32)
      ((float *)m->data)[k] = (float)g->w[i][k];
    else
      ((double *)m->data)[k] = g->w[i][k];
  }
}

void layers_push_mask(lua_State *L, const struct layers *g, size_t i)
{
  struct mat *m = push_matrix(L, DTYPE_F32, &g->layer[i]);
  for (size_t k = 0; k < m->rows * m->cols; k++)
    ((float *)m->data)[k] = g->keep[i][k];
}

void layers_push_note(lua_State *L, const struct layers *g, size_t i)
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
void layers_push_each(lua_State *L, const struct layers *g, void (*push)(lua_State *, const struct layers *, size_t))
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
