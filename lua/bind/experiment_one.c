/* experiment_one.c: one configuration in place of a script's grid: that of a run in a store, as it was or with changes.
 *
 * The parameters of the run's experiment are put back first, so that the script's own grid is the one that the run came
 * from; the configuration is then taken from that grid, with its values of the kinds (and the assay objects) that the
 * script made, and not from JSON, which knows neither 1 from 1.0 nor a schedule from a table. Only where the grid does not
 * hold it (the run had changes itself) is the JSON read. */
#include <stdlib.h>
#include <string.h>

#include "experiments/registry.h"
#include "lua/bind/experiment_int.h"

/* What stands at the top, read from JSON, as the kind of the value at `like`: 1 for a real is 1.0, also in lists. */
static void coerce(lua_State *L, int like)
{
  int at = lua_gettop(L);
  if (lua_isinteger(L, at) && lua_type(L, like) == LUA_TNUMBER && !lua_isinteger(L, like)) {
    lua_pushnumber(L, (lua_Number)lua_tointeger(L, at));
    lua_replace(L, at);
  } else if (lua_istable(L, at) && lua_istable(L, like) && lua_geti(L, like, 1) != LUA_TNIL) {
    for (lua_Integer i = 1; lua_geti(L, at, i) != LUA_TNIL; i++) {
      coerce(L, at + 1);
      lua_seti(L, at, i);
    }
  }
  lua_settop(L, at);
}

/* Put the run's parameters into the script's own, at index `params`. */
static void restore_params(lua_State *L, int params, const char *json)
{
  json_push(L, json);
  int own = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, own); lua_settop(L, own + 1)) {
    const char *name = lua_tostring(L, own + 1);
    if (lua_getfield(L, params, name) == LUA_TNIL)
      bind_error(L, "the run has the parameter \"%s\", which the script does not have", name);
    lua_insert(L, -2); /* name, like, value */
    coerce(L, own + 2);
    lua_setfield(L, params, name);
  }
  lua_settop(L, own - 1);
}

/* --- objects ------------------------------------------------------------------------------------------------ */

/* Every number of the table at the top as a real: what an object's parameters are, its descriptor knows. */
static void make_real(lua_State *L)
{
  int at = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, at); lua_settop(L, at + 1)) {
    if (lua_istable(L, -1))
      make_real(L);
    if (!lua_isinteger(L, -1))
      continue;
    lua_pushvalue(L, at + 1);
    lua_pushnumber(L, (lua_Number)lua_tointeger(L, at + 2));
    lua_rawset(L, at);
  }
}

/* Replace the assay objects in the table at the top by tables {id =, kind =, params =}, as in their JSON. */
static void open_objects(lua_State *L)
{
  int at = lua_gettop(L);
  luaL_checkstack(L, 8, "config nests too deep");
  for (lua_pushnil(L); lua_next(L, at); lua_settop(L, at + 1)) {
    const struct lua_object *o = object_test(L, -1);
    if (lua_istable(L, -1))
      open_objects(L);
    if (!o)
      continue;
    lua_pushvalue(L, at + 1);
    struct text *t = text_push(L);
    json_add(L, at + 2, t, "config");
    json_push(L, t->s);
    lua_remove(L, -2);
    make_real(L);
    lua_rawset(L, at);
  }
}

/* Push the object that the table at the top describes; false, and nothing pushed, when it describes none. Raises for one
 * whose parameters are wrong. */
static bool push_object(lua_State *L)
{
  int at = lua_gettop(L);
  bool named = lua_getfield(L, at, "id") == LUA_TSTRING && lua_getfield(L, at, "kind") == LUA_TSTRING && lua_getfield(L, at, "params") == LUA_TTABLE;
  lua_settop(L, at);
  if (!named)
    return false;
  struct err e = {0};
  struct lua_object *o = object_push(L);
  struct text *t = text_push(L);
  json_add(L, at, t, "config");
  if (object_from_json(&o->o, t->s, registry_find, &e) != STATUS_OK)
    bind_raise(L, &e);
  lua_pop(L, 1);
  return true;
}

/* The way back. */
static void close_objects(lua_State *L)
{
  int at = lua_gettop(L);
  luaL_checkstack(L, 8, "config nests too deep");
  for (lua_pushnil(L); lua_next(L, at); lua_settop(L, at + 1)) {
    if (!lua_istable(L, -1))
      continue;
    if (push_object(L)) {
      lua_pushvalue(L, at + 1);
      lua_insert(L, -2);
      lua_rawset(L, at);
    } else {
      close_objects(L);
    }
  }
}

/* --- the configuration -------------------------------------------------------------------------------------- */

/* Push the configuration with this JSON, out of the list at `configs` if it is there. */
static void push_config(lua_State *L, int configs, int params, const char *json)
{
  size_t n = lua_rawlen(L, configs);
  struct text *t = text_push(L);
  for (size_t i = 1; i <= n; i++) {
    lua_geti(L, configs, (lua_Integer)i);
    char *own = experiment_config_json(L, lua_gettop(L), params, t);
    bool same = strcmp(own, json) == 0;
    free(own);
    if (same) {
      bind_push_copy(L, -1, 0);
      return;
    }
    lua_pop(L, 1);
  }
  json_push(L, json);
  lua_pushnil(L);
  lua_setfield(L, -2, "params"); /* they are the script's parameters, restored already */
  close_objects(L);
}

