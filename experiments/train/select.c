/* select.c: which examples of a mini-batch count, by a replica's selector (optim/selector.h).
 *
 * The weights are chosen from the losses at the replica's weights and hold for the whole update: where a controller or a rule
 * asks at other points, it asks about the same examples. */
#include "experiments/kernel/vec.h"
#include "experiments/train/train_int.h"

const struct selector *replica_selector(const struct train_replica *how)
{
  return how->selector ? (const struct selector *)how->selector->method : NULL;
}

size_t select_state_size(const struct train_replica *how)
{
  return how->selector ? replica_selector(how)->state_size(how->selector->conf) : 0;
}

/* Factors by which the derivatives of the mean loss become those of the weighted mean. */
static void set_factors(struct workspace *ws, size_t n)
{
  double sum = vec_sum_f64(ws->weights, n), scale = sum > 0 ? (double)n / sum : 0;
  for (size_t i = 0; i < n; i++)
    ws->factors[i] = (float)(ws->weights[i] * scale);
}

double select_examples(struct engine *g, struct replica *r, const struct prepared *b, uint64_t t)
{
  const struct object *o = r->how->selector;
  const struct selection s = {.t = t, .steps = g->g->steps, .n = b->n, .loss = g->ws.losses};
  size_t chosen = 0;
  replica_selector(r->how)->weigh(o->conf, r->select_state, &s, g->ws.weights);
  set_factors(&g->ws, b->n);
  for (size_t i = 0; i < b->n; i++)
    chosen += g->ws.weights[i] > 0;
  r->chosen = (double)chosen / (double)b->n;
  g->ws.weighted = true;
  return step_weigh(&g->ws, b);
}
