/* call.c: protected calls, and error messages that name the user's own line.
 *
 * An error raised by the library (C or lua/assay) is blamed on the nearest line of the user's code; the
 * callers that follow are the user's too, since nobody can act on a line of ours. */
#include "lua/bind/bind.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_FRAMES 6

bool bind_is_library(const struct lua_host *h, const char *source)
{
  if (*source != '@' || !h->share_dir)
    return false;
  size_t n = strlen(h->share_dir);
  return !strncmp(source + 1, h->share_dir, n) && !strncmp(source + 1 + n, "/lua/assay/", 11);
}

/* Is this frame a line of the user's code? Fills source, currentline and name. */
static bool user_frame(lua_State *L, lua_Debug *ar)
{
  return lua_getinfo(L, "Sln", ar) && ar->currentline > 0 && !bind_is_library(bind_host(L), ar->source);
}

void bind_where(lua_State *L)
{
  lua_Debug ar;
  for (int level = 1; lua_getstack(L, level, &ar); level++)
    if (user_frame(L, &ar)) {
      lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
      return;
    }
  lua_pushliteral(L, "");
}

void bind_error(lua_State *L, const char *format, ...)
{
  char message[sizeof(((struct err *)0)->message)];
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args); /* args is started above: NOLINT(clang-analyzer-valist.Uninitialized) */
  va_end(args);
  bind_where(L);
  lua_pushstring(L, message);
  lua_concat(L, 2);
  lua_error(L);
  __builtin_unreachable();
}

void bind_raise(lua_State *L, const struct err *e)
{
  if (e->code == STATUS_CANCELLED) /* a kernel saw the flag: no pcall may swallow that */
    lua_host_interrupt(bind_host(L));
  bind_error(L, "%s", e->code == STATUS_CANCELLED ? "interrupted" : e->message);
}

const char *bind_did_you_mean(const char *word, const char *const *known, size_t n, char *buffer, size_t size)
{
  const char *near = nearest_name(word, known, n);
  *buffer = '\0';
  if (near)
    snprintf(buffer, size, "; did you mean \"%s\"?", near);
  return buffer;
}

void bind_check_keys(lua_State *L, int at, const char *what, const char *const *known)
{
  size_t n = 0;
  while (known[n])
    n++;
  for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      bind_error(L, "%s takes named values only, not a list: {%s = …}", what, known[0]);
    const char *key = lua_tostring(L, -2);
    size_t i = 0;
    while (i < n && strcmp(known[i], key) != 0)
      i++;
    if (i == n) {
      char hint[96];
      bind_error(L, "%s has no key \"%s\"%s", what, key, bind_did_you_mean(key, known, n, hint, sizeof hint));
    }
  }
}

/* Append the user's callers of what runs on `co` to the message at the top of L. */
static void add_callers(lua_State *L, lua_State *co)
{
  lua_Debug ar;
  int shown = 0, seen = 0;
  char where[LUA_IDSIZE + 16];
  for (int level = 0; shown < MAX_FRAMES && lua_getstack(co, level, &ar); level++) {
    if (!user_frame(co, &ar))
      continue;
    snprintf(where, sizeof where, "%s:%d:", ar.short_src, ar.currentline);
    if (seen++ == 0 && !strncmp(lua_tostring(L, -1), where, strlen(where)))
      continue; /* the message itself says so */
    lua_pushfstring(L, "\n  called from %s:%d", ar.short_src, ar.currentline);
    if (ar.name)
      lua_pushfstring(L, " in '%s'", ar.name);
    lua_concat(L, ar.name ? 3 : 2);
    shown++;
  }
}

/* Make the value at the top of L a message. */
static void stringify(lua_State *L)
{
  if (lua_type(L, -1) == LUA_TSTRING)
    return;
  if (lua_isnil(L, -1))
    lua_pushliteral(L, "error without a message (error(nil))");
  else
    luaL_tolstring(L, -1, NULL);
  lua_remove(L, -2);
}

#define TRACEBACK "assay.traceback" /* registry: all frames of the last error */

/* Make the error value at the top of L a message with its callers on `co`, and keep the whole traceback. */
static void explain_value(lua_State *L, lua_State *co)
{
  stringify(L);
  if (atomic_load(&bind_host(L)->interrupted))
    return;
  luaL_traceback(L, co, lua_tostring(L, -1), L == co ? 1 : 0); /* without the handler itself */
  lua_setfield(L, LUA_REGISTRYINDEX, TRACEBACK);
  add_callers(L, co);
}

