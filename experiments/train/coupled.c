/* coupled.c: neighbours: trainings that differ from a base, replica 0, by one example replaced.
 *
 * Until its example is first drawn a neighbour is the base, bit for bit. So it does nothing until a gathered block
 * holds that example, and starts there as a copy of the base, which does each block last. Blocks end at
 * checkpoints: there all replicas have made the same number of updates, and distances are taken in place.
 * (Bousquet and Elisseeff 2002, Stability and generalization, for what the distances are good for.) */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/optim/average.h"
#include "experiments/train/train_int.h"

/* --- checks ------------------------------------------------------------------------------------------ */

static bool same_bytes(const void *a, const void *b, size_t n) { return a == b || (a && b && memcmp(a, b, n) == 0); }

/* What differs between a neighbour and the base, other than the example; NULL: nothing. */
static const char *difference(const struct engine *g, const struct train_replica *a, const struct train_replica *b)
{
  size_t n = g->net.n_logical;
  if (!train_same_object(a->optimizer, b->optimizer))
    return "optimizer";
  if (!train_same_object(a->schedule, b->schedule) || !train_same_object(a->controller, b->controller))
    return "schedule or controller";
  if (!train_same_object(a->average, b->average))
    return "average";
  if (!train_same_object(a->selector, b->selector))
    return "selector";
  if (!same_bytes(a->layer_rates, b->layer_rates, g->net.n_layers * sizeof *a->layer_rates))
    return "factors of its layers' rates";
  if (a->init ? !same_bytes(a->init, b->init, n * sizeof *a->init) : b->init || a->init_seed != b->init_seed)
    return "initial weights";
  return same_bytes(a->mask, b->mask, n) ? NULL : "mask";
}

static enum status check_checkpoints(const struct train_group *g, struct err *e)
{
  for (size_t i = 0; i < g->n_checkpoints; i++)
    if (g->checkpoints[i] > g->steps || g->checkpoints[i] < (i ? g->checkpoints[i - 1] + 1 : 1))
      return err_set(e, STATUS_BAD_ARG, "checkpoints must ascend from 1 to the number of updates (%llu), but number %zu is %llu",
                     (unsigned long long)g->steps, i + 1, (unsigned long long)g->checkpoints[i]);
  return STATUS_OK;
}

enum status coupled_check(const struct engine *g, struct err *e)
{
  const struct train_replica *base = g->replica[0].how;
  if (!g->g->coupled)
    return g->g->n_checkpoints ? err_set(e, STATUS_BAD_ARG, "checkpoints are for coupled replicas") : STATUS_OK;
  if (g->g->plan == TRAIN_PLAN_REPLICA)
    return err_set(e, STATUS_BAD_ARG, "coupled replicas are trained side by side: plan must be auto, block or interleaved");
  for (size_t i = 0; i < g->n_replicas; i++)
    if (g->replica[i].how->until_loss > 0)
      return err_set(e, STATUS_BAD_ARG, "coupled replicas take the same number of updates: leave until_loss out");
  if (base->replace)
    return err_set(e, STATUS_BAD_ARG, "the first of coupled replicas is the base: it must not replace an example");
  for (size_t i = 1; i < g->n_replicas; i++) {
    const char *what = g->replica[i].how->replace ? difference(g, base, g->replica[i].how) : "no example replaced";
    if (what)
      return err_set(e, STATUS_BAD_ARG, "coupled replicas differ from the first by one example alone, but replica %zu has %s%s", i + 1,
                     g->replica[i].how->replace ? "another " : "", what);
  }
  return check_checkpoints(g->g, e);
}

/* --- start -------------------------------------------------------------------------------------------- */

