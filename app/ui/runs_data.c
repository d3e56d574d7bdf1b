/* runs_data.c: see runs_data.h. */
#include "app/ui/runs_data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/course.h"
#include "app/ui/rows.h"
#include "app/ui/runs_filter.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/stats.h"

enum { MOST_RESULTS = 4, MOST_PAIRS = 1000 };

struct runs_ask runs_ask_copy(const struct runs_ask *a)
{
  struct runs_ask copy = *a;
  copy.where = a->where ? xstrdup(a->where) : NULL;
  copy.sort = a->sort ? xstrdup(a->sort) : NULL;
  copy.best_of = a->best_of ? xstrdup(a->best_of) : NULL;
  copy.columns = (struct names){0};
  for (size_t i = 0; i < a->columns.n; i++)
    names_add(&copy.columns, a->columns.name[i]);
  return copy;
}

void runs_ask_free(struct runs_ask *a)
{
  free(a->where);
  free(a->sort);
  free(a->best_of);
  names_free(&a->columns);
  *a = (struct runs_ask){0};
}

/* --- against the best ----------------------------------------------------------------------------------------- */

static struct against test_pair(const struct summary *row, const struct summary *best)
{
  double x[MOST_PAIRS], y[MOST_PAIRS];
  struct against out = {.p = NAN};
  struct stats_t_test t;
  struct err e = {0};
  if (!row->n || !best->n)
    return out;
  out.known = true;
  out.pairs = summary_pairs(row, best, x, y, MOST_PAIRS);
  out.difference = row->mean - best->mean;
  if (out.pairs >= 2 && stats_paired_t(x, y, out.pairs, 0.95, &t, &e) == STATUS_OK) {
    out.difference = t.mean_difference;
    out.p = t.p;
  }
  return out;
}

/* Holm's adjustment over the rows that have a test. */
static void adjust(struct against *all, size_t n)
{
  double *p = xcalloc(n + 1, sizeof *p);
  size_t m = 0;
  struct err e = {0};
  for (size_t i = 0; i < n; i++)
    if (!isnan(all[i].p))
      p[m++] = all[i].p;
  if (m && stats_holm(p, m, p, &e) == STATUS_OK) {
    m = 0;
    for (size_t i = 0; i < n; i++)
      if (!isnan(all[i].p))
        all[i].p = p[m++];
  }
  free(p);
}

bool runs_result_is_number(const struct listing *l, size_t result)
{
  for (size_t i = 0; i < l->n_rows; i++)
    if (l->row[i].result[result].n)
      return true;
  return false;
}

/* Is it a result that rows may be judged by? A curve's last value is only what its column is sorted by. */
static bool is_score(const struct runs_ask *ask, const char *name) { return !result_is_derived(name) || names_has(&ask->columns, name); }

/* The result that rows are judged by: the one they are sorted by, else the most important one. */
static void find_score(struct runs_data *d, const struct runs_ask *ask)
{
  const struct names *results = &d->list.results;
  size_t first = d->list.usual.n ? row_find(results, d->list.usual.name[0]) : 0;
  for (size_t i = d->list.usual.n; i-- > 0;) /* the first of numbers, if any is */
    if (runs_result_is_number(&d->list, row_find(results, d->list.usual.name[i])))
      first = row_find(results, d->list.usual.name[i]);
  size_t sorted = ask->sort && is_score(ask, ask->sort) && row_find(&d->list.params, ask->sort) == SIZE_MAX ? row_find(results, ask->sort) : SIZE_MAX;
  size_t best = ask->fold == FOLD_BEST ? row_find(results, ask->best_of) : SIZE_MAX;
  d->score = best != SIZE_MAX ? best : sorted != SIZE_MAX ? sorted : results->n ? first : SIZE_MAX;
  d->higher_better = d->score != SIZE_MAX && result_higher_better(results->name[d->score]);
}

static void compare_with_best(struct runs_data *d)
{
  const struct listing *l = &d->list;
  d->best = SIZE_MAX;
  d->against = xcalloc(l->n_rows + 1, sizeof *d->against);
  if (d->score == SIZE_MAX || l->by_run)
    return;
  for (size_t i = 0; i < l->n_rows; i++) {
    const struct summary *x = &l->row[i].result[d->score];
    if (!x->n || x->n_nan || !isfinite(x->mean))
      continue;
    double best = d->best == SIZE_MAX ? NAN : l->row[d->best].result[d->score].mean;
    if (isnan(best) || (d->higher_better ? x->mean > best : x->mean < best))
      d->best = i;
  }
  for (size_t i = 0; d->best != SIZE_MAX && i < l->n_rows; i++)
    if (i != d->best)
      d->against[i] = test_pair(&l->row[i].result[d->score], &l->row[d->best].result[d->score]);
  if (d->best != SIZE_MAX)
    adjust(d->against, l->n_rows);
}

