/* job.c: assay.start: experiments that run beside the prompt, as objects. What runs them is a service of the program. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lua/bind/bind.h"

#define JOB "assay.job"
#define JOB_LIST "assay.jobs"

struct lua_job_handle { int number; };

static const struct lua_job_services *services(lua_State *L) { return &bind_host(L)->services.jobs; }

static struct lua_job look(lua_State *L, int number)
{
  struct lua_job job = {0};
  services(L)->look(services(L)->self, number, &job);
  return job;
}

static int number_at(lua_State *L, int at) { return ((const struct lua_job_handle *)luaL_checkudata(L, at, JOB))->number; }

static void push_job(lua_State *L, int number)
{
  struct lua_job_handle *j = lua_newuserdatauv(L, sizeof *j, 0);
  j->number = number;
  luaL_setmetatable(L, JOB);
}

/* --- starting ------------------------------------------------------------------------------------- */

size_t bind_sets(lua_State *L, int at, const char *what, const char *sets[BIND_SETS_MAX])
{
  size_t n = 0;
  lua_newtable(L);
  if (lua_isnoneornil(L, at))
    return 0;
  if (!lua_istable(L, at))
    bind_error(L, "%s: parameters are a table {name = value}, got %s", what, luaL_typename(L, at));
  int words = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1)) {
    int type = lua_type(L, -1);
    if (lua_type(L, -2) != LUA_TSTRING || n == BIND_SETS_MAX)
      bind_error(L, "%s: parameters are given by name (at most %d)", what, BIND_SETS_MAX);
    if (type != LUA_TNUMBER && type != LUA_TSTRING && type != LUA_TBOOLEAN)
      bind_error(L, "%s: parameter \"%s\" must be a number, a text or a boolean, got %s", what, lua_tostring(L, -2), luaL_typename(L, -1));
    luaL_tolstring(L, -1, NULL);
    sets[n++] = lua_pushfstring(L, "%s=%s", lua_tostring(L, -3), lua_tostring(L, -1));
    lua_rawseti(L, words, (lua_Integer)n);
    lua_pop(L, 1);
  }
  return n;
}

/* Workers asked for by {jobs = N}; 0: as many as cores. */
static int workers_field(lua_State *L)
{
  if (lua_getfield(L, 2, "jobs") == LUA_TNIL)
    return 0;
  lua_Integer n = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
  if (n < 1 || n > 1024)
    bind_error(L, "assay.start: jobs must be a whole number from 1 to 1024, got %s", luaL_tolstring(L, -1, NULL));
  return (int)n;
}

/* assay.start(path[, options]) */
static int start(lua_State *L)
{
  static const char *const known[] = {"set", "jobs", "rerun", NULL};
  const char *sets[BIND_SETS_MAX], *path = luaL_checkstring(L, 1);
  struct lua_job_request r = {.path = path, .sets = sets};
  lua_settop(L, 2);
  if (!services(L)->start)
    bind_error(L, "jobs can be started at the prompt only (assay repl); here, assay.run(\"%s\") runs it to its end", path);
  char *found = lua_script_path(bind_host(L)->share_dir, path);
  r.path = path = lua_pushstring(L, found);
  free(found);
  lua_replace(L, 1);
  if (access(path, R_OK) != 0)
    bind_error(L, "cannot open %s: %s", path, strerror(errno));
  if (lua_isnil(L, 2)) {
    lua_newtable(L);
    lua_replace(L, 2);
  }
  luaL_checktype(L, 2, LUA_TTABLE);
  bind_check_keys(L, 2, "assay.start", known);
  r.workers = workers_field(L);
  lua_getfield(L, 2, "rerun");
  if (!lua_isnil(L, -1) && !lua_isboolean(L, -1))
    bind_error(L, "assay.start: rerun must be true or false, got %s", luaL_typename(L, -1));
  r.rerun = lua_toboolean(L, -1);
  lua_getfield(L, 2, "set");
  r.n_sets = bind_sets(L, lua_gettop(L), "assay.start", sets);
  push_job(L, services(L)->start(services(L)->self, &r));
  return 1;
}

/* --- the list ------------------------------------------------------------------------------------- */

static int jobs(lua_State *L)
{
  int n = services(L)->count ? services(L)->count(services(L)->self) : 0;
  lua_createtable(L, n, 0);
  for (int i = 1; i <= n; i++) {
    push_job(L, i);
    lua_rawseti(L, -2, i);
  }
  luaL_setmetatable(L, JOB_LIST);
  return 1;
}

