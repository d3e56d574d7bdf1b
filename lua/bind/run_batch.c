/* run_batch.c: executing runs of an experiment together.
 *
 * Each run is a coroutine. It runs until it ends or asks for a training; when all have done one or the
 * other, the trainings asked for are executed, in groups where the engine allows, and the coroutines go
 * on. A run's results depend on its own configuration only: it gets copies of it, and of the parameters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xxhash.h>

#include "experiments/kernel/mem.h"
#include "lua/bind/run_int.h"

static double seconds(clockid_t clock)
{
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void end_run(struct batch_of_runs *b, size_t i, enum status status, const char *message)
{
  struct one_run *r = &b->run[i];
  r->ended = true;
  r->request = NULL;
  if (b->sink->end)
    b->sink->end(b->sink->self, r->run, status, status == STATUS_OK ? NULL : message, r->wall_s, r->cpu_s);
  free(r->diverged);
  r->diverged = NULL;
}

/* Close a run's coroutine (its to-be-closed variables run), and drop it. */
static void drop(lua_State *L, struct batch_of_runs *b, size_t i, int anchors)
{
  if (b->run[i].co)
    lua_resetthread(b->run[i].co);
  b->run[i].co = NULL;
  lua_pushnil(L);
  lua_rawseti(L, anchors, (lua_Integer)i + 1);
}

/* What run() returned (at the top of L): a table of results, or nothing. Raises. */
static int send_results(lua_State *L)
{
  const struct batch_of_runs *b = bind_host(L)->batch;
  size_t at = (size_t)lua_tointeger(L, 2);
  if (lua_isnil(L, 1))
    return 0;
  if (!lua_istable(L, 1))
    bind_error(L, "run must return a table of results or nothing, got %s", luaL_typename(L, 1));
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      bind_error(L, "run must return results by name: {test_error = …}");
    lua_pushvalue(L, -2);
    lua_insert(L, -2); /* key, key, value */
    const char *key = lua_tostring(L, -2);
    if (!run_send_result(L, b, at, key)) {
      char line[200];
      snprintf(line, sizeof line, "result \"%s\" is a matrix and is not stored: run:artifact(name, matrix) keeps it", key);
      run_say(b, at, line);
    }
    lua_remove(L, -2);
  }
  return 0;
}

static void finish_run(lua_State *L, struct batch_of_runs *b, size_t i, int n_results, int anchors)
{
  struct one_run *r = &b->run[i];
  lua_pushcfunction(L, send_results);
  if (n_results > 0) {
    lua_settop(r->co, lua_gettop(r->co) - n_results + 1); /* the first result */
    lua_xmove(r->co, L, 1);
  } else
    lua_pushnil(L);
  lua_pushinteger(L, (lua_Integer)i);
  int rc = lua_pcall(L, 2, 0, 0);
  drop(L, b, i, anchors);
  if (rc != LUA_OK) {
    end_run(b, i, STATUS_BAD_ARG, lua_tostring(L, -1));
    lua_pop(L, 1);
  } else if (r->diverged)
    end_run(b, i, STATUS_DIVERGED, r->diverged);
  else
    end_run(b, i, STATUS_OK, NULL);
}

/* For a message there is memory only once that of the run is free. */
static void fail_without_memory(lua_State *L, struct batch_of_runs *b, size_t i, int anchors)
{
  bool cancelled = atomic_load(&b->x->h->interrupted) != 0;
  struct err e = {0};
  drop(L, b, i, anchors);
  lua_gc(L, LUA_GCCOLLECT);
  bind_no_memory(b->x->h, &e);
  end_run(b, i, cancelled ? STATUS_CANCELLED : STATUS_NO_MEMORY, e.message);
}

static void fail_run(lua_State *L, struct batch_of_runs *b, size_t i, int anchors)
{
  bool cancelled = atomic_load(&b->x->h->interrupted) != 0;
  bind_push_failure(L, b->run[i].co);
  drop(L, b, i, anchors);
  end_run(b, i, cancelled ? STATUS_CANCELLED : STATUS_BAD_ARG, lua_tostring(L, -1));
  lua_pop(L, 1);
}

