/* listing.c: see listing.h. */
#include "app/listing.h"
#include "app/listing_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

enum { LIST_OF_IDS = 500 }; /* up to so many rows their parameters are asked for by id, beyond it all are read */

static enum store_status status_of(const char *word)
{
  for (enum store_status st = STORE_RUNNING; st <= STORE_LOST; st++)
    if (strcmp(word, store_status_name(st)) == 0)
      return st;
  return STORE_LOST;
}

/* --- rows ------------------------------------------------------------------------------------- */

/* Rows by experiment and group: an open table of row numbers + 1. */
struct index { size_t *slot, size; };

static uint64_t slot_hash(int64_t experiment_id, const char *group)
{
  uint64_t h = (uint64_t)experiment_id * 0x9e3779b97f4a7c15u;
  for (; *group; group++)
    h = (h ^ (unsigned char)*group) * 0x100000001b3u;
  return h ^ (h >> 29);
}

struct key { int64_t experiment_id; char group[33]; };

static size_t *find_slot(struct index *x, const struct key *keys, int64_t experiment_id, const char *group)
{
  size_t i = slot_hash(experiment_id, group) & (x->size - 1);
  while (x->slot[i] && !(keys[x->slot[i] - 1].experiment_id == experiment_id && strcmp(keys[x->slot[i] - 1].group, group) == 0))
    i = (i + 1) & (x->size - 1);
  return &x->slot[i];
}

static void grow_index(struct index *x, const struct key *keys, size_t n)
{
  free(x->slot);
  x->size *= 4;
  x->slot = xcalloc(x->size, sizeof *x->slot);
  for (size_t i = 0; i < n; i++)
    *find_slot(x, keys, keys[i].experiment_id, keys[i].group) = i + 1;
}

static size_t experiment_index(struct listing *l, const char *name)
{
  for (size_t i = l->experiments.n; i-- > 0;)
    if (strcmp(l->experiments.name[i], name) == 0)
      return i;
  names_add(&l->experiments, name);
  return l->experiments.n - 1;
}

static const char *text_at(const struct store_query *q, size_t column)
{
  struct store_cell c = store_query_cell(q, column);
  return c.type == STORE_TEXT ? c.text : "";
}

/* Columns: id, experiment_id, group_hash, experiment, status, uid, started_at, wall_s, script_hash, seed, note, and of a best
 * run the count of those it was chosen from. */
static void take_run(struct listing *l, const struct store_query *q, size_t row, bool fresh)
{
  struct listing_row *r = &l->row[row];
  enum store_status status = status_of(text_at(q, 4));
  if (fresh) {
    *r = (struct listing_row){.id = store_query_cell(q, 0).i, .experiment = experiment_index(l, text_at(q, 3))};
    snprintf(r->uid, sizeof r->uid, "%s", text_at(q, 5));
    snprintf(r->started, sizeof r->started, "%s", text_at(q, 6));
    snprintf(r->script, sizeof r->script, "%s", text_at(q, 8));
    r->wall_s = l->by_run && store_query_cell(q, 7).type != STORE_NULL ? store_query_cell(q, 7).r : NAN;
  }
  r->n++;
  r->count[status]++;
  r->chosen_from = store_query_columns(q) > 11 ? (size_t)store_query_cell(q, 11).i : 0;
  listing_add_note(r, store_query_cell(q, 10));
  if (status == STORE_DONE && !l->by_run && store_query_cell(q, 7).type != STORE_NULL) { /* an imported run may know no time */
    double n = (double)++r->n_timed, mean = n > 1 ? r->wall_s : 0;
    r->wall_s = mean + (store_query_cell(q, 7).r - mean) / n;
  }
  struct store_cell seed = store_query_cell(q, 9);
  l->run[l->n_runs++] = (struct member){store_query_cell(q, 0).i, seed.type == STORE_INTEGER ? seed.i : INT64_MIN, row, status == STORE_DONE};
}

static int by_identity(const void *a, const void *b)
{
  const struct member *p = *(struct member *const *)a, *q = *(struct member *const *)b;
  if (p->row != q->row)
    return p->row < q->row ? -1 : 1;
  if (p->seed != q->seed)
    return p->seed < q->seed ? -1 : 1;
  return (p->id > q->id) - (p->id < q->id);
}

/* A run that was done again is the same measurement, not one more: within a config, of those with one seed the last one
 * counts. Imported runs (of no script) are taken as they are: what their seed meant, nobody knows. */