static int jobs_tostring(lua_State *L)
{
  struct text *t = text_push(L);
  lua_Integer n = (lua_Integer)lua_rawlen(L, 1);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, 1, i);
    text_add(t, i > 1 ? "\n" : "");
    text_add(t, luaL_tolstring(L, -1, NULL));
    lua_pop(L, 2);
  }
  lua_pushstring(L, n ? t->s : "no jobs: assay.start(\"file.lua\") starts one");
  return 1;
}

/* --- one job -------------------------------------------------------------------------------------- */

static int job_tostring(lua_State *L)
{
  int number = number_at(L, 1);
  struct lua_job job = look(L, number);
  lua_pushfstring(L, "job %d  %s  %s%s%s", number, job.script, job.state, strcmp(job.line, job.state) ? "  " : "",
                  strcmp(job.line, job.state) ? job.line : "");
  return 1;
}

static int job_index(lua_State *L)
{
  static const char *const fields[] = {"state", "progress", "script", "number", "exit_code", "wait", "cancel", "report", "log"};
  int number = number_at(L, 1);
  const char *key = luaL_checkstring(L, 2);
  char hint[96];
  struct lua_job job = look(L, number);
  luaL_getmetafield(L, 1, "methods");
  if (lua_getfield(L, -1, key) != LUA_TNIL)
    return 1;
  if (!strcmp(key, "state"))
    lua_pushstring(L, job.state);
  else if (!strcmp(key, "progress"))
    lua_pushnumber(L, job.progress);
  else if (!strcmp(key, "script"))
    lua_pushstring(L, job.script);
  else if (!strcmp(key, "number"))
    lua_pushinteger(L, number);
  else if (!strcmp(key, "exit_code") && job.ended)
    lua_pushinteger(L, job.code);
  else if (!strcmp(key, "exit_code"))
    lua_pushnil(L);
  else
    bind_error(L, "a job has no \"%s\"%s", key, bind_did_you_mean(key, fields, sizeof fields / sizeof *fields, hint, sizeof hint));
  return 1;
}

/* job:wait([seconds]): its state. Ctrl-C stops the waiting only. */
static int job_wait(lua_State *L)
{
  int number = number_at(L, 1);
  double left = luaL_optnumber(L, 2, HUGE_VAL);
  const struct lua_job_services *s = services(L);
  if (!(left >= 0))
    bind_error(L, "job:wait: seconds must be 0 or more, got %f", left);
  s->wait(s->self, number, left);
  if (!look(L, number).ended && atomic_load(bind_host(L)->cancel))
    bind_raise(L, &(struct err){.code = STATUS_CANCELLED});
  lua_pushstring(L, look(L, number).state);
  return 1;
}

static int job_cancel(lua_State *L)
{
  services(L)->cancel(services(L)->self, number_at(L, 1));
  return 0;
}

static int print_text(lua_State *L, const char *text, const char *what)
{
  if (!text)
    bind_error(L, "job %d has not ended; its %s comes then (job:wait() waits)", number_at(L, 1), what);
  size_t n = strlen(text);
  lua_getglobal(L, "print");
  lua_pushlstring(L, text, n && text[n - 1] == '\n' ? n - 1 : n);
  lua_call(L, 1, 0);
  return 0;
}

static int job_report(lua_State *L) { return print_text(L, look(L, number_at(L, 1)).report, "report"); }
static int job_log(lua_State *L) { return print_text(L, look(L, number_at(L, 1)).log, "log"); }

void job_open(lua_State *L)
{
  static const luaL_Reg meta[] = {{"__index", job_index}, {"__tostring", job_tostring}, {NULL, NULL}};
  static const luaL_Reg list[] = {{"__tostring", jobs_tostring}, {NULL, NULL}};
  static const struct function_row methods[] = {
      {"wait", job_wait, "job:wait([seconds])", "Wait for its end, at most so long; gives its state. Ctrl-C stops the waiting, not the job."},
      {"cancel", job_cancel, "job:cancel()", "Stop it in order: runs that are finished are kept. A second time kills it."},
      {"report", job_report, "job:report()", "Print its report, once it has ended."},
      {"log", job_log, "job:log()", "Print what it said while it ran, once it has ended."},
      {0}};
  static const struct function_row rows[] = {
      {"start", start, "assay.start(path[, {set = {name = value}, jobs =, rerun =}])",
       "Run an experiment script beside the prompt and return at once with a job: job.state, job.progress, job:wait(), job:cancel(), "
       "job:report(), job:log(). One runs at a time; later ones wait for it. jobs: workers of this run."},
      {"jobs", jobs, "assay.jobs()", "The jobs that assay.start has started, oldest first. At the prompt also jobs()."},
      {0}};
  bind_metatable(L, JOB, meta, methods);
  bind_metatable(L, JOB_LIST, list, NULL);
  bind_functions(L, rows);
}
