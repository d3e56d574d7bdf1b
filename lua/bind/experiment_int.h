/* experiment_int.h: what the files about experiments share: experiment*.c (from script to runs), run*.c (executing runs) and
 * report.c (from runs to report and verdict). */
#ifndef ASSAY_LUA_EXPERIMENT_INT_H
#define ASSAY_LUA_EXPERIMENT_INT_H

#include "lua/bind/bind.h"

enum { EXPERIMENT_MAX_RUNS = 1000000 };

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

/* --- while a script is opened: its spec at index 2, its parameters at `params` -------------------------------- */

/* Set a parameter by a "name=value" word; raises (experiment_set.c). */
void experiment_set_param(lua_State *L, int params, const char *set);
/* Push a word as a value of the kind of that at `like`: number, whole number, boolean, text or a list of these. Raises. */
void experiment_push_like(lua_State *L, const char *name, const char *word, int like);
/* Push a fresh table of the parameters of the spec at index `spec`, with these words applied. */
void experiment_push_params(lua_State *L, int spec, const char *const *sets, size_t n_sets);
/* Push what runs see and are known by: the parameters without those that only shape the grid; then the metatable
 * that refuses the others by name, so that no run can depend on what is not in its identity. */
void experiment_push_seen_params(lua_State *L, int spec, int params);
/* The grid at the top becomes the list of its configurations. */
void experiment_expand_grid(lua_State *L);
/* Push the list of the runs' configurations. */
void experiment_push_configs(lua_State *L, int spec, int params);
/* {"params":{…},"lr":0.1,…}: sorted like every canonical object. `params`: those that runs see. Caller frees; raises. */
char *experiment_config_json(lua_State *L, int config, int params, struct text *t);
/* Room for n runs in all. */
void experiment_make_room(struct lua_experiment *x, size_t n);
/* Add the run of the configuration at index `config`, whose canonical text is taken over. Behind the parameters that runs see
 * stands their guard. Raises. */
void experiment_add_run(lua_State *L, struct lua_experiment *x, int spec, int params, int config, char *text, struct text *t);
/* With the spec at 2 and the parameters at 3, leave at 4 to 6 what runs see, its metatable and a list of one
 * configuration: that of `one`, with its values changed by the words (experiment_one.c). Raises. */
void experiment_push_one(lua_State *L, const struct lua_one_run *one, const char *const *sets, size_t n_sets);

/* Push a copy of the parameters that a run sees: without grid_params, which raise an error when read. */
void experiment_push_run_params(lua_State *L, const struct lua_experiment *x);

#endif