static void set_repeats_aside(struct listing *l)
{
  struct member **order = xcalloc(l->n_runs + 1, sizeof(struct member *));
  char none[33];
  size_t n = 0;
  store_scripts_hash(NULL, 0, none);
  for (size_t i = 0; i < l->n_runs; i++)
    if (l->run[i].done && l->run[i].seed != INT64_MIN && strcmp(l->row[l->run[i].row].script, none) != 0)
      order[n++] = &l->run[i];
  qsort(order, n, sizeof *order, by_identity); /* NOLINT(bugprone-sizeof-expression): of pointers */
  for (size_t i = 0; i + 1 < n; i++)
    if (order[i]->row == order[i + 1]->row && order[i]->seed == order[i + 1]->seed)
      order[i]->done = false;
  free(order);
}

static int load_rows(struct listing *l, struct store_query *q)
{
  struct index x = {xcalloc(1024, sizeof *x.slot), 1024};
  size_t capacity = 0, row_capacity = 256;
  struct key *keys = xcalloc(row_capacity, sizeof *keys);
  int code;
  l->row = xcalloc(row_capacity, sizeof *l->row);
  while (reading_next(q, &code)) {
    if (l->n_runs == capacity)
      l->run = xrealloc(l->run, (capacity = capacity ? 2 * capacity : 1024) * sizeof *l->run);
    if (l->n_rows == row_capacity) {
      row_capacity *= 2;
      l->row = xrealloc(l->row, row_capacity * sizeof *l->row);
      keys = xrealloc(keys, row_capacity * sizeof *keys);
    }
    if (2 * l->n_rows >= x.size)
      grow_index(&x, keys, l->by_run ? 0 : l->n_rows);
    int64_t experiment_id = store_query_cell(q, 1).i;
    size_t *slot = l->by_run ? NULL : find_slot(&x, keys, experiment_id, text_at(q, 2));
    bool fresh = l->by_run || !*slot;
    if (fresh && !l->by_run) {
      keys[l->n_rows].experiment_id = experiment_id;
      snprintf(keys[l->n_rows].group, sizeof keys->group, "%s", text_at(q, 2));
      *slot = l->n_rows + 1;
    }
    size_t row = fresh ? l->n_rows++ : *slot - 1;
    take_run(l, q, row, fresh);
  }
  free(x.slot);
  free(keys);
  if (!l->by_run)
    set_repeats_aside(l);
  return code;
}

/* The best run of each config: a query with a single min() or max() takes its other columns from the row that has it. Runs that are
 * not done, and values that are NaN or text, are passed over; a config without any is shown by one of its runs. */
static char *best_columns(const struct listing_ask *ask)
{
  return ask->best_of ? xasprintf(", sum(r.status = 'done'), %s(CASE WHEN r.status = 'done' THEN (SELECT value FROM result WHERE run_id = r.id AND key = ?3"
                                  " AND typeof(value) <> 'text') END)", result_higher_better(ask->best_of) ? "max" : "min")
                      : xstrdup("");
}

/* A sweep that was extended (more seeds, a wider grid) has another row in `experiment`, but its runs are of the same configs. */
#define EXPERIMENT "(SELECT min(id) FROM experiment e WHERE e.name = r.experiment AND e.script_hash = r.script_hash)"

static int choose_runs(struct listing *l, struct app *app, struct store *s, const struct listing_ask *ask, const struct names *results)
{
  char *from = where_from(ask->trash ? "trash" : "runs", ask->where, &l->params, results), *best = best_columns(ask);
  char *sql = xasprintf("SELECT r.id, " EXPERIMENT ", r.group_hash, r.experiment, r.status, r.uid, r.started_at, r.wall_s,"
                        " r.script_hash, r.seed, %s%s %s AND (?1 IS NULL OR r.experiment = ?1) AND (?2 IS NULL OR r.status = ?2)%s ORDER BY r.id",
                        ask->labels ? "r.note" : "NULL", best, from, ask->best_of ? " GROUP BY " EXPERIMENT ", r.group_hash" : "");
  struct store_query *q = reading_query(app, s, sql);
  free(from);
  free(best);
  free(sql);
  if (!q)
    return where_refused(app, s, ask->where, &l->params, results);
  if (ask->experiment)
    store_query_bind_text(q, 1, ask->experiment);
  if (ask->status)
    store_query_bind_text(q, 2, ask->status);
  if (ask->best_of)
    store_query_bind_text(q, 3, ask->best_of);
  int code = load_rows(l, q);
  store_query_close(q);
  return code ? reading_failed(app, s) : EXIT_DONE;
}

/* --- parameters ------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* "WHERE run_id IN (1,4,…)" for few rows; nothing for many. */
static char *ids_clause(const struct listing *l)
{
  if (l->n_rows > LIST_OF_IDS)
    return xstrdup("");
  char *text = xmalloc(32 + 21 * l->n_rows);
  size_t n = (size_t)sprintf(text, "WHERE run_id IN (");
  for (size_t i = 0; i < l->n_rows; i++)
    n += (size_t)sprintf(text + n, "%s%lld", i ? "," : "", (long long)l->row[i].id);
  sprintf(text + n, ")");
  return text;
}

