/* experiment_set.c: "name=value" words for an experiment: each value is read as the kind of the value that it replaces. */
#include <stdio.h>
#include <string.h>

#include "lua/bind/experiment_int.h"

/* A word as a number of the default's kind; raises. */
static void push_number(lua_State *L, const char *name, const char *word, bool whole)
{
  lua_pushstring(L, word);
  int is_number;
  lua_Number v = lua_tonumberx(L, -1, &is_number);
  if (!is_number)
    bind_error(L, "parameter %s must be a number, got \"%s\"", name, word);
  lua_pop(L, 1);
  lua_Integer i;
  if (whole && !lua_numbertointeger(v, &i))
    bind_error(L, "parameter %s must be a whole number, got %s", name, word);
  if (whole && (lua_Number)i != v)
    bind_error(L, "parameter %s must be a whole number, got %s (a default like 1.0 in the script would allow fractions)", name, word);
  if (whole)
    lua_pushinteger(L, i);
  else
    lua_pushnumber(L, v);
}

static void push_word(lua_State *L, const char *name, const char *word, int like)
{
  switch (lua_type(L, like)) {
  case LUA_TNUMBER: push_number(L, name, word, lua_isinteger(L, like)); return;
  case LUA_TBOOLEAN:
    if (strcmp(word, "true") != 0 && strcmp(word, "false") != 0)
      bind_error(L, "parameter %s must be true or false, got \"%s\"", name, word);
    lua_pushboolean(L, !strcmp(word, "true"));
    return;
  default: lua_pushstring(L, word); return;
  }
}

/* "0.1,0.2" as a list whose items are of the kind of the default's first item. */
static void push_words(lua_State *L, const char *name, const char *word, int like)
{
  lua_geti(L, like, 1);
  int first = lua_gettop(L);
  bool whole = false;
  if (lua_isinteger(L, first)) { /* the list as a whole decides: {1, 0.5} is a list of reals */
    whole = true;
    for (lua_pushnil(L); lua_next(L, like); lua_pop(L, 1))
      whole = whole && lua_isinteger(L, -1);
  }
  lua_newtable(L);
  for (lua_Integer i = 1; *word; i++) {
    size_t n = strcspn(word, ",");
    lua_pushlstring(L, word, n);
    const char *item = lua_tostring(L, -1);
    if (lua_type(L, first) == LUA_TNUMBER)
      push_number(L, name, item, whole);
    else
      push_word(L, name, item, first);
    lua_rawseti(L, first + 1, i);
    lua_pop(L, 1);
    word += n + (word[n] == ',');
  }
  lua_replace(L, first);
}

void experiment_push_like(lua_State *L, const char *name, const char *word, int like)
{
  like = lua_absindex(L, like);
  if (lua_istable(L, like))
    push_words(L, name, word, like);
  else
    push_word(L, name, word, like);
}

void experiment_set_param(lua_State *L, int params, const char *set)
{
  const char *equals = strchr(set, '=');
  if (!equals)
    bind_error(L, "--set takes name=value, got \"%s\"", set);
  lua_pushlstring(L, set, (size_t)(equals - set));
  const char *name = lua_tostring(L, -1);
  if (lua_getfield(L, params, name) == LUA_TNIL) {
    const char *known[256];
    size_t n = 0;
    char hint[96];
    struct text *list = text_push(L);
    for (lua_pushnil(L); n < 256 && lua_next(L, params); lua_pop(L, 1)) {
      known[n++] = lua_tostring(L, -2);
      text_add(list, n > 1 ? ", " : "");
      text_add(list, known[n - 1]);
    }
    bind_did_you_mean(name, known, n, hint, sizeof hint);
    bind_error(L, "the experiment has no parameter \"%s\"%s (it has: %s)", name, hint, n ? list->s : "none");
  }
  experiment_push_like(L, name, equals + 1, -1);
  lua_setfield(L, params, name);
  lua_pop(L, 2);
}
