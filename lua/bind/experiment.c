/* experiment.c: an experiment script as a list of runs: its parameters with --set applied, its grid
 * expanded in a fixed order, the canonical configuration of every run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "experiments/kernel/mem.h"
#include "lua/bind/experiment_int.h"

#define MAX_RUNS 1000000

void experiment_push(lua_State *L, const struct lua_experiment *x, const char *field)
{
  lua_rawgeti(L, LUA_REGISTRYINDEX, x->ref);
  lua_getfield(L, -1, field);
  lua_remove(L, -2);
}

int experiment_push_function(lua_State *L, const struct lua_experiment *x, const char *name)
{
  experiment_push(L, x, "spec");
  int type = lua_getfield(L, -1, name);
  lua_remove(L, -2);
  return type;
}

/* --- assay.experiment{…} ------------------------------------------------------------------------- */

const char *const experiment_keys[] = {"name", "summary", "params", "grid", "setup", "run", "report", "group", "grid_params",
                                        "claim", "verdict", "more", NULL};

static void check_field(lua_State *L, const char *key, int type, int other, bool required)
{
  int seen = lua_getfield(L, 1, key);
  if (seen == LUA_TNIL ? required : seen != type && seen != other)
    bind_error(L, "experiment: %s must be a %s%s%s, got %s", key, lua_typename(L, type), other != LUA_TNONE ? " or a " : "",
               other != LUA_TNONE ? lua_typename(L, other) : "", lua_typename(L, seen));
  lua_pop(L, 1);
}

/* A paper's claim, checked by the library, which also says what a claim is. */
static void check_claim(lua_State *L)
{
  int claim = lua_getfield(L, 1, "claim"), verdict = lua_getfield(L, 1, "verdict");
  if ((claim == LUA_TNIL) != (verdict == LUA_TNIL))
    bind_error(L, "experiment: claim and verdict belong together, and %s is missing", claim == LUA_TNIL ? "claim" : "verdict");
  if (claim != LUA_TNIL) {
    lua_getglobal(L, "require");
    lua_pushliteral(L, "assay.claims");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "check");
    lua_pushvalue(L, 2);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK)
      bind_error(L, "%s", lua_tostring(L, -1));
  }
  lua_settop(L, 1);
}

static int make_experiment(lua_State *L)
{
  if (!lua_istable(L, 1))
    bind_error(L, "assay.experiment takes one table: {name = …, run = …, …}, got %s", luaL_typename(L, 1));
  lua_settop(L, 1);
  bind_check_keys(L, 1, "experiment", experiment_keys);
  check_field(L, "name", LUA_TSTRING, LUA_TNONE, true);
  check_field(L, "summary", LUA_TSTRING, LUA_TNONE, false);
  check_field(L, "params", LUA_TTABLE, LUA_TNONE, false);
  check_field(L, "grid", LUA_TFUNCTION, LUA_TTABLE, false);
  check_field(L, "run", LUA_TFUNCTION, LUA_TNONE, true);
  check_field(L, "setup", LUA_TFUNCTION, LUA_TNONE, false);
  check_field(L, "report", LUA_TFUNCTION, LUA_TNONE, false);
  check_field(L, "group", LUA_TFUNCTION, LUA_TNONE, false);
  check_field(L, "grid_params", LUA_TTABLE, LUA_TNONE, false);
  check_field(L, "claim", LUA_TTABLE, LUA_TNONE, false);
  check_field(L, "verdict", LUA_TFUNCTION, LUA_TNONE, false);
  check_field(L, "more", LUA_TFUNCTION, LUA_TNONE, false);
  check_claim(L);
  lua_getfield(L, 1, "name");
  const char *name = lua_tostring(L, -1);
  if (!*name || strlen(name) > 200 || name[strcspn(name, "\n\r\t\"")])
    bind_error(L, "experiment: name must be 1 to 200 characters without quotes, tabs and line breaks");
  lua_pop(L, 1);
  luaL_setmetatable(L, BIND_EXPERIMENT);
  return 1;
}

