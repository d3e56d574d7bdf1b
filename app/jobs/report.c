/* report.c: the results of a sweep: for the script's report, as JSON, and what a dry run would do. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/jobs/jobs.h"
#include "app/verdict.h"
#include "experiments/kernel/mem.h"

/* NaN has no JSON number: null, as in the store; infinities are "inf" and "-inf". */
static json_t *json_from_cell(struct store_cell c)
{
  switch (c.type) {
  case STORE_INTEGER: return json_integer(c.i);
  case STORE_REAL: return isfinite(c.r) ? json_real(c.r) : isnan(c.r) ? json_null() : json_string(c.r > 0 ? "inf" : "-inf");
  case STORE_TEXT: return json_stringn(c.text, c.size);
  default: return json_null();
  }
}

/* What the run returned, without the last, least and greatest values that the store derives from metrics. */
static const char returned_results[] =
  "select key, value from result where run_id = ? and case when key glob '*.last' then substr(key, 1, length(key) - 5)"
  " when key glob '*.min' or key glob '*.max' then substr(key, 1, length(key) - 4) else '' end not in (select name from metric_key)";
static const char all_results[] = "select key, value from result where run_id = ?";

static json_t *results_object(struct store *store, int64_t run_id, const char *sql)
{
  json_t *o = json_object();
  struct store_query *q = NULL;
  bool row = false;
  if (store_query_open(&q, store, sql, NULL) != STORE_OK)
    return o;
  store_query_bind_int(q, 1, run_id);
  while (store_query_next(q, &row) == STORE_OK && row) {
    struct store_cell key = store_query_cell(q, 0);
    if (key.text)
      json_object_set_new(o, key.text, json_from_cell(store_query_cell(q, 1)));
  }
  store_query_close(q);
  return o;
}

static char *dump(json_t *o)
{
  char *text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
  json_decref(o);
  return text ? text : xstrdup("{}");
}

char *results_json(struct store *store, int64_t run_id) { return dump(results_object(store, run_id, returned_results)); }

const char *run_status_word(const struct run_state *r)
{
  if (r->phase == RUN_KEPT)
    return r->status == STATUS_OK ? "done" : "failed";
  if (r->phase != RUN_ENDED)
    return "new";
  return r->status == STATUS_OK ? "done" : r->status == STATUS_CANCELLED ? "cancelled" : "failed";
}

/* The finished runs with what they returned; the texts are owned by the list. */
struct finished { struct report_run *row; char **owned; size_t n; };

static struct finished finished_runs(struct sweep *s)
{
  struct finished f = {.row = xcalloc(s->n + 1, sizeof *f.row), .owned = xcalloc(s->n + 1, sizeof *f.owned)};
  for (size_t i = 0; i < s->n; i++) {
    if (!s->runs[i].id || (s->runs[i].phase != RUN_KEPT && s->runs[i].phase != RUN_ENDED))
      continue;
    f.owned[f.n] = results_json(s->store, s->runs[i].id);
    f.row[f.n] = (struct report_run){.run = i, .config_json = lua_experiment_config(s->experiment, i),
                                     .results_json = f.owned[f.n], .status = run_status_word(&s->runs[i]),
                                     .id = s->runs[i].id};
    f.n++;
  }
  return f;
}

static void finished_free(struct finished *f)
{
  for (size_t i = 0; i < f->n; i++)
    free(f->owned[i]);
  free(f->owned);
  free(f->row);
}

enum status report_show(struct sweep *s, struct err *e)
{
  struct finished f = finished_runs(s);
  enum status status = lua_experiment_report(s->experiment, f.row, f.n, e);
  finished_free(&f);
  return status;
}

enum status report_more(struct sweep *s, size_t *added, struct err *e)
{
  struct finished f = finished_runs(s);
  enum status status = lua_experiment_more(s->experiment, f.row, f.n, added, e);
  finished_free(&f);
  return status;
}

enum status report_verdict(struct sweep *s, char **json, struct err *e)
{
  struct finished f = finished_runs(s);
  enum status status = lua_experiment_verdict(s->experiment, f.row, f.n, json, e);
  if (status == STATUS_OK)
    record_check(s, verdict_record(s->store, lua_experiment_name(s->experiment), s->experiment_id, *json, f.n));
  finished_free(&f);
  return status;
}

static json_t *run_object(struct sweep *s, size_t i, bool results)
{
  const struct run_state *r = &s->runs[i];
  json_t *o = json_object(), *config = json_loads(lua_experiment_config(s->experiment, i), 0, NULL);
  json_object_set_new(o, "run", json_integer((json_int_t)i + 1));
  json_object_set_new(o, "config", config ? config : json_null());
  json_object_set_new(o, "status", json_string(run_status_word(r)));
  json_object_set_new(o, "kept", json_boolean(r->phase == RUN_KEPT));
  if (r->id)
    json_object_set_new(o, "id", json_integer(r->id));
  if (r->error)
    json_object_set_new(o, "error", json_string(r->error));
  if (results && r->id)
    json_object_set_new(o, "results", results_object(s->store, r->id, all_results));
  return o;
}

static void print_json(struct sweep *s, bool results, const char *verdict)
{
  const struct counts *c = &s->counts;
  json_t *o = json_object(), *runs = json_array();
  json_t *params = json_loads(lua_experiment_params(s->experiment), 0, NULL);
  for (size_t i = 0; i < s->n; i++)
    if (s->runs[i].phase != RUN_ELSEWHERE)
      json_array_append_new(runs, run_object(s, i, results));
  json_object_set_new(o, "experiment", json_string(lua_experiment_name(s->experiment)));
  json_object_set_new(o, "params", params ? params : json_null());
  json_object_set_new(o, "store", json_string(s->app->db));
  json_object_set_new(o, "counts", json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "total", (json_int_t)c->total, "kept", (json_int_t)c->kept,
                                             "done", (json_int_t)c->done, "failed", (json_int_t)c->failed, "diverged",
                                             (json_int_t)c->diverged, "cancelled", (json_int_t)c->cancelled));
  json_object_set_new(o, "runs", runs);
  if (verdict)
    json_object_set_new(o, "verdict", json_loads(verdict, 0, NULL));
  if (s->options->shards)
    json_object_set_new(o, "shard", json_pack("[I,I]", (json_int_t)s->options->shard, (json_int_t)s->options->shards));
  char *text = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
  char *safe = text && s->app->tty_out ? text_safe(text, false) : NULL; /* in JSON these escapes mean the same */
  if (text)
    puts(safe ? safe : text);
  free(safe);
  free(text);
  json_decref(o);
}

void report_json(struct sweep *s, const char *verdict) { print_json(s, true, verdict); }

void report_dry_run(struct sweep *s)
{
  if (s->options->json) {
    print_json(s, false, NULL);
    return;
  }
  for (size_t i = 0; i < s->n; i++) {
    if (s->runs[i].phase == RUN_ELSEWHERE)
      continue;
    char *config = text_safe(lua_experiment_config(s->experiment, i), false);
    printf("%6zu  %-6s  %s\n", i + 1, run_status_word(&s->runs[i]), config);
    free(config);
  }
  printf("%zu runs: %zu finished, %zu to do\n", s->counts.total, s->counts.kept, s->counts.waiting);
}

void report_shard(struct sweep *s)
{
  if (!s->options->quiet)
    fprintf(stderr, "shard %ld of %ld: %zu of %zu runs; 'assay merge' brings the shards together, then the same command without"
            " --shard %s\n", s->options->shard, s->options->shards, s->counts.total, s->n,
            lua_experiment_grows(s->experiment) ? "does the runs that depend on them, and reports" : "reports");
}
