/* around.c: see around.h. */
#include "experiments/optim/around.h"

#include <math.h>
#include <string.h>

#include "experiments/kernel/vec.h"
#include "experiments/params.h"

static size_t vector_bytes(size_t n, enum dtype type)
{
  size_t bytes;
  if (__builtin_mul_overflow(n, dtype_size(type), &bytes) || bytes > SIZE_MAX - 63)
    return SIZE_MAX;
  return (bytes + 63) / 64 * 64;
}

#define NUMBERS_BYTES (AROUND_NUMBERS * sizeof(double))

/* The numbers and vectors: the base's state stands behind them. */
static size_t own_bytes(size_t n_own, size_t n, enum dtype type)
{
  size_t bytes, one = vector_bytes(n, type);
  if (one == SIZE_MAX || __builtin_mul_overflow(one, n_own, &bytes) || bytes > SIZE_MAX - NUMBERS_BYTES)
    return SIZE_MAX;
  return NUMBERS_BYTES + bytes;
}

static const struct optimizer *rule_of(const struct object *base) { return (const struct optimizer *)base->method; }

enum status around_check_base(const char *id, const struct object *base, struct err *e)
{
  if (object_needs(base, "oracle"))
    return err_set(e, STATUS_BAD_ARG, "base \"%s\" asks for gradients at other points itself; the base of %s must be an ordinary optimizer, "
                   "like \"sgd\" or \"adam\"", base->method->id, id);
  return STATUS_OK;
}

size_t around_state_size(const struct object *base, size_t n_own, const struct net *net, size_t n, enum dtype type)
{
  size_t own = own_bytes(n_own, n, type), its = base ? rule_of(base)->state_size(base->conf, net, n, type) : 0, all;
  return own == SIZE_MAX || __builtin_add_overflow(own, its, &all) ? SIZE_MAX : all;
}

void around_init(const struct object *base, size_t n_own, const struct net *net, void *state, const void *w, size_t n, enum dtype type)
{
  size_t own = own_bytes(n_own, n, type);
  memset(state, 0, own);
  if (base)
    rule_of(base)->init(base->conf, net, (char *)state + own, w, n, type);
}

double *around_numbers(const struct around *a) { return (double *)(void *)a->state; }
void *around_own(const struct around *a, size_t i) { return a->state + NUMBERS_BYTES + i * vector_bytes(a->n, a->type); }

enum status around_step(const struct around *a, void *w, const void *g, struct err *e)
{
  void *state = a->state + own_bytes(a->n_own, a->n, a->type);
  return a->type == DTYPE_F32 ? optimizer_apply_f32(a->base, state, w, g, a->n, a->info, e)
                              : optimizer_apply_f64(a->base, state, w, g, a->n, a->info, e);
}

void around_weights(const struct object *base, size_t n_own, const void *state, const void *w, void *out, size_t n, enum dtype type)
{
  const struct optimizer *rule = base ? rule_of(base) : NULL;
  const void *its = (const char *)state + own_bytes(n_own, n, type);
  if (rule && type == DTYPE_F32 && rule->eval_weights_f32)
    rule->eval_weights_f32(base->conf, its, w, out, n);
  else if (rule && type == DTYPE_F64 && rule->eval_weights_f64)
    rule->eval_weights_f64(base->conf, its, w, out, n);
  else
    memcpy(out, w, n * dtype_size(type));
}

double around_dot(const struct around *a, const void *x, const void *y)
{
  return a->type == DTYPE_F32 ? vec_dot_f32(x, y, a->n) : vec_dot_f64(x, y, a->n);
}

double around_norm(const struct around *a, const void *x)
{
  return a->type == DTYPE_F32 ? vec_norm2_f32(x, a->n) : vec_norm2_f64(x, a->n);
}

void around_add(const struct around *a, void *out, const void *x, double c, const void *y)
{
  if (a->type == DTYPE_F32)
    for (size_t i = 0; i < a->n; i++)
      ((float *)out)[i] = fmaf((float)c, ((const float *)y)[i], ((const float *)x)[i]);
  else
    for (size_t i = 0; i < a->n; i++)
      ((double *)out)[i] = fma(c, ((const double *)y)[i], ((const double *)x)[i]);
}

void around_scale(const struct around *a, void *x, double c)
{
  if (a->type == DTYPE_F32)
    for (size_t i = 0; i < a->n; i++)
      ((float *)x)[i] = (float)(c * (double)((float *)x)[i]);
  else
    for (size_t i = 0; i < a->n; i++)
      ((double *)x)[i] *= c;
}

void around_copy(const struct around *a, void *out, const void *x) { memcpy(out, x, a->n * dtype_size(a->type)); }

double around_get(const struct around *a, const void *x, size_t i)
{
  return a->type == DTYPE_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

void around_set(const struct around *a, void *x, size_t i, double v)
{
  if (a->type == DTYPE_F32)
    ((float *)x)[i] = (float)v;
  else
    ((double *)x)[i] = v;
}

enum status around_loss(const struct around *a, const void *at, double *loss, struct err *e)
{
  struct oracle *o = a->info->oracle;
  return a->type == DTYPE_F32 ? o->loss_f32(o, at, loss, e) : o->loss_f64(o, at, loss, e);
}

enum status around_gradient(const struct around *a, const void *at, double *loss, void *g, struct err *e)
{
  struct oracle *o = a->info->oracle;
  return a->type == DTYPE_F32 ? o->gradient_f32(o, at, loss, g, e) : o->gradient_f64(o, at, loss, g, e);
}

enum status around_hvp(const struct around *a, const void *v, void *out, struct err *e)
{
  struct oracle *o = a->info->oracle;
  return a->type == DTYPE_F32 ? o->hvp_f32(o, v, out, e) : o->hvp_f64(o, v, out, e);
}
