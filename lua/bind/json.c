/* json.c: canonical JSON of Lua values, and back.
 *
 * Canonical: keys sorted by bytes, no spaces, shortest numbers; equal values give equal bytes whatever
 * the order in which a script built its tables. Reading goes through jansson. */
#include "lua/bind/bind.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 32
#define JSON_BOX "assay.json"

/* Is this valid UTF-8 (no overlong forms, no surrogates)? */
static bool is_utf8(const char *s, size_t n)
{
  const unsigned char *p = (const unsigned char *)s, *end = p + n;
  while (p < end) {
    unsigned c = *p++;
    int more = c < 0x80 ? 0 : (c & 0xe0) == 0xc0 ? 1 : (c & 0xf0) == 0xe0 ? 2 : (c & 0xf8) == 0xf0 ? 3 : -1;
    if (more < 0 || end - p < more)
      return false;
    unsigned code = more == 0 ? c : c & (0x3fu >> more);
    for (int i = 0; i < more; i++, p++) {
      if ((*p & 0xc0) != 0x80)
        return false;
      code = code << 6 | (*p & 0x3fu);
    }
    static const unsigned least[] = {0, 0x80, 0x800, 0x10000};
    if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
      return false;
  }
  return true;
}

void json_add_string(struct text *t, const char *s, size_t n)
{
  text_add(t, "\"");
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)s[i];
    if (c == '"' || c == '\\')
      text_format(t, "\\%c", c);
    else if (c == '\n')
      text_add(t, "\\n");
    else if (c == '\t')
      text_add(t, "\\t");
    else if (c < 0x20 || c == 0x7f)
      text_format(t, "\\u%04x", c);
    else
      text_add_n(t, s + i, 1);
  }
  text_add(t, "\"");
}

static void add_value(lua_State *L, int at, struct text *t, const char *what, int depth);

static int by_bytes(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static void add_map(lua_State *L, int at, struct text *t, const char *what, int depth)
{
  size_t n = 0;
  for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1), n++)
    if (lua_type(L, -2) != LUA_TSTRING)
      bind_error(L, "%s: a table must be either a list or have names as keys, not both", what);
  const char **key = lua_newuserdatauv(L, (n + 1) * sizeof *key, 0);
  size_t i = 0;
  for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1))
    key[i++] = lua_tostring(L, -2); /* the table keeps them */
  qsort(key, n, sizeof *key, by_bytes);
  text_add(t, "{");
  for (i = 0; i < n; i++) {
    text_add(t, i ? "," : "");
    json_add_string(t, key[i], strlen(key[i]));
    text_add(t, ":");
    lua_getfield(L, at, key[i]);
    add_value(L, lua_gettop(L), t, what, depth + 1);
    lua_pop(L, 1);
  }
  text_add(t, "}");
  lua_pop(L, 1);
}

static void add_list(lua_State *L, int at, struct text *t, const char *what, int depth)
{
  lua_Integer n = (lua_Integer)lua_rawlen(L, at), pairs = 0;
  for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1))
    pairs++;
  if (pairs != n) /* writing the items alone would lose the names silently */
    bind_error(L, "%s: a table must be either a list or have names as keys, not both", what);
  text_add(t, "[");
  for (lua_Integer i = 1; i <= n; i++) {
    text_add(t, i > 1 ? "," : "");
    lua_geti(L, at, i);
    add_value(L, lua_gettop(L), t, what, depth + 1);
    lua_pop(L, 1);
  }
  text_add(t, "]");
}

static void add_number(lua_State *L, int at, struct text *t)
{
  if (lua_isinteger(L, at)) {
    text_format(t, "%lld", (long long)lua_tointeger(L, at));
  } else {
    char number[32];
    json_number(lua_tonumber(L, at), number);
    text_add(t, number);
  }
}

