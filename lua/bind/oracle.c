/* oracle.c: the user's own function as an oracle (optim/oracle.h): f(w) gives a loss and a gradient, hvp(v) a product.
 *
 * The functions are called in the middle of an update, from C that a Lua error must not jump over: they run protected, and what
 * they raise becomes the status of the question. */
#include "lua/bind/oracle.h"

#include <string.h>

static enum status from_lua(lua_State *L, struct err *e)
{
  const char *text = lua_tostring(L, -1);
  enum status s = err_set(e, STATUS_BAD_ARG, "%s", text ? text : "an error without a text");
  lua_pop(L, 1);
  return s;
}

/* The answer at the top, a matrix of w's shape and type, into out. */
static void take_vector(lua_State *L, const struct lua_oracle *q, const char *what, void *out)
{
  const struct lua_matrix *m = matrix_test(L, -1);
  if (!m || m->m.rows != q->w->rows || m->m.cols != q->w->cols || m->m.type != q->w->type)
    luaL_error(L, "%s must be a matrix of w's shape and type (%d x %d %s), got %s", what, (int)q->w->rows, (int)q->w->cols,
               q->w->type == DTYPE_F32 ? "f32" : "f64", m ? "another matrix" : luaL_typename(L, -1));
  const struct mat *packed = matrix_packed(L, &m->m);
  memcpy(out, packed->data, packed->rows * packed->cols * dtype_size(packed->type));
}

struct question {
  const struct lua_oracle *q;
  const void *at;
  double *loss;
  void *out; /* NULL: the loss alone */
  bool product;
};

/* Protected: pushes the point, calls, takes the answer. */
static int ask(lua_State *L)
{
  const struct question *a = lua_touserdata(L, 1);
  const struct mat *w = a->q->w;
  struct err e = {0};
  lua_rawgeti(L, LUA_REGISTRYINDEX, a->product ? a->q->hvp : a->q->f);
  struct lua_matrix *point = matrix_push(L);
  if (mat_new(&point->m, w->type, w->rows, w->cols, &e) != STATUS_OK)
    bind_raise(L, &e);
  matrix_account(L, point);
  memcpy(point->m.data, a->at, w->rows * w->cols * dtype_size(w->type));
  lua_call(L, 1, a->product ? 1 : 2);
  if (a->product) {
    take_vector(L, a->q, "what hvp(v) returns", a->out);
    return 0;
  }
  if (lua_type(L, -2) != LUA_TNUMBER)
    luaL_error(L, "f(w) must return a loss (a number) and a gradient, got %s first", luaL_typename(L, -2));
  *a->loss = lua_tonumber(L, -2);
  if (a->out)
    take_vector(L, a->q, "the gradient that f(w) returns", a->out);
  return 0;
}

static enum status asked(struct oracle *o, const struct question *a, double cost, struct err *e)
{
  lua_State *L = a->q->L;
  o->cost += cost;
  lua_pushcfunction(L, ask);
  lua_pushlightuserdata(L, (void *)a);
  return lua_pcall(L, 1, 0, 0) == LUA_OK ? STATUS_OK : from_lua(L, e);
}

static enum status loss(struct oracle *o, const void *at, double *value, struct err *e)
{
  return asked(o, &(struct question){.q = o->self, .at = at, .loss = value}, ORACLE_COST_LOSS, e);
}

static enum status gradient(struct oracle *o, const void *at, double *value, void *g, struct err *e)
{
  return asked(o, &(struct question){.q = o->self, .at = at, .loss = value, .out = g}, ORACLE_COST_GRADIENT, e);
}

static enum status hvp(struct oracle *o, const void *v, void *out, struct err *e)
{
  return asked(o, &(struct question){.q = o->self, .at = v, .out = out, .product = true}, ORACLE_COST_HVP, e);
}

static enum status loss_f32(struct oracle *o, const float *at, double *v, struct err *e) { return loss(o, at, v, e); }
static enum status loss_f64(struct oracle *o, const double *at, double *v, struct err *e) { return loss(o, at, v, e); }
static enum status gradient_f32(struct oracle *o, const float *at, double *v, float *g, struct err *e) { return gradient(o, at, v, g, e); }
static enum status gradient_f64(struct oracle *o, const double *at, double *v, double *g, struct err *e) { return gradient(o, at, v, g, e); }
static enum status hvp_f32(struct oracle *o, const float *v, float *out, struct err *e) { return hvp(o, v, out, e); }
static enum status hvp_f64(struct oracle *o, const double *v, double *out, struct err *e) { return hvp(o, v, out, e); }

/* A reference to the function at the top, which is popped; LUA_NOREF for nil. */
static int keep(lua_State *L, const char *what)
{
  int type = lua_type(L, -1);
  if (type != LUA_TNIL && type != LUA_TFUNCTION)
    bind_error(L, "optimizer:step: %s must be a function, got %s", what, luaL_typename(L, -1));
  if (type == LUA_TNIL) {
    lua_pop(L, 1);
    return LUA_NOREF;
  }
  return luaL_ref(L, LUA_REGISTRYINDEX);
}

static int release(lua_State *L)
{
  struct lua_oracle *q = lua_touserdata(L, 1);
  luaL_unref(L, LUA_REGISTRYINDEX, q->f);
  luaL_unref(L, LUA_REGISTRYINDEX, q->hvp);
  q->f = q->hvp = LUA_NOREF;
  return 0;
}

struct lua_oracle *oracle_push(lua_State *L, int at, const struct mat *w)
{
  static const char *const known[] = {"f", "hvp", NULL};
  static const luaL_Reg meta[] = {{"__gc", release}, {"__close", release}, {NULL, NULL}};
  if (lua_istable(L, at))
    bind_check_keys(L, at, "optimizer:step: the functions", known);
  struct lua_oracle *q = lua_newuserdatauv(L, sizeof *q, 0);
  *q = (struct lua_oracle){.L = L, .w = w, .f = LUA_NOREF, .hvp = LUA_NOREF};
  if (luaL_newmetatable(L, "assay.oracle"))
    luaL_setfuncs(L, meta, 0);
  lua_setmetatable(L, -2);
  if (lua_istable(L, at)) {
    lua_getfield(L, at, "f");
    q->f = keep(L, "f");
    lua_getfield(L, at, "hvp");
    q->hvp = keep(L, "hvp");
  } else {
    lua_pushvalue(L, at);
    q->f = keep(L, "f");
  }
  if (q->f == LUA_NOREF)
    bind_error(L, "optimizer:step: a function f(w) that returns the loss and the gradient is missing");
  q->o = (struct oracle){.self = q, .loss_f32 = loss_f32, .loss_f64 = loss_f64, .gradient_f32 = gradient_f32, .gradient_f64 = gradient_f64};
  if (q->hvp != LUA_NOREF) {
    q->o.hvp_f32 = hvp_f32;
    q->o.hvp_f64 = hvp_f64;
  }
  return q;
}

enum status oracle_here(struct lua_oracle *q, void *g, struct err *e)
{
  enum status s = gradient(&q->o, q->w->data, &q->o.loss, g, e);
  q->o.cost = 0; /* the update's own gradient */
  return s;
}
