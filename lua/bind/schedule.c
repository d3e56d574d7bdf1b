/* schedule.c: schedules at the prompt: schedule:at(t), schedule:values(), a + b, a * b, and a Lua function as a schedule. */
#include "lua/bind/bind.h"

#include <math.h>
#include <string.h>

#include "experiments/probe/step_limit.h"
#include "experiments/schedules/last_iterate_bound.h"
#include "experiments/schedules/schedule.h"

#define MAX_VALUES 10000000

/* T: from the argument at `at`, else the schedule's own `steps`. */
static int64_t horizon(lua_State *L, const struct lua_object *o, int at)
{
  struct err e = {0};
  int64_t steps = luaL_optinteger(L, at, PARAM_AUTO_INT);
  if (steps == PARAM_AUTO_INT) {
    const struct param *p = params_find(o->o.method, "steps");
    steps = p ? *(const int64_t *)((const char *)o->o.conf + p->at) : PARAM_AUTO_INT;
  }
  if (steps == PARAM_AUTO_INT)
    bind_error(L, "schedule \"%s\" does not know its length: give steps, as in assay.schedule(\"%s\", {steps = 1000})",
               o->o.method->id, o->o.method->id);
  if (steps < 1)
    bind_error(L, "steps must be at least 1, got %lld", (long long)steps);
  if (schedule_check(&o->o, steps, &e) != STATUS_OK)
    bind_raise(L, &e);
  return steps;
}

static int schedule_rate(lua_State *L)
{
  const struct lua_object *o = object_check(L, 1, KIND_SCHEDULE);
  int64_t t = luaL_checkinteger(L, 2), steps = horizon(L, o, 3);
  if (t < 0 || t >= steps)
    bind_error(L, "update %lld does not exist: updates are numbered 0 to %lld", (long long)t, (long long)steps - 1);
  lua_pushnumber(L, schedule_at(&o->o, t, steps));
  return 1;
}

static int schedule_values(lua_State *L)
{
  const struct lua_object *o = object_check(L, 1, KIND_SCHEDULE);
  int64_t steps = horizon(L, o, 2);
  if (steps > MAX_VALUES)
    bind_error(L, "%lld values are too many for a list (at most %d)", (long long)steps, MAX_VALUES);
  lua_createtable(L, (int)steps, 0);
  for (int64_t t = 0; t < steps; t++) {
    lua_pushnumber(L, schedule_at(&o->o, t, steps));
    lua_rawseti(L, -2, t + 1);
  }
  return 1;
}

/* --- a Lua function as a schedule ---------------------------------------------------------------- */

/* A whole number of the table at 2. */
static int64_t whole_field(lua_State *L, const char *key, int64_t least)
{
  int whole = 1;
  int64_t v = lua_getfield(L, 2, key) == LUA_TNIL ? least : lua_tointegerx(L, -1, &whole);
  if (!whole || v < least)
    bind_error(L, "schedule function: %s must be a whole number >= %lld, got %s", key, (long long)least, luaL_tolstring(L, -1, NULL));
  lua_pop(L, 1);
  return v;
}

/* The rates f(t, T) for t = 0 .. T - 1, as a list; pushed. */
static void push_rates(lua_State *L, int64_t total)
{
  lua_createtable(L, (int)total, 0);
  for (int64_t t = 0; t < total; t++) {
    lua_pushvalue(L, 1);
    lua_pushinteger(L, t);
    lua_pushinteger(L, total);
    lua_call(L, 2, 1);
    double rate = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : NAN;
    if (!(isfinite(rate) && rate >= 0))
      bind_error(L, "schedule function: at t = %lld of T = %lld it returned %s; a rate is a finite number >= 0", (long long)t,
                 (long long)total, luaL_tolstring(L, -1, NULL));
    lua_rawseti(L, -2, t + 1);
  }
}

int schedule_tabulate(lua_State *L)
{
  lua_Debug where;
  if (!lua_istable(L, 2) || lua_getfield(L, 2, "steps") == LUA_TNIL)
    bind_error(L, "a schedule function is asked once for every update: give their number, assay.schedule(f, {steps = 1000})");
  int64_t steps = whole_field(L, "steps", 1), warmup = whole_field(L, "warmup", 0);
  if (steps > MAX_VALUES || warmup >= steps)
    bind_error(L, "schedule function: %lld updates after the warm-up; from 1 to %d can be tabulated", (long long)(steps - warmup), MAX_VALUES);
  lua_settop(L, 2);
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -2);
    lua_rawset(L, 3);
  }
  push_rates(L, steps - warmup);
  lua_setfield(L, 3, "rates");
  lua_pushliteral(L, "exact");
  lua_setfield(L, 3, "fit");
  lua_pushvalue(L, 1);
  lua_getinfo(L, ">S", &where);
  script_push_lines(L, where.source, where.linedefined, where.lastlinedefined);
  lua_setfield(L, 3, "source");
  object_build(L, KIND_SCHEDULE, "table", 3);
  return 1;
}

/* --- composition --------------------------------------------------------------------------------- */

/* The schedule `id` of a list of the two arguments; pushed. */
static int compose(lua_State *L, const char *id, const char *list)
{
  lua_settop(L, 2);
  for (int i = 1; i <= 2; i++)
    object_check(L, i, KIND_SCHEDULE);
  lua_newtable(L);
  lua_createtable(L, 2, 0);
  for (int i = 1; i <= 2; i++) {
    lua_pushvalue(L, i);
    lua_rawseti(L, 4, i);
  }
  lua_setfield(L, 3, list);
  object_build(L, KIND_SCHEDULE, id, 3);
  return 1;
}

