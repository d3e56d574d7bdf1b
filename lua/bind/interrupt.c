/* interrupt.c: Ctrl-C in Lua code.
 *
 * A permanent count hook halves Lua's speed, so there is none: the signal handler sets a hook on the
 * state that runs at that moment. Hooks belong to one coroutine, so resume and wrap are our own and
 * record who runs. The hook stays until the outermost host call returns: pcall may catch the error, and
 * the next instruction raises it again. */
#include "lua/bind/bind.h"

#define MEMORY_RESERVE ((size_t)1 << 20) /* for a call that starts at the limit, such as "t = nil" */

static void raise_interrupt(lua_State *L, lua_Debug *ar)
{
  (void)ar;
  if (atomic_load(&bind_host(L)->interrupted))
    luaL_error(L, "interrupted");
  lua_sethook(L, NULL, 0, 0);
}

static void set_hook(lua_State *L)
{
  lua_sethook(L, raise_interrupt, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

void lua_host_interrupt(struct lua_host *h)
{
  atomic_store(h->cancel, 1);
  atomic_store(&h->interrupted, 1);
  lua_State *L = atomic_load(&h->running);
  if (L)
    set_hook(L);
}

void interrupt_enter(struct lua_host *h)
{
  if (h->depth++ > 0)
    return;
  atomic_store(&h->own_cancel, 0); /* the caller's own flag is the caller's to clear */
  atomic_store(&h->interrupted, 0);
  lua_sethook(h->L, NULL, 0, 0);
  atomic_store(&h->running, h->L);
  h->memory_floor = h->memory + MEMORY_RESERVE;
}

void interrupt_leave(struct lua_host *h)
{
  if (--h->depth > 0)
    return;
  atomic_store(&h->running, (lua_State *)NULL);
  atomic_store(&h->interrupted, 0);
  lua_sethook(h->L, NULL, 0, 0);
}

int interrupt_resume(lua_State *L, lua_State *co, int n_args, int *n_results)
{
  struct lua_host *h = bind_host(L);
  if (lua_gethook(co) == raise_interrupt)
    lua_sethook(co, NULL, 0, 0); /* left from an earlier interrupt */
  atomic_store(&h->running, co);
  if (atomic_load(&h->interrupted))
    set_hook(co);
  int rc = lua_resume(co, L, n_args, n_results);
  atomic_store(&h->running, L);
  if (atomic_load(&h->interrupted)) /* it may have come between two states */
    set_hook(L);
  return rc;
}

static lua_State *check_coroutine(lua_State *L)
{
  lua_State *co = lua_tothread(L, 1);
  luaL_argexpected(L, co, 1, "coroutine");
  return co;
}

/* Move n_args values over, resume, and move the results back: their number, or -1 with an error value. */
static int transfer(lua_State *L, lua_State *co, int n_args)
{
  if (!lua_checkstack(co, n_args)) {
    lua_pushliteral(L, "too many arguments to resume");
    return -1;
  }
  if (lua_status(co) == LUA_OK && lua_gettop(co) == 0) {
    lua_pushliteral(L, "cannot resume dead coroutine");
    return -1;
  }
  lua_xmove(L, co, n_args);
  int n_results = 0;
  int rc = interrupt_resume(L, co, n_args, &n_results);
  if (rc != LUA_OK && rc != LUA_YIELD) {
    lua_xmove(co, L, 1);
    return -1;
  }
  if (!lua_checkstack(L, n_results + 1)) {
    lua_pop(co, n_results);
    lua_pushliteral(L, "too many results to resume");
    return -1;
  }
  lua_xmove(co, L, n_results);
  return n_results;
}

static int co_resume(lua_State *L)
{
  lua_State *co = check_coroutine(L);
  int n = transfer(L, co, lua_gettop(L) - 1);
  lua_pushboolean(L, n >= 0);
  lua_insert(L, n < 0 ? -2 : -(n + 1));
  return n < 0 ? 2 : n + 1;
}

static int co_wrapped(lua_State *L)
{
  lua_State *co = lua_tothread(L, lua_upvalueindex(1));
  int n = transfer(L, co, lua_gettop(L));
  if (n >= 0)
    return n;
  int status = lua_status(co);
  if (status != LUA_OK && status != LUA_YIELD) { /* failed: close its variables; the error may change */
    lua_pushvalue(L, -1);
    lua_xmove(L, co, 1);
    lua_resetthread(co);
    if (lua_gettop(co) > 0)
      lua_xmove(co, L, 1);
  }
  return lua_error(L);
}

static int co_wrap(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State *co = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  lua_pushcclosure(L, co_wrapped, 1);
  return 1;
}

void interrupt_open(lua_State *L)
{
  lua_getglobal(L, "coroutine");
  lua_pushcfunction(L, co_resume);
  lua_setfield(L, -2, "resume");
  lua_pushcfunction(L, co_wrap);
  lua_setfield(L, -2, "wrap");
  lua_pop(L, 1);
}
