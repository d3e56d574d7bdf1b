/* plan.c: which runs go to a worker together. See jobs.h.
 *
 * Runs of one group train as replicas of one engine call, so bigger tasks are cheaper per run; smaller
 * tasks spread better over workers. A task is the remaining work over twice the workers (guided
 * self-scheduling: Polychronopoulos and Kuck 1987), but not so small that it takes less than half a second
 * while others have work, too, and never more than TASK_MAX: the runs of a task finish together, so that is
 * what an interruption can cost a worker, and what sharing batches saves has levelled off by then. Nothing
 * here can change a result: a replica's bits do not depend on its neighbours. */
#include "app/jobs/jobs.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

struct keyed { uint64_t key; size_t run; };

/* By group, then by number; groups stay in the order of their first run (fixed up by the caller). */
static int by_key(const void *a, const void *b)
{
  const struct keyed *x = a, *y = b;
  if (x->key != y->key)
    return x->key < y->key ? -1 : 1;
  return (x->run > y->run) - (x->run < y->run);
}

static int by_first_run(const void *a, const void *b)
{
  const struct run_group *x = a, *y = b;
  return (x->runs[0] > y->runs[0]) - (x->runs[0] < y->runs[0]);
}

void plan_init(struct plan *p, const struct sweep *s)
{
  struct keyed *keyed = xcalloc(s->n + 1, sizeof *keyed);
  memset(p, 0, sizeof *p);
  for (size_t i = 0; i < s->n; i++)
    if (s->runs[i].phase == RUN_WAITING)
      keyed[p->waiting++] = (struct keyed){lua_experiment_group(s->experiment, i), i};
  qsort(keyed, p->waiting, sizeof *keyed, by_key);
  p->storage = xcalloc(p->waiting + 1, sizeof *p->storage);
  p->groups = xcalloc(p->waiting + 1, sizeof *p->groups);
  p->alone = xcalloc(p->waiting + 1, sizeof *p->alone);
  for (size_t i = 0; i < p->waiting; i++) {
    p->storage[i] = keyed[i].run;
    if (i == 0 || keyed[i].key != keyed[i - 1].key)
      p->groups[p->n_groups++] = (struct run_group){.key = keyed[i].key, .runs = p->storage + i};
    p->groups[p->n_groups - 1].n++;
  }
  qsort(p->groups, p->n_groups, sizeof *p->groups, by_first_run);
  p->bound = p->waiting;
  free(keyed);
}

void plan_free(struct plan *p)
{
  free(p->storage);
  free(p->groups);
  free(p->alone);
  memset(p, 0, sizeof *p);
}

/* The group with most runs left, the earliest among equals. */
static struct run_group *largest_group(struct plan *p)
{
  struct run_group *best = NULL;
  size_t most = 0;
  while (p->first < p->n_groups && p->groups[p->first].next == p->groups[p->first].n)
    p->first++;
  for (size_t i = p->first; i < p->n_groups && most < p->bound; i++) {
    size_t left = p->groups[i].n - p->groups[i].next;
    if (left > most) {
      most = left;
      best = &p->groups[i];
    }
  }
  p->bound = most;
  return best;
}

/* How many of `left` runs of a group go into a task when `waiting` are left in all. */
static size_t task_size(size_t left, size_t waiting, size_t jobs, double run_s)
{
  size_t target = jobs > 1 ? (waiting + 2 * jobs - 1) / (2 * jobs) : waiting, share = (waiting + jobs - 1) / jobs;
  if (run_s > 0 && (double)target * run_s < 0.5)
    target = 0.5 / run_s < TASK_MAX ? (size_t)(0.5 / run_s) + 1 : TASK_MAX;
  if (target > share)
    target = share;
  if (target > TASK_MAX)
    target = TASK_MAX;
  if (waiting <= jobs) /* the last ones: one each */
    return 1;
  if (left <= target + target / 2 && left <= TASK_MAX && left <= share)
    return left;
  size_t parts = (left + target - 1) / target; /* equal parts, not a full one and a rest */
  return (left + parts - 1) / parts;
}

size_t plan_take(struct plan *p, size_t jobs, double run_s, size_t out[TASK_MAX])
{
  if (p->waiting == 0)
    return 0;
  if (p->n_alone) {
    p->waiting--;
    out[0] = p->alone[--p->n_alone];
    return 1;
  }
  struct run_group *g = largest_group(p);
  size_t n = p->one_by_one ? 1 : task_size(g->n - g->next, p->waiting, jobs, run_s);
  memcpy(out, g->runs + g->next, n * sizeof *out);
  g->next += n;
  p->waiting -= n;
  return n;
}

void plan_give_back(struct plan *p, const struct sweep *s, size_t run)
{
  uint64_t key = lua_experiment_group(s->experiment, run);
  for (size_t i = 0; i < p->n_groups; i++) {
    struct run_group *g = &p->groups[i];
    if (g->key != key || g->next == 0)
      continue;
    g->runs[--g->next] = run;
    p->waiting++;
    if (i < p->first)
      p->first = i;
    if (g->n - g->next > p->bound)
      p->bound = g->n - g->next;
    return;
  }
}

void plan_retry_alone(struct plan *p, size_t run)
{
  p->alone[p->n_alone++] = run;
  p->waiting++;
}
