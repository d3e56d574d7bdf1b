/* ui_aside.c: the thread that reads the store: jobs are done in order, and one that is dropped stops, whenever that was. */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>

#include "app/ui/ui.h"
#include "experiments/kernel/mem.h"
#include "tests/unit/store/fixture.h"

enum { DROPS = 500, WAIT_MS = 2000 };

struct waiting {
  struct aside_job job; /* first */
  bool patient;         /* runs until it is stopped, or far too long */
  int order;
};

static atomic_int n_late;   /* jobs that nobody stopped */
static int n_done, n_released, last_order;
static bool in_order = true;

/* A job to be dropped when its thread next looks at the clock. */
static struct { struct aside *aside; struct aside_job *job; atomic_int armed; pthread_t except; } at_start;

int clock_gettime(clockid_t which, struct timespec *t)
{
  if (!pthread_equal(pthread_self(), at_start.except) && atomic_exchange(&at_start.armed, 0))
    aside_drop(at_start.aside, at_start.job);
  return (int)syscall(SYS_clock_gettime, which, t);
}

static double now_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static void work(struct aside_job *job, struct app *app, struct store *s)
{
  const struct waiting *w = (struct waiting *)job;
  double begun = now_ms();
  (void)s;
  while (w->patient && !app->cancel) {
    if (now_ms() - begun > WAIT_MS) {
      atomic_fetch_add(&n_late, 1);
      return;
    }
    sched_yield();
  }
}

static void done(struct aside_job *job)
{
  const struct waiting *w = (struct waiting *)job;
  in_order = in_order && w->order > last_order;
  last_order = w->order;
  n_done++;
}

static void release(struct aside_job *job)
{
  n_released++;
  free(job);
}

static struct waiting *make(bool patient, int order)
{
  struct waiting *w = xcalloc(1, sizeof *w);
  *w = (struct waiting){.job = {.work = work, .done = done, .release = release}, .patient = patient, .order = order};
  return w;
}

static struct waiting *ask(struct aside *a, bool patient, int order)
{
  struct waiting *w = make(patient, order);
  aside_ask(a, &w->job);
  return w;
}

static void settle(struct aside *a)
{
  while (!aside_idle(a)) {
    struct pollfd fd = {.fd = aside_fd(a), .events = POLLIN};
    if (poll(&fd, 1, 10 * WAIT_MS) != 1)
      tap_bail("the reading thread did not answer");
    aside_finish(a);
  }
}

static void jobs_come_in_order(struct aside *a)
{
  for (int i = 1; i <= 20; i++)
    ask(a, false, i);
  settle(a);
  tap_ok(n_done == 20 && n_released == 20 && in_order, "jobs are done in the order they were asked for");
}

/* The moment of the drop is left to chance: before the job begins, and while it runs. */
static void dropped_jobs_stop(struct aside *a)
{
  n_done = n_released = 0;
  for (int i = 0; i < DROPS && atomic_load(&n_late) == 0; i++) {
    struct waiting *w = ask(a, true, i);
    for (int k = 0; k < i % 7; k++)
      sched_yield();
    aside_drop(a, &w->job);
    settle(a);
  }
  tap_is_int(atomic_load(&n_late), 0, "a dropped job stops, whenever it was dropped");
  tap_is_int(n_done, 0, "and is not heard of again");
  tap_is_int(n_released, DROPS, "but is released");
}

/* The thread looks at the clock after it has taken a job and before it works on it: there the drop comes. Until the cancel
 * flag was reset under the lock, such a drop was lost, and the job ran to its end. */
static void a_drop_at_the_start_is_heard(struct aside *a)
{
  n_released = 0;
  struct waiting *w = make(true, 1);
  at_start.aside = a;
  at_start.job = &w->job;
  atomic_store(&at_start.armed, 1);
  aside_ask(a, &w->job);
  settle(a);
  tap_is_int(atomic_load(&n_late), 0, "a drop between a job's start and its first step stops it");
  tap_is_int(n_released, 1, "and it is released");
}

static void leaving_stops_work(struct aside *a)
{
  double begun = now_ms();
  n_released = 0;
  ask(a, true, 1);
  ask(a, true, 2);
  aside_free(a);
  tap_ok(now_ms() - begun < WAIT_MS && atomic_load(&n_late) == 0, "leaving stops what runs");
  tap_is_int(n_released, 2, "and releases what waits");
}

int main(void)
{
  struct app app = {.db = fixture_path("none.db")};
  struct aside *a = aside_new(&app);
  at_start.except = pthread_self();
  jobs_come_in_order(a);
  dropped_jobs_stop(a);
  a_drop_at_the_start_is_heard(a);
  leaving_stops_work(a);
  fixture_done();
  return tap_done();
}
