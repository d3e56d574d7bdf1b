/* background.c: see background.h. */
#include "app/jobs/background.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/jobs/jobs.h"
#include "experiments/kernel/mem.h"

enum { MOST_LOG = 16 << 20 };

struct entry {
  struct job job;
  struct jobs *of;
  struct child *child;
  bool stopping;
  size_t log_used, log_room; /* bytes of job.log */
};

struct jobs {
  const struct child_loop *loop;
  const char *db;
  struct jobs_user user;
  struct entry **entry; /* oldest first */
  size_t n;
};

struct jobs *jobs_new(const struct child_loop *loop, const char *db, const struct jobs_user *user)
{
  struct jobs *j = xcalloc(1, sizeof *j);
  *j = (struct jobs){.loop = loop, .db = db, .user = *user};
  return j;
}

static void free_entry(struct entry *e)
{
  for (size_t i = 0; i < e->job.n_sets; i++)
    free(e->job.set[i]);
  free(e->job.set);
  free(e->job.script);
  free(e->job.report);
  free(e->job.log);
  free(e->job.worker);
  free(e);
}

/* A supervisor that is asked to stop ends its workers and writes what is finished; SIGKILL would lose a second of metrics. */
static void stop_in_order(struct entry *e)
{
  child_signal(e->child, SIGINT);
  child_wait(e->child, 3.0);
}

void jobs_free(struct jobs *j)
{
  for (size_t i = 0; i < j->n; i++) {
    if (j->entry[i]->child)
      stop_in_order(j->entry[i]);
    free_entry(j->entry[i]);
  }
  free(j->entry);
  free(j);
}

/* --- one job ----------------------------------------------------------------------------------------------- */

static double number_in(const json_t *o, const char *key) { return json_number_value(json_object_get(o, key)); }

static void take_workers(struct job *job, const json_t *tasks)
{
  if (!tasks)
    return;
  free(job->worker);
  job->n_workers = json_array_size(tasks);
  job->worker = xcalloc(job->n_workers + 1, sizeof *job->worker);
  for (size_t i = 0; i < job->n_workers; i++) {
    const json_t *t = json_array_get(tasks, i);
    job->worker[i] = (struct job_worker){.runs = (size_t)json_number_value(json_array_get(t, 0)), .run = json_integer_value(json_array_get(t, 1)),
                                         .share = json_number_value(json_array_get(t, 2)), .seconds = json_number_value(json_array_get(t, 3))};
  }
}

static void add_to_log(struct entry *e, const char *line)
{
  size_t n = strlen(line);
  if (e->log_used + n > MOST_LOG)
    return;
  if (e->log_used + n + 2 > e->log_room)
    e->job.log = xrealloc(e->job.log, e->log_room = 2 * (e->log_used + n + 2));
  e->log_used += (size_t)sprintf(e->job.log + e->log_used, "%s\n", line);
}

static bool take_line(void *self, const char *line)
{
  struct entry *e = self;
  json_t *o = *line == '{' ? json_loads(line, 0, NULL) : NULL;
  if (!json_is_object(o) || !json_object_get(o, "ended")) {
    json_decref(o);
    add_to_log(e, line);
    return true;
  }
  take_workers(&e->job, json_object_get(o, "tasks"));
  e->job.total = (size_t)number_in(o, "total");
  e->job.kept = (size_t)number_in(o, "kept");
  e->job.done = (size_t)number_in(o, "done");
  e->job.failed = (size_t)number_in(o, "failed");
  e->job.diverged = (size_t)number_in(o, "diverged");
  e->job.running = (size_t)number_in(o, "running");
  e->job.workers = (int)number_in(o, "workers");
  e->job.ended = number_in(o, "ended");
  e->job.per_s = number_in(o, "per_s");
  json_decref(o);
  return true;
}

static void start_next(struct jobs *j);

/* Take over how it ended. */
static void settle(struct entry *e, int code, const char *out, const char *err)
{
  e->child = NULL;
  e->job.took = seconds_now() - e->job.started;
  e->job.code = code;
  e->job.report = xstrdup(out);
  if (*err) /* a last line without its end */
    add_to_log(e, err);
  if (!e->job.log)
    e->job.log = xstrdup("");
  e->job.n_workers = 0;
  e->job.state = code == EXIT_DONE ? JOB_DONE : e->stopping ? JOB_CANCELLED : JOB_FAILED;
  if (e->of->user.ended)
    e->of->user.ended(e->of->user.self, &e->job);
}

static void ended(void *self, const char *out, const char *err, int code)
{
  struct entry *e = self;
  settle(e, code, out, err);
  start_next(e->of);
}

