/* object.c: methods with their parameters as Lua values.
 *
 * One constructor per kind, made from the list of kinds, and nothing per method: names, checks and
 * defaults come from the descriptor through params_parse. */
#include "lua/bind/bind.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/objective/objective.h"
#include "experiments/registry.h"

struct lua_object *object_push(lua_State *L)
{
  struct lua_object *o = lua_newuserdatauv(L, sizeof *o, 0);
  memset(o, 0, sizeof *o);
  luaL_setmetatable(L, BIND_OBJECT);
  return o;
}

struct lua_object *object_test(lua_State *L, int at)
{
  struct lua_object *o = luaL_testudata(L, at, BIND_OBJECT);
  return o && o->o.method ? o : NULL;
}

struct lua_object *object_check(lua_State *L, int at, enum kind kind)
{
  struct lua_object *o = object_test(L, at);
  const char *want = kind ? kind_name(kind) : "assay object";
  if (!o)
    bind_error(L, "argument %d: %s expected, got %s", at, want, luaL_typename(L, at));
  if (kind && o->o.method->kind != kind)
    bind_error(L, "argument %d: %s expected, got %s \"%s\"", at, want, kind_name(o->o.method->kind), o->o.method->id);
  return o;
}

static int object_gc(lua_State *L)
{
  struct lua_object *o = luaL_checkudata(L, 1, BIND_OBJECT);
  object_free(&o->o);
  if (o->data)
    dataset_release(o->data);
  objective_release(o->objective);
  free(o->state);
  memset(o, 0, sizeof *o);
  return 0;
}

/* --- making them ---------------------------------------------------------------------------------- */

struct lua_object *object_build(lua_State *L, enum kind kind, const char *id, int at_params)
{
  struct err e = {0};
  const struct method *m;
  if (registry_get(&m, kind, id, &e) != STATUS_OK)
    bind_raise(L, &e);
  struct lua_object *o = object_push(L);
  int top = lua_gettop(L);
  size_t n = 0;
  struct named_value *values = at_params ? object_read_params(L, at_params, m, &n) : NULL;
  if (params_parse(&o->o, m, values, n, registry_find, &e) != STATUS_OK)
    bind_raise(L, &e);
  lua_settop(L, top);
  return o;
}

struct lua_object *object_from(lua_State *L, int at, enum kind kind, const char *what)
{
  struct lua_object *o = object_test(L, at);
  if (o && o->o.method->kind == kind)
    return o;
  if (o || lua_type(L, at) != LUA_TSTRING)
    bind_error(L, "%s must be a %s or the id of one, got %s", what, kind_name(kind),
               o ? kind_name(o->o.method->kind) : luaL_typename(L, at));
  o = object_build(L, kind, lua_tostring(L, at), 0);
  lua_replace(L, at);
  return o;
}

/* assay.KIND(id[, params]); the kind is the upvalue. */
static int construct(lua_State *L)
{
  enum kind kind = (enum kind)lua_tointeger(L, lua_upvalueindex(1));
  const struct lua_object *o = object_test(L, 1);
  if (o && o->o.method->kind == kind && lua_isnoneornil(L, 2)) {
    lua_settop(L, 1);
    return 1;
  }
  if (kind == KIND_DATA && lua_istable(L, 1)) { /* assay.data{x = …, y = …}: numbers given in place */
    lua_settop(L, 1);
    object_build(L, kind, "table", 1);
    return 1;
  }
  if (kind == KIND_SCHEDULE && lua_isfunction(L, 1))
    return schedule_tabulate(L);
  if (lua_type(L, 1) != LUA_TSTRING)
    bind_error(L, "assay.%s takes the id of a %s and a table of parameters, got %s", kind_name(kind), kind_name(kind),
               luaL_typename(L, 1));
  if (!lua_isnoneornil(L, 2) && !lua_istable(L, 2))
    bind_error(L, "%s \"%s\": parameters are one table, {name = value, …}, got %s", kind_name(kind), lua_tostring(L, 1),
               luaL_typename(L, 2));
  object_build(L, kind, lua_tostring(L, 1), lua_istable(L, 2) ? 2 : 0);
  return 1;
}

/* --- methods of every object --------------------------------------------------------------------- */

static int object_tostring(lua_State *L)
{
  const struct lua_object *o = object_test(L, 1);
  struct text *t = text_push(L);
  char *s = o ? object_text(&o->o) : NULL;
  if (o)
    text_format(t, "%s ", kind_name(o->o.method->kind));
  text_add(t, s ? s : "(closed)");
  free(s);
  lua_pushlstring(L, t->s, t->n);
  return 1;
}

static int object_to_json(lua_State *L)
{
  const struct lua_object *o = object_check(L, 1, 0);
  struct text *t = text_push(L);
  char *s = object_json(&o->o);
  text_add(t, s);
  free(s);
  lua_pushlstring(L, t->s, t->n);
  return 1;
}

static const struct param *find_param(lua_State *L, const struct lua_object *o, const char *key)
{
  const struct method *m = o->o.method;
  const struct param *p = params_find(m, key);
  if (p)
    return p;
  const char *known[128];
  size_t n = 0;
  for (const struct param *row = m->params; row && row->id && n < 128; row++)
    known[n++] = row->id;
  char hint[96];
  bind_error(L, "%s \"%s\" has no parameter or method \"%s\"%s", kind_name(m->kind), m->id, key,
             bind_did_you_mean(key, known, n, hint, sizeof hint));
}

static int object_param(lua_State *L)
{
  const struct lua_object *o = object_check(L, 1, 0);
  object_push_param(L, find_param(L, o, luaL_checkstring(L, 2)), o->o.conf);
  return 1;
}

