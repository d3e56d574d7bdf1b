/* record.c: what workers say, written to the store and counted. See jobs.h. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/jobs/jobs.h"
#include "app/signals.h"
#include "experiments/kernel/mem.h"

void record_check(struct sweep *s, int code)
{
  if (code == STORE_OK || s->store_problem)
    return;
  s->store_problem = xstrdup(store_message(s->store));
  s->stopping = true;
}

/* --- a full disk ------------------------------------------------------------------------------- */

static void tell(struct sweep *s, const char *text)
{
  if (s->options->quiet)
    app_complain("%s", text);
  else
    progress_line(s->progress, "%s", text);
}

static void tell_full(struct sweep *s, double patience)
{
  char *text = patience < 0 ? xasprintf("%s\nwaiting for space; what was computed is kept in memory, interrupt to give it up", store_message(s->store))
                            : xasprintf("%s\nwaiting for space for %g s; what was computed is kept in memory", store_message(s->store), patience);
  tell(s, text);
  free(text);
}

/* While this waits nothing is read from the workers: they compute on until their pipes are full. */
bool record_again(struct sweep *s, int code)
{
  double patience = s->options->space_wait_s;
  if (code != STORE_FULL) {
    if (s->full_since > 0 && code == STORE_OK)
      tell(s, "there is space again: going on");
    s->full_since = 0;
    return false;
  }
  if (s->full_since <= 0) {
    s->full_since = seconds_now();
    if (patience != 0)
      tell_full(s, patience);
  }
  if (s->store_problem || signals_count() || (patience >= 0 && seconds_now() - s->full_since >= patience))
    return false;
  nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
  return true;
}

/* --- what workers say -------------------------------------------------------------------------- */

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
  int code;
  do
    code = store_run_begin(s->store, &start, &r->id);
  while (record_again(s, code));
  if (code)
    r->id = 0;
  record_check(s, code);
}

static void on_key(struct sweep *s, struct key_map *keys, const struct event *e)
{
  if (e->key != keys->n) /* a worker counts its keys from 0 */
    return;
  keys->id = xrealloc(keys->id, (keys->n + 1) * sizeof *keys->id);
  keys->id[keys->n] = 0;
  int code;
  do
    code = store_metric_key(s->store, e->name, &keys->id[keys->n]);
  while (record_again(s, code));
  keys->n++;
  record_check(s, code);
}

/* Write what waits in the store's buffer; a value that found no room is there. */
static void write_out(struct sweep *s, int code)
{
  while (record_again(s, code))
    code = store_flush(s->store);
  record_check(s, code);
}

void record_tick(struct sweep *s)
{
  if (!s->store_problem)
    write_out(s, store_tick(s->store));
}

void record_flush(struct sweep *s)
{
  if (!s->store_problem)
    write_out(s, store_flush(s->store));
}

static void on_metrics(struct sweep *s, const struct key_map *keys, const struct event *e)
{
  for (size_t i = 0; i < e->n_metrics && !s->store_problem; i++) {
    struct event_metric m = event_metric_at(e, i);
    if (m.run < s->n && s->runs[m.run].phase == RUN_STARTED && m.key < keys->n)
      write_out(s, store_metric_by_id(s->store, s->runs[m.run].id, keys->id[m.key], m.step, m.value));
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
  if (!s->store_problem && r->id) {
    int code;
    do
      code = store_run_end(s->store, r->id, &end);
    while (record_again(s, code));
    record_check(s, code);
  }
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
  case EVENT_ARTIFACT:
    if (in_flight(s, e)) {
      const struct store_artifact a = {.name = e->name, .kind = e->text, .content = e->bytes, .size = e->n_bytes};
      write_out(s, store_artifact(s->store, s->runs[e->run].id, &a));
    }
    return;
  case EVENT_MESSAGE: progress_line(s->progress, "run %u: %s", e->run + 1, e->text); return;
  case EVENT_PROGRESS:
    if (in_flight(s, e) && e->value >= 0 && e->value <= 1)
      s->runs[e->run].fraction = e->value;
    return;
  default: return;
  }
}