static int experiment_tostring(lua_State *L)
{
  lua_getfield(L, 1, "name");
  lua_getfield(L, 1, "summary");
  const char *summary = lua_tostring(L, -1);
  lua_pushfstring(L, "experiment \"%s\"%s%s", lua_tostring(L, -2), summary ? ": " : "", summary ? summary : "");
  return 1;
}

/* assay.run(path[, {name = value}]): run an experiment script from the prompt. */
static int run_script(lua_State *L)
{
  const struct lua_services *s = &bind_host(L)->services;
  const char *path = luaL_checkstring(L, 1);
  lua_settop(L, 2);
  if (!s->run_script)
    bind_error(L, "experiments cannot be started from here: use `assay run %s`", path);
  const char *sets[BIND_SETS_MAX];
  size_t n = bind_sets(L, 2, "assay.run", sets);
  int code = s->run_script(s->self, path, sets, n);
  lua_pushboolean(L, code == 0);
  lua_pushinteger(L, code);
  return 2;
}

void experiment_open(lua_State *L)
{
  static const luaL_Reg meta[] = {{"__tostring", experiment_tostring}, {NULL, NULL}};
  static const struct function_row rows[] = {
      {"experiment", make_experiment, "assay.experiment{name =, summary =, params =, grid =, setup =, run =, report =, group =}",
       "What an experiment script returns: params with defaults, grid(p) with lists to combine, run(run, c, p, shared) for each, "
       "report(results, p) at the end; setup(p) loads what the runs share. grid_params lists parameters that only grid and "
       "report read: they are no part of a run's identity, so that more seeds keep the runs already done. "
       "more(results, p) is asked when all runs so far have ended, again and again until it has nothing new: further configurations that depend on "
       "what came out, such as fresh seeds at the tuned rate. "
       "claim and verdict(results, p) make it a paper's script: help(\"claims\")."},
      {"run", run_script, "assay.run(path[, {name = value}])", "Run an experiment script; true when every run is done."},
      {0}};
  bind_metatable(L, BIND_EXPERIMENT, meta, NULL);
  bind_functions(L, rows);
}

/* --- parameters ---------------------------------------------------------------------------------- */

struct opening {
  struct lua_experiment *x;
  const char *path;
  const char *const *sets; size_t n_sets;
  const struct lua_one_run *one; /* NULL: the whole grid */
};

/* A fresh table of the parameters at the top of the stack; spec is at index `spec`. */
static void push_params(lua_State *L, int spec, const struct opening *o)
{
  if (lua_getfield(L, spec, "params") == LUA_TNIL) {
    lua_pop(L, 1);
    lua_newtable(L);
  }
  bind_push_copy(L, -1, 0);
  lua_remove(L, -2);
  int params = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, params); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      bind_error(L, "experiment: params must have names as keys");
    int type = lua_type(L, -1);
    if (type != LUA_TNUMBER && type != LUA_TSTRING && type != LUA_TBOOLEAN && type != LUA_TTABLE)
      bind_error(L, "experiment: parameter %s is a %s; use a number, string, boolean or list", lua_tostring(L, -2),
                 lua_typename(L, type));
  }
  for (size_t i = 0; i < o->n_sets && !o->one; i++)
    experiment_set_param(L, params, o->sets[i]);
}

static int refuse_grid_param(lua_State *L)
{
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
    bind_error(L, "the parameter \"%s\" is one of grid_params: run, setup and group cannot read it", lua_tostring(L, 2));
  return 0;
}

void experiment_push_seen_params(lua_State *L, int spec, int params)
{
  bind_push_copy(L, params, 0);
  int own = lua_gettop(L);
  lua_createtable(L, 0, 1);
  lua_newtable(L);
  int hidden = lua_gettop(L);
  if (lua_getfield(L, spec, "grid_params") == LUA_TTABLE)
    for (lua_Integer i = 1; lua_geti(L, hidden + 1, i) != LUA_TNIL; i++) {
      const char *name = luaL_tolstring(L, -1, NULL);
      if (lua_getfield(L, params, name) == LUA_TNIL)
        bind_error(L, "experiment: grid_params names \"%s\", which is not one of params", name);
      lua_pop(L, 2);
      lua_pushvalue(L, -1);
      lua_pushboolean(L, 1);
      lua_rawset(L, hidden);
      lua_pushnil(L);
      lua_rawset(L, own);
    }
  lua_settop(L, hidden);
  lua_pushcclosure(L, refuse_grid_param, 1);
  lua_setfield(L, -2, "__index");
}

