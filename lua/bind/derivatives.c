/* derivatives.c: curvature products, per-example gradient norms and activations of a model at the prompt. */
#include "experiments/models/derivatives.h"

#include <math.h>
#include <string.h>

#include "lua/bind/model_int.h"

static enum status curve_f32(lua_State *L, struct problem *p, const struct mat *w, const struct mat *v, enum curvature c, struct err *e)
{
  model_alloc(L, (void **)&p->w32, p->net.n_params, sizeof(float), "weights");
  model_alloc(L, (void **)&p->out32, p->net.n_params, sizeof(float), "direction");
  model_alloc(L, (void **)&p->g32, p->net.n_params, sizeof(float), "product");
  net_pack_f32(&p->net, w->data, p->w32);
  net_pack_f32(&p->net, v->data, p->out32);
  return net_curvature_f32(&bind_host(L)->exec, &p->net, p->loss, p->w32, &p->batch, c, p->out32, p->g32, NULL, e);
}

static enum status curve_f64(lua_State *L, struct problem *p, const struct mat *w, const struct mat *v, enum curvature c, struct err *e)
{
  model_alloc(L, (void **)&p->w64, p->net.n_params, sizeof(double), "weights");
  model_alloc(L, (void **)&p->out64, p->net.n_params, sizeof(double), "direction");
  model_alloc(L, (void **)&p->g64, p->net.n_params, sizeof(double), "product");
  net_pack_f64(&p->net, w->data, p->w64);
  net_pack_f64(&p->net, v->data, p->out64);
  return net_curvature_f64(&bind_host(L)->exec, &p->net, p->loss, p->w64, &p->batch, c, p->out64, p->g64, NULL, e);
}

static int curve(lua_State *L, enum curvature c)
{
  struct err e = {0};
  object_check(L, 1, KIND_MODEL);
  enum dtype type = matrix_check(L, 2)->m.type;
  if (matrix_check(L, 3)->m.type != type)
    bind_error(L, "w and v must be of one type, both f32 or both f64");
  lua_settop(L, 5);
  lua_rotate(L, 2, -2); /* model, batch, loss, w, v */
  struct problem *p = model_problem(L, 2);
  const struct mat *w = model_weights(L, 4, p, "w"), *v = model_weights(L, 5, p, "v");
  enum status s = type == DTYPE_F32 ? curve_f32(L, p, w, v, c, &e) : curve_f64(L, p, w, v, c, &e);
  if (s != STATUS_OK)
    bind_raise(L, &e);
  struct lua_matrix *m = model_push_new(L, type, 1, p->net.n_logical);
  if (type == DTYPE_F32)
    net_unpack_f32(&p->net, p->g32, m->m.data);
  else
    net_unpack_f64(&p->net, p->g64, m->m.data);
  return 1;
}

int model_hvp(lua_State *L) { return curve(L, CURVATURE_HESSIAN); }
int model_gnvp(lua_State *L) { return curve(L, CURVATURE_GAUSS_NEWTON); }

/* The arguments (w, batch[, loss]), with the weights packed into p->w32 or p->w64. */
static struct problem *read_weighted(lua_State *L, enum dtype *type)
{
  object_check(L, 1, KIND_MODEL);
  *type = matrix_check(L, 2)->m.type;
  lua_settop(L, 4);
  lua_rotate(L, 2, -1); /* model, batch, loss, w */
  struct problem *p = model_problem(L, 2);
  const struct mat *w = model_weights(L, 4, p, "w");
  if (*type == DTYPE_F32)
    net_pack_f32(&p->net, w->data, model_alloc(L, (void **)&p->w32, p->net.n_params, sizeof(float), "weights"));
  else
    net_pack_f64(&p->net, w->data, model_alloc(L, (void **)&p->w64, p->net.n_params, sizeof(double), "weights"));
  return p;
}

int model_norms(lua_State *L)
{
  enum dtype type;
  struct err e = {0};
  const struct exec *x = &bind_host(L)->exec;
  struct problem *p = read_weighted(L, &type);
  model_alloc(L, (void **)&p->each, p->batch.n, sizeof(double), "norms");
  enum status s = type == DTYPE_F32 ? net_norms_f32(x, &p->net, p->loss, p->w32, &p->batch, p->each, &e)
                                    : net_norms_f64(x, &p->net, p->loss, p->w64, &p->batch, p->each, &e);
  if (s != STATUS_OK)
    bind_raise(L, &e);
  struct lua_matrix *m = model_push_new(L, DTYPE_F64, p->batch.n, 1);
  for (size_t i = 0; i < p->batch.n; i++)
    mat_set(&m->m, i, 0, sqrt(p->each[i]));
  return 1;
}

int model_activations(lua_State *L)
{
  enum dtype type;
  struct err e = {0};
  const struct exec *x = &bind_host(L)->exec;
  struct problem *p = read_weighted(L, &type);
  lua_createtable(L, (int)p->net.n_layers, 0);
  for (size_t l = 1; l <= p->net.n_layers; l++) {
    struct lua_matrix *m = model_push_new(L, type, p->batch.n, p->net.layer[l - 1].out);
    enum status s = type == DTYPE_F32 ? net_activations_f32(x, &p->net, p->w32, &p->batch, l, m->m.data, &e)
                                      : net_activations_f64(x, &p->net, p->w64, &p->batch, l, m->m.data, &e);
    if (s != STATUS_OK)
      bind_raise(L, &e);
    lua_rawseti(L, -2, (lua_Integer)l);
  }
  return 1;
}