static void add_value(lua_State *L, int at, struct text *t, const char *what, int depth)
{
  if (depth > MAX_DEPTH || !lua_checkstack(L, 8))
    bind_error(L, "%s: tables nest more than %d deep (or contain themselves)", what, MAX_DEPTH);
  size_t n;
  const char *s;
  switch (lua_type(L, at)) {
  case LUA_TNIL: text_add(t, "null"); return;
  case LUA_TBOOLEAN: text_add(t, lua_toboolean(L, at) ? "true" : "false"); return;
  case LUA_TNUMBER: add_number(L, at, t); return;
  case LUA_TSTRING:
    s = lua_tolstring(L, at, &n);
    if (!is_utf8(s, n))
      bind_error(L, "%s: a string is not UTF-8 text", what);
    json_add_string(t, s, n);
    return;
  case LUA_TTABLE:
    if (lua_rawlen(L, at) > 0 || (lua_pushnil(L), lua_next(L, at) == 0)) {
      add_list(L, at, t, what, depth);
      return;
    }
    lua_pop(L, 2);
    add_map(L, at, t, what, depth);
    return;
  default: break;
  }
  const struct lua_object *o = object_test(L, at);
  if (!o)
    bind_error(L, "%s cannot hold a %s: use numbers, strings, booleans, lists, tables or assay objects", what,
               luaL_typename(L, at));
  char *json = object_json(&o->o);
  text_add(t, json);
  free(json);
}

void json_add(lua_State *L, int at, struct text *t, const char *what)
{
  at = lua_absindex(L, at);
  add_value(L, at, t, what, 0);
}

void json_add_object(lua_State *L, int at, struct text *t, const char *what) { add_map(L, lua_absindex(L, at), t, what, 0); }

/* --- reading ------------------------------------------------------------------------------------ */

static int box_free(lua_State *L)
{
  json_t **box = lua_touserdata(L, 1);
  json_decref(*box);
  *box = NULL;
  return 0;
}

void json_open(lua_State *L)
{
  luaL_newmetatable(L, JSON_BOX);
  lua_pushcfunction(L, box_free);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
}

/* Infinities are written as words; only those two words are numbers. */
static void push_string(lua_State *L, const json_t *j)
{
  const char *s = json_string_value(j);
  if (!strcmp(s, "inf") || !strcmp(s, "-inf"))
    lua_pushnumber(L, *s == '-' ? -INFINITY : INFINITY);
  else
    lua_pushlstring(L, s, json_string_length(j));
}

static void push_json(lua_State *L, json_t *j)
{
  luaL_checkstack(L, 8, "JSON nests too deep");
  const char *key;
  json_t *value;
  size_t i;
  switch (json_typeof(j)) {
  case JSON_OBJECT:
    lua_createtable(L, 0, (int)json_object_size(j));
    json_object_foreach(j, key, value)
    {
      push_json(L, value);
      lua_setfield(L, -2, key);
    }
    return;
  case JSON_ARRAY:
    lua_createtable(L, (int)json_array_size(j), 0);
    json_array_foreach(j, i, value)
    {
      push_json(L, value);
      lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return;
  case JSON_STRING: push_string(L, j); return;
  case JSON_INTEGER: lua_pushinteger(L, json_integer_value(j)); return;
  case JSON_REAL: lua_pushnumber(L, json_real_value(j)); return;
  case JSON_TRUE: lua_pushboolean(L, 1); return;
  case JSON_FALSE: lua_pushboolean(L, 0); return;
  default: lua_pushnumber(L, NAN); return; /* null is a number that is none */
  }
}

void json_push(lua_State *L, const char *json)
{
  json_t **box = lua_newuserdatauv(L, sizeof(json_t *), 0);
  *box = NULL;
  luaL_setmetatable(L, JSON_BOX);
  json_error_t problem;
  *box = json_loads(json, JSON_ALLOW_NUL | JSON_DECODE_ANY, &problem);
  if (!*box)
    bind_error(L, "not JSON at byte %d: %s", problem.position, problem.text);
  push_json(L, *box);
  lua_remove(L, -2);
}

void bind_push_copy(lua_State *L, int at, int depth)
{
  at = lua_absindex(L, at);
  if (!lua_istable(L, at) || depth > MAX_DEPTH) {
    lua_pushvalue(L, at);
    return;
  }
  luaL_checkstack(L, 8, "table nests too deep");
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1)) {
    lua_pushvalue(L, -2);
    bind_push_copy(L, -2, depth + 1);
    lua_rawset(L, -5);
  }
}
