/* ranking.c: assay.stats.granulated and assay.stats.sign_error: does a measure rank runs as their gaps do? */
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/stats.h"
#include "lua/bind/bind.h"

#define MAX_AXES 16

struct ranking {
  struct stats_grid g;
  const char *name[MAX_AXES]; /* of the axes; the tables at 3 and 4 keep them */
};

/* n numbers of the list or matrix at the top into out; pops it. */
static void copy_numbers(lua_State *L, double *out, size_t n, const char *what)
{
  const struct lua_matrix *m = matrix_from(L, lua_gettop(L), DTYPE_F64, what);
  if (m->m.rows * m->m.cols != n)
    bind_error(L, "ranking: %s has %zu numbers, but there are %zu runs", what, m->m.rows * m->m.cols, n);
  for (size_t i = 0; i < n; i++)
    out[i] = mat_get(&m->m, i / m->m.cols, i % m->m.cols);
}

static int by_name(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

/* Names of the table at `at`, sorted: the order of a Lua table is not. */
static size_t read_names(lua_State *L, int at, const char **name, const char *what)
{
  size_t n = 0;
  if (lua_isnoneornil(L, at))
    return 0;
  luaL_checktype(L, at, LUA_TTABLE);
  for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      bind_error(L, "ranking: %s must be a table {name = list of one number per run}", what);
    if (n == MAX_AXES)
      bind_error(L, "ranking: at most %d %s", MAX_AXES, what);
    name[n++] = lua_tostring(L, -2);
  }
  qsort(name, n, sizeof *name, by_name);
  return n;
}

static void copy_lists(lua_State *L, int at, const char *const *name, size_t count, double *out, size_t n)
{
  for (size_t k = 0; k < count; k++) {
    int top = lua_gettop(L);
    lua_getfield(L, at, name[k]);
    copy_numbers(L, out + k * n, n, name[k]);
    lua_settop(L, top);
  }
}

/* Arguments (x, y, axes[, blocks]); the numbers live in a userdata that is left on the stack. */
static struct ranking read_ranking(lua_State *L)
{
  struct ranking r = {0};
  const char *blocks[MAX_AXES];
  r.g.axes = read_names(L, 3, r.name, "axes");
  r.g.blocks = read_names(L, 4, blocks, "blocks");
  if (r.g.axes == 0)
    bind_error(L, "ranking: axes must name at least one setting, as in {width = {32, 64}}");
  const struct lua_matrix *x = matrix_from(L, 1, DTYPE_F64, "x");
  r.g.n = x->m.rows * x->m.cols;
  double *v = lua_newuserdatauv(L, (r.g.n * (2 + r.g.axes + r.g.blocks) + 1) * sizeof *v, 0), *setting = v + 2 * r.g.n;
  for (int i = 0; i < 2; i++) {
    int top = lua_gettop(L);
    lua_pushvalue(L, 1 + i);
    copy_numbers(L, v + (size_t)i * r.g.n, r.g.n, i ? "y" : "x");
    lua_settop(L, top);
  }
  copy_lists(L, 3, r.name, r.g.axes, setting, r.g.n);
  copy_lists(L, 4, blocks, r.g.blocks, setting + r.g.axes * r.g.n, r.g.n);
  r.g.x = v, r.g.y = v + r.g.n, r.g.setting = setting;
  return r;
}

static int call_granulated(lua_State *L)
{
  struct err e = {0};
  double axis[MAX_AXES], psi;
  lua_settop(L, 4);
  struct ranking r = read_ranking(L);
  if (stats_granulated(&r.g, axis, &psi, &e) != STATUS_OK)
    bind_raise(L, &e);
  lua_newtable(L);
  lua_pushnumber(L, psi);
  lua_setfield(L, -2, "psi");
  lua_newtable(L);
  for (size_t k = 0; k < r.g.axes; k++) {
    lua_pushnumber(L, axis[k]);
    lua_setfield(L, -2, r.name[k]);
  }
  lua_setfield(L, -2, "axis");
  return 1;
}

static void push_error(lua_State *L, const struct stats_sign_error *v)
{
  const struct { const char *name; double value; } list[] = {{"mean", v->mean}, {"p90", v->p90}, {"max", v->max}};
  lua_newtable(L);
  for (size_t i = 0; i < 3 && v->kept; i++) {
    lua_pushnumber(L, list[i].value);
    lua_setfield(L, -2, list[i].name);
  }
  lua_pushinteger(L, (lua_Integer)v->environments);
  lua_setfield(L, -2, "environments");
  lua_pushinteger(L, (lua_Integer)v->kept);
  lua_setfield(L, -2, "kept");
}

static double option(lua_State *L, const char *key, double def)
{
  if (lua_isnil(L, 5))
    return def;
  if (lua_getfield(L, 5, key) != LUA_TNIL && lua_type(L, -1) != LUA_TNUMBER)
    bind_error(L, "sign_error: %s must be a number, got %s", key, luaL_typename(L, -1));
  double v = lua_isnil(L, -1) ? def : lua_tonumber(L, -1);
  lua_pop(L, 1);
  return v;
}

static int call_sign_error(lua_State *L)
{
  static const char *const keys[] = {"n_test", "ess", NULL};
  struct err e = {0};
  struct stats_sign_error axis[MAX_AXES], all;
  lua_settop(L, 5);
  if (!lua_isnil(L, 5)) {
    luaL_checktype(L, 5, LUA_TTABLE);
    bind_check_keys(L, 5, "sign_error", keys);
  }
  double n_test = option(L, "n_test", 10000), ess = option(L, "ess", 12);
  struct ranking r = read_ranking(L);
  if (stats_sign_error(&r.g, n_test, ess, axis, &all, &e) != STATUS_OK)
    bind_raise(L, &e);
  push_error(L, &all);
  lua_newtable(L);
  for (size_t k = 0; k < r.g.axes; k++) {
    push_error(L, &axis[k]);
    lua_setfield(L, -2, r.name[k]);
  }
  lua_setfield(L, -2, "axis");
  return 1;
}

const struct function_row ranking_stats[] = {
    {"granulated", call_granulated, "assay.stats.granulated(x, y, {width = {…}, …}[, {seed = {…}}])",
     "Granulated Kendall: mean of tau among runs that differ on one axis alone, {psi =, axis = {width =, …}}. x: a measure, y: the gap, "
     "axes: what each run was given; blocks (seed) are held fixed and not asked about."},
    {"sign_error", call_sign_error, "assay.stats.sign_error(x, y, {width = {…}, …}[, {seed = {…}}[, {n_test = 10000, ess = 12}]])",
     "Robust sign error: how often x orders two settings against y, {mean =, p90 =, max =, environments =, kept =, axis = {width = {…}}}. "
     "Pairs weigh by how sure the order of gaps measured on n_test points is; environments with an effective number of pairs below ess are left out."},
    {0}};
