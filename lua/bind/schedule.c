/* schedule.c: schedule:at(t) and schedule:values() at the prompt. */
#include "lua/bind/bind.h"

#include <string.h>

#include "experiments/schedules/schedule.h"

#define MAX_VALUES 10000000

/* T: from the argument at `at`, else the schedule's own `steps`. */
static int64_t horizon(lua_State *L, const struct lua_object *o, int at)
{
  struct err e = {0};
  int64_t steps = luaL_optinteger(L, at, PARAM_AUTO_INT);
  if (steps == PARAM_AUTO_INT) {
    const struct param *p = params_find(o->o.method, "steps");
    steps = p ? *(const int64_t *)((const char *)o->o.conf + p->at) : PARAM_AUTO_INT;
  }
  if (steps == PARAM_AUTO_INT)
    bind_error(L, "schedule \"%s\" does not know its length: give steps, as in assay.schedule(\"%s\", {steps = 1000})",
               o->o.method->id, o->o.method->id);
  if (steps < 1)
    bind_error(L, "steps must be at least 1, got %lld", (long long)steps);
  if (schedule_check(&o->o, steps, &e) != STATUS_OK)
    bind_raise(L, &e);
  return steps;
}

static int schedule_rate(lua_State *L)
{
  const struct lua_object *o = object_check(L, 1, KIND_SCHEDULE);
  int64_t t = luaL_checkinteger(L, 2), steps = horizon(L, o, 3);
  if (t < 0 || t >= steps)
    bind_error(L, "update %lld does not exist: updates are numbered 0 to %lld", (long long)t, (long long)steps - 1);
  lua_pushnumber(L, schedule_at(&o->o, t, steps));
  return 1;
}

static int schedule_values(lua_State *L)
{
  const struct lua_object *o = object_check(L, 1, KIND_SCHEDULE);
  int64_t steps = horizon(L, o, 2);
  if (steps > MAX_VALUES)
    bind_error(L, "%lld values are too many for a list (at most %d)", (long long)steps, MAX_VALUES);
  lua_createtable(L, (int)steps, 0);
  for (int64_t t = 0; t < steps; t++) {
    lua_pushnumber(L, schedule_at(&o->o, t, steps));
    lua_rawseti(L, -2, t + 1);
  }
  return 1;
}

const struct function_row schedule_methods[] = {
    {"at", schedule_rate, "schedule:at(t[, steps])", "The rate of update t = 0 … steps - 1."},
    {"values", schedule_values, "schedule:values([steps])", "The rates of all updates as a list."},
    {0}};