void experiment_push_run_params(lua_State *L, const struct lua_experiment *x)
{
  experiment_push(L, x, "run_params");
  bind_push_copy(L, -1, 0);
  lua_remove(L, -2);
  experiment_push(L, x, "guard");
  lua_setmetatable(L, -2);
}

/* --- the grid ------------------------------------------------------------------------------------ */

/* Is the value at the top a list of values (rather than one value)? */
static bool is_list(lua_State *L, const char *key)
{
  if (!lua_istable(L, -1))
    return false;
  if (lua_rawlen(L, -1) > 0)
    return true;
  lua_pushnil(L);
  if (!lua_next(L, -2))
    bind_error(L, "grid: %s has no values", key);
  lua_pop(L, 2);
  return false;
}

static int by_bytes(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

struct axis { const char *key; size_t n; bool list; };

/* The axes of the grid at index `grid`, sorted by name: the order of runs does not depend on that of the table. */
static struct axis *push_axes(lua_State *L, int grid, size_t *n)
{
  *n = 0;
  for (lua_pushnil(L); lua_next(L, grid); lua_pop(L, 1), ++*n)
    if (lua_type(L, -2) != LUA_TSTRING)
      bind_error(L, "grid: either a table of lists by name, or a list of configurations, not both");
  struct axis *axis = lua_newuserdatauv(L, (*n + 1) * sizeof *axis, 0);
  size_t i = 0;
  for (lua_pushnil(L); lua_next(L, grid); lua_pop(L, 1), i++) {
    const char *key = lua_tostring(L, -2);
    bool list = is_list(L, key);
    axis[i] = (struct axis){key, list ? (size_t)lua_rawlen(L, -1) : 1, list};
  }
  qsort(axis, *n, sizeof *axis, by_bytes);
  return axis;
}

/* Push the list of all combinations; the last axis varies fastest. */
static void push_product(lua_State *L, int grid)
{
  size_t n, runs = 1;
  const struct axis *axis = push_axes(L, grid, &n);
  for (size_t i = 0; i < n; i++)
    if (!size_mul(runs, axis[i].n, &runs) || runs > MAX_RUNS)
      bind_error(L, "grid: more than %d runs", MAX_RUNS);
  lua_createtable(L, (int)runs, 0);
  for (size_t r = 0; r < runs; r++) {
    lua_createtable(L, 0, (int)n);
    size_t rest = r;
    for (size_t i = n; i-- > 0;) {
      lua_getfield(L, grid, axis[i].key);
      if (axis[i].list) {
        lua_geti(L, -1, (lua_Integer)(rest % axis[i].n) + 1);
        lua_remove(L, -2);
      }
      rest /= axis[i].n;
      lua_setfield(L, -2, axis[i].key);
    }
    lua_rawseti(L, -2, (lua_Integer)r + 1);
  }
  lua_remove(L, -2); /* the axes */
}

/* A list of configurations as it stands. */
static void push_explicit(lua_State *L, int grid)
{
  size_t n = lua_rawlen(L, grid);
  if (n > MAX_RUNS)
    bind_error(L, "grid: more than %d runs", MAX_RUNS);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 1; i <= n; i++) {
    if (lua_geti(L, grid, (lua_Integer)i) != LUA_TTABLE)
      bind_error(L, "grid: item %zu is a %s; a list of configurations holds tables", i, luaL_typename(L, -1));
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
      if (lua_type(L, -2) != LUA_TSTRING)
        bind_error(L, "grid: configuration %zu must have names as keys", i);
    lua_rawseti(L, -2, (lua_Integer)i);
  }
}

/* The grid at the top becomes the list of its configurations. */
static void expand_grid(lua_State *L)
{
  int grid = lua_gettop(L);
  if (lua_rawlen(L, grid) > 0)
    push_explicit(L, grid);
  else
    push_product(L, grid);
  lua_remove(L, grid);
}