int schedule_add(lua_State *L) { return compose(L, "piecewise", "parts"); }

int schedule_multiply(lua_State *L)
{
  int number = lua_type(L, 1) == LUA_TNUMBER ? 1 : lua_type(L, 2) == LUA_TNUMBER ? 2 : 0;
  if (!number)
    return compose(L, "product", "factors");
  const struct lua_object *o = object_check(L, 3 - number, KIND_SCHEDULE);
  lua_newtable(L);
  lua_pushnumber(L, lua_tonumber(L, number) * ((const struct schedule_common *)o->o.conf)->peak);
  lua_setfield(L, -2, "peak");
  object_with(L, o, lua_gettop(L));
  return 1;
}

/* --- theory -------------------------------------------------------------------------------------- */

/* The argument at `at` as n numbers > 0 in one block; what holds them stays on the stack. */
static const double *positive(lua_State *L, int at, const char *what, size_t *n)
{
  const struct mat *m = matrix_packed(L, &matrix_from(L, at, DTYPE_F64, what)->m);
  *n = m->rows * m->cols;
  if (*n == 0)
    bind_error(L, "%s are missing", what);
  const double *v = mat_row_f64(m, 0);
  for (size_t i = 0; i < *n; i++)
    if (!(v[i] > 0 && isfinite(v[i])))
      bind_error(L, "%s must be finite numbers > 0, got %g at place %zu", what, v[i], i + 1);
  return v;
}

static double distance_arg(lua_State *L, int at)
{
  double d = luaL_checknumber(L, at);
  if (!(d >= 0 && isfinite(d)))
    bind_error(L, "distance must be a number >= 0, got %g", d);
  return d;
}

static int call_last_iterate_bound(lua_State *L)
{
  size_t n, m;
  double distance = distance_arg(L, 3);
  const double *rates = positive(L, 1, "rates", &n), *norms = positive(L, 2, "norms", &m);
  if (n != m)
    bind_error(L, "there are %zu rates, but %zu norms", n, m);
  lua_pushnumber(L, last_iterate_bound(rates, norms, n, distance));
  return 1;
}

static int call_refined_bound(lua_State *L)
{
  size_t n;
  double scale, distance = distance_arg(L, 2);
  const double *norms = positive(L, 1, "norms", &n);
  lua_pushnumber(L, refined_bound(norms, n, distance, &scale));
  lua_pushnumber(L, scale);
  return 2;
}

/* stability_limit(rule, curvature[, momentum]) */
static int call_stability_limit(lua_State *L)
{
  enum stability_rule rule = (enum stability_rule)luaL_checkoption(L, 1, NULL, stability_rule_names);
  double curvature = luaL_checknumber(L, 2), beta = luaL_optnumber(L, 3, 0.9);
  if (!(curvature > 0) || !(beta >= 0 && beta < 1))
    bind_error(L, "curvature must be a number > 0 and momentum in [0, 1), got %g and %g", curvature, beta);
  lua_pushnumber(L, stability_limit(rule, beta) / curvature);
  return 1;
}

/* rmt_max_lr(lambda1, sigma2, params, batch[, n]) */
static int call_rmt_max_lr(lua_State *L)
{
  double v[5];
  for (int i = 0; i < 5; i++)
    v[i] = i < 4 ? luaL_checknumber(L, i + 1) : luaL_optnumber(L, 5, (double)INFINITY);
  if (!(v[0] >= 0 && v[1] >= 0 && v[0] + v[1] > 0 && v[2] >= 1 && v[3] >= 1 && v[4] >= 1))
    bind_error(L, "lambda1 and sigma2 must be numbers >= 0, not both 0, and params, batch and n at least 1");
  lua_pushnumber(L, 2 / rmt_top(v[0], v[1], v[2], rmt_batch(v[3], v[4])));
  return 1;
}

const struct function_row schedule_math[] = {
    {"stability_limit", call_stability_limit, "assay.math.stability_limit(rule, curvature[, momentum = 0.9])",
     "The largest stable rate on a quadratic: rule is \"gd\", \"heavy-ball\", \"damped\" or \"nesterov\"; help(\"stability-limit\")."},
    {"rmt_max_lr", call_rmt_max_lr, "assay.math.rmt_max_lr(lambda1, sigma2, params, batch[, n])",
     "The largest rate for a batch size by random-matrix theory: lambda1 of the whole Hessian, sigma2 the variance of its entries "
     "from example to example, n examples in all (endless by default); help(\"rmt-max-lr\")."},
    {"last_iterate_bound", call_last_iterate_bound, "assay.math.last_iterate_bound(rates, norms, distance)",
     "For convex f: a bound on E f - f* where the last gradient of SGD was taken, from rates, gradient norms and the distance "
     "of the start to the optimum (Defazio et al. 2023)."},
    {"refined_bound", call_refined_bound, "assay.math.refined_bound(norms, distance)",
     "The same for the refined rates of these norms, D/sqrt(sum norm^-2), and the scale c of the weights c norm^-2 that "
     "leads to it (eta_t = w_t sum of later w / sum of all w)."},
    {0}};

const struct function_row schedule_methods[] = {
    {"at", schedule_rate, "schedule:at(t[, steps])", "The rate of update t = 0 … steps - 1."},
    {"values", schedule_values, "schedule:values([steps])", "The rates of all updates as a list."},
    {0}};
