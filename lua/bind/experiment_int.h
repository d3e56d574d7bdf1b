/* experiment_int.h: what experiment.c (from script to runs), run.c (executing runs) and report.c (from runs to
 * report and verdict) share. */
#ifndef ASSAY_LUA_EXPERIMENT_INT_H
#define ASSAY_LUA_EXPERIMENT_INT_H

#include "lua/bind/bind.h"

struct lua_experiment {
  struct lua_host *h;
  int ref;            /* registry: {spec =, params =, configs = {c …}, shared =} */
  char *name, *summary, *params;
  char *claim;        /* of a paper: JSON; else NULL */
  bool grows;         /* the script has more() */
  size_t n;
  char **config;      /* canonical JSON of each run */
  int64_t *seed;
  uint64_t *group;
};

/* Push a field of the experiment's registry table ("spec", "params", …). */
void experiment_push(lua_State *L, const struct lua_experiment *x, const char *field);
/* Push a function of the script (nil if it has none). */
int experiment_push_function(lua_State *L, const struct lua_experiment *x, const char *name);

/* Push the results of runs with their methods, then a copy of the parameters. */
void experiment_push_results(lua_State *L, const struct lua_experiment *x, const struct report_run *runs, size_t n);

/* Push a copy of the parameters that a run sees: without grid_params, which raise an error when read. */
void experiment_push_run_params(lua_State *L, const struct lua_experiment *x);

#endif
