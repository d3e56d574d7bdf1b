/* finite_sum.c: see finite_sum.h. */
#include "experiments/minimize/finite_sum.h"

#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/objective/glm.h"

#define ROUGHLY 0.1 /* how far above the truth L may be where it only sets a rate */

enum status sum_order_new(struct sum_order *o, const struct object *sampler, const struct minimize *m, struct err *e)
{
  void *order;
  *o = (struct sum_order){.sampler = sampler, .n = m->f->n, .at = m->f->n, .seed = m->seed};
  if (o->n > UINT32_MAX)
    return err_set(e, STATUS_UNSUPPORTED, "%zu components are more than can be numbered", o->n);
  enum status s = sampler_check_blind(sampler, e);
  if (s == STATUS_OK)
    s = mem_new(&order, o->n, sizeof(uint32_t), "the order of the components", e);
  if (s == STATUS_OK)
    o->order = order;
  return s;
}

void sum_order_free(struct sum_order *o) { free(o->order); }

enum status sum_order_next(struct sum_order *o, size_t most, const uint32_t **index, size_t *b, struct err *e)
{
  const struct sampler *m = (const struct sampler *)o->sampler->method;
  if (o->at == o->n) {
    enum status s = m->epoch(o->sampler->conf, o->n, o->seed, o->epoch, o->order, e);
    if (s != STATUS_OK)
      return s;
    o->epoch++;
    o->at = 0;
  }
  *b = o->n - o->at < most ? o->n - o->at : most;
  *index = o->order + o->at;
  o->at += *b;
  return STATUS_OK;
}

double sum_smoothness(double n, double b, double l, double l_max)
{
  if (n <= 1 || b >= n)
    return l;
  return (n * (b - 1) * l + (n - b) * l_max) / (b * (n - 1));
}

/* L, roughly and from above; for linear models cheaper than the exact constant. */
static enum status rough_smoothness(struct minimize *m, double *l, struct err *e)
{
  struct objective *f = m->f;
  double top, products = 0;
  if (!f->glm || !isnan(f->smoothness)) {
    enum status s = objective_constants(f, m->exec, e);
    *l = f->smoothness;
    return s;
  }
  enum status s = glm_top_eigenvalue(f->glm, m->exec, ROUGHLY, &top, &products, e);
  m->count.hvps += products * (double)f->n;
  *l = f->glm->curvature * top + f->glm->l2;
  return s;
}

enum status sum_resolve(const struct sum_conf *c, struct minimize *m, double factor, size_t *batch, double *rate, struct err *e)
{
  const struct objective *f = m->f;
  double n = (double)f->n, l_max = f->smoothness_max, l = l_max;
  bool own_batch = c->batch == PARAM_AUTO_INT;
  enum status s = STATUS_OK;
  *batch = own_batch ? 1 : (size_t)fmin((double)c->batch, n);
  *rate = c->rate;
  if (!isnan(c->rate) && !own_batch)
    return STATUS_OK;
  if (!isfinite(l_max) || !(l_max > 0))
    return isnan(c->rate) ? err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" has no known L_max: give a rate", f->of.method->id) : STATUS_OK;
  bool dense = f->glm && f->glm->x;
  if (own_batch ? dense : *batch > 1)
    s = rough_smoothness(m, &l, e);
  if (own_batch && dense && l > 0)
    *batch = (size_t)fmax(1, fmin(fmin(GLM_ROWS_MAX, n), floor(l_max / l)));
  if (isnan(c->rate))
    *rate = factor / sum_smoothness(n, (double)*batch, fmin(l, l_max), l_max);
  return s;
}
