/* optimizer.c: optimizers, averages, selectors and samplers on the user's own numbers, with their state inside the
 * object. */
#include "lua/bind/bind.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/optim/average.h"
#include "experiments/optim/optimizer.h"
#include "experiments/optim/selector.h"
#include "lua/bind/oracle.h"

static size_t count(const struct mat *m) { return m->rows * m->cols; }

static void forget_state(struct lua_object *o)
{
  free(o->state);
  o->state = NULL;
  o->state_size = o->state_n = o->state_rows = 0;
  o->steps = 0;
}

static void check_state(lua_State *L, const struct lua_object *o, const struct mat *w)
{
  if (o->state && (o->state_n != count(w) || o->state_type != w->type))
    bind_error(L, "this %s has a state for %zu %s numbers, w has %zu %s; :reset() starts anew", kind_name(o->o.method->kind),
               o->state_n, o->state_type == DTYPE_F32 ? "f32" : "f64", count(w), w->type == DTYPE_F32 ? "f32" : "f64");
  if (o->state && o->state_rows != w->rows && o->o.method->kind == KIND_OPTIMIZER)
    bind_error(L, "this optimizer has a state for a matrix of %zu rows, w has %zu; :reset() starts anew", o->state_rows, w->rows);
}

static void new_state(lua_State *L, struct lua_object *o, size_t size, const struct mat *w)
{
  struct err e = {0};
  if (mem_new(&o->state, size, 1, "the state of the method", &e) != STATUS_OK)
    bind_raise(L, &e);
  o->state_size = size;
  o->state_n = count(w);
  o->state_rows = w->rows;
  o->state_type = w->type;
  o->steps = 0;
  bind_account(L, size);
}

static struct lua_matrix *check_weights(lua_State *L, int at)
{
  struct lua_matrix *w = matrix_check(L, at);
  if (w->read_only)
    bind_error(L, "w cannot be changed: it is part of a data set; use w:copy()");
  if (w->m.stride != w->m.cols && w->m.rows > 1)
    bind_error(L, "w is a view with gaps between its rows; use w:copy()");
  return w;
}

/* The rate: the argument, else the optimizer's own `lr` where it has one. */
static double rate_arg(lua_State *L, int at, const struct lua_object *o)
{
  const struct param *p = params_find(o->o.method, "lr");
  if (lua_isnil(L, at) && p) {
    object_push_param(L, p, o->o.conf);
    lua_replace(L, at);
  }
  if (lua_type(L, at) != LUA_TNUMBER)
    bind_error(L, "optimizer:step(w, g, lr[, f]): lr must be a number, got %s", luaL_typename(L, at));
  return lua_tonumber(L, at);
}

/* A matrix of w's shape and type on the stack. */
static struct lua_matrix *push_like(lua_State *L, enum dtype type, size_t rows, size_t cols)
{
  struct err e = {0};
  struct lua_matrix *out = matrix_push(L);
  if (mat_new(&out->m, type, rows, cols, &e) != STATUS_OK)
    bind_raise(L, &e);
  matrix_account(L, out);
  return out;
}

/* The gradient at `at`, of w's shape and type; nil with a function: what the function says. */
static const struct mat *gradient_arg(lua_State *L, int at, const struct lua_matrix *w, struct lua_oracle *q)
{
  struct lua_matrix *here = q ? push_like(L, w->m.type, w->m.rows, w->m.cols) : NULL;
  struct err e = {0};
  if (q && oracle_here(q, here->m.data, &e) != STATUS_OK)
    bind_error(L, "%s", e.message);
  if (q && lua_isnil(L, at))
    return &here->m;
  const struct lua_matrix *g = matrix_check(L, at);
  if (g->m.rows != w->m.rows || g->m.cols != w->m.cols || g->m.type != w->m.type)
    bind_error(L, "w and g must agree in shape and type: w is %zu x %zu %s, g %zu x %zu %s", w->m.rows, w->m.cols,
               w->m.type == DTYPE_F32 ? "f32" : "f64", g->m.rows, g->m.cols, g->m.type == DTYPE_F32 ? "f32" : "f64");
  return matrix_packed(L, &g->m);
}

