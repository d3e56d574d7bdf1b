/* around.c: see around.h. */
#include "experiments/optim/around.h"

#include <math.h>
#include <string.h>

#include "experiments/kernel/vec.h"
#include "experiments/optim/around_loops.h"
#include "experiments/optim/rule.h"
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

/* The loops for each type, and again for machines that fuse multiply and add. */
#define REAL float
#define FMA fmaf
#define FABS fabsf
#define NAME(base) base##_f32
#define TARGET 
#include "experiments/optim/around_typed.inc.c"

#define REAL double
#define FMA fma
#define FABS fabs
#define NAME(base) base##_f64
#define TARGET 
#include "experiments/optim/around_typed.inc.c"

#ifdef __x86_64__
#define REAL float
#define FMA fmaf
#define FABS fabsf
#define NAME(base) base##_avx2_f32
#define TARGET __attribute__((target("avx2,fma")))
#include "experiments/optim/around_typed.inc.c"

#define REAL double
#define FMA fma
#define FABS fabs
#define NAME(base) base##_avx2_f64
#define TARGET __attribute__((target("avx2,fma")))
#include "experiments/optim/around_typed.inc.c"
#else
#define loops_avx2_f32 loops_f32 /* a machine of another kind never chooses these */
#define loops_avx2_f64 loops_f64
#endif

static const struct around_loops *loops_of(const struct around *a)
{
  bool fused = rule_isa(a->info) >= ISA_AVX2;
  if (a->type == DTYPE_F32)
    return fused ? &loops_avx2_f32 : &loops_f32;
  return fused ? &loops_avx2_f64 : &loops_f64;
}

double around_dot(const struct around *a, const void *x, const void *y)
{
  return a->type == DTYPE_F32 ? vec_dot_f32(x, y, a->n) : vec_dot_f64(x, y, a->n);
}

double around_norm(const struct around *a, const void *x)
{
  return a->type == DTYPE_F32 ? vec_norm2_f32(x, a->n) : vec_norm2_f64(x, a->n);
}

void around_add(const struct around *a, void *out, const void *x, double c, const void *y) { loops_of(a)->add(out, x, c, y, a->n); }
void around_scale(const struct around *a, void *x, double c) { loops_of(a)->scale(x, c, a->n); }
void around_copy(const struct around *a, void *out, const void *x) { memcpy(out, x, a->n * dtype_size(a->type)); }

void around_blend(const struct around *a, void *out, double c, double d, const void *x, const void *y)
{
  loops_of(a)->blend(out, c, d, x, y, a->n);
}

void around_times_size(const struct around *a, void *out, const void *x, const void *y, double least)
{
  loops_of(a)->times_size(out, x, y, least, a->n);
}

void around_over_size(const struct around *a, void *out, const void *x, const void *y, double least)
{
  loops_of(a)->over_size(out, x, y, least, a->n);
}

void around_signs(const struct around *a, void *out, struct rng *r) { loops_of(a)->signs(out, r, a->n); }

struct around around_part(const struct around *a, size_t from, size_t to)
{
  return (struct around){.type = a->type, .n = to - from, .info = a->info};
}

size_t around_offset(const struct around *a, size_t from) { return from * dtype_size(a->type); }

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
