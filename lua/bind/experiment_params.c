/* experiment_params.c: the parameters of an experiment: its own with --set applied, and those of them that runs see. */
#include "lua/bind/experiment_int.h"

void experiment_push_params(lua_State *L, int spec, const char *const *sets, size_t n_sets)
{
  if (lua_getfield(L, spec, "params") == LUA_TNIL) {
    lua_pop(L, 1);
    lua_newtable(L);
  }
  bind_push_copy(L, -1, 0);
  lua_remove(L, -2);
  int params = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, params); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      bind_error(L, "experiment: params must have names as keys");
    int type = lua_type(L, -1);
    if (type != LUA_TNUMBER && type != LUA_TSTRING && type != LUA_TBOOLEAN && type != LUA_TTABLE)
      bind_error(L, "experiment: parameter %s is a %s; use a number, string, boolean or list", lua_tostring(L, -2),
                 lua_typename(L, type));
  }
  for (size_t i = 0; i < n_sets; i++)
    experiment_set_param(L, params, sets[i]);
}

static int refuse_grid_param(lua_State *L)
{
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
    bind_error(L, "the parameter \"%s\" is one of grid_params: run, setup and group cannot read it", lua_tostring(L, 2));
  return 0;
}

void experiment_push_seen_params(lua_State *L, int spec, int params)
{
  bind_push_copy(L, params, 0);
  int own = lua_gettop(L);
  lua_createtable(L, 0, 1);
  lua_newtable(L);
  int hidden = lua_gettop(L);
  if (lua_getfield(L, spec, "grid_params") == LUA_TTABLE)
    for (lua_Integer i = 1; lua_geti(L, hidden + 1, i) != LUA_TNIL; i++) {
      const char *name = luaL_tolstring(L, -1, NULL);
      if (lua_getfield(L, params, name) == LUA_TNIL)
        bind_error(L, "experiment: grid_params names \"%s\", which is not one of params", name);
      lua_pop(L, 2);
      lua_pushvalue(L, -1);
      lua_pushboolean(L, 1);
      lua_rawset(L, hidden);
      lua_pushnil(L);
      lua_rawset(L, own);
    }
  lua_settop(L, hidden);
  lua_pushcclosure(L, refuse_grid_param, 1);
  lua_setfield(L, -2, "__index");
}

void experiment_push_run_params(lua_State *L, const struct lua_experiment *x)
{
  experiment_push(L, x, "run_params");
  bind_push_copy(L, -1, 0);
  lua_remove(L, -2);
  experiment_push(L, x, "guard");
  lua_setmetatable(L, -2);
}
