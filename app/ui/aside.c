/* aside.c: the thread that reads the store, so that the screen never waits for it. Jobs are done in the order they
 * were asked; a dropped one is passed over, or stopped at its next query step when it already runs. What shall be written
 * is written even when the program is being left. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "app/ui/ui.h"
#include "experiments/kernel/mem.h"

enum { WAITING, RUNNING, FINISHED, DROPPED };

struct aside {
  struct app app;               /* a copy for the thread: its cancel flag is ours alone */
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t wake;
  struct aside_job *first, *last, *running, *finished;
  bool stop, started;
  int pipe[2];
  struct store *store;          /* the thread's */
  atomic_long cost_us;          /* of the last job */
};

void aside_fail(struct aside_job *job, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  if (!job->error && vasprintf(&job->error, format, args) < 0)
    job->error = NULL;
  va_end(args);
}

static double now_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The store for a job; the one for reading stays open. */
static struct store *store_for(struct aside *a, struct aside_job *job)
{
  struct store *s = NULL;
  char message[1024];
  if (!job->write && a->store)
    return a->store;
  if (job->write && access(a->app.db, F_OK) != 0) {
    aside_fail(job, "no store %s yet", a->app.db);
    return NULL;
  }
  if (store_open(&s, a->app.db, job->write ? STORE_WRITE : STORE_READ, message, sizeof message) != STORE_OK) {
    aside_fail(job, "%s", message);
    return NULL;
  }
  if (!job->write)
    a->store = s;
  return s;
}

static void do_job(struct aside *a, struct aside_job *job)
{
  double began = now_s();
  struct store *s = store_for(a, job);
  job->work(job, &a->app, s);
  if (job->write && s)
    store_close(s);
  job->seconds = now_s() - began;
  atomic_store(&a->cost_us, (long)(1e6 * job->seconds));
}

/* The next job, taken from the list; at the end of the program only what shall be written. NULL: none. */
static struct aside_job *take_job(struct aside *a)
{
  struct aside_job **at = &a->first, *before = NULL;
  while (*at && a->stop && !(*at)->write) {
    before = *at;
    at = &before->next;
  }
  struct aside_job *job = *at;
  if (job) {
    *at = job->next;
    if (a->last == job)
      a->last = before;
  }
  return job;
}

static void *thread_main(void *self)
{
  struct aside *a = self;
  pthread_mutex_lock(&a->lock);
  for (;;) {
    while (!a->first && !a->stop)
      pthread_cond_wait(&a->wake, &a->lock);
    struct aside_job *job = take_job(a);
    if (!job)
      break;
    a->running = job;
    atomic_store(&a->app.cancel, 0); /* under the lock: whoever drops this job from now on is heard */
    pthread_mutex_unlock(&a->lock);
    if (atomic_load(&job->state) != DROPPED)
      do_job(a, job);
    pthread_mutex_lock(&a->lock);
    a->running = NULL;
    job->next = a->finished;
    a->finished = job;
    ssize_t n = write(a->pipe[1], "!", 1); /* a full pipe is as good as one more byte */
    (void)n;
  }
  pthread_mutex_unlock(&a->lock);
  return NULL;
}

struct aside *aside_new(const struct app *app)
{
  struct aside *a = xcalloc(1, sizeof *a);
  a->app.db = app->db;
  a->app.share_dir = app->share_dir;
  a->app.width = app->width;
  a->app.utf8 = app->utf8;
  pthread_mutex_init(&a->lock, NULL);
  pthread_cond_init(&a->wake, NULL);
  if (pipe2(a->pipe, O_CLOEXEC | O_NONBLOCK) != 0)
    a->pipe[0] = a->pipe[1] = -1;
  a->started = pthread_create(&a->thread, NULL, thread_main, a) == 0;
  return a;
}

static void release_all(struct aside_job *job)
{
  while (job) {
    struct aside_job *next = job->next;
    free(job->error);
    job->error = NULL;
    job->release(job);
    job = next;
  }
}

void aside_free(struct aside *a)
{
  pthread_mutex_lock(&a->lock);
  a->stop = true;
  if (a->running && !a->running->write)
    atomic_store(&a->app.cancel, 1);
  pthread_cond_signal(&a->wake);
  pthread_mutex_unlock(&a->lock);
  if (a->started)
    pthread_join(a->thread, NULL);
  release_all(a->first);
  release_all(a->finished);
  if (a->store)
    store_close(a->store);
  if (a->pipe[0] >= 0) {
    close(a->pipe[0]);
    close(a->pipe[1]);
  }
  pthread_cond_destroy(&a->wake);
  pthread_mutex_destroy(&a->lock);
  free(a);
}

void aside_ask(struct aside *a, struct aside_job *job)
{
  pthread_mutex_lock(&a->lock);
  job->next = NULL;
  atomic_store(&job->state, WAITING);
  if (a->last)
    a->last->next = job;
  else
    a->first = job;
  a->last = job;
  pthread_cond_signal(&a->wake);
  pthread_mutex_unlock(&a->lock);
}

void aside_drop(struct aside *a, struct aside_job *job)
{
  if (!job)
    return;
  pthread_mutex_lock(&a->lock);
  atomic_store(&job->state, DROPPED);
  if (a->running == job)
    atomic_store(&a->app.cancel, 1);
  pthread_mutex_unlock(&a->lock);
}

int aside_fd(const struct aside *a) { return a->pipe[0]; }

double aside_cost(struct aside *a) { return 1e-6 * (double)atomic_load(&a->cost_us); }

bool aside_idle(struct aside *a)
{
  pthread_mutex_lock(&a->lock);
  bool idle = !a->first && !a->running && !a->finished;
  pthread_mutex_unlock(&a->lock);
  return idle;
}

void aside_finish(struct aside *a)
{
  char bytes[64];
  struct aside_job *list, *in_order = NULL;
  while (read(a->pipe[0], bytes, sizeof bytes) > 0)
    ;
  pthread_mutex_lock(&a->lock);
  list = a->finished;
  a->finished = NULL;
  pthread_mutex_unlock(&a->lock);
  while (list) { /* the list is newest first */
    struct aside_job *next = list->next;
    list->next = in_order;
    in_order = list;
    list = next;
  }
  for (struct aside_job *job = in_order; job; job = job->next)
    if (atomic_load(&job->state) != DROPPED)
      job->done(job);
  release_all(in_order);
}
