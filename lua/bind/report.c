/* report.c: from finished runs to the script's report, and to the verdict of a paper's script. */
#include <stdio.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "lua/bind/experiment_int.h"

struct reporting {
  struct lua_experiment *x;
  const struct report_run *runs;
  size_t n;
  char *verdict; /* JSON, owned by the caller */
};

/* One row of the report: {config =, results =, status =, run =, id =}. */
static void push_row(lua_State *L, const struct lua_experiment *x, const struct report_run *r)
{
  lua_createtable(L, 0, 4);
  if (r->run < x->n) { /* the script's own values: objects stay objects */
    experiment_push(L, x, "configs");
    lua_geti(L, -1, (lua_Integer)r->run + 1);
    bind_push_copy(L, -1, 0);
    lua_replace(L, -3);
    lua_pop(L, 1);
  } else
    json_push(L, r->config_json);
  lua_setfield(L, -2, "config");
  json_push(L, r->results_json ? r->results_json : "{}");
  lua_setfield(L, -2, "results");
  lua_pushstring(L, r->status);
  lua_setfield(L, -2, "status");
  lua_pushinteger(L, (lua_Integer)r->run + 1);
  lua_setfield(L, -2, "run");
  if (r->id) {
    lua_pushinteger(L, r->id);
    lua_setfield(L, -2, "id");
  }
}

/* Push a function of a module of the library. */
static void push_library(lua_State *L, const char *module, const char *function)
{
  lua_getglobal(L, "require");
  lua_pushstring(L, module);
  lua_call(L, 1, 1);
  lua_getfield(L, -1, function);
  lua_remove(L, -2);
}

void experiment_push_results(lua_State *L, const struct lua_experiment *x, const struct report_run *runs, size_t n)
{
  push_library(L, "assay.report", "results");
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    push_row(L, x, &runs[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_call(L, 1, 1);
  experiment_push(L, x, "params");
  bind_push_copy(L, -1, 0);
  lua_remove(L, -2);
}

static int call_report(lua_State *L)
{
  const struct reporting *g = lua_touserdata(L, 1);
  if (experiment_push_function(L, g->x, "report") != LUA_TFUNCTION) {
    lua_pop(L, 1);
    push_library(L, "assay.report", "summary");
  }
  experiment_push_results(L, g->x, g->runs, g->n);
  lua_call(L, 2, 0);
  fflush(stdout);
  return 0;
}

enum status lua_experiment_report(struct lua_experiment *x, const struct report_run *runs, size_t n, struct err *e)
{
  struct reporting g = {.x = x, .runs = runs, .n = n};
  return bind_protect(x->h, call_report, &g, e);
}

static int call_verdict(lua_State *L)
{
  struct reporting *g = lua_touserdata(L, 1);
  push_library(L, "assay.claims", "judge");
  experiment_push(L, g->x, "spec");
  experiment_push_results(L, g->x, g->runs, g->n);
  lua_call(L, 3, 1);
  struct text *t = text_push(L);
  json_add_object(L, -2, t, "verdict");
  g->verdict = xstrdup(t->s);
  fflush(stdout);
  return 0;
}

enum status lua_experiment_verdict(struct lua_experiment *x, const struct report_run *runs, size_t n, char **json, struct err *e)
{
  struct reporting g = {.x = x, .runs = runs, .n = n};
  enum status status = bind_protect(x->h, call_verdict, &g, e);
  *json = g.verdict;
  return status;
}
