/* experiment.c: experiments as Lua values: assay.experiment{…}, whose table is checked here, what is known of one that was opened
 * (experiment_open.c), and its setup. */
#include <string.h>

#include "lua/bind/experiment_int.h"

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
       "What an experiment script returns: a question, the runs that answer it, and what is said of their results. Its fields:"},
      {"run", run_script, "assay.run(path[, {name = value}])", "Run an experiment script; true when every run is done."},
      {0}};
  bind_metatable(L, BIND_EXPERIMENT, meta, NULL);
  bind_functions(L, rows);
}

/* --- what is known of one ------------------------------------------------------------------------ */

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
