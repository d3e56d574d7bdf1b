/* objective.c: objectives in Lua: values and derivatives at the user's weights. An objective is made when it is first used; equal
 * configurations share one for the life of the host, as data sets do. */
#include "experiments/objective/objective.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/objective/glm.h"
#include "lua/bind/bind.h"

static struct objective *cached(const struct lua_host *h, const char *config)
{
  for (size_t i = 0; i < h->n_objectives; i++)
    if (!strcmp(h->objectives[i].config, config))
      return h->objectives[i].objective;
  return NULL;
}

static enum status load_data(void *self, struct dataset **out, const struct object *o, struct err *e) { return data_share(self, o, out, e); }

/* The text that tells objectives apart: relative file names mean the script's folder. */
static char *key_of(const struct lua_host *h, const struct object *o)
{
  char *json = object_json(o), *key = xasprintf("%s %s", h->base_dir ? h->base_dir : "", json);
  free(json);
  return key;
}

/* Make it and put it in the cache, which then owns `key` and one reference. */
static enum status make(struct lua_host *h, const struct object *o, char *key, struct objective **out, struct err *e)
{
  struct data_env data = {.exec = &h->exec, .share_dir = h->share_dir, .base_dir = h->base_dir};
  struct objective_env env = {.data = &data, .load = load_data, .self = h};
  enum status s = objective_make(out, o, &env, e);
  if (s != STATUS_OK) {
    free(key);
    return s;
  }
  h->objectives = xrealloc(h->objectives, (h->n_objectives + 1) * sizeof *h->objectives);
  h->objectives[h->n_objectives++] = (struct made_objective){key, *out};
  return STATUS_OK;
}

struct objective *objective_get(lua_State *L, struct lua_object *o)
{
  struct lua_host *h = bind_host(L);
  struct err e = {0};
  if (o->objective)
    return o->objective;
  char *key = key_of(h, &o->o);
  struct objective *f = cached(h, key);
  if (f)
    free(key);
  else if (make(h, &o->o, key, &f, &e) != STATUS_OK)
    bind_raise(L, &e);
  o->objective = objective_retain(f);
  return f;
}

void objective_forget(struct lua_host *h)
{
  for (size_t i = 0; i < h->n_objectives; i++) {
    free(h->objectives[i].config);
    objective_release(h->objectives[i].objective);
  }
  free(h->objectives);
}

/* --- weights ----------------------------------------------------------------------------------- */

const double *objective_weights(lua_State *L, int at, size_t d, const char *what)
{
  if (lua_type(L, at) != LUA_TTABLE && !matrix_test(L, at))
    bind_error(L, "%s must be a matrix or a list of %zu numbers, got %s", what, d, luaL_typename(L, at));
  const struct lua_matrix *m = matrix_from(L, at, DTYPE_F64, what);
  struct err e = {0};
  if (m->m.rows * m->m.cols != d)
    bind_error(L, "%s must hold %zu numbers, got %zu", what, d, m->m.rows * m->m.cols);
  struct lua_matrix *copy = matrix_push(L);
  if (mat_copy(&copy->m, &m->m, DTYPE_F64, &e) != STATUS_OK)
    bind_raise(L, &e);
  if (!mat_all_finite(&copy->m))
    bind_error(L, "%s must hold finite numbers", what);
  return copy->m.data;
}

static double *push_matrix(lua_State *L, size_t rows, size_t cols)
{
  struct err e = {0};
  struct lua_matrix *m = matrix_push(L);
  if (mat_new(&m->m, DTYPE_F64, rows, cols, &e) != STATUS_OK)
    bind_raise(L, &e);
  matrix_account(L, m);
  return m->m.data;
}

double *objective_push_weights(lua_State *L, size_t d) { return push_matrix(L, 1, d); }

/* --- methods ----------------------------------------------------------------------------------- */

static struct objective *self(lua_State *L) { return objective_get(L, object_check(L, 1, KIND_OBJECTIVE)); }

static int value(lua_State *L)
{
  const struct objective *f = self(L);
  lua_pushnumber(L, objective_value(f, objective_weights(L, 2, f->d, "w")));
  return 1;
}

