/* experiment_more.c: further runs that a script asks for when all so far have ended. */
#include <stdio.h>
#include <stdlib.h>

#include "lua/bind/experiment_int.h"

/* A set of the texts of all configurations so far. */
static void push_known(lua_State *L, const struct lua_experiment *x)
{
  lua_createtable(L, 0, (int)x->n);
  for (size_t i = 0; i < x->n; i++) {
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, x->config[i]);
  }
}

/* Append the configurations of the list at index `list` that are not known yet. */
static void add_new(lua_State *L, struct lua_experiment *x, int list)
{
  size_t n = lua_rawlen(L, list);
  if (n > EXPERIMENT_MAX_RUNS - x->n)
    bind_error(L, "more: over %d runs in all", EXPERIMENT_MAX_RUNS);
  experiment_make_room(x, x->n + n);
  experiment_push(L, x, "spec");
  experiment_push(L, x, "run_params");
  experiment_push(L, x, "guard"); /* behind the parameters, as group_of wants it */
  experiment_push(L, x, "configs");
  push_known(L, x);
  struct text *t = text_push(L);
  int spec = list + 1, params = list + 2, configs = list + 4, known = list + 5;
  for (size_t i = 1; i <= n; i++) {
    lua_geti(L, list, (lua_Integer)i);
    int config = lua_gettop(L);
    char *text = experiment_config_json(L, config, params, t);
    if (lua_getfield(L, known, text) != LUA_TNIL) {
      free(text);
    } else {
      lua_pushboolean(L, 1);
      lua_setfield(L, known, text);
      lua_pushvalue(L, config);
      lua_rawseti(L, configs, (lua_Integer)x->n + 1);
      experiment_add_run(L, x, spec, params, config, text, t);
    }
    lua_settop(L, config - 1);
  }
}

struct asking { struct lua_experiment *x; const struct report_run *runs; size_t n; };

static int call_more(lua_State *L)
{
  const struct asking *a = lua_touserdata(L, 1);
  if (experiment_push_function(L, a->x, "more") != LUA_TFUNCTION)
    return 0;
  experiment_push_results(L, a->x, a->runs, a->n);
  lua_call(L, 2, 1);
  fflush(stdout);
  if (lua_isnil(L, -1))
    return 0;
  if (!lua_istable(L, -1))
    bind_error(L, "more must return a table of configurations or nil, got %s", luaL_typename(L, -1));
  lua_pushnil(L);
  if (!lua_next(L, -2)) /* an empty table is no grid of one run here: there is nothing more */
    return 0;
  lua_pop(L, 2);
  experiment_expand_grid(L);
  add_new(L, a->x, lua_gettop(L));
  return 0;
}

enum status lua_experiment_more(struct lua_experiment *x, const struct report_run *runs, size_t n, size_t *added, struct err *e)
{
  size_t before = x->n;
  enum status status = bind_protect(x->h, call_more, &(struct asking){x, runs, n}, e);
  *added = x->n - before;
  return status;
}

bool lua_experiment_grows(const struct lua_experiment *x) { return x->grows; }
