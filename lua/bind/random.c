/* random.c: math.random inside runs.
 *
 * Lua seeds its generator anew in each process and all runs of a worker would share it: results would
 * depend on what ran before. Inside a run math.random draws from a stream of the run's own, a function of
 * its configuration alone; outside runs it is Lua's. */
#include "experiments/kernel/rng.h"
#include "lua/bind/bind.h"

/* Call Lua's own function, which is the upvalue, with the arguments at hand. */
static int call_original(lua_State *L)
{
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

static int random_number(lua_State *L)
{
  struct rng *r = run_random(bind_host(L), run_current(L));
  if (!r)
    return call_original(L);
  int n = lua_gettop(L);
  lua_Integer low = n == 2 ? luaL_checkinteger(L, 1) : 1, high = n > 0 ? luaL_checkinteger(L, n == 2 ? 2 : 1) : 0;
  if (n > 2)
    bind_error(L, "math.random takes at most two numbers");
  if (n == 0)
    lua_pushnumber(L, rng_uniform(r));
  else if (n == 1 && high == 0)
    lua_pushinteger(L, (lua_Integer)rng_u64(r));
  else if (low > high)
    bind_error(L, "math.random: the interval from %lld to %lld is empty", (long long)low, (long long)high);
  else {
    lua_Unsigned size = (lua_Unsigned)high - (lua_Unsigned)low + 1; /* 0: all integers */
    lua_Unsigned step = size ? rng_below(r, size) : rng_u64(r);
    lua_pushinteger(L, (lua_Integer)((lua_Unsigned)low + step));
  }
  return 1;
}

static int random_seed(lua_State *L)
{
  struct rng *r = run_random(bind_host(L), run_current(L));
  if (!r)
    return call_original(L);
  *r = rng_make((uint64_t)luaL_optinteger(L, 1, 0), RNG_USER, (uint64_t)luaL_optinteger(L, 2, 0) + 1);
  return 0;
}

void random_open(lua_State *L)
{
  lua_getglobal(L, "math");
  lua_getfield(L, -1, "random");
  lua_pushcclosure(L, random_number, 1);
  lua_setfield(L, -2, "random");
  lua_getfield(L, -1, "randomseed");
  lua_pushcclosure(L, random_seed, 1);
  lua_setfield(L, -2, "randomseed");
  lua_pop(L, 1);
}