/* optimizer:step(w, g[, lr[, f]]) */
static int optimizer_step(lua_State *L)
{
  lua_settop(L, 5);
  struct lua_object *o = object_check(L, 1, KIND_OPTIMIZER);
  struct lua_matrix *w = check_weights(L, 2);
  double lr = rate_arg(L, 4, o);
  struct lua_oracle *q = lua_isnil(L, 5) ? NULL : oracle_push(L, 5, &w->m);
  const struct mat *g = gradient_arg(L, 3, w, q);
  const struct optimizer *rule = (const struct optimizer *)o->o.method;
  check_state(L, o, &w->m);
  struct net net;
  optimizer_net_of_matrix(&net, w->m.rows, w->m.cols);
  if (!o->state) {
    new_state(L, o, rule->state_size(o->o.conf, &net, count(&w->m), w->m.type), &w->m);
    rule->init(o->o.conf, &net, o->state, w->m.data, o->state_n, w->m.type);
  }
  struct step_info info = {.k = o->steps + 1, .lr = lr, .net = &net, .oracle = q ? &q->o : NULL};
  struct err e = {0};
  enum status status = w->m.type == DTYPE_F32 ? optimizer_step_f32(&o->o, o->state, w->m.data, g->data, o->state_n, &info, &e)
                                              : optimizer_step_f64(&o->o, o->state, w->m.data, g->data, o->state_n, &info, &e);
  if (status != STATUS_OK)
    bind_raise(L, &e);
  o->steps++;
  lua_settop(L, 2);
  return 1;
}

static int optimizer_weights(lua_State *L)
{
  struct lua_object *o = object_check(L, 1, KIND_OPTIMIZER);
  const struct lua_matrix *w = matrix_check(L, 2);
  const struct optimizer *rule = (const struct optimizer *)o->o.method;
  const struct mat *packed = matrix_packed(L, &w->m);
  check_state(L, o, packed);
  struct lua_matrix *out = push_like(L, w->m.type, w->m.rows, w->m.cols);
  bool f32 = w->m.type == DTYPE_F32;
  if (o->state && f32 && rule->eval_weights_f32)
    rule->eval_weights_f32(o->o.conf, o->state, packed->data, out->m.data, o->state_n);
  else if (o->state && !f32 && rule->eval_weights_f64)
    rule->eval_weights_f64(o->o.conf, o->state, packed->data, out->m.data, o->state_n);
  else
    memcpy(out->m.data, packed->data, count(packed) * dtype_size(packed->type));
  return 1;
}

static int state_reset(lua_State *L)
{
  forget_state(object_check(L, 1, 0));
  lua_settop(L, 1);
  return 1;
}

static int state_steps(lua_State *L)
{
  lua_pushinteger(L, (lua_Integer)object_check(L, 1, 0)->steps);
  return 1;
}

const struct function_row optimizer_methods[] = {
    {"step", optimizer_step, "optimizer:step(w, g[, lr[, f]])",
     "One update of the matrix w in place with gradient g and rate lr; returns w. The state stays in the optimizer. Rules that look around "
     "(sam, gam, smb, …) need f(w) -> loss, gradient, or {f = f, hvp = function(v) … end}; with f, g may be nil."},
    {"weights", optimizer_weights, "optimizer:weights(w)", "The weights to evaluate, where they differ from w; else a copy of w."},
    {"reset", state_reset, "optimizer:reset()", "Forget the state: the next step is the first."},
    {"updates", state_steps, "optimizer:updates()", "Updates made since the start or the last reset."},
    {0}};

/* --- averages ----------------------------------------------------------------------------------- */

static int average_update(lua_State *L)
{
  struct lua_object *o = object_check(L, 1, KIND_AVERAGE);
  const struct lua_matrix *w = matrix_check(L, 2);
  lua_Integer total = luaL_optinteger(L, 3, 0);
  const struct mat *packed = matrix_packed(L, &w->m);
  check_state(L, o, packed);
  if (total < 0)
    bind_error(L, "total must not be negative, got %lld", (long long)total);
  if (!o->state) {
    new_state(L, o, average_state_size(count(packed)), packed);
    average_init(o->state, packed->data, o->state_n, packed->type);
  }
  uint64_t planned = total > 0 ? (uint64_t)total : o->steps + 1;
  average_move(&o->o, o->state, packed->data, o->state_n, packed->type, o->steps, planned);
  o->steps++;
  lua_settop(L, 1);
  return 1;
}