static int load_params(struct listing *l, struct app *app, struct store *s)
{
  char *ids = ids_clause(l), *sql = xasprintf("SELECT run_id, key, value FROM param %s ORDER BY run_id, key", ids);
  struct store_query *q = reading_query(app, s, sql);
  size_t row = 0;
  int code;
  free(ids);
  free(sql);
  if (!q)
    return reading_failed(app, s);
  struct store_cell *all = xcalloc(l->n_rows * l->params.n + 1, sizeof *all);
  for (size_t i = 0; i < l->n_rows; i++)
    l->row[i].param = all + i * l->params.n;
  while (reading_next(q, &code)) { /* rows stand in the order of their first run */
    int64_t id = store_query_cell(q, 0).i;
    while (row < l->n_rows && l->row[row].id < id)
      row++;
    if (row == l->n_rows || l->row[row].id != id)
      continue;
    const char *key = text_at(q, 1);
    char **at = bsearch(&key, l->params.name, l->params.n, sizeof *l->params.name, by_name);
    struct store_cell value = store_query_cell(q, 2);
    if (at)
      l->row[row].param[at - l->params.name] = cell_copy(&value);
  }
  store_query_close(q);
  return code ? reading_failed(app, s) : EXIT_DONE;
}

/* The rows of an experiment are held against its first one. */
static void find_differing_within(struct listing *l)
{
  l->differs_within = xcalloc(l->experiments.n * l->params.n + 1, sizeof *l->differs_within);
  if (l->experiments.n == 1) {
    memcpy(l->differs_within, l->differs, l->params.n * sizeof *l->differs);
    return;
  }
  size_t *first = xcalloc(l->experiments.n + 1, sizeof *first); /* row + 1 */
  for (size_t i = 0; i < l->n_rows; i++) {
    size_t e = l->row[i].experiment;
    bool *within = l->differs_within + e * l->params.n;
    first[e] = first[e] ? first[e] : i + 1;
    for (size_t k = 0; k < l->params.n; k++)
      within[k] = within[k] || (l->differs[k] && !cell_equal(&l->row[first[e] - 1].param[k], &l->row[i].param[k]));
  }
  free(first);
}

static void find_differing(struct listing *l)
{
  l->differs = xcalloc(l->params.n + 1, sizeof *l->differs);
  for (size_t i = 1; i < l->n_rows; i++)
    l->scripts_differ = l->scripts_differ || (l->row[i].experiment == l->row[0].experiment && strcmp(l->row[i].script, l->row[0].script) != 0);
  for (size_t k = 0; k < l->params.n; k++)
    for (size_t i = 1; i < l->n_rows && !l->differs[k]; i++)
      l->differs[k] = !cell_equal(&l->row[0].param[k], &l->row[i].param[k]);
  find_differing_within(l);
}

/* --- the whole -------------------------------------------------------------------------------- */

int listing_load(struct listing *l, struct app *app, struct store *s, const struct listing_ask *ask)
{
  *l = (struct listing){.by_run = ask->by_run || ask->best_of};
  int code = EXIT_DONE;
  if (reading_keys(app, s, "param", &l->params) || reading_keys(app, s, "result", &l->keys))
    code = reading_failed(app, s);
  if (!code)
    code = choose_runs(l, app, s, ask, &l->keys);
  if (!code && l->n_rows && !(code = load_params(l, app, s))) {
    find_differing(l);
    code = listing_load_results(l, app, s, ask, &l->keys);
  }
  if (!code && ask->labels)
    code = listing_load_tags(l, app, s);
  return code;
}

void listing_free(struct listing *l)
{
  for (size_t i = 0; i < l->n_rows; i++) {
    listing_free_labels(&l->row[i]);
    for (size_t k = 0; l->row[i].param && k < l->params.n; k++)
      cell_free(&l->row[i].param[k]);
    for (size_t k = 0; l->row[i].result && k < l->results.n; k++) {
      cell_free(&l->row[i].result[k].one);
      free(l->row[i].result[k].value);
      free(l->row[i].result[k].seed);
    }
  }
  if (l->n_rows) {
    free(l->row[0].param); /* one block each for all rows */
    free(l->row[0].result);
  }
  free(l->row);
  free(l->run);
  free(l->differs);
  free(l->differs_within);
  names_free(&l->experiments);
  names_free(&l->params);
  names_free(&l->results);
  names_free(&l->usual);
  names_free(&l->keys);
}
