/* momentum.c: the momentum form, once for all rules that have it.
 *
 *   g1 = g + l2 w                          (left out when l2 = 0)
 *   v  = g1 at the first update, then mu v + (1 - damp) g1     (mu = 0: always g1, damp plays no part)
 *   s  = v, or g1 + mu v for Nesterov
 *   w  = (1 - lr decay) w - lr s
 *
 * Every sum is one fused multiply-add, in the order of product_update_ref(). The float32 rule is the
 * kernels' own, so that a fused training and a step at the prompt agree to the bit. Torch's SGD is the
 * same rule without the decoupled decay. */
#include "experiments/optim/momentum.h"

#include <math.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/optim/rule.h"

#define LANES 16 /* product.update works on whole vectors of so many floats */

struct product_update momentum_update(const struct momentum_form *f, double lr, bool first)
{
  return (struct product_update){
    .lr = (float)lr,
    .mu = (float)f->mu,
    .one_minus_damp = f->mu != 0 ? (float)(1.0 - f->damp) : 1.0f,
    .l2 = (float)f->l2,
    .shrink = (float)(1.0 - lr * f->decay),
    .first = first,
    .nesterov = f->nesterov,
  };
}

size_t momentum_state_size(const void *conf, const struct net *net, size_t n, enum dtype type)
{
  (void)conf, (void)net;
  return n * dtype_size(type);
}

void momentum_init(const void *conf, const struct net *net, void *state, const void *w, size_t n, enum dtype type)
{
  (void)w;
  memset(state, 0, momentum_state_size(conf, net, n, type));
}

/* The step of each layer at its own rate. */
static enum status layers_f32(const struct momentum_form *f, float *v, float *w, const float *g, const struct step_info *s)
{
  size_t n;
  for (size_t l = 0; l < s->net->n_layers; l++) {
    size_t at = optimizer_layer_span(s->net, l, &n);
    struct step_info own = *s;
    own.lr *= s->layer_rate[l];
    own.layer_rate = NULL;
    momentum_step_f32(f, v + at, w + at, g + at, n, &own);
  }
  return STATUS_OK;
}

static enum status layers_f64(const struct momentum_form *f, double *v, double *w, const double *g, const struct step_info *s)
{
  size_t n;
  for (size_t l = 0; l < s->net->n_layers; l++) {
    size_t at = optimizer_layer_span(s->net, l, &n);
    struct step_info own = *s;
    own.lr *= s->layer_rate[l];
    own.layer_rate = NULL;
    momentum_step_f64(f, v + at, w + at, g + at, n, &own);
  }
  return STATUS_OK;
}

enum status momentum_step_f32(const struct momentum_form *f, float *v, float *w, const float *g, size_t n,
                              const struct step_info *s)
{
  if (s->layer_rate)
    return layers_f32(f, v, w, g, s);
  struct product_update u = momentum_update(f, s->lr, s->k == 1);
  bool aligned = ((uintptr_t)w | (uintptr_t)v | (uintptr_t)g) % MEM_ALIGN == 0;
  size_t whole = aligned ? n / LANES * LANES : 0;
  if (whole)
    product_for(rule_isa(s))->update(&u, w, v, g, whole);
  for (size_t i = whole; i < n; i++)
    product_update_ref(&u, &w[i], &v[i], g[i]);
  return STATUS_OK;
}

enum status momentum_step_f64(const struct momentum_form *f, double *v, double *w, const double *g, size_t n,
                              const struct step_info *s)
{
  double damped = 1.0 - f->damp, shrink = 1.0 - s->lr * f->decay;
  if (s->layer_rate)
    return layers_f64(f, v, w, g, s);
  for (size_t i = 0; i < n; i++) {
    double g1 = f->l2 != 0 ? fma(f->l2, w[i], g[i]) : g[i];
    double m = g1;
    if (f->mu != 0) {
      if (s->k != 1)
        m = fma(f->mu, v[i], damped * g1);
      v[i] = m;
    }
    double step = f->nesterov ? fma(f->mu, m, g1) : m;
    w[i] = fma(-s->lr, step, shrink * w[i]);
  }
  return STATUS_OK;
}
