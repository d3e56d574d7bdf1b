/* complete_library.c: what completion tells and asks lua/assay/complete.lua, and the files that it may offer. */
#include <glob.h>
#include <string.h>

#include "experiments/registry.h"
#include "lua/bind/complete_int.h"

/* files(prefix): a list of files whose names begin so, folders with a slash; none that would break a line. */
static int list_files(lua_State *L)
{
  const char *prefix = luaL_checkstring(L, 1);
  struct text *pattern = text_push(L);
  glob_t found;
  for (const char *c = prefix; *c; c++)
    text_format(pattern, strchr("*?[\\", *c) ? "\\%c" : "%c", *c);
  text_add(pattern, "*");
  lua_newtable(L);
  if (glob(pattern->s, GLOB_MARK, NULL, &found) != 0)
    return 1;
  for (size_t i = 0, n = 0; i < found.gl_pathc && n < 1000; i++)
    if (!strpbrk(found.gl_pathv[i], "\n\t")) {
      lua_pushstring(L, found.gl_pathv[i]);
      lua_rawseti(L, -2, (lua_Integer)++n);
    }
  globfree(&found);
  return 1;
}

void complete_offer_files(lua_State *L, const char *prefix, size_t n)
{
  lua_pushcfunction(L, list_files);
  lua_pushlstring(L, prefix, n);
  lua_call(L, 1, 1);
  for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TSTRING; i++) {
    lua_pushvalue(L, -3);
    complete_offer(L, lua_tostring(L, -2), prefix, n);
    lua_pop(L, 2);
  }
  lua_pop(L, 2);
}

static void push_list(lua_State *L, const char *const *words)
{
  lua_newtable(L);
  for (lua_Integer i = 0; words[i]; i++) {
    lua_pushstring(L, words[i]);
    lua_rawseti(L, -2, i + 1);
  }
}

void complete_push_known(lua_State *L)
{
  static const struct { const char *name; const char *const *words; } lists[] = {
      {"modules", plot_modules}, {"train", train_keys}, {"train_many", train_many_keys}, {"train_replica", train_replica_keys},
      {"experiment", experiment_keys}};
  lua_newtable(L);
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    push_list(L, lists[i].words);
    lua_setfield(L, -2, lists[i].name);
  }
  lua_newtable(L);
  for (size_t i = 0; i < registry_count(); i++) {
    lua_pushstring(L, registry_at(i)->summary);
    lua_setfield(L, -2, registry_at(i)->id);
  }
  lua_setfield(L, -2, "ids");
  lua_pushcfunction(L, list_files);
  lua_setfield(L, -2, "files");
}

/* Offer what the library says; false where it knows nothing: then *open and *outer are the innermost bracket or quote
 * that is open and the one around it, or -1. */
bool complete_offer_from_library(lua_State *L, struct completion *c, long *open, long *outer)
{
  int candidates = lua_gettop(L);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "assay.complete");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "offer");
  lua_pushlstring(L, c->line, c->cursor);
  complete_push_known(L);
  lua_call(L, 2, 3);
  bool known = lua_istable(L, -3);
  if (known) {
    size_t n;
    const char *typed = lua_tolstring(L, -2, &n);
    c->from = c->cursor - n;
    for (lua_pushnil(L); lua_next(L, -4); lua_pop(L, 1)) {
      lua_pushvalue(L, candidates);
      complete_offer_about(L, lua_tostring(L, -3), lua_tostring(L, -2), typed, n);
      lua_pop(L, 1);
    }
  } else {
    *open = (long)lua_tointeger(L, -2) - 1;
    *outer = (long)lua_tointeger(L, -1) - 1;
  }
  lua_settop(L, candidates);
  return known;
}
