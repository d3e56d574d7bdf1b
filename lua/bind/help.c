/* help.c: help(x) at the prompt: for objects and method ids from their descriptors, for library
 * functions from the text registered with them. */
#include "lua/bind/bind.h"
#include "lua/bind/complete_int.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/registry.h"

#define HELP "assay.help"

static int width(lua_State *L)
{
  const struct lua_services *s = &bind_host(L)->services;
  int w = s->terminal_width ? s->terminal_width(s->self) : 80;
  return w < 40 ? 40 : w;
}

/* Push a C string that was allocated, and free it. */
static void push_owned(lua_State *L, char *s)
{
  struct text *t = text_push(L);
  text_add(t, s ? s : "");
  free(s);
  lua_pushlstring(L, t->s, t->n);
  lua_remove(L, -2);
}

/* Push the help of every method with this id (ids are unique within a kind only); false if none. */
static bool push_method_id(lua_State *L, const char *id)
{
  int n = 0;
  for (size_t i = 0; i < registry_count(); i++) {
    const struct method *m = registry_at(i);
    if (strcmp(m->id, id) != 0)
      continue;
    if (n++)
      lua_pushliteral(L, "\n\n");
    push_owned(L, method_help(m, width(L)));
  }
  if (n)
    lua_concat(L, 2 * n - 1);
  return n > 0;
}

/* Push the value a dotted name stands for ("stats.mean", "assay.stats.mean", "string.rep"); nil if none. */
static void push_named(lua_State *L, const char *path, bool in_assay)
{
  lua_pushglobaltable(L);
  if (in_assay) {
    lua_getfield(L, -1, "assay");
    lua_remove(L, -2);
  }
  char word[64];
  while (*path && lua_istable(L, -1)) {
    size_t n = strcspn(path, ".:");
    if (n >= sizeof word)
      break;
    memcpy(word, path, n);
    word[n] = '\0';
    lua_pushstring(L, word);
    if (plot_is_module(word))
      lua_gettable(L, -2); /* loads it */
    else
      lua_rawget(L, -2);
    lua_remove(L, -2);
    path += n + (path[n] != '\0');
  }
  if (*path) {
    lua_pop(L, 1);
    lua_pushnil(L);
  }
}

bool help_push_function(lua_State *L, int at)
{
  luaL_getsubtable(L, LUA_REGISTRYINDEX, HELP);
  lua_pushvalue(L, at < 0 ? at - 1 : at);
  lua_rawget(L, -2);
  lua_remove(L, -2);
  if (lua_isstring(L, -1))
    return true;
  lua_pop(L, 1);
  return false;
}

bool help_is_internal(lua_State *L, int at)
{
  luaL_getsubtable(L, LUA_REGISTRYINDEX, HELP);
  lua_pushvalue(L, at < 0 ? at - 1 : at);
  bool internal = lua_rawget(L, -2) == LUA_TBOOLEAN;
  lua_pop(L, 2);
  return internal;
}

/* assay.usage(f): how a function is called; nil where nothing is known. */
static int help_usage(lua_State *L)
{
  if (!help_push_function(L, 1))
    return 0;
  const char *s = lua_tostring(L, -1);
  lua_pushlstring(L, s, strcspn(s, "\n"));
  return 1;
}

/* assay.terminal_width(): columns. */
static int help_width(lua_State *L)
{
  lua_pushinteger(L, width(L));
  return 1;
}

/* assay.describe(f, usage, doc): help for a function that is written in Lua. Returns the function. */
static int help_describe(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TFUNCTION);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, HELP);
  lua_pushvalue(L, 1);
  lua_pushfstring(L, "%s\n  %s", luaL_checkstring(L, 2), luaL_checkstring(L, 3));
  lua_rawset(L, -3);
  lua_settop(L, 1);
  return 1;
}

/* One line for each function of a table (or method list) at the top; replaces it. */
static void push_listing(lua_State *L, const char *title)
{
  int table = lua_gettop(L);
  struct text *t = text_push(L);
  text_add(t, title);
  lua_getglobal(L, "table");
  lua_getfield(L, -1, "sort");
  lua_newtable(L);
  lua_Integer n = 0;
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1))
    if (lua_isfunction(L, -1) && lua_type(L, -2) == LUA_TSTRING && help_push_function(L, -1)) {
      lua_rawseti(L, -4, ++n);
    }
  lua_pushvalue(L, -2);
  lua_pushvalue(L, -2);
  lua_call(L, 1, 0);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, -1, i);
    const char *s = lua_tostring(L, -1);
    text_add(t, "\n  ");
    text_add_n(t, s, strcspn(s, "\n"));
    lua_pop(L, 1);
  }
  lua_pushlstring(L, t->s, t->n);
  lua_replace(L, table);
  lua_settop(L, table);
}

