/* train_execute.c: requests become calls of the engine: those that it can train together become replicas of one call,
 * and what it reports goes back to the run, and what it returns to the request, of each replica. */
#include "lua/bind/train_int.h"

#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"

struct origin { struct train_request *request; size_t at; }; /* whose replica it is */
struct gathering {
  struct lua_host *h;
  struct origin *origin;
};

/* What an evaluation reports comes together, the loss first. */
static void keep_evaluation(struct replica_parts *p, enum train_metric m, uint64_t step, double value)
{
  bool evaluates = m == TRAIN_VALID_LOSS || m == TRAIN_VALID_ERROR || m == TRAIN_AVERAGE_VALID_LOSS || m == TRAIN_AVERAGE_VALID_ERROR ||
                   m == TRAIN_COST;
  if (m == TRAIN_VALID_LOSS && p->n_evaluations < p->evaluations_room) {
    struct evaluation *v = &p->evaluation[p->n_evaluations++];
    v->step = step;
    for (size_t i = 0; i < TRAIN_METRICS; i++)
      v->of[i] = NAN;
  }
  if (evaluates && p->n_evaluations && p->evaluation[p->n_evaluations - 1].step == step)
    p->evaluation[p->n_evaluations - 1].of[m] = value;
}

void train_log(struct lua_host *h, const struct train_request *r, const char *name, uint64_t step, double value)
{
  if (r->run < 0 || r->many)
    return;
  char *labelled = r->label ? xasprintf("%s/%s", r->label, name) : NULL;
  run_log(h, r->run, labelled ? labelled : name, (int64_t)step, value);
  free(labelled);
}

static void on_metric(void *self, size_t replica, enum train_metric m, uint64_t step, double value)
{
  const struct gathering *g = self;
  const struct train_request *r = g->origin[replica].request;
  struct replica_parts *p = &r->parts[g->origin[replica].at];
  struct series *kept = m == TRAIN_LOSS ? &p->loss : m == TRAIN_GRAD_NORM ? &p->norm : m == TRAIN_GRAD_NORM_L1 ? &p->norm_l1 : NULL;
  if (kept && kept->v && step % r->group.log_every == 0)
    kept->v[kept->n++] = value;
  keep_evaluation(p, m, step, value);
  train_log(g->h, r, train_metric_name(m), step, value);
}

static enum status on_observe(void *self, size_t replica, uint64_t step, const struct net *net, const float *w, struct err *e)
{
  const struct gathering *g = self;
  return train_look(g->h, g->origin[replica].request, g->origin[replica].at, step, net, w, e);
}

static void on_progress(void *self, size_t replica, uint64_t step)
{
  const struct gathering *g = self;
  const struct train_request *r = g->origin[replica].request;
  if (r->run >= 0)
    run_progress(g->h, r->run, (double)step / (double)r->group.steps);
}

static void forget_results(struct train_request *const *requests, size_t n)
{
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < requests[i]->n; k++) {
      requests[i]->parts[k].n_evaluations = 0;
      train_forget_looks(&requests[i]->parts[k].looks);
      train_result_free(&requests[i]->result[k]);
      requests[i]->result[k] = (struct train_result){0};
      requests[i]->parts[k].loss.n = requests[i]->parts[k].norm.n = requests[i]->parts[k].norm_l1.n = 0;
    }
}

static size_t count_replicas(struct train_request *const *requests, size_t n)
{
  size_t total = 0;
  for (size_t i = 0; i < n; i++)
    total += requests[i]->n;
  return total;
}

/* The replicas of all requests, one after the other, and whose each is: out, count_replicas of them. */
static void gather(struct train_request *const *requests, size_t n, struct train_replica *replica, struct origin *origin)
{
  size_t at = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < requests[i]->n; k++, at++) {
      replica[at] = requests[i]->replica[k];
      origin[at] = (struct origin){requests[i], k};
    }
}

/* Train the replicas of these requests, which share a group, in one call. */
static void train_together(struct lua_host *h, struct train_request *const *requests, size_t n)
{
  size_t total = count_replicas(requests, n);
  struct train_replica *replica = xcalloc(total, sizeof *replica);
  struct train_result *result = xcalloc(total, sizeof *result);
  struct gathering g = {.h = h, .origin = xcalloc(total, sizeof *g.origin)};
  gather(requests, n, replica, g.origin);
  struct train_sink sink = {.self = &g, .metric = on_metric, .progress = on_progress, .observe = on_observe};
  struct err e = {0};
  enum status status = train_run(&h->exec, &requests[0]->group, replica, total, &sink, result, &e);
  for (size_t i = 0; i < total; i++)
    g.origin[i].request->result[g.origin[i].at] = result[i];
  for (size_t i = 0; i < n; i++) {
    requests[i]->status = status;
    requests[i]->error = e;
    requests[i]->error.code = status;
  }
  free(replica);
  free(result);
  free(g.origin);
}

/* The engine refused the whole call: perhaps one request is to blame, so each gets a call of its own. */
static void train_one_by_one(struct lua_host *h, struct train_request *const *requests, size_t n)
{
  forget_results(requests, n);
  for (size_t i = 0; i < n; i++)
    train_together(h, &requests[i], 1);
}

void train_execute(struct lua_host *h, struct train_request *const *requests, size_t n)
{
  bool *done = xcalloc(n + 1, sizeof *done);
  struct train_request **together = xcalloc(n + 1, sizeof(struct train_request *));
  for (size_t i = 0; i < n; i++) {
    if (done[i])
      continue;
    size_t m = 0;
    for (size_t j = i; j < n; j++)
      if (!done[j] && (j == i || train_groupable(&requests[i]->group, &requests[j]->group))) {
        done[j] = true;
        together[m++] = requests[j];
      }
    train_together(h, together, m);
    if (m > 1 && requests[i]->status != STATUS_OK && requests[i]->status != STATUS_CANCELLED)
      train_one_by_one(h, together, m);
  }
  free(done);
  free(together);
}