/* --- order -------------------------------------------------------------------------------------------------------- */

const char *const runs_sorts[RUNS_SORTS] = {"config", "vs best", "status", "tags", "note", "of"};

static int by_config(const void *a, const void *b, void *list)
{
  size_t p = *(const size_t *)a, q = *(const size_t *)b;
  int order = row_config_compare(list, p, q);
  return order ? order : (p > q) - (p < q);
}

/* Keys are places in the order of configs. */
static void config_keys(struct listing *l, struct store_cell *key)
{
  size_t *place = xcalloc(l->n_rows + 1, sizeof *place);
  for (size_t i = 0; i < l->n_rows; i++)
    place[i] = i;
  qsort_r(place, l->n_rows, sizeof *place, by_config, l);
  for (size_t i = 0; i < l->n_rows; i++)
    key[place[i]] = cell_integer((int64_t)i);
  free(place);
}

static enum store_status first_status(const struct listing_row *r)
{
  enum store_status st = STORE_RUNNING;
  while (st < STORE_LOST && !r->count[st])
    st++;
  return st;
}

/* Texts of keys are borrowed, but for those of tags: *owned. */
static struct store_cell own_key(const struct runs_data *d, enum runs_sort sort, size_t row, char **owned)
{
  const struct listing_row *r = &d->list.row[row];
  switch (sort) {
  case SORT_AGAINST: return row == d->best ? cell_real(0) : cell_real(d->against[row].known ? d->against[row].difference : NAN);
  case SORT_STATUS: return cell_integer(first_status(r));
  case SORT_TAGS: return cell_text(r->n_tags ? *owned = listing_tags_text(r) : NULL);
  case SORT_NOTE: return cell_text(r->note);
  case SORT_CHOSEN_FROM: return cell_integer((int64_t)r->chosen_from);
  case SORT_CONFIG: case RUNS_SORTS: break;
  }
  return cell_integer((int64_t)row);
}

static void sort_by_own(struct runs_data *d, enum runs_sort sort)
{
  size_t n = d->list.n_rows;
  struct store_cell *key = xcalloc(n + 1, sizeof *key);
  char **owned = xcalloc(n + 1, sizeof *owned);
  for (size_t i = 0; i < n && sort != SORT_CONFIG; i++)
    key[i] = own_key(d, sort, i, &owned[i]);
  if (sort == SORT_CONFIG)
    config_keys(&d->list, key);
  listing_sort_by(&d->list, key, d->descending, d->order);
  for (size_t i = 0; i < n; i++)
    free(owned[i]);
  free(owned);
  free(key);
}

static void sort_rows(struct runs_data *d, const struct runs_ask *ask)
{
  const struct listing *l = &d->list;
  const char *sort = ask->sort ? ask->sort : d->score != SIZE_MAX && ask->fold != FOLD_RUNS ? l->results.name[d->score] : "id";
  d->sorted_by = xstrdup(sort);
  d->descending = ask->sort_given ? ask->descending : strcmp(sort, "id") == 0 || result_higher_better(sort);
  d->order = xcalloc(l->n_rows + 1, sizeof *d->order);
  bool known = listing_sort(l, sort, d->descending, d->order); /* a column that has gone: as they came */
  for (enum runs_sort own = 0; own < RUNS_SORTS && !known; own++)
    if (strcmp(sort, runs_sorts[own]) == 0)
      sort_by_own(d, own);
  for (size_t i = 0; i < l->n_rows; i++) {
    d->n_running += l->row[i].count[STORE_RUNNING];
    d->any_tag = d->any_tag || l->row[i].n_tags;
    d->any_note = d->any_note || l->row[i].note;
  }
}

bool runs_result_same(const struct listing *l, size_t result)
{
  for (size_t i = 0; i < l->n_rows; i++) {
    const struct summary *a = &l->row[0].result[result], *b = &l->row[i].result[result];
    if (b->n_nan || b->varies || a->one.type != b->one.type || !cell_equal(&a->one, &b->one) || (b->n && (b->mean != a->mean || b->half > 0)))
      return false;
  }
  return l->n_rows > 1;
}