static void push_overview(lua_State *L)
{
  lua_getglobal(L, "assay");
  push_listing(L, "assay: a laboratory for learning theory.\n"
                  "help(x) explains an object, a function, or the id of a method: help(\"cosine\"), help(assay.train).\n"
                  "Modules: assay.plot, assay.report, assay.claims, assay.math, assay.stats, assay.refine, assay.stability, assay.supersample, assay.tuning;\n"
                  "help(\"plot\") lists what one holds.\n"
                  "Functions:");
}

/* Push what a module written in Lua says about itself (__help of its metatable), or return false. */
static bool push_module(lua_State *L, int at)
{
  int type = luaL_getmetafield(L, at, "__help");
  if (type != LUA_TNIL && type != LUA_TSTRING)
    lua_pop(L, 1);
  return type == LUA_TSTRING;
}

static bool push_userdata(lua_State *L, int at)
{
  const struct lua_object *o = object_test(L, at);
  if (o) {
    push_owned(L, method_help(o->o.method, width(L)));
    return true;
  }
  if (!lua_getmetatable(L, at))
    return false;
  lua_getfield(L, -1, "methods");
  lua_remove(L, -2);
  if (!lua_istable(L, -1))
    return false;
  push_listing(L, "methods:");
  return true;
}

/* The help text of a function at the top becomes a page of the terminal's width, with the keys of the table that it takes. */
static void lay_out(lua_State *L)
{
  lua_getglobal(L, "require");
  lua_pushliteral(L, "assay.settings");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "page");
  lua_remove(L, -2);
  lua_insert(L, -2);
  complete_push_known(L);
  lua_pushinteger(L, width(L));
  lua_call(L, 3, 1);
}

/* Text of the help on what is at index 1. */
static void push_help(lua_State *L)
{
  char hint[128];
  if (lua_isnoneornil(L, 1)) {
    push_overview(L);
    return;
  }
  if (lua_type(L, 1) == LUA_TSTRING) {
    const char *word = lua_tostring(L, 1);
    if (push_method_id(L, word))
      return;
    for (int in_assay = 1; in_assay >= 0; in_assay--) {
      push_named(L, word, in_assay);
      if (!lua_isnil(L, -1) && (lua_istable(L, -1) || lua_isfunction(L, -1) || lua_isuserdata(L, -1))) {
        lua_replace(L, 1);
        push_help(L);
        return;
      }
      lua_pop(L, 1);
    }
    size_t n = registry_count();
    const char **id = lua_newuserdatauv(L, (n + 1) * sizeof *id, 0);
    for (size_t i = 0; i < n; i++)
      id[i] = registry_at(i)->id;
    bind_error(L, "no method or function is called \"%s\"%s", word, bind_did_you_mean(word, id, n, hint, sizeof hint));
  }
  if (lua_isfunction(L, 1) && help_push_function(L, 1)) {
    lay_out(L);
    return;
  }
  if (lua_istable(L, 1)) {
    if (push_module(L, 1))
      return;
    lua_pushvalue(L, 1);
    push_listing(L, "functions:");
    return;
  }
  if (lua_isuserdata(L, 1) && push_userdata(L, 1))
    return;
  lua_pushfstring(L, "no help for a %s", luaL_typename(L, 1));
}

int bind_help(lua_State *L)
{
  lua_settop(L, 1);
  push_help(L);
  lua_getglobal(L, "print");
  lua_insert(L, -2);
  lua_call(L, 1, 0);
  return 0;
}

void help_open(lua_State *L)
{
  static const struct function_row rows[] = {
      {"help", bind_help, "help(x)",
       "Explain an object, a function, or the id of a method; without an argument, list the library."},
      {"usage", help_usage, NULL, NULL},
      {"describe", help_describe, NULL, NULL},
      {"terminal_width", help_width, NULL, NULL},
      {0}};
  bind_functions(L, rows);
  lua_getfield(L, -1, "help");
  lua_setglobal(L, "help");
}
