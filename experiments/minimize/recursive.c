/* recursive.c: see recursive.h. */
#include "experiments/minimize/recursive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"

struct work {
  struct sum_order order;
  double *v, *last, *g, *g_last; /* d each: the estimate, the iterate before, batch gradients at both */
  struct rng coin;
  double inner, norm2;           /* iterations since the last renewal; |v_0|^2 there */
  double length;                 /* SARAH: iterations of the inner loop */
};

static enum status work_new(struct work *k, const struct sum_conf *c, const struct minimize *m, struct err *e)
{
  void *memory = NULL;
  size_t d = m->f->d;
  enum status s = sum_order_new(&k->order, &c->sampler, m, e);
  if (s == STATUS_OK)
    s = mem_new(&memory, 4, d * sizeof(double), "gradients", e);
  if (s != STATUS_OK)
    return s;
  k->v = memory, k->last = k->v + d, k->g = k->v + 2 * d, k->g_last = k->v + 3 * d;
  k->coin = rng_make(m->seed, RNG_SAMPLE, 0);
  return STATUS_OK;
}

static bool renewal_due(struct work *k, const struct recursive_rule *rule, double p, size_t d)
{
  if (rule->page)
    return rng_uniform(&k->coin) < p;
  return k->inner >= k->length || vec_dot_f64(k->v, k->v, d) <= rule->fraction * k->norm2;
}

/* v at m->w: from the whole sum, or from a batch at both iterates. */
static enum status estimate(struct work *k, struct minimize *m, size_t batch, bool whole, struct err *e)
{
  const uint32_t *index;
  size_t b, d = m->f->d;
  if (whole) {
    minimize_gradient(m, m->w, k->v);
    k->norm2 = vec_dot_f64(k->v, k->v, d);
    k->inner = 0;
    return STATUS_OK;
  }
  enum status s = sum_order_next(&k->order, batch, &index, &b, e);
  if (s != STATUS_OK)
    return s;
  minimize_batch(m, index, b, m->w, k->g);
  minimize_batch(m, index, b, k->last, k->g_last);
  for (size_t j = 0; j < d; j++)
    k->v[j] += k->g[j] - k->g_last[j];
  return STATUS_OK;
}

enum status recursive_run(const struct sum_conf *c, const struct recursive_rule *rule, size_t batch, double rate, struct minimize *m, struct err *e)
{
  struct work k = {0};
  double n = (double)m->f->n, p = isnan(rule->p) ? (double)batch / (n + (double)batch) : rule->p;
  struct minimize_point at = {.w = m->w, .step = NAN};
  bool first = true;
  enum status s = work_new(&k, c, m, e);
  k.length = fmax(1, rule->period * n / (2 * (double)batch));
  while (s == STATUS_OK && minimize_go_on(m, &at)) {
    uint64_t room = minimize_room(m, 2 * (double)batch);
    at.iterations = 0;
    for (uint64_t i = 0; i < room && s == STATUS_OK; i++) {
      bool whole = first || renewal_due(&k, rule, p, m->f->d);
      s = estimate(&k, m, batch, whole, e);
      first = false;
      k.inner += 1;
      at.iterations += 1;
      for (size_t j = 0; j < m->f->d && s == STATUS_OK; j++) {
        k.last[j] = m->w[j];
        m->w[j] -= rate * k.v[j];
      }
      if (whole) /* it cost a pass: ask again */
        break;
    }
    at.step = rate;
  }
  sum_order_free(&k.order);
  free(k.v);
  return s == STATUS_OK ? m->status : s;
}