void experiment_push_configs(lua_State *L, int spec, int params)
{
  int type = lua_getfield(L, spec, "grid");
  if (type == LUA_TFUNCTION) {
    bind_push_copy(L, params, 0);
    lua_call(L, 1, 1);
    if (!lua_istable(L, -1))
      bind_error(L, "grid must return a table, got %s", luaL_typename(L, -1));
  } else if (type == LUA_TNIL) {
    lua_pop(L, 1);
    lua_newtable(L);
  }
  expand_grid(L);
}

/* --- from script to runs -------------------------------------------------------------------------- */

char *experiment_config_json(lua_State *L, int config, int params, struct text *t)
{
  if (lua_getfield(L, config, "params") != LUA_TNIL)
    bind_error(L, "grid: \"params\" is taken: it holds the experiment's parameters in every configuration");
  lua_pop(L, 1);
  bool nothing = true;
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, config); lua_pop(L, 1)) {
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -2);
    lua_rawset(L, -5);
  }
  lua_pushnil(L);
  if (lua_next(L, params)) {
    nothing = false;
    lua_pop(L, 2);
  }
  if (!nothing) {
    lua_pushvalue(L, params);
    lua_setfield(L, -2, "params");
  }
  t->n = 0;
  json_add_object(L, -1, t, "grid");
  lua_pop(L, 1);
  return xstrdup(t->s);
}

static uint64_t hash(const char *s) { return XXH3_64bits(s, strlen(s)); }

/* What may share a worker: the script's group(c, p), else equal seeds. */
static uint64_t group_of(lua_State *L, int spec, int config, int params, struct text *t)
{
  if (lua_getfield(L, spec, "group") == LUA_TFUNCTION) {
    bind_push_copy(L, config, 0);
    bind_push_copy(L, params, 0);
    lua_pushvalue(L, params + 1); /* the guard */
    lua_setmetatable(L, -2);
    lua_call(L, 2, 1);
  } else {
    lua_pop(L, 1);
    lua_getfield(L, config, "seed");
  }
  t->n = 0;
  json_add(L, -1, t, "group");
  lua_pop(L, 1);
  return hash(t->s);
}

static int by_text(const void *a, const void *b)
{
  const char *const *x = *(const char *const *const *)a, *const *y = *(const char *const *const *)b;
  int order = strcmp(*x, *y);
  return order ? order : x < y ? -1 : x > y;
}

/* Two runs of one configuration would be one run to the store. */
static void refuse_duplicates(lua_State *L, const struct lua_experiment *x)
{
  char ***sorted = lua_newuserdatauv(L, (x->n + 1) * sizeof *sorted, 0);
  for (size_t i = 0; i < x->n; i++)
    sorted[i] = &x->config[i];
  qsort(sorted, x->n, sizeof *sorted, by_text);
  for (size_t i = 1; i < x->n; i++)
    if (!strcmp(*sorted[i - 1], *sorted[i]))
      bind_error(L, "grid: runs %zu and %zu have the same configuration %.200s", (size_t)(sorted[i - 1] - x->config) + 1,
                 (size_t)(sorted[i] - x->config) + 1, *sorted[i]);
  lua_pop(L, 1);
}

static char *field_text(lua_State *L, int spec, const char *key)
{
  lua_getfield(L, spec, key);
  char *s = xstrdup(lua_isnil(L, -1) ? "" : lua_tostring(L, -1));
  lua_pop(L, 1);
  return s;
}

