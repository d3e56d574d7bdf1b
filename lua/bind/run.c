/* run.c: the run in hand: what the files of this folder ask of it, and what its script sees as `run`. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "lua/bind/artifact.h"
#include "lua/bind/run_int.h"

/* --- what other files ask --------------------------------------------------------------------------- */

long run_current(lua_State *L)
{
  const struct batch_of_runs *b = bind_host(L)->batch;
  return b ? b->current : -1;
}

bool run_owns(lua_State *L)
{
  const struct batch_of_runs *b = bind_host(L)->batch;
  return b && b->current >= 0 && b->run[b->current].co == L && lua_isyieldable(L);
}

int64_t run_seed(struct lua_host *h, long at)
{
  return h->batch && at >= 0 ? h->batch->x->seed[h->batch->run[at].run] : INT64_MIN;
}

struct rng *run_random(struct lua_host *h, long at) { return h->batch && at >= 0 ? &h->batch->run[at].random : NULL; }

void run_log(struct lua_host *h, long at, const char *key, int64_t step, double value)
{
  const struct batch_of_runs *b = h->batch;
  if (b && at >= 0 && b->sink->metric)
    b->sink->metric(b->sink->self, b->run[at].run, key, step, value);
}

void run_progress(struct lua_host *h, long at, double fraction)
{
  const struct batch_of_runs *b = h->batch;
  if (b && at >= 0 && b->sink->progress)
    b->sink->progress(b->sink->self, b->run[at].run, fraction);
}

void run_note_divergence(struct lua_host *h, long at, const char *message)
{
  if (h->batch && at >= 0 && !h->batch->run[at].diverged)
    h->batch->run[at].diverged = xstrdup(message);
}

void run_add_time(struct lua_host *h, long at, double wall_s, double cpu_s)
{
  if (!h->batch || at < 0)
    return;
  h->batch->run[at].wall_s += isfinite(wall_s) ? wall_s : 0;
  h->batch->run[at].cpu_s += isfinite(cpu_s) ? cpu_s : 0;
}

/* --- the run as the script sees it ----------------------------------------------------------------- */

static struct batch_of_runs *check_run(lua_State *L, size_t *at)
{
  const struct lua_run *r = luaL_checkudata(L, 1, BIND_RUN);
  struct batch_of_runs *b = bind_host(L)->batch;
  if (!b || b->serial != r->serial || b->run[r->at].ended)
    bind_error(L, "this run has ended");
  *at = r->at;
  return b;
}

static void result_number(const struct batch_of_runs *b, size_t at, const char *key, double v)
{
  if (b->sink->result_number)
    b->sink->result_number(b->sink->self, b->run[at].run, key, v);
}

static void result_text(const struct batch_of_runs *b, size_t at, const char *key, const char *s)
{
  if (b->sink->result_text)
    b->sink->result_text(b->sink->self, b->run[at].run, key, s);
}

void run_say(const struct batch_of_runs *b, size_t at, const char *s)
{
  if (b->sink->message)
    b->sink->message(b->sink->self, b->run[at].run, s);
}

/* Send the value at the top as a result; returns false for what cannot be one (a matrix). */
bool run_send_result(lua_State *L, const struct batch_of_runs *b, size_t at, const char *key)
{
  switch (lua_type(L, -1)) {
  case LUA_TNUMBER: result_number(b, at, key, lua_tonumber(L, -1)); return true;
  case LUA_TBOOLEAN: result_number(b, at, key, lua_toboolean(L, -1)); return true;
  case LUA_TSTRING: result_text(b, at, key, lua_tostring(L, -1)); return true;
  default: break;
  }
  if (matrix_test(L, -1))
    return false;
  struct text *t = text_push(L);
  json_add(L, -2, t, key);
  result_text(b, at, key, t->s);
  lua_pop(L, 1);
  return true;
}