enum status coupled_start(struct engine *g, struct err *e)
{
  void *memory;
  for (size_t i = 0; i < g->n_replicas; i++) {
    g->replica[i].waits = g->g->coupled && i > 0;
    if (!g->g->n_checkpoints)
      continue;
    enum status s = mem_new(&memory, g->g->n_checkpoints, sizeof(double), "distances", e);
    if (s)
      return s;
    g->replica[i].out->distance = memory;
    for (size_t c = 0; c < g->g->n_checkpoints; c++)
      g->replica[i].out->distance[c] = NAN;
  }
  return STATUS_OK;
}

/* --- in the loop over blocks ------------------------------------------------------------------------- */

size_t coupled_limit(const struct engine *g, uint64_t t, size_t most)
{
  if (g->checkpoint == g->g->n_checkpoints)
    return most;
  uint64_t left = g->g->checkpoints[g->checkpoint] - t;
  return left < most ? (size_t)left : most;
}

/* r becomes what the base is now, on its own memory. */
static void start_from(struct engine *g, struct replica *r, const struct replica *base)
{
  size_t n = g->net.n_params;
  const struct train_replica *how = base->how;
  double wall_s = r->out->wall_s, cpu_s = r->out->cpu_s, *distance = r->out->distance;
  memcpy(r->w, base->w, n * sizeof *r->w);
  memcpy(r->state, base->state, ((const struct optimizer *)how->optimizer->method)->state_size(how->optimizer->conf, &g->net, n, DTYPE_F32));
  if (r->best)
    memcpy(r->best, base->best, n * sizeof *r->best);
  if (how->controller)
    memcpy(r->control_state, base->control_state,
           ((const struct controller *)how->controller->method)->state_size(how->controller->conf, n));
  if (how->average)
    memcpy(r->average_state, base->average_state, average_state_size(n));
  if (how->selector)
    memcpy(r->select_state, base->select_state, select_state_size(how));
  *r->out = *base->out;
  r->out->wall_s = wall_s, r->out->cpu_s = cpu_s, r->out->distance = distance;
  r->best_is_last = base->best_is_last, r->lr = base->lr, r->loss_sum = base->loss_sum, r->loss_count = base->loss_count;
  r->chosen_sum = base->chosen_sum;
}

bool coupled_joins(struct engine *g, struct replica *r)
{
  const struct replica *base = &g->replica[0];
  if (!r->waits)
    return true;
  bool last = g->gather.first + g->gather.count == g->g->steps; /* its end is its own: evaluation, weights */
  if (base->done || (!last && !gather_draws(&g->gather, r->how->replace_at)))
    return false;
  start_from(g, r, base);
  r->waits = false;
  return true;
}

/* --- distances --------------------------------------------------------------------------------------- */

/* Did it end before its time? Its weights then mean nothing. */
static bool stopped(const struct replica *r) { return r->done && r->out->status != STATUS_OK; }

static double apart(const float *a, const float *b, size_t n)
{
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    double d = (double)a[i] - (double)b[i];
    sum += d * d;
  }
  return sqrt(sum);
}

void coupled_measure(struct engine *g, uint64_t t)
{
  const struct replica *base = &g->replica[0];
  if (g->checkpoint == g->g->n_checkpoints || g->g->checkpoints[g->checkpoint] != t)
    return;
  memcpy(g->base_w, replica_weights(g, base), g->net.n_params * sizeof *g->base_w);
  for (size_t i = 0; i < g->n_replicas; i++) {
    struct replica *r = &g->replica[i];
    double d = r == base || r->waits ? 0 : stopped(r) ? NAN : apart(replica_weights(g, r), g->base_w, g->net.n_params);
    r->out->distance[g->checkpoint] = stopped(base) ? NAN : d;
  }
  g->checkpoint++;
}

/* --- end --------------------------------------------------------------------------------------------- */

void coupled_finish(struct engine *g)
{
  for (size_t i = 1; i < g->n_replicas; i++)
    if (g->replica[i].waits && !g->replica[i].done) {
      start_from(g, &g->replica[i], &g->replica[0]);
      g->replica[i].done = true;
    }
}
