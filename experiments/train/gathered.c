/* gathered.c: updates that take the mean gradient of several mini-batches, as many as a batch-size schedule or test says
 * (schedules/batching.h). Means are kept in float64: g_mean <- g_mean + (g - g_mean)/count. */
#include <string.h>

#include "experiments/optim/optimizer.h"
#include "experiments/params.h"
#include "experiments/train/train_int.h"

static const struct batching *rule_of(const struct replica *r) { return (const struct batching *)r->how->batching->method; }

static struct batching_frame frame_of(const struct engine *g) { return (struct batching_frame){g->batch, g->n}; }

enum status gathered_check(const struct engine *g, const struct train_replica *r, struct err *e)
{
  if (!r->batching)
    return STATUS_OK;
  const char *id = r->batching->method->id;
  if (r->controller)
    return err_set(e, STATUS_BAD_ARG, "batching \"%s\" needs a schedule: a controller looks at one mini-batch", id);
  if (object_needs(r->optimizer, "oracle"))
    return err_set(e, STATUS_BAD_ARG, "optimizer \"%s\" asks for gradients of one mini-batch at other points, and under batching \"%s\" an "
                   "update has several", r->optimizer->method->id, id);
  return g->g->coupled ? err_set(e, STATUS_BAD_ARG, "coupled replicas take one mini-batch an update: leave batching out") : STATUS_OK;
}

void gathered_layout(const struct engine *g, struct replica *r, struct arena *a)
{
  if (!r->how->batching)
    return;
  r->gathering.state = arena_take(a, 1, rule_of(r)->state_size);
  r->gathering.mean = arena_take(a, g->net.n_params, sizeof(double));
  for (size_t k = 0; k < BATCHING_GROUPS && rule_of(r)->see; k++)
    r->gathering.group[k] = arena_take(a, g->net.n_params, sizeof(double));
}

void gathered_start(struct replica *r)
{
  r->gathering.wanted = r->gathering.count = 0;
  if (r->how->batching)
    memset(r->gathering.state, 0, rule_of(r)->state_size);
}

void gathered_begin(const struct engine *g, struct replica *r, uint64_t t)
{
  struct batching_frame f = frame_of(g);
  uint64_t left = g->g->steps - t;
  if (!r->how->batching || r->gathering.count)
    return;
  size_t wanted = rule_of(r)->next(r->how->batching->conf, r->gathering.state, &f, &r->lr);
  r->gathering.wanted = wanted < left ? wanted : (size_t)left;
}

/* mean <- the mean of `count` gradients, of which grad is the last. */
static void add(double *mean, const float *grad, size_t n, size_t count)
{
  for (size_t i = 0; i < n; i++)
    mean[i] = count == 1 ? (double)grad[i] : mean[i] + ((double)grad[i] - mean[i]) / (double)count;
}

/* Show the rule what the update was made of. */
static void show(const struct engine *g, struct replica *r)
{
  struct gathering *k = &r->gathering;
  struct batching_frame f = frame_of(g);
  struct batching_seen s = {.n = g->net.n_params, .count = k->count, .groups = k->count < BATCHING_GROUPS ? k->count : BATCHING_GROUPS,
                            .gradient = k->mean};
  for (size_t i = 0; i < s.groups; i++)
    s.group[i] = k->group[i];
  rule_of(r)->see(r->how->batching->conf, k->state, &f, &s);
}

bool gathered_take(struct engine *g, struct replica *r, uint64_t t)
{
  struct gathering *k = &r->gathering;
  size_t n = g->net.n_params, place = k->count++;
  bool last = t + 1 == g->g->steps, whole = k->count >= k->wanted || last;
  if (k->wanted == 1 && !rule_of(r)->see) { /* to the bit what a training without batching does */
    k->count = 0;
    return true;
  }
  add(k->mean, g->ws.grad, n, k->count);
  if (rule_of(r)->see)
    add(k->group[place % BATCHING_GROUPS], g->ws.grad, n, place / BATCHING_GROUPS + 1);
  if (!whole)
    return false;
  if (rule_of(r)->see)
    show(g, r);
  for (size_t i = 0; i < n; i++)
    g->ws.grad[i] = (float)k->mean[i];
  k->count = 0;
  return true;
}