static int run_log_values(lua_State *L)
{
  size_t at;
  const struct batch_of_runs *b = check_run(L, &at);
  int whole;
  lua_Integer step = lua_tointegerx(L, 2, &whole);
  if (!whole || lua_type(L, 2) != LUA_TNUMBER)
    bind_error(L, "run:log(step, {name = value}): step must be a whole number, got %s", luaL_tolstring(L, 2, NULL));
  if (!lua_istable(L, 3))
    bind_error(L, "run:log(step, {name = value}): a table of numbers is missing, got %s", luaL_typename(L, 3));
  for (lua_pushnil(L); lua_next(L, 3); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TNUMBER)
      bind_error(L, "run:log: %s must be a number by name, got %s", luaL_tolstring(L, -2, NULL), luaL_typename(L, -2));
    if (b->sink->metric)
      b->sink->metric(b->sink->self, b->run[at].run, lua_tostring(L, -2), step, lua_tonumber(L, -1));
  }
  return 0;
}

static int run_result(lua_State *L)
{
  size_t at;
  const struct batch_of_runs *b = check_run(L, &at);
  const char *key = luaL_checkstring(L, 2);
  lua_settop(L, 3);
  if (lua_isnil(L, 3) || !run_send_result(L, b, at, key))
    bind_error(L, "run:result: %s must be a number, string, boolean or list, got %s", key,
               matrix_test(L, 3) ? "a matrix" : luaL_typename(L, 3));
  return 0;
}

static int run_artifact(lua_State *L)
{
  size_t at;
  unsigned char *owned;
  const struct batch_of_runs *b = check_run(L, &at);
  const char *name = artifact_check_name(L, 2);
  lua_settop(L, 3);
  const struct run_artifact a = artifact_pack(L, 3, name, &owned);
  if (b->sink->artifact)
    b->sink->artifact(b->sink->self, b->run[at].run, &a);
  free(owned);
  return 0;
}

static int run_note(lua_State *L)
{
  size_t at;
  const struct batch_of_runs *b = check_run(L, &at);
  run_say(b, at, luaL_checkstring(L, 2));
  return 0;
}

static int run_set_progress(lua_State *L)
{
  size_t at;
  check_run(L, &at);
  double fraction = luaL_checknumber(L, 2);
  run_progress(bind_host(L), (long)at, fraction < 0 ? 0 : fraction > 1 ? 1 : fraction);
  return 0;
}

static int run_index(lua_State *L)
{
  const struct lua_run *r = luaL_checkudata(L, 1, BIND_RUN);
  const char *key = luaL_checkstring(L, 2);
  const struct batch_of_runs *b = bind_host(L)->batch;
  bool alive = b && b->serial == r->serial;
  if (!strcmp(key, "seed") && alive) {
    int64_t seed = b->x->seed[b->run[r->at].run];
    if (seed != INT64_MIN)
      lua_pushinteger(L, seed);
    else
      lua_pushnil(L);
    return 1;
  }
  if (!strcmp(key, "index") && alive) {
    lua_pushinteger(L, (lua_Integer)b->run[r->at].run + 1);
    return 1;
  }
  luaL_getmetafield(L, 1, "methods");
  if (lua_getfield(L, -1, key) == LUA_TNIL)
    bind_error(L, "a run has no \"%s\"; it has log, result, artifact, note, progress, seed, index", key);
  return 1;
}

static int run_tostring(lua_State *L)
{
  const struct lua_run *r = luaL_checkudata(L, 1, BIND_RUN);
  const struct batch_of_runs *b = bind_host(L)->batch;
  if (b && b->serial == r->serial)
    lua_pushfstring(L, "run %d of \"%s\"", (int)b->run[r->at].run + 1, b->x->name);
  else
    lua_pushliteral(L, "run (ended)");
  return 1;
}

void run_open(lua_State *L)
{
  static const luaL_Reg meta[] = {{"__index", run_index}, {"__tostring", run_tostring}, {NULL, NULL}};
  static const struct function_row methods[] = {
      {"log", run_log_values, "run:log(step, {name = value, …})", "Log numbers at a step."},
      {"result", run_result, "run:result(name, value)", "Record a result of the run (what run() returns is recorded too)."},
      {"artifact", run_artifact, "run:artifact(name, matrix or string)",
       "Keep a larger product of the run in the store, up to 16 MB packed; a matrix of zeros and ones (a mask) takes a bit a number at most. "
       "assay.artifact(run, name) reads it."},
      {"note", run_note, "run:note(text)", "A message for whoever watches."},
      {"progress", run_set_progress, "run:progress(fraction)", "How far the run is, 0 to 1."},
      {0}};
  bind_metatable(L, BIND_RUN, meta, methods);
}
