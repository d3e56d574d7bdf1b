/* experiment_grid.c: the grid of an experiment as a list of configurations, in a fixed order. */
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "lua/bind/experiment_int.h"

/* Is the value at the top a list of values (rather than one value)? */
static bool is_list(lua_State *L, const char *key)
{
  if (!lua_istable(L, -1))
    return false;
  if (lua_rawlen(L, -1) > 0)
    return true;
  lua_pushnil(L);
  if (!lua_next(L, -2))
    bind_error(L, "grid: %s has no values", key);
  lua_pop(L, 2);
  return false;
}

static int by_bytes(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

struct axis { const char *key; size_t n; bool list; };

/* The axes of the grid at index `grid`, sorted by name: the order of runs does not depend on that of the table. */
static struct axis *push_axes(lua_State *L, int grid, size_t *n)
{
  *n = 0;
  for (lua_pushnil(L); lua_next(L, grid); lua_pop(L, 1), ++*n)
    if (lua_type(L, -2) != LUA_TSTRING)
      bind_error(L, "grid: either a table of lists by name, or a list of configurations, not both");
  struct axis *axis = lua_newuserdatauv(L, (*n + 1) * sizeof *axis, 0);
  size_t i = 0;
  for (lua_pushnil(L); lua_next(L, grid); lua_pop(L, 1), i++) {
    const char *key = lua_tostring(L, -2);
    bool list = is_list(L, key);
    axis[i] = (struct axis){key, list ? (size_t)lua_rawlen(L, -1) : 1, list};
  }
  qsort(axis, *n, sizeof *axis, by_bytes);
  return axis;
}

/* Push the list of all combinations; the last axis varies fastest. */
static void push_product(lua_State *L, int grid)
{
  size_t n, runs = 1;
  const struct axis *axis = push_axes(L, grid, &n);
  for (size_t i = 0; i < n; i++)
    if (!size_mul(runs, axis[i].n, &runs) || runs > EXPERIMENT_MAX_RUNS)
      bind_error(L, "grid: more than %d runs", EXPERIMENT_MAX_RUNS);
  lua_createtable(L, (int)runs, 0);
  for (size_t r = 0; r < runs; r++) {
    lua_createtable(L, 0, (int)n);
    size_t rest = r;
    for (size_t i = n; i-- > 0;) {
      lua_getfield(L, grid, axis[i].key);
      if (axis[i].list) {
        lua_geti(L, -1, (lua_Integer)(rest % axis[i].n) + 1);
        lua_remove(L, -2);
      }
      rest /= axis[i].n;
      lua_setfield(L, -2, axis[i].key);
    }
    lua_rawseti(L, -2, (lua_Integer)r + 1);
  }
  lua_remove(L, -2); /* the axes */
}

/* A list of configurations as it stands. */
static void push_explicit(lua_State *L, int grid)
{
  size_t n = lua_rawlen(L, grid);
  if (n > EXPERIMENT_MAX_RUNS)
    bind_error(L, "grid: more than %d runs", EXPERIMENT_MAX_RUNS);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 1; i <= n; i++) {
    if (lua_geti(L, grid, (lua_Integer)i) != LUA_TTABLE)
      bind_error(L, "grid: item %zu is a %s; a list of configurations holds tables", i, luaL_typename(L, -1));
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
      if (lua_type(L, -2) != LUA_TSTRING)
        bind_error(L, "grid: configuration %zu must have names as keys", i);
    lua_rawseti(L, -2, (lua_Integer)i);
  }
}

/* The grid at the top becomes the list of its configurations. */
void experiment_expand_grid(lua_State *L)
{
  int grid = lua_gettop(L);
  if (lua_rawlen(L, grid) > 0)
    push_explicit(L, grid);
  else
    push_product(L, grid);
  lua_remove(L, grid);
}

void experiment_push_configs(lua_State *L, int spec, int params)
{
  int type = lua_getfield(L, spec, "grid");
  if (type == LUA_TFUNCTION) {
    bind_push_copy(L, params, 0);
    lua_call(L, 1, 1);
    if (!lua_istable(L, -1))
      bind_error(L, "grid must return a table, got %s", luaL_typename(L, -1));
  } else if (type == LUA_TNIL) {
    lua_pop(L, 1);
    lua_newtable(L);
  }
  experiment_expand_grid(L);
}
