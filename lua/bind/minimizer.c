/* minimizer.c: minimizer:minimize(objective, {…}) in Lua. */
#include "experiments/minimize/minimize.h"

#include <math.h>
#include <string.h>

#include "lua/bind/bind.h"

#define BIND_MINIMIZATION "assay.minimization"

static int minimization_gc(lua_State *L)
{
  minimize_free(luaL_checkudata(L, 1, BIND_MINIMIZATION));
  return 0;
}

/* A minimization on the stack that owns its trace. */
static struct minimize *push_minimization(lua_State *L)
{
  static const luaL_Reg meta[] = {{"__gc", minimization_gc}, {NULL, NULL}};
  struct minimize *m = lua_newuserdatauv(L, sizeof *m, 0);
  *m = (struct minimize){0};
  if (luaL_getmetatable(L, BIND_MINIMIZATION) == LUA_TNIL) {
    lua_pop(L, 1);
    bind_metatable(L, BIND_MINIMIZATION, meta, NULL);
    luaL_getmetatable(L, BIND_MINIMIZATION);
  }
  lua_setmetatable(L, -2);
  return m;
}

/* --- options ----------------------------------------------------------------------------------- */

static const char *const known[] = {"passes", "iterations", "seconds", "gap", "minimum", "grad_norm", "every", "seed", "start", NULL};

/* The number options.NAME in [low, high], or `otherwise` where it is not given. */
static double number(lua_State *L, int options, const char *name, double otherwise, double low, double high)
{
  if (!options || lua_getfield(L, options, name) == LUA_TNIL)
    return otherwise;
  if (lua_type(L, -1) != LUA_TNUMBER)
    bind_error(L, "minimize: %s must be a number, got %s", name, luaL_typename(L, -1));
  double v = lua_tonumber(L, -1);
  if (!(v >= low && v <= high))
    bind_error(L, "minimize: %s must be from %g to %g, got %g", name, low, high, v);
  return v;
}

static uint64_t seed(lua_State *L, int options)
{
  if (!options || lua_getfield(L, options, "seed") == LUA_TNIL)
    return 0;
  if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 0)
    bind_error(L, "minimize: seed must be a whole number from 0, got %s", luaL_tolstring(L, -1, NULL));
  return (uint64_t)lua_tointeger(L, -1);
}

/* Passes have a default, so that no run is endless; where another budget is given it alone counts. */
static void read_options(lua_State *L, int options, struct minimize *m)
{
  m->iterations = number(L, options, "iterations", INFINITY, 0, 1e15);
  m->seconds = number(L, options, "seconds", INFINITY, 1e-6, 1e9);
  bool other = m->iterations != INFINITY || m->seconds != INFINITY;
  m->passes = number(L, options, "passes", other ? INFINITY : 100, 1e-9, 1e12);
  m->gap = number(L, options, "gap", -1, 0, 1e300);
  m->minimum = number(L, options, "minimum", NAN, -1e300, 1e300);
  m->grad_norm = number(L, options, "grad_norm", -1, 0, 1e300);
  m->every = number(L, options, "every", 1, 0, 1e12);
  m->seed = seed(L, options);
}

/* --- results ----------------------------------------------------------------------------------- */

static void set_number(lua_State *L, const char *name, double v)
{
  if (v == floor(v) && fabs(v) < 0x1p53)
    lua_pushinteger(L, (lua_Integer)v);
  else
    lua_pushnumber(L, v);
  lua_setfield(L, -2, name);
}

static void set_real(lua_State *L, const char *name, double v)
{
  lua_pushnumber(L, v);
  lua_setfield(L, -2, name);
}

static void set_list(lua_State *L, const char *name, const double *v, size_t n)
{
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_pushnumber(L, v[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, name);
}

static void push_trace(lua_State *L, const struct minimize_trace *t)
{
  const struct { const char *name; const double *v; } column[] = {{"iteration", t->iteration}, {"passes", t->passes}, {"seconds", t->seconds},
                                                                  {"value", t->value}, {"grad_norm", t->grad_norm}, {"step", t->step}};
  lua_createtable(L, 0, 6);
  for (size_t k = 0; k < sizeof column / sizeof *column; k++)
    set_list(L, column[k].name, column[k].v, t->n);
}

static void push_result(lua_State *L, const struct minimize *m, int w)
{
  double n = (double)m->f->n;
  lua_createtable(L, 0, 16);
  lua_pushvalue(L, w);
  lua_setfield(L, -2, "w");
  lua_pushstring(L, minimize_stop_name(m->stop));
  lua_setfield(L, -2, "status");
  set_real(L, "value", m->value);
  set_real(L, "grad_norm", m->gradient_norm);
  set_real(L, "seconds", m->spent_s);
  set_number(L, "iterations", m->iteration);
  set_number(L, "passes", minimize_passes(m));
  set_number(L, "gradients", m->count.gradients / n);
  set_number(L, "values", m->count.values / n);
  set_number(L, "hvps", m->count.hvps / n);
  set_number(L, "hessians", m->count.hessians);
  set_number(L, "factorizations", m->count.factorizations);
  push_trace(L, &m->trace);
  lua_setfield(L, -2, "trace");
}

static int minimize(lua_State *L)
{
  const struct lua_object *o = object_check(L, 1, KIND_MINIMIZER);
  struct err e = {0};
  lua_settop(L, 3);
  struct objective *f = objective_get(L, object_from(L, 2, KIND_OBJECTIVE, "the objective"));
  int options = lua_isnil(L, 3) ? 0 : 3;
  if (options) {
    luaL_checktype(L, 3, LUA_TTABLE);
    bind_check_keys(L, 3, "minimize", known);
  }
  double *w = objective_push_weights(L, f->d);
  int w_at = lua_gettop(L);
  const double *from = f->start;
  if (options && lua_getfield(L, 3, "start") != LUA_TNIL)
    from = objective_weights(L, lua_gettop(L), f->d, "start");
  memcpy(w, from, f->d * sizeof *w);
  struct minimize *m = push_minimization(L);
  minimize_init(m, &bind_host(L)->exec, f, w, 0);
  read_options(L, options, m);
  if (minimize_run(&o->o, m, &e) != STATUS_OK)
    bind_raise(L, &e);
  push_result(L, m, w_at);
  return 1;
}

const struct function_row minimizer_methods[] = {
    {"minimize", minimize,
     "minimizer:minimize(objective[, {passes = 100, iterations = …, seconds = …, gap = …, minimum = …, grad_norm = …, every = 1, seed = 0, start = …}])",
     "Minimize from start (else the objective's own) until a budget is spent or a target reached: gap above the minimum, or grad_norm. "
     "A pass is n component gradients, values or Hessian products; seconds are processor time without that of the trace, which has an entry "
     "every `every` passes (0: every iteration). Returns {w, value, grad_norm, iterations, passes, seconds, gradients, values, hvps, hessians, "
     "factorizations, status, trace = {iteration = {…}, passes = {…}, seconds = {…}, value = {…}, grad_norm = {…}, step = {…}}}; status says why it "
     "stopped: gap, grad-norm, passes, iterations, seconds, converged or diverged."},
    {0}};