/* The claim as a JSON object; NULL without one. */
static char *claim_text(lua_State *L, int spec)
{
  char *out = NULL;
  if (lua_getfield(L, spec, "claim") == LUA_TTABLE) {
    struct text *t = text_push(L);
    json_add_object(L, -2, t, "claim");
    out = xstrdup(t->s);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return out;
}

static void make_room(struct lua_experiment *x, size_t n)
{
  x->config = xrealloc(x->config, (n + 1) * sizeof *x->config);
  x->seed = xrealloc(x->seed, (n + 1) * sizeof *x->seed);
  x->group = xrealloc(x->group, (n + 1) * sizeof *x->group);
}

/* The run of the configuration at index `config`, whose canonical text is taken over. */
static void add_run(lua_State *L, struct lua_experiment *x, int spec, int params, int config, char *text, struct text *t)
{
  x->config[x->n] = text;
  x->seed[x->n] = lua_getfield(L, config, "seed") == LUA_TNUMBER && lua_isinteger(L, -1) ? lua_tointeger(L, -1) : INT64_MIN;
  lua_pop(L, 1);
  x->group[x->n++] = 0; /* what group() raises must find the text owned */
  x->group[x->n - 1] = group_of(L, spec, config, params, t);
}

static void read_runs(lua_State *L, struct lua_experiment *x, int spec, int params, int configs)
{
  size_t n = lua_rawlen(L, configs);
  struct text *t = text_push(L);
  make_room(x, n);
  while (x->n < n) {
    lua_geti(L, configs, (lua_Integer)x->n + 1);
    int config = lua_gettop(L);
    add_run(L, x, spec, params, config, experiment_config_json(L, config, params, t), t);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  refuse_duplicates(L, x);
}

static int open_experiment(lua_State *L)
{
  struct opening *o = lua_touserdata(L, 1);
  struct lua_experiment *x = o->x;
  script_begin(L, o->path);
  script_load(L, o->path);
  lua_call(L, 0, 1);
  lua_settop(L, 2);
  if (!lua_istable(L, 2) || !luaL_getmetafield(L, 2, "__name") || strcmp(lua_tostring(L, -1), BIND_EXPERIMENT) != 0)
    bind_error(L, "%s must return assay.experiment{…}, got %s", o->path, luaL_typename(L, 2));
  lua_settop(L, 2);
  x->name = field_text(L, 2, "name");
  x->summary = field_text(L, 2, "summary");
  x->claim = claim_text(L, 2);
  x->grows = lua_getfield(L, 2, "more") == LUA_TFUNCTION;
  lua_pop(L, 1);
  push_params(L, 2, o); /* 3; then 4: params of the runs, 5: their guard, 6: the configurations */
  if (o->one) {
    experiment_push_one(L, o->one, o->sets, o->n_sets);
  } else {
    experiment_push_seen_params(L, 2, 3);
    experiment_push_configs(L, 2, 3);
  }
  struct text *t = text_push(L);
  json_add_object(L, 3, t, "params");
  x->params = xstrdup(t->s);
  lua_pop(L, 1);
  read_runs(L, x, 2, 4, 6);
  lua_createtable(L, 0, 6);
  static const char *const fields[] = {"spec", "params", "run_params", "guard", "configs"};
  for (int i = 0; i < 5; i++) {
    lua_pushvalue(L, i + 2);
    lua_setfield(L, -2, fields[i]);
  }
  x->ref = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

enum status lua_experiment_open_one(struct lua_experiment **out, struct lua_host *h, const char *path, const struct lua_one_run *one,
                                    const char *const *sets, size_t n_sets, struct err *e)
{
  struct lua_experiment *x = xcalloc(1, sizeof *x);
  x->h = h;
  x->ref = LUA_NOREF;
  struct opening o = {x, path, sets, n_sets, one};
  enum status status = bind_protect(h, open_experiment, &o, e);
  if (status == STATUS_OK)
    *out = x;
  else
    lua_experiment_close(x);
  return status;
}

enum status lua_experiment_open(struct lua_experiment **out, struct lua_host *h, const char *path, const char *const *sets,
                                size_t n_sets, struct err *e)
{
  return lua_experiment_open_one(out, h, path, NULL, sets, n_sets, e);
}

void lua_experiment_close(struct lua_experiment *x)
{
  if (!x)
    return;
  luaL_unref(x->h->L, LUA_REGISTRYINDEX, x->ref);
  for (size_t i = 0; i < x->n; i++)
    free(x->config[i]);
  free(x->config);
  free(x->seed);
  free(x->group);
  free(x->name);
  free(x->summary);
  free(x->params);
  free(x->claim);
  free(x);
}

const char *lua_experiment_name(const struct lua_experiment *x) { return x->name; }
const char *lua_experiment_summary(const struct lua_experiment *x) { return x->summary; }
const char *lua_experiment_params(const struct lua_experiment *x) { return x->params; }
const char *lua_experiment_claim(const struct lua_experiment *x) { return x->claim; }
size_t lua_experiment_runs(const struct lua_experiment *x) { return x->n; }
const char *lua_experiment_config(const struct lua_experiment *x, size_t run) { return x->config[run]; }
int64_t lua_experiment_seed(const struct lua_experiment *x, size_t run) { return x->seed[run]; }
uint64_t lua_experiment_group(const struct lua_experiment *x, size_t run) { return x->group[run]; }

size_t lua_experiment_files(const struct lua_experiment *x, const struct script_file **files)
{
  *files = x->h->file;
  return x->h->n_files;
}

/* --- setup --------------------------------------------------------------------------------------- */

static int call_setup(lua_State *L)
{
  struct lua_experiment *x = lua_touserdata(L, 1);
  if (experiment_push_function(L, x, "setup") != LUA_TFUNCTION)
    return 0;
  experiment_push_run_params(L, x);
  lua_call(L, 1, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, x->ref);
  lua_insert(L, -2);
  lua_setfield(L, -2, "shared");
  return 0;
}

enum status lua_experiment_setup(struct lua_experiment *x, struct err *e) { return bind_protect(x->h, call_setup, x, e); }

/* --- more -------------------------------------------------------------------------------------------- */

/* A set of the texts of all configurations so far. */
static void push_known(lua_State *L, const struct lua_experiment *x)
{
  lua_createtable(L, 0, (int)x->n);
  for (size_t i = 0; i < x->n; i++) {
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, x->config[i]);
  }
}

/* Append the configurations of the list at index `list` that are not known yet. */
static void add_new(lua_State *L, struct lua_experiment *x, int list)
{
  size_t n = lua_rawlen(L, list);
  if (n > MAX_RUNS - x->n)
    bind_error(L, "more: over %d runs in all", MAX_RUNS);
  make_room(x, x->n + n);
  experiment_push(L, x, "spec");
  experiment_push(L, x, "run_params");
  experiment_push(L, x, "guard"); /* behind the parameters, as group_of wants it */
  experiment_push(L, x, "configs");
  push_known(L, x);
  struct text *t = text_push(L);
  int spec = list + 1, params = list + 2, configs = list + 4, known = list + 5;
  for (size_t i = 1; i <= n; i++) {
    lua_geti(L, list, (lua_Integer)i);
    int config = lua_gettop(L);
    char *text = experiment_config_json(L, config, params, t);
    if (lua_getfield(L, known, text) != LUA_TNIL) {
      free(text);
    } else {
      lua_pushboolean(L, 1);
      lua_setfield(L, known, text);
      lua_pushvalue(L, config);
      lua_rawseti(L, configs, (lua_Integer)x->n + 1);
      add_run(L, x, spec, params, config, text, t);
    }
    lua_settop(L, config - 1);
  }
}

struct asking { struct lua_experiment *x; const struct report_run *runs; size_t n; };

static int call_more(lua_State *L)
{
  const struct asking *a = lua_touserdata(L, 1);
  if (experiment_push_function(L, a->x, "more") != LUA_TFUNCTION)
    return 0;
  experiment_push_results(L, a->x, a->runs, a->n);
  lua_call(L, 2, 1);
  fflush(stdout);
  if (lua_isnil(L, -1))
    return 0;
  if (!lua_istable(L, -1))
    bind_error(L, "more must return a table of configurations or nil, got %s", luaL_typename(L, -1));
  lua_pushnil(L);
  if (!lua_next(L, -2)) /* an empty table is no grid of one run here: there is nothing more */
    return 0;
  lua_pop(L, 2);
  expand_grid(L);
  add_new(L, a->x, lua_gettop(L));
  return 0;
}

enum status lua_experiment_more(struct lua_experiment *x, const struct report_run *runs, size_t n, size_t *added, struct err *e)
{
  size_t before = x->n;
  enum status status = bind_protect(x->h, call_more, &(struct asking){x, runs, n}, e);
  *added = x->n - before;
  return status;
}

bool lua_experiment_grows(const struct lua_experiment *x) { return x->grows; }