int bind_on_error(lua_State *L)
{
  lua_settop(L, 1);
  explain_value(L, L);
  return 1;
}

void bind_push_failure(lua_State *L, lua_State *co)
{
  lua_checkstack(co, 1);
  lua_pushvalue(co, -1); /* closing the coroutine later wants the error value too */
  lua_xmove(co, L, 1);
  explain_value(L, co);
}

void bind_no_memory(const struct lua_host *h, struct err *e)
{
  if (h->memory_limit)
    err_set(e, STATUS_NO_MEMORY, "the script needs more memory than Lua may use (%zu MB)", h->memory_limit >> 20);
  else
    err_set(e, STATUS_NO_MEMORY, "the script ran out of memory");
}

/* What the failed call says, as a status. */
static enum status explain(struct lua_host *h, int rc, const char *message, struct err *e)
{
  if (atomic_load(&h->interrupted))
    return err_set(e, STATUS_CANCELLED, "%s", message ? message : "interrupted");
  if (rc == LUA_ERRMEM) {
    bind_no_memory(h, e);
    return STATUS_NO_MEMORY;
  }
  return err_set(e, STATUS_BAD_ARG, "%s", message ? message : "error without a message");
}

enum status bind_protect(struct lua_host *h, lua_CFunction f, void *arg, struct err *e)
{
  interrupt_enter(h);
  if (h->depth == 1 && atomic_load(h->cancel)) {
    interrupt_leave(h);
    return err_set(e, STATUS_CANCELLED, "interrupted");
  }
  lua_State *L = h->L;
  int top = lua_gettop(L);
  lua_pushcfunction(L, bind_on_error);
  lua_pushcfunction(L, f);
  lua_pushlightuserdata(L, arg);
  int rc = lua_pcall(L, 1, 0, top + 1);
  enum status status = rc == LUA_OK ? STATUS_OK : explain(h, rc, lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL, e);
  lua_settop(L, top);
  interrupt_leave(h);
  return status;
}

/* --- for the part of the library that is written in Lua ------------------------------------------- */

/* assay.refuse(format, …): an error at the user's line, whatever the depth of the library. */
static int call_refuse(lua_State *L)
{
  int n = lua_gettop(L);
  lua_getglobal(L, "string");
  lua_getfield(L, -1, "format");
  lua_insert(L, 1);
  lua_settop(L, n + 1);
  lua_call(L, n, 1);
  bind_error(L, "%s", lua_tostring(L, -1));
}

/* assay.check_keys(table, what, {names}): no key but these. */
static int call_check_keys(lua_State *L)
{
  const char *names[128];
  const char *what = luaL_checkstring(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  size_t n = lua_rawlen(L, 3), most = sizeof names / sizeof *names - 1;
  if (!lua_istable(L, 1))
    bind_error(L, "%s takes one table of settings, got %s", what, luaL_typename(L, 1));
  luaL_checkstack(L, (int)most + 8, NULL);
  for (size_t i = 0; i < n && i < most; i++) {
    lua_rawgeti(L, 3, (lua_Integer)i + 1);
    names[i] = luaL_checkstring(L, -1); /* the table keeps it alive */
  }
  names[n < most ? n : most] = NULL;
  bind_check_keys(L, 1, what, names);
  return 0;
}

/* assay.traceback(): print all of the last error, the library's own frames too. */
static int call_traceback(lua_State *L)
{
  lua_getglobal(L, "print");
  if (lua_getfield(L, LUA_REGISTRYINDEX, TRACEBACK) == LUA_TNIL) {
    lua_pop(L, 1);
    lua_pushliteral(L, "no error so far");
  }
  lua_call(L, 1, 0);
  return 0;
}

void call_open(lua_State *L)
{
  static const struct function_row rows[] = {
      {"refuse", call_refuse, NULL, NULL},
      {"check_keys", call_check_keys, NULL, NULL},
      {"traceback", call_traceback, "assay.traceback()",
       "Print everything about the last error: errors show the user's own lines, this all of them. At the prompt also traceback()."},
      {0}};
  bind_functions(L, rows);
}
