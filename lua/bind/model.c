/* model.c: losses and gradients of a model at the prompt, in float32 or float64 by the type of w.
 *
 * A batch is a table {x = matrix, y = labels from 0 or targets, loss = id or object}, or a part of a data
 * set. Weights are 1 x n matrices in logical order: W1, b1, W2, b2, … */
#include "lua/bind/model_int.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/models/derivatives.h"
#include "lua/bind/array_file.h"

#define PROBLEM "assay.problem"

static int problem_gc(lua_State *L)
{
  struct problem *p = lua_touserdata(L, 1);
  void *owned[] = {p->x32, p->label, p->target, p->w32, p->g32, p->out32, p->w64, p->g64, p->out64, p->each};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
    free(owned[i]);
  memset(p, 0, sizeof *p);
  return 0;
}

static struct problem *problem_push(lua_State *L)
{
  struct problem *p = lua_newuserdatauv(L, sizeof *p, 1);
  memset(p, 0, sizeof *p);
  if (luaL_newmetatable(L, PROBLEM)) {
    lua_pushcfunction(L, problem_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return p;
}

void *model_alloc(lua_State *L, void **out, size_t count, size_t size, const char *what)
{
  struct err e = {0};
  if (mem_new(out, count, size, what, &e) != STATUS_OK)
    bind_raise(L, &e);
  return *out;
}

/* Inputs: rows padded to a multiple of 16 floats, as the reference route expects. */
static void read_inputs(lua_State *L, int at, struct problem *p)
{
  lua_getfield(L, at, "x");
  const struct lua_matrix *x = matrix_from(L, -1, DTYPE_F32, "batch.x");
  const struct mat *m = &x->m;
  if (m->rows == 0 || m->cols == 0)
    bind_error(L, "batch.x is empty (%zu x %zu)", m->rows, m->cols);
  p->batch.n = m->rows;
  p->batch.d = p->io.in = m->cols;
  p->batch.stride = round_up(m->cols, 16);
  bool lasting = matrix_test(L, -2) != NULL;              /* the batch table keeps it alive */
  bool padded = x->read_only || m->cols == m->stride;     /* nothing but zeros between the rows */
  if (lasting && padded && m->type == DTYPE_F32 && m->stride == p->batch.stride) {
    p->batch.x = m->data;
    lua_pop(L, 2);
    return;
  }
  model_alloc(L, (void **)&p->x32, m->rows * p->batch.stride, sizeof(float), "inputs");
  for (size_t i = 0; i < m->rows; i++)
    for (size_t j = 0; j < m->cols; j++)
      p->x32[i * p->batch.stride + j] = (float)mat_get(m, i, j);
  p->batch.x = p->x32;
  lua_pop(L, 2);
}

/* The loss: third argument, else batch.loss, else what suits the answers; left in the user value. */
static const struct loss *read_loss(lua_State *L, int at, struct problem *p, int self)
{
  if (lua_isnoneornil(L, 3))
    lua_getfield(L, at, "loss");
  else
    lua_pushvalue(L, 3);
  if (lua_isnil(L, -1)) {
    lua_getfield(L, at, "classes");
    bool targets = lua_isnil(L, -1) && (lua_getfield(L, at, "y"), matrix_test(L, -1)) && matrix_test(L, -1)->m.type == DTYPE_F32;
    lua_settop(L, self);
    lua_pushstring(L, targets ? "squared" : "cross-entropy");
  }
  struct lua_object *loss = object_from(L, lua_gettop(L), KIND_LOSS, "loss");
  p->loss = &loss->o;
  lua_setiuservalue(L, self, 1);
  return (const struct loss *)loss->o.method;
}

/* Labels: whole numbers from 0. */
static void read_labels(lua_State *L, int at, struct problem *p, const struct loss *loss, const struct mat *y)
{
  size_t n = y->rows * y->cols, classes = 2;
  if (n != p->batch.n)
    bind_error(L, "batch.y holds %zu labels, batch.x %zu rows", n, p->batch.n);
  model_alloc(L, (void **)&p->label, n, sizeof(int32_t), "labels");
  for (size_t i = 0; i < n; i++) {
    double v = y->rows == 1 ? mat_get(y, 0, i) : mat_get(y, i, 0);
    if (!(v >= 0 && v < 1e6) || v != (double)(int32_t)v)
      bind_error(L, "label %zu must be a whole number from 0, got %g", i + 1, v);
    p->label[i] = (int32_t)v;
    if ((size_t)v + 1 > classes)
      classes = (size_t)v + 1;
  }
  if (lua_getfield(L, at, "classes") != LUA_TNIL)
    classes = bind_size_arg(L, -1, "batch.classes", classes, 1000000);
  lua_pop(L, 1);
  p->batch.label = p->label;
  p->io.out = loss->outputs(classes);
}

static void read_targets(lua_State *L, struct problem *p, const struct mat *y)
{
  bool turned = y->rows == 1 && p->batch.n > 1; /* a flat list: one target per row */
  size_t k = turned ? 1 : y->cols;
  if ((turned ? y->cols : y->rows) != p->batch.n)
    bind_error(L, "batch.y is %zu x %zu, batch.x has %zu rows", y->rows, y->cols, p->batch.n);
  model_alloc(L, (void **)&p->target, p->batch.n * k, sizeof(float), "targets");
  for (size_t i = 0; i < p->batch.n; i++)
    for (size_t j = 0; j < k; j++)
      p->target[i * k + j] = (float)(turned ? mat_get(y, 0, i) : mat_get(y, i, j));
  p->batch.target = p->target;
  p->batch.target_stride = p->io.out = k;
}

/* The problem that model (argument 1) and batch (the table at `at`) pose; pushed. */
struct problem *model_problem(lua_State *L, int at)
{
  const struct lua_object *model = object_check(L, 1, KIND_MODEL);
  if (!lua_istable(L, at))
    bind_error(L, "a batch is a table {x = …, y = …, loss = …} or a part of a data set, got %s", luaL_typename(L, at));
  struct problem *p = problem_push(L);
  int self = lua_gettop(L);
  read_inputs(L, at, p);
  const struct loss *loss = read_loss(L, at, p, self);
  lua_getfield(L, at, "y");
  const struct lua_matrix *y = matrix_from(L, -1, DTYPE_F64, "batch.y");
  if (loss->target == TARGET_CLASS)
    read_labels(L, at, p, loss, &y->m);
  else
    read_targets(L, p, &y->m);
  lua_settop(L, self);
  struct err e = {0};
  if (((const struct model *)model->o.method)->build(model->o.conf, &p->io, &p->net, &e) != STATUS_OK)
    bind_raise(L, &e);
  return p;
}

struct lua_matrix *model_push_new(lua_State *L, enum dtype type, size_t rows, size_t cols)
{
  struct err e = {0};
  struct lua_matrix *m = matrix_push(L);
  if (mat_new(&m->m, type, rows, cols, &e) != STATUS_OK)
    bind_raise(L, &e);
  matrix_account(L, m);
  return m;
}

const struct mat *model_weights(lua_State *L, int at, const struct problem *p, const char *what)
{
  const struct mat *w = matrix_packed(L, &matrix_check(L, at)->m);
  if (w->rows * w->cols != p->net.n_logical)
    bind_error(L, "the model has %zu weights on this batch, %s has %zu (model:init(seed, batch) makes them)", p->net.n_logical, what,
               w->rows * w->cols);
  return w;
}

/* model:init(seed, batch[, loss]): new weights, f32. */
static int model_init(lua_State *L)
{
  const struct lua_object *model = object_check(L, 1, KIND_MODEL);
  lua_Integer seed = luaL_checkinteger(L, 2);
  lua_settop(L, 4);
  lua_remove(L, 2); /* now model, batch, loss, as for the others */
  struct problem *p = model_problem(L, 2);
  struct err e = {0};
  model_alloc(L, (void **)&p->w32, p->net.n_params, sizeof(float), "weights");
  if (((const struct model *)model->o.method)->init(model->o.conf, &p->net, (uint64_t)seed, p->w32, &e) != STATUS_OK)
    bind_raise(L, &e);
  struct lua_matrix *w = model_push_new(L, DTYPE_F32, 1, p->net.n_logical);
  net_unpack_f32(&p->net, p->w32, w->m.data);
  return 1;
}

enum want { WANT_LOSS, WANT_GRADIENT, WANT_EACH, WANT_OUTPUTS };

static enum status evaluate_f32(lua_State *L, struct problem *p, const struct mat *w, enum want want, double *loss, struct err *e)
{
  model_alloc(L, (void **)&p->w32, p->net.n_params, sizeof(float), "weights");
  net_pack_f32(&p->net, w->data, p->w32);
  if (want == WANT_GRADIENT)
    model_alloc(L, (void **)&p->g32, p->net.n_params, sizeof(float), "gradient");
  if (want == WANT_OUTPUTS)
    model_alloc(L, (void **)&p->out32, p->batch.n * p->net.out, sizeof(float), "outputs");
  const struct exec *x = &bind_host(L)->exec;
  return want == WANT_GRADIENT ? net_gradient_f32(x, &p->net, p->loss, p->w32, &p->batch, loss, p->g32, e)
                               : net_evaluate_f32(x, &p->net, p->loss, p->w32, &p->batch, loss, p->each, NULL, p->out32, e);
}

static enum status evaluate_f64(lua_State *L, struct problem *p, const struct mat *w, enum want want, double *loss, struct err *e)
{
  model_alloc(L, (void **)&p->w64, p->net.n_params, sizeof(double), "weights");
  net_pack_f64(&p->net, w->data, p->w64);
  if (want == WANT_GRADIENT)
    model_alloc(L, (void **)&p->g64, p->net.n_params, sizeof(double), "gradient");
  if (want == WANT_OUTPUTS)
    model_alloc(L, (void **)&p->out64, p->batch.n * p->net.out, sizeof(double), "outputs");
  const struct exec *x = &bind_host(L)->exec;
  return want == WANT_GRADIENT ? net_gradient_f64(x, &p->net, p->loss, p->w64, &p->batch, loss, p->g64, e)
                               : net_evaluate_f64(x, &p->net, p->loss, p->w64, &p->batch, loss, p->each, NULL, p->out64, e);
}

static int push_wanted(lua_State *L, struct problem *p, enum dtype type, enum want want, double loss)
{
  struct lua_matrix *m;
  switch (want) {
  case WANT_LOSS: lua_pushnumber(L, loss); return 1;
  case WANT_EACH:
    m = model_push_new(L, DTYPE_F64, p->batch.n, 1);
    memcpy(m->m.data, p->each, p->batch.n * sizeof(double));
    return 1;
  case WANT_OUTPUTS:
    m = model_push_new(L, type, p->batch.n, p->net.out);
    memcpy(m->m.data, type == DTYPE_F32 ? (void *)p->out32 : (void *)p->out64, p->batch.n * p->net.out * dtype_size(type));
    return 1;
  case WANT_GRADIENT: break;
  }
  m = model_push_new(L, type, 1, p->net.n_logical);
  if (type == DTYPE_F32)
    net_unpack_f32(&p->net, p->g32, m->m.data);
  else
    net_unpack_f64(&p->net, p->g64, m->m.data);
  lua_pushnumber(L, loss);
  return 2;
}

static int evaluate(lua_State *L, enum want want)
{
  object_check(L, 1, KIND_MODEL);
  matrix_check(L, 2);
  lua_settop(L, 4);
  lua_rotate(L, 2, -1); /* model, batch, loss, w */
  struct problem *p = model_problem(L, 2);
  const struct mat *w = model_weights(L, 4, p, "w");
  struct err e = {0};
  double loss = 0;
  if (want == WANT_EACH)
    model_alloc(L, (void **)&p->each, p->batch.n, sizeof(double), "losses");
  enum status status = w->type == DTYPE_F32 ? evaluate_f32(L, p, w, want, &loss, &e) : evaluate_f64(L, p, w, want, &loss, &e);
  if (status != STATUS_OK)
    bind_raise(L, &e);
  return push_wanted(L, p, w->type, want, loss);
}

static int model_loss(lua_State *L) { return evaluate(L, WANT_LOSS); }
static int model_grad(lua_State *L) { return evaluate(L, WANT_GRADIENT); }
static int model_each(lua_State *L) { return evaluate(L, WANT_EACH); }
static int model_outputs(lua_State *L) { return evaluate(L, WANT_OUTPUTS); }

const struct function_row model_methods[] = {
    {"init", model_init, "model:init(seed, batch[, loss])", "New weights (1 x n, f32) for inputs and outputs like the batch's."},
    {"load", model_load, "model:load(path[, batch])",
     "Trained weights (1 x n, f32) from a .safetensors file with PyTorch's names and layout; a model that starts with a convolution needs the batch too."},
    {"loss", model_loss, "model:loss(w, batch[, loss])",
     "Mean loss on {x = matrix, y = labels from 0 or targets, loss = id}, computed in the type of w."},
    {"grad", model_grad, "model:grad(w, batch[, loss])", "Gradient of the mean loss (1 x n), and the loss."},
    {"per_example", model_each, "model:per_example(w, batch[, loss])", "The loss of each example (n x 1, f64)."},
    {"hvp", model_hvp, "model:hvp(w, v, batch[, loss])",
     "The Hessian of the mean loss times v (1 x n), exactly: forward over reverse, in the type of w."},
    {"gnvp", model_gnvp, "model:gnvp(w, v, batch[, loss])", "The Gauss-Newton matrix, mean of J'HJ, times v (1 x n)."},
    {"per_example_norms", model_norms, "model:per_example_norms(w, batch[, loss])",
     "The Euclidean norm of each example's gradient (n x 1, f64); no gradient is made."},
    {"activations", model_activations, "model:activations(w, batch[, loss])",
     "A list with the outputs of each layer (n x units), after its activation; the last are the model's outputs."},
    {"outputs", model_outputs, "model:outputs(w, batch[, loss])", "The outputs before the loss (n x k)."},
    {0}};