static void push_params(lua_State *L, const struct object *o)
{
  lua_newtable(L);
  for (const struct param *p = o->method->params; p && p->id; p++) {
    object_push_param(L, p, o->conf);
    lua_setfield(L, -2, p->id);
  }
}

/* A list of the parameters' values by name. */
static int object_params(lua_State *L)
{
  push_params(L, &object_check(L, 1, 0)->o);
  return 1;
}

struct lua_object *object_with(lua_State *L, const struct lua_object *o, int at)
{
  push_params(L, &o->o);
  int all = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1)) {
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -2);
    lua_rawset(L, all);
  }
  return object_build(L, o->o.method->kind, o->o.method->id, all);
}

/* The same method with some parameters changed. */
static int object_changed(lua_State *L)
{
  const struct lua_object *o = object_check(L, 1, 0);
  luaL_checktype(L, 2, LUA_TTABLE);
  object_with(L, o, 2);
  return 1;
}

static const struct function_row common_methods[] = {
    {"json", object_to_json, "obj:json()", "The canonical JSON text, defaults filled in."},
    {"param", object_param, "obj:param(name)", "The value of a parameter."},
    {"params", object_params, "obj:params()", "A table of all parameters."},
    {"with", object_changed, "obj:with{name = value}", "A copy with some parameters changed."},
    {0}};

/* Where the methods of a kind stand: registry table of tables, by the kind's number; 0: of every kind. */
#define METHODS "assay.object.methods"

static bool push_object_method(lua_State *L, int kind, const char *key)
{
  lua_getfield(L, LUA_REGISTRYINDEX, METHODS);
  if (lua_rawgeti(L, -1, kind) == LUA_TTABLE) {
    lua_pushstring(L, key);
    lua_rawget(L, -2);
    if (!lua_isnil(L, -1))
      return true;
    lua_pop(L, 1);
  }
  lua_pop(L, 2);
  return false;
}

static int object_index(lua_State *L)
{
  struct lua_object *o = luaL_checkudata(L, 1, BIND_OBJECT);
  const char *key = luaL_checkstring(L, 2);
  if (!o->o.method)
    bind_error(L, "this object has been closed");
  const struct method *m = o->o.method;
  if (!strcmp(key, "id")) {
    lua_pushstring(L, m->id);
    return 1;
  }
  if (!strcmp(key, "kind")) {
    lua_pushstring(L, kind_name(m->kind));
    return 1;
  }
  if (push_object_method(L, (int)m->kind, key) || push_object_method(L, 0, key))
    return 1;
  if (m->kind == KIND_DATA && data_field(L, o, key))
    return 1;
  object_push_param(L, find_param(L, o, key), o->o.conf);
  return 1;
}

/* Two objects are equal when their canonical texts are. */
static int object_equal(lua_State *L)
{
  const struct lua_object *a = object_test(L, 1), *b = object_test(L, 2);
  if (!a || !b) {
    lua_pushboolean(L, 0);
    return 1;
  }
  char *x = object_json(&a->o), *y = object_json(&b->o);
  bool same = !strcmp(x, y);
  free(x);
  free(y);
  lua_pushboolean(L, same);
  return 1;
}

static int object_newindex(lua_State *L)
{
  const struct lua_object *o = object_check(L, 1, 0);
  bind_error(L, "a %s does not change once made; obj:with{%s = …} gives a changed copy", kind_name(o->o.method->kind),
             luaL_checkstring(L, 2));
}

static void add_methods(lua_State *L, int kind, const struct function_row *rows)
{
  luaL_getsubtable(L, LUA_REGISTRYINDEX, METHODS);
  lua_newtable(L);
  bind_functions(L, rows);
  lua_rawseti(L, -2, kind);
  lua_pop(L, 1);
}

void object_open(lua_State *L)
{
  static const luaL_Reg meta[] = {{"__gc", object_gc},       {"__close", object_gc}, {"__tostring", object_tostring},
                                  {"__index", object_index}, {"__eq", object_equal}, {"__newindex", object_newindex},
                                  {"__add", schedule_add},   {"__mul", schedule_multiply}, {NULL, NULL}};
  bind_metatable(L, BIND_OBJECT, meta, NULL);
  add_methods(L, 0, common_methods);
  add_methods(L, KIND_SCHEDULE, schedule_methods);
  add_methods(L, KIND_OPTIMIZER, optimizer_methods);
  add_methods(L, KIND_AVERAGE, average_methods);
  add_methods(L, KIND_SELECTOR, selector_methods);
  add_methods(L, KIND_SAMPLER, sampler_methods);
  add_methods(L, KIND_MODEL, model_methods);
  add_methods(L, KIND_DATA, data_methods);
  add_methods(L, KIND_PROBE, probe_methods);
  add_methods(L, KIND_BOUND, bound_methods);
  add_methods(L, KIND_SCORE, score_methods);
  add_methods(L, KIND_SOLVER, solver_methods);
  add_methods(L, KIND_ALLOCATOR, allocator_methods);
  add_methods(L, KIND_RESTORER, restorer_methods);
  add_methods(L, KIND_OBJECTIVE, objective_methods);
  add_methods(L, KIND_MINIMIZER, minimizer_methods);
  for (int kind = 1; kind < KIND_COUNT; kind++) {
    lua_pushinteger(L, kind);
    lua_pushcclosure(L, construct, 1);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, "assay.help");
    lua_pushvalue(L, -2);
    const char *name = kind_name((enum kind)kind);
    lua_pushfstring(L, "assay.%s(id[, {parameter = value}])\n  A %s by its id; help(id) explains one, `assay methods %s` lists them.",
                    name, name, name);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    lua_setfield(L, -2, name);
  }
}
