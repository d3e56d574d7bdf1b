/* adam_step.c: the update of adam and adamw.
 *
 *   g1 = g + l2 w;  m = b1 m + (1 - b1) g1;  v = b2 v + (1 - b2) g1^2
 *   w = (1 - lr decay) w - lr (m/(1 - b1^k)) / (sqrt(v/(1 - b2^k)) + eps)
 *
 * The bias corrections are computed in float64, then rounded to the type. */
#ifndef REAL
#include "experiments/optim/adam.h"
#include "experiments/optim/rule.h"

/* rate = lr/(1 - b1^k), root = 1/sqrt(1 - b2^k), a = 1 - b1, b = 1 - b2 */
struct constants {
  double b1, a, b2, b, eps, l2, shrink, rate, root;
};

static enum status prepare(const struct update *u, struct constants *c, struct err *e)
{
  const struct adam_form *f = u->conf;
  double k = (double)u->s->k, lr = u->s->lr;
  (void)e;
  *c = (struct constants){.b1 = f->b1, .a = 1.0 - f->b1, .b2 = f->b2, .b = 1.0 - f->b2, .eps = f->eps, .l2 = f->l2,
                          .shrink = 1.0 - lr * f->decay, .rate = lr / (1.0 - pow(f->b1, k)), .root = 1.0 / sqrt(1.0 - pow(f->b2, k))};
  return STATUS_OK;
}

#define SELF "experiments/optim/adam_step.c"
#define VECTORS 2
#include "experiments/optim/rule.inc.c"

size_t adam_state_size(const void *conf, const struct net *net, size_t n, enum dtype type) { return state_size(conf, net, n, type); }

void adam_init(const void *conf, const struct net *net, void *state, const void *w, size_t n, enum dtype type)
{
  init(conf, net, state, w, n, type);
}

enum status adam_step_f32(const void *conf, void *state, float *w, const float *g, size_t n, const struct step_info *s, struct err *e)
{
  return step_f32(conf, state, w, g, n, s, e);
}

enum status adam_step_f64(const void *conf, void *state, double *w, const double *g, size_t n, const struct step_info *s, struct err *e)
{
  return step_f64(conf, state, w, g, n, s, e);
}

#else
static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, REAL s[])
{
  REAL g1 = K(l2) != 0 ? FMA(K(l2), w, g) : g;
  s[0] = FMA(K(b1), s[0], K(a) * g1);
  s[1] = FMA(K(b2), s[1], K(b) * g1 * g1);
  REAL root = FMA(SQRT(s[1]), K(root), K(eps));
  return FMA(-K(rate), s[0] / DIVISOR(root), K(shrink) * w);
}
#endif
