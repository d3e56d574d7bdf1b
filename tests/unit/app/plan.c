/* plan.c: the plan hands out every run once, keeps groups together, and shares work out. */
#include "app/jobs/jobs.h"

#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

static size_t group_of_run(size_t run, size_t groups) { return run % groups; }
static size_t n_groups;

/* The plan asks only this of the experiment: here run i belongs to group i mod n_groups. */
uint64_t lua_experiment_group(const struct lua_experiment *x, size_t run)
{
  (void)x;
  return group_of_run(run, n_groups);
}

static struct sweep make_sweep(size_t n, size_t groups)
{
  struct sweep s = {.n = n};
  n_groups = groups;
  s.runs = calloc(n, sizeof *s.runs);
  for (size_t i = 0; i < n; i++)
    s.runs[i].phase = RUN_WAITING;
  plan_init(&s.plan, &s);
  return s;
}

static void sweep_free(struct sweep *s)
{
  plan_free(&s->plan);
  free(s->runs);
}

static void test_covers(size_t n, size_t groups, size_t jobs, double run_s)
{
  struct sweep s = make_sweep(n, groups);
  int *seen = calloc(n + 1, sizeof *seen);
  size_t task[TASK_MAX], got, largest = 0, tasks = 0;
  bool together = true, once = true;
  while ((got = plan_take(&s.plan, jobs, run_s, task))) {
    tasks++;
    largest = got > largest ? got : largest;
    for (size_t i = 0; i < got; i++) {
      seen[task[i]]++;
      together = together && group_of_run(task[i], groups) == group_of_run(task[0], groups);
    }
  }
  for (size_t i = 0; i < n; i++)
    once = once && seen[i] == 1;
  tap_ok(once && together && s.plan.waiting == 0, "%zu runs of %zu groups for %zu workers: each once, groups unmixed (%zu tasks, largest %zu)",
         n, groups, jobs, tasks, largest);
  tap_ok(tasks >= (n < jobs ? n : jobs), "… and there is a task for every worker");
  tap_ok(largest <= (n + jobs - 1) / jobs, "… none bigger than a worker's share");
  tap_ok(largest <= 16, "… nor than the 16 runs that a kill may cost a worker");
  free(seen);
  sweep_free(&s);
}

static void test_returns(void)
{
  struct sweep s = make_sweep(10, 2);
  size_t task[TASK_MAX], n = plan_take(&s.plan, 1, 0, task);
  tap_is_int((long long)n, 5, "one worker gets a whole group");
  plan_give_back(&s.plan, &s, task[4]);
  plan_retry_alone(&s.plan, task[0]);
  size_t first = task[0], last = task[4];
  n = plan_take(&s.plan, 1, 0, task);
  tap_ok(n == 1 && task[0] == first, "a run to be tried again comes alone");
  size_t left = 0;
  bool back = false;
  while ((n = plan_take(&s.plan, 1, 0, task)))
    for (size_t i = 0; i < n; i++, left++)
      back = back || task[i] == last;
  tap_ok(back && left == 6, "a run given back is handed out again");
  sweep_free(&s);
}

int main(void)
{
  test_covers(1, 1, 2, 0);
  test_covers(64, 1, 2, 0);
  test_covers(64, 1, 2, 0.001);
  test_covers(300, 5, 2, 0);
  test_covers(300, 5, 1, 0);
  test_covers(1000, 1000, 4, 0);
  test_covers(7, 3, 16, 2);
  test_returns();
  return tap_done();
}