/* --- the whole ------------------------------------------------------------------------------------------------------- */

static void load_metrics(struct runs_data *d, struct app *app, struct store *s)
{
  int code;
  struct store_query *q = reading_query(app, s, "SELECT name, id FROM metric_key ORDER BY name");
  while (q && reading_next(q, &code)) {
    d->metric_id = xrealloc(d->metric_id, (d->metrics.n + 1) * sizeof *d->metric_id);
    d->metric_id[d->metrics.n] = store_query_cell(q, 1).i;
    names_add(&d->metrics, store_query_cell(q, 0).text);
  }
  if (q)
    store_query_close(q);
}

/* The score's own metric, else that of validation, else the loss: the first that has a course where curves are. */
static void find_curve(struct runs_data *d, struct app *app, struct store *s)
{
  const char *score = d->score != SIZE_MAX ? d->list.results.name[d->score] : "";
  const char *const wanted[] = {score, strstr(score, "error") ? "val_error" : "val_loss", "loss"};
  int64_t *run = xcalloc(d->list.n_rows + 1, sizeof *run);
  for (size_t i = 0; i < d->list.n_rows; i++)
    run[i] = d->list.row[i].id;
  const char *name = course_choose(app, s, wanted, sizeof wanted / sizeof *wanted, run, d->list.n_rows);
  for (size_t i = 0; !name && i < sizeof wanted / sizeof *wanted; i++)
    name = names_has(&d->metrics, wanted[i]) ? wanted[i] : NULL;
  d->curve = name ? row_find(&d->metrics, name) : d->metrics.n ? 0 : SIZE_MAX;
  free(run);
}

/* Is the filter SQL that the store understands? */
static bool check_filter(struct app *app, struct store *s, const char *where, char **problem)
{
  struct names params = {0}, results = {0};
  bool good = true;
  if (where && reading_keys(app, s, "param", &params) == STORE_OK && reading_keys(app, s, "result", &results) == STORE_OK) {
    char *from = where_from("runs", where, &params, &results), *sql = xasprintf("SELECT 1 %s", from);
    struct store_query *q = reading_query(app, s, sql);
    good = q != NULL;
    if (q)
      store_query_close(q);
    else
      *problem = where_problem(s, where, &params, &results);
    free(from);
    free(sql);
  }
  names_free(&params);
  names_free(&results);
  return good;
}

/* What must be shown, and what is sorted by. */
static struct names asked_results(const struct runs_ask *ask)
{
  struct names out = {0};
  for (size_t i = 0; i < ask->columns.n; i++)
    names_add(&out, ask->columns.name[i]);
  if (ask->fold == FOLD_BEST && !names_has(&out, ask->best_of))
    names_add(&out, ask->best_of);
  if (ask->sort && !names_has(&out, ask->sort))
    names_add(&out, ask->sort);
  return out;
}

bool runs_load(struct runs_data *d, struct app *app, struct store *s, const struct runs_ask *ask, char **problem)
{
  char *where = ask->where ? filter_where(ask->where) : NULL;
  struct names asked = asked_results(ask);
  const struct listing_ask listing = {.seeds = ask->fold == FOLD_CONFIGS, .labels = true, .where = where, .by_run = ask->fold != FOLD_CONFIGS, .most_results = MOST_RESULTS,
                                      .best_of = ask->fold == FOLD_BEST ? ask->best_of : NULL,
                                      .columns = (const char *const *)asked.name, .n_columns = asked.n};
  *d = (struct runs_data){.best = SIZE_MAX, .score = SIZE_MAX, .curve = SIZE_MAX, .fold = ask->fold};
  *problem = NULL;
  bool good = check_filter(app, s, where, problem) && listing_load(&d->list, app, s, &listing) == EXIT_DONE;
  if (good) {
    load_metrics(d, app, s);
    find_score(d, ask);
    find_curve(d, app, s);
    compare_with_best(d);
    sort_rows(d, ask);
  }
  free(where);
  names_free(&asked);
  return good;
}

void runs_free(struct runs_data *d)
{
  listing_free(&d->list);
  names_free(&d->metrics);
  free(d->metric_id);
  free(d->sorted_by);
  free(d->order);
  free(d->against);
  *d = (struct runs_data){0};
}
