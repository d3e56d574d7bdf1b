/* model_based.c: see model_based.h. */
#include "experiments/minimize/model_based.h"

#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"

/* Iterations in the budget: what the schedule stretches over. */
static int64_t horizon(const struct minimize *m)
{
  double t = fmin(ceil(m->passes * (double)m->f->n), m->iterations);
  return t < 1 ? 1 : t < 1e12 ? (int64_t)t : (int64_t)1e12;
}

enum status model_run(const struct model_conf *c, const void *conf, model_step *step, struct minimize *m, struct err *e)
{
  struct sum_order order = {0};
  void *g = NULL;
  int64_t t = 0, total = horizon(m);
  struct minimize_point at = {.w = m->w, .step = NAN};
  enum status s = schedule_check(&c->schedule, total, e);
  if (s == STATUS_OK)
    s = sum_order_new(&order, &c->sampler, m, e);
  if (s == STATUS_OK)
    s = mem_new(&g, m->f->d, sizeof(double), "a gradient", e);
  while (s == STATUS_OK && minimize_go_on(m, &at) && t < total) {
    const uint32_t *index;
    size_t n;
    double room = fmin((double)minimize_room(m, 1), (double)(total - t));
    s = sum_order_next(&order, (size_t)room, &index, &n, e);
    for (size_t i = 0; i < n && s == STATUS_OK; i++, t++)
      at.step = step(conf, m, index[i], schedule_at(&c->schedule, t, total), g);
    at.iterations = s == STATUS_OK ? (double)n : 0;
  }
  sum_order_free(&order);
  free(g);
  return s == STATUS_OK ? m->status : s;
}