/* --- changes ----------------------------------------------------------------------------------------------- */

struct places { int configs, config, params; };

/* A fraction is no mistake where the grid has one at this key: {0.01, 0.1, 1} holds rates, the last of them too. */
static void push_kind(lua_State *L, const struct places *at, const char *key)
{
  size_t n = lua_rawlen(L, at->configs);
  lua_getfield(L, at->config, key);
  for (size_t i = 1; i <= n && lua_isinteger(L, -1); i++) {
    lua_geti(L, at->configs, (lua_Integer)i);
    if (lua_getfield(L, -1, key) == LUA_TNUMBER && !lua_isinteger(L, -1))
      lua_replace(L, -3);
    else
      lua_pop(L, 1);
    lua_pop(L, 1);
  }
}

/* Follow "optimizer.momentum" through tables: pushes the table that holds it and returns the last name; NULL, and what
 * was pushed is no table, where there is no such value. */
static const char *push_holder(lua_State *L, int config, const char *path)
{
  lua_pushvalue(L, config);
  for (const char *dot; lua_istable(L, -1) && (dot = strchr(path, '.')); path = dot + 1) {
    lua_pushlstring(L, path, (size_t)(dot - path));
    lua_gettable(L, -2);
    lua_remove(L, -2);
  }
  bool found = lua_istable(L, -1) && lua_getfield(L, -1, path) != LUA_TNIL;
  lua_pop(L, found);
  return found ? path : NULL;
}

static void refuse_name(lua_State *L, const struct places *at, const char *name)
{
  const char *known[256];
  size_t n = 0;
  char hint[96];
  struct text *list = text_push(L);
  for (int part = 0; part < 2; part++)
    for (lua_pushnil(L); n < 256 && lua_next(L, part ? at->params : at->config); lua_pop(L, 1)) {
      known[n++] = lua_tostring(L, -2);
      text_add(list, n > 1 ? ", " : "");
      text_add(list, known[n - 1]);
    }
  bind_did_you_mean(name, known, n, hint, sizeof hint);
  bind_error(L, "the run has no \"%s\" in its config%s (it has: %s)", name, hint, n ? list->s : "nothing");
}

/* A parameter that only shapes the grid says nothing about one run. */
static void refuse_grid_param(lua_State *L, const char *name)
{
  if (lua_getfield(L, 2, "grid_params") == LUA_TTABLE)
    for (lua_Integer i = 1; lua_geti(L, -1, i) == LUA_TSTRING; i++, lua_pop(L, 1))
      if (!strcmp(lua_tostring(L, -1), name))
        bind_error(L, "the parameter \"%s\" only shapes the grid: it changes nothing about one run", name);
}

/* A key of the table at the top, as an example. */
static const char *first_key(lua_State *L)
{
  lua_pushnil(L);
  return lua_next(L, -2) ? luaL_tolstring(L, -2, NULL) : "…";
}

static void change(lua_State *L, const struct places *at, const char *set)
{
  int top = lua_gettop(L);
  const char *equals = strchr(set, '='), *last;
  if (!equals)
    bind_error(L, "--set takes name=value, got \"%s\"", set);
  const char *name = lua_pushlstring(L, set, (size_t)(equals - set));
  const char *param = !strncmp(name, "params.", 7) ? name + 7 : name;
  if (param == name && (last = push_holder(L, at->config, name))) {
    int holder = lua_gettop(L);
    if (last == name)
      push_kind(L, at, name);
    else
      lua_getfield(L, holder, last);
    if (lua_istable(L, -1) && lua_rawlen(L, -1) == 0)
      bind_error(L, "%s is no single value: set what it holds, as in %s.%s", name, name, first_key(L));
    experiment_push_like(L, name, equals + 1, -1);
    lua_setfield(L, holder, last);
  } else {
    lua_settop(L, top + 1);
    if (lua_getfield(L, at->params, param) == LUA_TNIL)
      refuse_name(L, at, name);
    refuse_grid_param(L, param);
    experiment_set_param(L, at->params, set + (param - name));
  }
  lua_settop(L, top);
}

void experiment_push_one(lua_State *L, const struct lua_one_run *one, const char *const *sets, size_t n_sets)
{
  const struct places at = {.configs = 6, .config = 7, .params = 3};
  restore_params(L, at.params, one->params);
  experiment_push_seen_params(L, 2, at.params);
  experiment_push_configs(L, 2, at.params);
  push_config(L, at.configs, 4, one->config);
  lua_replace(L, at.config);
  lua_settop(L, at.config);
  if (n_sets)
    open_objects(L);
  for (size_t i = 0; i < n_sets; i++)
    change(L, &at, sets[i]);
  close_objects(L);
  lua_createtable(L, 1, 0);
  lua_insert(L, at.config);
  lua_rawseti(L, at.config, 1);
  lua_replace(L, at.configs);
  experiment_push_seen_params(L, 2, at.params); /* with the changes */
  lua_replace(L, 5);
  lua_replace(L, 4);
}