static int average_value(lua_State *L)
{
  struct lua_object *o = object_check(L, 1, KIND_AVERAGE);
  if (!o->state)
    bind_error(L, "nothing has been averaged yet: call average:update(w) first");
  struct lua_matrix *out = push_like(L, o->state_type, 1, o->state_n);
  average_weights(o->state, out->m.data, o->state_n, o->state_type);
  return 1;
}

const struct function_row average_methods[] = {
    {"update", average_update, "average:update(w[, total])",
     "Take in the weights after one more update (of `total`, where the average depends on it); returns the average."},
    {"value", average_value, "average:value()", "The averaged weights, 1 x n."},
    {"reset", state_reset, "average:reset()", "Start anew."},
    {"updates", state_steps, "average:updates()", "Weights taken in so far."},
    {0}};

/* --- selectors ---------------------------------------------------------------------------------- */

static const double *losses_arg(lua_State *L, int at, size_t *n)
{
  const struct mat *m = matrix_packed(L, &matrix_from(L, at, DTYPE_F64, "losses")->m);
  const double *loss = m->data;
  *n = count(m);
  if (*n == 0)
    bind_error(L, "losses is empty: a mini-batch has at least one example");
  for (size_t i = 0; i < *n; i++)
    if (!isfinite(loss[i]))
      bind_error(L, "losses must be finite, but number %zu is %g", i + 1, loss[i]);
  return loss;
}

static int selector_weigh(lua_State *L)
{
  struct lua_object *o = object_check(L, 1, KIND_SELECTOR);
  lua_Integer total = luaL_optinteger(L, 3, 0);
  const struct selector *rule = (const struct selector *)o->o.method;
  if (total < 0)
    bind_error(L, "total must not be negative, got %lld", (long long)total);
  struct selection s = {.t = o->steps, .steps = total > 0 ? (uint64_t)total : o->steps};
  s.loss = losses_arg(L, 2, &s.n);
  struct lua_matrix *out = push_like(L, DTYPE_F64, 1, s.n);
  if (!o->state) {
    new_state(L, o, rule->state_size(o->o.conf) + 1, &out->m); /* + 1: there is something to allocate */
    rule->init(o->o.conf, o->state);
  }
  rule->weigh(o->o.conf, o->state, &s, out->m.data);
  o->steps++;
  return 1;
}

const struct function_row selector_methods[] = {
    {"weigh", selector_weigh, "selector:weigh(losses[, total])",
     "The weights of the examples of the next mini-batch from their losses, 1 x n. total: the updates of the training, for rules that "
     "begin after a part of them; without it they have begun."},
    {"reset", state_reset, "selector:reset()", "Start anew."},
    {"updates", state_steps, "selector:updates()", "Mini-batches weighed so far."},
    {0}};

/* --- samplers ----------------------------------------------------------------------------------- */

static int sampler_epoch(lua_State *L)
{
  const struct lua_object *o = object_check(L, 1, KIND_SAMPLER);
  size_t n = bind_size_arg(L, 2, "n", 1, 100000000);
  uint64_t seed = (uint64_t)luaL_optinteger(L, 3, 0);
  size_t epoch = lua_isnoneornil(L, 4) ? 0 : bind_size_arg(L, 4, "epoch", 0, SIZE_MAX >> 1);
  const struct sampler *s = (const struct sampler *)o->o.method;
  uint32_t *order = lua_newuserdatauv(L, n * sizeof *order, 0);
  struct err e = {0};
  if (s->epoch(o->o.conf, n, seed, epoch, order, &e) != STATUS_OK)
    bind_raise(L, &e);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_pushinteger(L, (lua_Integer)order[i] + 1);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

const struct function_row sampler_methods[] = {
    {"epoch", sampler_epoch, "sampler:epoch(n[, seed[, epoch]])",
     "The order of n examples (numbered from 1) in an epoch (from 0), as a list."},
    {0}};