/* Let run i go on until it ends, fails or asks for a training. n_args values stand on its stack. */
static void advance(lua_State *L, struct batch_of_runs *b, size_t i, int n_args, int anchors)
{
  struct one_run *r = &b->run[i];
  r->request = NULL;
  b->current = (long)i;
  double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
  int n_results = 0;
  int rc = interrupt_resume(L, r->co, n_args, &n_results);
  r->wall_s += seconds(CLOCK_MONOTONIC) - wall;
  r->cpu_s += seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  b->current = -1;
  if (rc == LUA_OK)
    finish_run(L, b, i, n_results, anchors);
  else if (rc == LUA_ERRMEM)
    fail_without_memory(L, b, i, anchors);
  else if (rc != LUA_YIELD)
    fail_run(L, b, i, anchors);
  else if (n_results != 1 || !(r->request = train_request_test(r->co, -1))) {
    drop(L, b, i, anchors);
    end_run(b, i, STATUS_BAD_ARG, "run() called coroutine.yield outside a coroutine of its own");
  }
}

static void start_run(lua_State *L, struct batch_of_runs *b, size_t i, int anchors)
{
  struct one_run *r = &b->run[i];
  struct lua_experiment *x = b->x;
  r->random = rng_make(XXH3_64bits(x->config[r->run], strlen(x->config[r->run])), RNG_USER, 0);
  r->co = lua_newthread(L);
  lua_rawseti(L, anchors, (lua_Integer)i + 1);
  experiment_push_function(L, x, "run");
  struct lua_run *run = lua_newuserdatauv(L, sizeof *run, 0);
  *run = (struct lua_run){b->serial, i};
  luaL_setmetatable(L, BIND_RUN);
  experiment_push(L, x, "configs");
  lua_geti(L, -1, (lua_Integer)r->run + 1);
  bind_push_copy(L, -1, 0);
  lua_replace(L, -3);
  lua_pop(L, 1);
  experiment_push_run_params(L, x);
  experiment_push(L, x, "shared");
  lua_xmove(L, r->co, 5);
  r->started = true;
  if (b->sink->start)
    b->sink->start(b->sink->self, r->run);
  advance(L, b, i, 4, anchors);
}

static bool stopped(const struct batch_of_runs *b)
{
  return atomic_load(&b->x->h->interrupted) || atomic_load(b->x->h->cancel);
}

static int run_batch(lua_State *L)
{
  struct batch_of_runs *b = lua_touserdata(L, 1);
  lua_createtable(L, (int)b->n, 0);
  int anchors = lua_gettop(L);
  struct train_request **request = lua_newuserdatauv(L, (b->n + 1) * sizeof(struct train_request *), 0);
  for (size_t i = 0; i < b->n && !stopped(b); i++)
    start_run(L, b, i, anchors);
  while (!stopped(b)) {
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++)
      if (b->run[i].request)
        request[n++] = b->run[i].request;
    if (n == 0)
      break;
    train_execute(b->x->h, request, n);
    for (size_t i = 0; i < b->n; i++)
      if (b->run[i].request)
        advance(L, b, i, 0, anchors);
  }
  return 0;
}

/* Whatever has not ended by now was stopped, or the scheduler itself failed. */
static void end_the_rest(struct batch_of_runs *b, enum status status, const char *message)
{
  for (size_t i = 0; i < b->n; i++)
    if (b->run[i].started && !b->run[i].ended)
      end_run(b, i, status, message);
}

enum status lua_experiment_run(struct lua_experiment *x, const size_t *runs, size_t n, const struct run_sink *sink, struct err *e)
{
  struct batch_of_runs b = {.x = x, .sink = sink, .n = n, .current = -1, .serial = ++x->h->batches};
  struct batch_of_runs *outer = x->h->batch;
  b.run = xcalloc(n + 1, sizeof *b.run);
  for (size_t i = 0; i < n; i++)
    b.run[i].run = runs[i];
  x->h->batch = &b;
  struct err own = {0};
  enum status status = bind_protect(x->h, run_batch, &b, &own);
  bool cancelled = status == STATUS_CANCELLED || atomic_load(x->h->cancel);
  if (cancelled)
    status = err_set(&own, STATUS_CANCELLED, "interrupted");
  end_the_rest(&b, cancelled ? STATUS_CANCELLED : status, own.message);
  x->h->batch = outer;
  free(b.run);
  if (e)
    *e = own;
  return status;
}