static int gradient(lua_State *L)
{
  const struct objective *f = self(L);
  const double *w = objective_weights(L, 2, f->d, "w");
  double *g = push_matrix(L, 1, f->d);
  lua_pushnumber(L, objective_gradient(f, w, g));
  return 2;
}

static int component(lua_State *L)
{
  const struct objective *f = self(L);
  size_t i = bind_size_arg(L, 2, "i", 1, f->n);
  const double *w = objective_weights(L, 3, f->d, "w");
  double *g = push_matrix(L, 1, f->d);
  lua_pushnumber(L, objective_component(f, i - 1, w, g));
  return 2;
}

static int hvp(lua_State *L)
{
  const struct objective *f = self(L);
  struct err e = {0};
  const double *w = objective_weights(L, 2, f->d, "w"), *v = objective_weights(L, 3, f->d, "v");
  double *out = push_matrix(L, 1, f->d);
  if (objective_hvp(f, w, v, out, &e) != STATUS_OK)
    bind_raise(L, &e);
  return 1;
}

static int hessian(lua_State *L)
{
  const struct objective *f = self(L);
  struct err e = {0};
  const double *w = objective_weights(L, 2, f->d, "w");
  double *h = push_matrix(L, f->d, f->d);
  if (objective_hessian(f, w, h, &e) != STATUS_OK)
    bind_raise(L, &e);
  return 1;
}

static int push_known(lua_State *L, const struct objective *f, const double *w)
{
  if (w)
    memcpy(push_matrix(L, 1, f->d), w, f->d * sizeof *w);
  else
    lua_pushnil(L);
  return 1;
}

static int start(lua_State *L)
{
  const struct objective *f = self(L);
  return push_known(L, f, f->start);
}

static int optimum(lua_State *L)
{
  const struct objective *f = self(L);
  return push_known(L, f, f->optimum);
}

static void set_fact(lua_State *L, const char *name, double v)
{
  if (isnan(v))
    return;
  lua_pushnumber(L, v);
  lua_setfield(L, -2, name);
}

static int facts(lua_State *L)
{
  struct objective *f = self(L);
  struct err e = {0};
  if (objective_constants(f, &bind_host(L)->exec, &e) != STATUS_OK)
    bind_raise(L, &e);
  lua_createtable(L, 0, 8);
  lua_pushinteger(L, (lua_Integer)f->d);
  lua_setfield(L, -2, "d");
  lua_pushinteger(L, (lua_Integer)f->n);
  lua_setfield(L, -2, "n");
  if (f->glm) {
    lua_pushinteger(L, (lua_Integer)f->glm->entries);
    lua_setfield(L, -2, "entries");
  }
  set_fact(L, "minimum", f->minimum);
  set_fact(L, "smoothness", f->smoothness);
  set_fact(L, "smoothness_max", f->smoothness_max);
  set_fact(L, "strong_convexity", f->strong_convexity);
  return 1;
}

const struct function_row objective_methods[] = {
    {"value", value, "objective:value(w)", "f(w) for d weights, a matrix or a list."},
    {"gradient", gradient, "objective:gradient(w)", "The gradient, 1 x d, and f(w)."},
    {"component", component, "objective:component(i, w)",
     "Gradient and value of component i = 1 … n of a finite sum f = (1/n) sum_i f_i; of f itself where it is no sum."},
    {"hvp", hvp, "objective:hvp(w, v)", "The Hessian at w times v, 1 x d."},
    {"hessian", hessian, "objective:hessian(w)", "The Hessian at w, d x d."},
    {"start", start, "objective:start()", "The weights where runs begin, 1 x d."},
    {"optimum", optimum, "objective:optimum()", "The weights of the minimum, 1 x d; nil where it is not known."},
    {"facts", facts, "objective:facts()",
     "A table of d, n and what is known: minimum, smoothness (L of f), smoothness_max (largest L of a component; math.huge: none), "
     "strong_convexity, entries (numbers stored of a linear model)."},
    {0}};
