/* record.c: what workers say, written to the store and counted. See jobs.h. */
#include <stdlib.h>
#include <string.h>

#include "app/jobs/jobs.h"
#include "experiments/kernel/mem.h"

void record_check(struct sweep *s, int code)
{
  if (code == STORE_OK || s->store_problem)
    return;
  s->store_problem = xstrdup(store_message(s->store));
  s->stopping = true;
}

static void on_start(struct sweep *s, int worker_pid, size_t run)
{
  struct run_state *r = &s->runs[run];
  r->phase = RUN_STARTED;
  r->fraction = 0;
  r->started = seconds_now();
  s->counts.running++;
  if (r->id) /* tried again after its worker died: the same row, whose values are replaced by equal ones */
    return;
  const struct store_run_start start = {
    .experiment_id = s->experiment_id, .environment_id = s->environment_id,
    .config_json = lua_experiment_config(s->experiment, run), .config_hash = r->hash,
    .seed = lua_experiment_seed(s->experiment, run), .worker_pid = worker_pid};
  record_check(s, store_run_begin(s->store, &start, &r->id));
}

static void on_key(struct sweep *s, struct key_map *keys, const struct event *e)
{
  if (e->key != keys->n) /* a worker counts its keys from 0 */
    return;
  keys->id = xrealloc(keys->id, (keys->n + 1) * sizeof *keys->id);
  keys->id[keys->n] = 0;
  record_check(s, store_metric_key(s->store, e->name, &keys->id[keys->n++]));
}

static void on_metrics(struct sweep *s, const struct key_map *keys, const struct event *e)
{
  for (size_t i = 0; i < e->n_metrics && !s->store_problem; i++) {
    struct event_metric m = event_metric_at(e, i);
    if (m.run < s->n && s->runs[m.run].phase == RUN_STARTED && m.key < keys->n)
      record_check(s, store_metric_by_id(s->store, s->runs[m.run].id, keys->id[m.key], m.step, m.value));
  }
}

static enum store_status stored_status(enum status status)
{
  return status == STATUS_OK ? STORE_DONE : status == STATUS_CANCELLED ? STORE_CANCELLED : STORE_FAILED;
}

static void count_end(struct sweep *s, enum status status)
{
  struct counts *c = &s->counts;
  c->running--;
  switch (status) {
  case STATUS_OK: c->done++; break;
  case STATUS_CANCELLED: c->cancelled++; break;
  case STATUS_DIVERGED: c->diverged++; break;
  default: c->failed++;
  }
}

/* A mistake in a script fails every run in the same way: the third time is the last that it is told. */
static void tell_failure(struct sweep *s, size_t run, const char *text)
{
  text = text ? text : "";
  if (!s->last_failure || strcmp(s->last_failure, text) != 0) {
    free(s->last_failure);
    s->last_failure = xstrdup(text);
    s->same_failures = 0;
  }
  if (++s->same_failures < 3)
    progress_line(s->progress, "run %zu: failed: %s", run + 1, text);
  else if (s->same_failures == 3)
    progress_line(s->progress, "run %zu: failed: %s\nand more in the same way; 'assay ls --runs --status failed' lists them",
                  run + 1, text);
}

void record_end(struct sweep *s, size_t run, enum status status, const char *error, double wall_s, double cpu_s, int64_t peak_b)
{
  struct run_state *r = &s->runs[run];
  const char *text = status == STATUS_OK ? NULL : error && *error ? error : status_name(status);
  if (wall_s <= 0)
    wall_s = seconds_now() - r->started;
  const struct store_run_end end = {.status = stored_status(status), .error = text, .wall_s = wall_s, .cpu_s = cpu_s,
                                    .peak_memory_b = peak_b};
  if (!s->store_problem && r->id)
    record_check(s, store_run_end(s->store, r->id, &end));
  r->phase = RUN_ENDED;
  r->status = s->store_problem && status == STATUS_OK ? STATUS_CANCELLED : status; /* done means: on disk */
  r->error = text ? xstrdup(text) : NULL;
  count_end(s, r->status);
  s->run_seconds += wall_s;
  if (r->status != STATUS_OK && r->status != STATUS_CANCELLED)
    tell_failure(s, run, text);
  if (s->options->fail_fast && r->status != STATUS_OK && r->status != STATUS_DIVERGED)
    s->stopping = true;
}

/* Does this event speak of a run that is in flight? */
static bool in_flight(const struct sweep *s, const struct event *e)
{
  return e->run < s->n && s->runs[e->run].phase == RUN_STARTED;
}

void record_event(struct sweep *s, struct key_map *keys, int worker_pid, const struct event *e)
{
  if (e->kind == EVENT_START) {
    if (e->run < s->n && s->runs[e->run].phase == RUN_HANDED)
      on_start(s, worker_pid, e->run);
    return;
  }
  if (e->kind == EVENT_END) {
    if (in_flight(s, e))
      record_end(s, e->run, (enum status)e->status, e->text, e->wall_s, e->cpu_s, e->peak_b);
    return;
  }
  if (s->store_problem)
    return;
  switch (e->kind) {
  case EVENT_KEY: on_key(s, keys, e); return;
  case EVENT_METRICS: on_metrics(s, keys, e); return;
  case EVENT_NUMBER:
    if (in_flight(s, e))
      record_check(s, store_result_number(s->store, s->runs[e->run].id, e->name, e->value));
    return;
  case EVENT_TEXT:
    if (in_flight(s, e))
      record_check(s, store_result_text(s->store, s->runs[e->run].id, e->name, e->text));
    return;
  case EVENT_MESSAGE: progress_line(s->progress, "run %u: %s", e->run + 1, e->text); return;
  case EVENT_PROGRESS:
    if (in_flight(s, e) && e->value >= 0 && e->value <= 1)
      s->runs[e->run].fraction = e->value;
    return;
  default: return;
  }
}
