/* experiment_open.c: an experiment script as a list of runs: its parameters, its grid expanded, and of every run the canonical
 * configuration, the seed and the group. */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "experiments/kernel/mem.h"
#include "lua/bind/experiment_int.h"

struct opening {
  struct lua_experiment *x;
  const char *path;
  const char *const *sets; size_t n_sets;
  const struct lua_one_run *one; /* NULL: the whole grid */
};

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

void experiment_make_room(struct lua_experiment *x, size_t n)
{
  x->config = xrealloc(x->config, (n + 1) * sizeof *x->config);
  x->seed = xrealloc(x->seed, (n + 1) * sizeof *x->seed);
  x->group = xrealloc(x->group, (n + 1) * sizeof *x->group);
}

/* The run of the configuration at index `config`, whose canonical text is taken over. */
void experiment_add_run(lua_State *L, struct lua_experiment *x, int spec, int params, int config, char *text, struct text *t)
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
  experiment_make_room(x, n);
  while (x->n < n) {
    lua_geti(L, configs, (lua_Integer)x->n + 1);
    int config = lua_gettop(L);
    experiment_add_run(L, x, spec, params, config, experiment_config_json(L, config, params, t), t);
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
  experiment_push_params(L, 2, o->sets, o->one ? 0 : o->n_sets); /* 3; then 4: params of the runs, 5: their guard, 6: the configurations */
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
