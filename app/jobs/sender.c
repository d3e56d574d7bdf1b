/* sender.c: a run_sink that turns what a run says into events on a descriptor. See worker.h.
 *
 * Logging a value takes a lock without contention, a look into a small hash table and 24 bytes: some tens
 * of nanoseconds. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "app/jobs/events.h"
#include "app/jobs/worker.h"
#include "experiments/kernel/mem.h"

enum { SEND_AT = 1 << 16, INTERVAL_NS = 250000000 };

struct event_sender {
  int fd;
  pthread_mutex_t lock;
  pthread_cond_t stop;
  pthread_t thread;
  bool threaded, stopping;
  struct event_buffer buffer;
  /* Names of metrics: an open-addressing table of numbers into `names`, a power of two, half full at most. */
  char **names;
  uint32_t n_names, *slots, n_slots;
};

static void send_locked(struct event_sender *s)
{
  size_t sent = 0;
  while (sent < s->buffer.used) {
    ssize_t n = write(s->fd, s->buffer.bytes + sent, s->buffer.used - sent);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      _exit(3); /* the writer is gone: nobody can record what this process does */
    sent += (size_t)n;
  }
  s->buffer.used = s->buffer.block = 0;
}

static void *send_regularly(void *self)
{
  struct event_sender *s = self;
  pthread_mutex_lock(&s->lock);
  while (!s->stopping) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += INTERVAL_NS;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&s->stop, &s->lock, &t);
    send_locked(s);
  }
  pthread_mutex_unlock(&s->lock);
  return NULL;
}

struct event_sender *event_sender_new(int fd)
{
  struct event_sender *s = xcalloc(1, sizeof *s);
  pthread_condattr_t attr;
  s->fd = fd;
  s->n_slots = 64;
  s->slots = xcalloc(s->n_slots, sizeof *s->slots);
  pthread_mutex_init(&s->lock, NULL);
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&s->stop, &attr);
  pthread_condattr_destroy(&attr);
  /* Without the thread events still go at 64 KB and at each run's end. */
  s->threaded = pthread_create(&s->thread, NULL, send_regularly, s) == 0;
  return s;
}

void event_sender_free(struct event_sender *s)
{
  pthread_mutex_lock(&s->lock);
  s->stopping = true;
  pthread_cond_signal(&s->stop);
  pthread_mutex_unlock(&s->lock);
  if (s->threaded)
    pthread_join(s->thread, NULL);
  pthread_mutex_destroy(&s->lock);
  pthread_cond_destroy(&s->stop);
  for (uint32_t i = 0; i < s->n_names; i++)
    free(s->names[i]);
  free(s->names);
  free(s->slots);
  event_buffer_free(&s->buffer);
  free(s);
}

/* --- metric names ------------------------------------------------------------------------------ */

static uint32_t hash_name(const char *s) /* FNV-1a */
{
  uint32_t h = 2166136261u;
  for (; *s; s++)
    h = (h ^ (unsigned char)*s) * 16777619u;
  return h;
}

static uint32_t *find_slot(const struct event_sender *s, const char *name)
{
  uint32_t i = hash_name(name) & (s->n_slots - 1);
  while (s->slots[i] && strcmp(s->names[s->slots[i] - 1], name) != 0)
    i = (i + 1) & (s->n_slots - 1);
  return &s->slots[i];
}

static void grow_slots(struct event_sender *s)
{
  free(s->slots);
  s->n_slots *= 2;
  s->slots = xcalloc(s->n_slots, sizeof *s->slots);
  for (uint32_t i = 0; i < s->n_names; i++)
    *find_slot(s, s->names[i]) = i + 1;
}

/* The number of a metric, told to the writer on first use. */
static uint32_t key_number(struct event_sender *s, const char *name)
{
  uint32_t *slot = find_slot(s, name);
  if (*slot)
    return *slot - 1;
  s->names = xrealloc(s->names, (s->n_names + 1) * sizeof *s->names);
  s->names[s->n_names] = xstrdup(name);
  *slot = ++s->n_names;
  event_put_key(&s->buffer, s->n_names - 1, name);
  if (s->n_names * 2 > s->n_slots)
    grow_slots(s);
  return s->n_names - 1;
}

/* --- the sink ---------------------------------------------------------------------------------- */

static struct event_sender *lock(void *self)
{
  struct event_sender *s = self;
  pthread_mutex_lock(&s->lock);
  return s;
}

static void unlock(struct event_sender *s)
{
  if (s->buffer.used >= SEND_AT)
    send_locked(s);
  pthread_mutex_unlock(&s->lock);
}

static void on_start(void *self, size_t run)
{
  struct event_sender *s = lock(self);
  event_put_start(&s->buffer, (uint32_t)run);
  send_locked(s); /* before the run can crash */
  unlock(s);
}

static void on_metric(void *self, size_t run, const char *key, int64_t step, double value)
{
  struct event_sender *s = lock(self);
  uint32_t number = key_number(s, key);
  event_put_metric(&s->buffer, (uint32_t)run, number, step, value);
  unlock(s);
}

static void on_number(void *self, size_t run, const char *key, double value)
{
  struct event_sender *s = lock(self);
  event_put_number(&s->buffer, (uint32_t)run, key, value);
  unlock(s);
}

static void on_text(void *self, size_t run, const char *key, const char *value)
{
  struct event_sender *s = lock(self);
  event_put_text(&s->buffer, (uint32_t)run, key, value);
  unlock(s);
}

static void on_artifact(void *self, size_t run, const struct run_artifact *a)
{
  struct event_sender *s = lock(self);
  event_put_artifact(&s->buffer, (uint32_t)run, a->name, a->kind, a->bytes, a->n);
  unlock(s);
}

static void on_message(void *self, size_t run, const char *text)
{
  struct event_sender *s = lock(self);
  event_put_message(&s->buffer, (uint32_t)run, text);
  unlock(s);
}

static void on_progress(void *self, size_t run, double fraction)
{
  struct event_sender *s = lock(self);
  event_put_progress(&s->buffer, (uint32_t)run, fraction);
  unlock(s);
}

static void on_end(void *self, size_t run, enum status status, const char *error, double wall_s, double cpu_s)
{
  struct event_sender *s = lock(self);
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  event_put_end(&s->buffer, (uint32_t)run, status, wall_s, cpu_s, (int64_t)usage.ru_maxrss * 1024, error);
  send_locked(s);
  unlock(s);
}

struct run_sink event_sender_sink(struct event_sender *s)
{
  return (struct run_sink){.self = s, .start = on_start, .metric = on_metric, .result_number = on_number,
                           .result_text = on_text, .artifact = on_artifact, .message = on_message, .progress = on_progress, .end = on_end};
}

void event_sender_flush(struct event_sender *s)
{
  lock(s);
  send_locked(s);
  unlock(s);
}

void event_sender_task_end(struct event_sender *s, enum status status, const char *text)
{
  lock(s);
  event_put_task_end(&s->buffer, status, text);
  send_locked(s);
  unlock(s);
}
