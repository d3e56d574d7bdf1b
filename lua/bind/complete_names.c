/* complete_names.c: completion of names: globals, fields behind a dot, methods behind a colon, modules of the library. */
#include <string.h>

#include "lua/bind/complete_int.h"

/* Add a candidate to the table at the top when it starts with the prefix; `about` is one line on it, or NULL. */
void complete_offer_about(lua_State *L, const char *name, const char *about, const char *prefix, size_t n)
{
  if (strncmp(name, prefix, n) != 0)
    return;
  lua_pushstring(L, about ? about : "");
  lua_setfield(L, -2, name);
}

void complete_offer(lua_State *L, const char *name, const char *prefix, size_t n) { complete_offer_about(L, name, NULL, prefix, n); }

/* Push what is known of the value at `at`, in a line: the first sentence of a function's help, else its type. */
static void push_about(lua_State *L, int at)
{
  at = lua_absindex(L, at);
  if (lua_isfunction(L, at) && help_push_function(L, at)) {
    const char *text = strchr(lua_tostring(L, -1), '\n'), *end;
    text = text ? text + strspn(text, "\n ") : "";
    end = strstr(text, ". ");
    lua_pushlstring(L, text, end ? (size_t)(end - text) + 1 : strcspn(text, "\n"));
    lua_remove(L, -2);
    return;
  }
  if (luaL_getmetafield(L, at, "__help") == LUA_TSTRING) { /* a module: "assay.report: the runs of …" */
    const char *text = lua_tostring(L, -1), *colon = strchr(text, ':'), *what = colon && colon[1] == ' ' ? colon + 2 : text;
    lua_pushlstring(L, what, strcspn(what, "\n"));
    lua_remove(L, -2);
    return;
  }
  const struct lua_object *o = object_test(L, at);
  lua_pushstring(L, o && o->o.method ? o->o.method->summary : lua_isnil(L, at) ? "" : luaL_typename(L, at));
}

/* Offer the string keys of the table at `at`; `call_only`: functions only (after a colon). */
static void offer_keys(lua_State *L, int at, const char *prefix, size_t n, bool call_only)
{
  at = lua_absindex(L, at);
  for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING || (call_only && !lua_isfunction(L, -1)) || (lua_isfunction(L, -1) && help_is_internal(L, -1)))
      continue;
    const char *key = lua_tostring(L, -2);
    if (strncmp(key, prefix, n) != 0)
      continue;
    push_about(L, -1);
    lua_pushvalue(L, -4);
    complete_offer_about(L, key, lua_tostring(L, -2), prefix, n);
    lua_pop(L, 2);
  }
}

/* Offer what objects of a kind can be asked for. */
static void offer_methods(lua_State *L, int candidates, enum kind kind, const char *prefix, size_t n)
{
  const int kinds[] = {0, (int)kind}; /* 0: what every kind has */
  lua_getfield(L, LUA_REGISTRYINDEX, "assay.object.methods");
  for (int i = 0; i < 2; i++) {
    if (lua_rawgeti(L, -1, kinds[i]) == LUA_TTABLE) {
      lua_pushvalue(L, candidates);
      offer_keys(L, -2, prefix, n, true);
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/* Offer the members of the userdata at the top: methods of its type, parameters of an object. */
static void offer_members(lua_State *L, int candidates, const char *prefix, size_t n, bool methods_only)
{
  int at = lua_gettop(L);
  const struct lua_object *o = object_test(L, at);
  if (o) {
    offer_methods(L, candidates, o->o.method->kind, prefix, n);
    lua_pushvalue(L, candidates);
    for (const struct param *p = methods_only ? NULL : o->o.method->params; p && p->id; p++)
      complete_offer_about(L, p->id, p->doc, prefix, n);
  } else if (luaL_getmetafield(L, at, "methods") == LUA_TTABLE) {
    lua_pushvalue(L, candidates);
    offer_keys(L, -2, prefix, n, true);
  }
  lua_settop(L, at);
}

/* Is the value at `at` the table `assay`? */
static bool is_library(lua_State *L, int at)
{
  at = lua_absindex(L, at);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, "assay");
  bool same = lua_rawequal(L, at, -1);
  lua_pop(L, 2);
  return same;
}

/* Walk a.b.c raw from the globals; pushes the value (nil if it breaks off). */
void complete_push_path(lua_State *L, const char *path, size_t n)
{
  lua_pushglobaltable(L);
  size_t at = 0;
  while (at < n) {
    size_t len = 0;
    while (at + len < n && complete_is_word(path[at + len]))
      len++;
    if (!lua_istable(L, -1) || len == 0) {
      lua_pop(L, 1);
      lua_pushnil(L);
      return;
    }
    lua_pushlstring(L, path + at, len);
    if (is_library(L, -2) && plot_is_module(lua_tostring(L, -1)))
      lua_gettable(L, -2); /* loads it */
    else
      lua_rawget(L, -2);
    lua_remove(L, -2);
    at += len + 1;
  }
}

/* Offer the modules of the library, which stands below the candidates at the top; those that fit are loaded. */
static void offer_modules(lua_State *L, const char *prefix, size_t n)
{
  for (size_t i = 0; plot_modules[i]; i++)
    if (strncmp(plot_modules[i], prefix, n) == 0) {
      lua_getfield(L, -2, plot_modules[i]);
      push_about(L, -1);
      lua_pushvalue(L, -3);
      complete_offer_about(L, plot_modules[i], lua_tostring(L, -2), prefix, n);
      lua_pop(L, 3);
    }
}

/* a.b.pre| or a:pre| or pre| */
void complete_offer_names(lua_State *L, const char *line, size_t start, size_t cursor)
{
  int candidates = lua_gettop(L);
  size_t word = cursor;
  while (word > start && complete_is_word(line[word - 1]))
    word--;
  bool member = word > start;
  bool colon = member && line[word - 1] == ':';
  if (member && word - 1 == start) { /* behind a call, an index or a text */
    const struct method *m = colon ? complete_method_before(line, start) : NULL;
    if (m)
      offer_methods(L, candidates, m->kind, line + word, cursor - word);
    return;
  }
  complete_push_path(L, line + start, member ? word - 1 - start : 0);
  if (lua_istable(L, -1)) {
    lua_pushvalue(L, candidates);
    offer_keys(L, -2, line + word, cursor - word, colon);
    if (is_library(L, -2) && !colon)
      offer_modules(L, line + word, cursor - word);
    lua_pop(L, 1);
  } else if (lua_isuserdata(L, -1))
    offer_members(L, candidates, line + word, cursor - word, colon);
  else if (lua_type(L, -1) == LUA_TSTRING) {
    lua_getglobal(L, "string");
    lua_pushvalue(L, candidates);
    offer_keys(L, -2, line + word, cursor - word, colon);
  }
  lua_settop(L, candidates);
  if (!member) {
    static const char *const keywords[] = {"and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if",
        "in", "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while", NULL};
    for (size_t i = 0; cursor > word && keywords[i]; i++)
      complete_offer(L, keywords[i], line + word, cursor - word);
  }
}