static void start(struct entry *e)
{
  const char *words[512];
  char workers[32], again[32];
  size_t n = 0;
  snprintf(again, sizeof again, "%lld", (long long)e->job.again);
  snprintf(workers, sizeof workers, "--jobs=%d", e->job.workers_wanted);
  words[n++] = e->job.again ? "rerun" : "run";
  words[n++] = e->job.again ? again : e->job.script;
  words[n++] = "--progress=json";
  if (e->job.rerun)
    words[n++] = "--rerun";
  if (e->job.workers_wanted > 0)
    words[n++] = workers;
  for (size_t i = 0; i < e->job.n_sets && n + 3 < sizeof words / sizeof *words; i++) {
    words[n++] = "--set";
    words[n++] = e->job.set[i];
  }
  words[n] = NULL;
  e->job.started = seconds_now();
  e->child = child_open(e->of->loop, e->of->db, words, &(struct child_user){e, take_line, ended});
  if (e->child) {
    e->job.state = JOB_RUNNING;
    return;
  }
  char *text = xasprintf("cannot start a process: %s\n", strerror(errno));
  settle(e, EXIT_USAGE, "", text);
  free(text);
}

static void start_next(struct jobs *j)
{
  for (size_t i = 0; i < j->n && !jobs_running(j); i++)
    if (j->entry[i]->job.state == JOB_WAITING)
      start(j->entry[i]);
}

int jobs_start(struct jobs *j, const struct job_request *r)
{
  struct entry *e = xcalloc(1, sizeof *e);
  e->of = j;
  e->job.id = (int)j->n + 1;
  e->job.script = r->again ? xasprintf("run %lld again", (long long)r->again) : xstrdup(r->script);
  e->job.again = r->again;
  e->job.rerun = r->rerun;
  e->job.workers_wanted = r->workers;
  e->job.set = xcalloc(r->n_sets + 1, sizeof *e->job.set);
  for (size_t i = 0; i < r->n_sets; i++)
    e->job.set[e->job.n_sets++] = xstrdup(r->set[i]);
  j->entry = xrealloc(j->entry, (j->n + 1) * sizeof(struct entry *));
  j->entry[j->n++] = e;
  start_next(j);
  return e->job.id;
}

bool jobs_cancel(struct jobs *j, size_t i)
{
  struct entry *e = i < j->n ? j->entry[j->n - 1 - i] : NULL;
  if (e && e->job.state == JOB_WAITING) {
    e->job.state = JOB_CANCELLED;
    e->job.report = xstrdup("");
    e->job.log = xstrdup("cancelled before it started\n");
    return true;
  }
  if (!e || !e->child)
    return false;
  child_signal(e->child, SIGINT); /* the second one kills */
  e->stopping = true;
  return true;
}

size_t jobs_count(const struct jobs *j) { return j->n; }
const struct job *jobs_at(const struct jobs *j, size_t i) { return &j->entry[j->n - 1 - i]->job; }

bool jobs_running(const struct jobs *j)
{
  for (size_t i = 0; i < j->n; i++)
    if (j->entry[i]->job.state == JOB_RUNNING)
      return true;
  return false;
}

const char *job_name(const struct job *job)
{
  const char *slash = strrchr(job->script, '/');
  return slash ? slash + 1 : job->script;
}

double job_progress(const struct job *job)
{
  double share = job->total ? (job->ended + (double)job->kept) / (double)job->total : 0;
  return job->state == JOB_DONE ? 1 : share < 1 ? share : 1;
}

/* --- how it looks ---------------------------------------------------------------------------------------------- */

const char *job_state_name(enum job_state s)
{
  static const char *const names[] = {"waiting", "running", "done", "failed", "cancelled"};
  return names[s];
}

static void describe_left(const struct job *job, char *out, size_t size)
{
  double left = job->per_s > 0 ? ((double)(job->total - job->kept) - job->ended) / job->per_s : -1;
  *out = '\0';
  if (left >= 0 && left < 360000)
    snprintf(out, size, left < 90 ? "  eta %.0f s" : left < 5400 ? "  eta %.0f min" : "  eta %.1f h", left < 90 ? left : left < 5400 ? left / 60 : left / 3600);
}

void job_describe(const struct job *job, char *out, size_t size)
{
  char failed[48] = "", left[32];
  if (job->failed + job->diverged)
    snprintf(failed, sizeof failed, "  %zu failed", job->failed + job->diverged);
  describe_left(job, left, sizeof left);
  if (job->state != JOB_RUNNING)
    snprintf(out, size, "%s%s", job_state_name(job->state), failed);
  else if (!job->total)
    snprintf(out, size, "starting");
  else
    snprintf(out, size, "%zu/%zu runs  %d worker%s  %.1f runs/s%s%s", job->kept + job->done + job->failed + job->diverged, job->total, job->workers,
             job->workers == 1 ? "" : "s", job->per_s, left, failed);
}
