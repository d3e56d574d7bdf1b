/* eval.c: the prompt: evaluate what was typed, show the value of an expression; and run a file. */
#include <stdio.h>
#include <string.h>

#include "lua/bind/bind.h"

struct evaluation { const char *code, *chunk; int incomplete; };

/* Does the message at the top complain about the end of the code? */
static bool at_end(lua_State *L)
{
  size_t length = 0;
  const char *message = lua_tolstring(L, -1, &length);
  return length >= 5 && !strcmp(message + length - 5, "<eof>");
}

/* A variable that is closed keeps what follows from being a tail call: else the line would be unknown when that fails. */
#define EXPRESSION "local _closed <close> = nil return "

/* Load as an expression if it is one, else as statements; true when a chunk stands on the stack. More is
 * wanted where either ends too early: "{1," is no statement, "for i = 1, 2 do" no expression. */
static bool load_code(lua_State *L, struct evaluation *v)
{
  lua_pushfstring(L, EXPRESSION "%s", v->code);
  size_t n;
  const char *text = lua_tolstring(L, -1, &n);
  if (luaL_loadbufferx(L, text, n, v->chunk, "t") == LUA_OK)
    return true;
  v->incomplete = at_end(L);
  lua_settop(L, 1);
  int rc = luaL_loadbufferx(L, v->code, strlen(v->code), v->chunk, "t");
  if (rc == LUA_OK) {
    v->incomplete = 0;
    return true;
  }
  v->incomplete = rc == LUA_ERRSYNTAX && (v->incomplete || at_end(L));
  return false;
}

/* Push how a function of the library is called, for those who typed its name only; false if `at` is none. */
static bool push_function_usage(lua_State *L, int at)
{
  if (!lua_isfunction(L, at) || !help_push_function(L, at))
    return false;
  const char *usage = lua_tostring(L, -1);
  lua_pushfstring(L, "function %s", usage);
  lua_remove(L, -2);
  return true;
}

/* The value at `at` becomes _ and _1; what they were moves on to _2 … _9. nil is no result worth keeping. */
static void remember(lua_State *L, int at)
{
  char name[3] = "_0";
  if (lua_isnil(L, at))
    return;
  for (char digit = '9'; digit > '1'; digit--) {
    name[1] = (char)(digit - 1);
    lua_getglobal(L, name);
    name[1] = digit;
    lua_setglobal(L, name);
  }
  lua_pushvalue(L, at);
  lua_setglobal(L, "_1");
  lua_pushvalue(L, at);
  lua_setglobal(L, "_");
}

/* A value with a way of its own to be shown at the prompt (a plot). */
static bool show_itself(lua_State *L, int at)
{
  if (luaL_getmetafield(L, at, "__show") == LUA_TNIL)
    return false;
  lua_pushvalue(L, at);
  lua_call(L, 1, 0);
  return true;
}

/* Print each of the values at `from` and above as the prompt shows values; the first is remembered. */
static void show_values(lua_State *L, int from)
{
  int n = lua_gettop(L);
  if (n < from)
    return;
  remember(L, from);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "assay.pretty");
  lua_call(L, 1, 1);
  for (int i = from; i <= n; i++) {
    if (show_itself(L, i))
      continue;
    if (!push_function_usage(L, i)) {
      lua_getfield(L, n + 1, "show");
      lua_pushvalue(L, i);
      lua_call(L, 1, 1);
    }
    lua_getglobal(L, "print");
    lua_insert(L, -2);
    lua_call(L, 1, 0);
  }
}

static int evaluate(lua_State *L)
{
  struct evaluation *v = lua_touserdata(L, 1);
  const char *start = v->code + strspn(v->code, " \t");
  if (*start == '?') { /* ?name: help */
    lua_pushcfunction(L, bind_help);
    start += 1 + strspn(start + 1, " \t");
    lua_pushlstring(L, start, strcspn(start, " \t\r\n"));
    if (!*lua_tostring(L, -1)) {
      lua_pop(L, 1);
      lua_pushnil(L);
    }
    lua_call(L, 1, 0);
    return 0;
  }
  if (!load_code(L, v))
    return v->incomplete ? 0 : lua_error(L);
  lua_replace(L, 1); /* the chunk takes the place of v */
  lua_settop(L, 1);
  lua_call(L, 0, LUA_MULTRET);
  show_values(L, 1);
  return 0;
}

enum status lua_host_eval(struct lua_host *h, const char *code, const char *chunk_name, int *incomplete, struct err *e)
{
  char chunk[128];
  if (chunk_name && *chunk_name == '=')
    chunk_name++;
  snprintf(chunk, sizeof chunk, "=%s", chunk_name ? chunk_name : "prompt");
  struct evaluation v = {code, chunk, 0};
  enum status status = bind_protect(h, evaluate, &v, e);
  fflush(stdout);
  if (incomplete)
    *incomplete = v.incomplete;
  else if (v.incomplete)
    status = err_set(e, STATUS_BAD_ARG, "%s: the code ends too early", chunk + 1);
  return status;
}

static int run_file(lua_State *L)
{
  const char *path = lua_touserdata(L, 1);
  script_begin(L, path);
  script_load(L, path);
  lua_call(L, 0, 1);
  if (lua_istable(L, -1) && luaL_getmetafield(L, -1, "__name") && !strcmp(lua_tostring(L, -1), BIND_EXPERIMENT)) {
    lua_getfield(L, -2, "name");
    bind_error(L, "%s is an experiment (\"%s\"): start it with `assay run %s`", path, lua_tostring(L, -1), path);
  }
  return 0;
}

enum status lua_host_file(struct lua_host *h, const char *path, struct err *e)
{
  enum status status = bind_protect(h, run_file, (void *)path, e);
  fflush(stdout);
  return status;
}
