/* listing_results.c: the results of a listing's rows: which there are, the most important first, and what runs say of each. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/listing_int.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/stats.h"

/* seed: NULL when nobody has asked for seeds. alone: of a single run, whose mean it is: a hundred thousand arrays of one are spared. */
static void add_value(struct summary *x, const struct store_cell *value, const int64_t *seed, bool alone)
{
  x->varies = x->varies || (x->one.type == STORE_TEXT && !cell_equal(&x->one, value));
  cell_free(&x->one);
  x->one = cell_copy(value);
  if (value->type == STORE_NULL) {
    x->n_nan++;
  } else if (alone && (value->type == STORE_INTEGER || value->type == STORE_REAL)) {
    x->mean = value->r;
    x->n = 1;
  } else if (value->type == STORE_INTEGER || value->type == STORE_REAL) {
    if ((x->n & (x->n - 1)) == 0) { /* 0, 1, 2, 4, 8, … */
      x->value = xrealloc(x->value, (x->n ? 2 * x->n : 1) * sizeof *x->value);
      if (seed)
        x->seed = xrealloc(x->seed, (x->n ? 2 * x->n : 1) * sizeof *x->seed);
    }
    if (seed)
      x->seed[x->n] = *seed;
    x->value[x->n++] = value->r;
  }
}

/* Infinite values have no interval, and their mean is what IEEE arithmetic says. */
static void finish_summary(struct summary *x)
{
  struct interval interval;
  double sum = 0;
  x->half = NAN;
  if (!x->value)
    return;
  for (size_t i = 0; i < x->n; i++)
    sum += x->value[i];
  if (x->n && stats_mean(x->value, x->n, &x->mean, NULL) != STATUS_OK)
    x->mean = sum / (double)x->n;
  if (x->n >= 2 && stats_mean_interval(x->value, x->n, 0.95, &interval, NULL) == STATUS_OK)
    x->half = (interval.high - interval.low) / 2;
}

/* Read one key of all chosen runs; both sides are sorted by run. False in *any when no run has it. */
static int load_result(struct listing *l, struct app *app, struct store *s, const char *key, const struct listing_ask *ask, bool *any)
{
  struct store_query *q = reading_query(app, s, "SELECT run_id, value FROM result WHERE key = ?1 ORDER BY run_id");
  size_t at = 0, column = l->results.n;
  int code;
  *any = false;
  if (!q)
    return reading_failed(app, s);
  store_query_bind_text(q, 1, key);
  while (reading_next(q, &code)) {
    int64_t id = store_query_cell(q, 0).i;
    while (at < l->n_runs && l->run[at].id < id)
      at++;
    if (at == l->n_runs)
      break;
    if (l->run[at].id != id || !(l->by_run || l->run[at].done)) /* a mean is over what ran to its end */
      continue;
    struct store_cell value = store_query_cell(q, 1);
    add_value(&l->row[l->run[at].row].result[column], &value, ask->seeds ? &l->run[at].seed : NULL, l->by_run && !ask->seeds);
    *any = true;
  }
  store_query_close(q);
  if (code)
    return reading_failed(app, s);
  for (size_t i = 0; *any && i < l->n_rows; i++)
    finish_summary(&l->row[i].result[column]);
  if (*any)
    names_add(&l->results, key);
  return EXIT_DONE;
}

static int by_importance(const void *a, const void *b)
{
  const char *p = *(char *const *)a, *q = *(char *const *)b;
  int order = result_importance(p) - result_importance(q);
  return order ? order : strcmp(p, q);
}

/* Would it be shown without anybody asking for it? derived: where runs returned nothing, the last values of metrics. */
static bool is_usual(const struct listing_ask *ask, const char *key, bool derived)
{
  const char *dot = strrchr(key, '.');
  return (derived ? dot && strcmp(dot, ".last") == 0 : !result_is_derived(key)) && (ask->timings || !result_is_timing(key));
}

/* The most results that can be found. */
static size_t most_columns(const struct listing_ask *ask, const struct names *keys)
{
  size_t asked = 0, usual[2] = {0};
  for (size_t i = 0; i < ask->n_columns; i++)
    asked += names_has(keys, ask->columns[i]);
  for (size_t i = 0; i < keys->n; i++)
    for (int derived = 0; derived <= 1; derived++)
      usual[derived] += is_usual(ask, keys->name[i], derived);
  size_t found = usual[0] > usual[1] ? usual[0] : usual[1];
  return asked + (ask->most_results < found ? ask->most_results : found);
}

int listing_load_results(struct listing *l, struct app *app, struct store *s, const struct listing_ask *ask, struct names *keys)
{
  size_t added = 0;
  bool any;
  int code = EXIT_DONE;
  if (keys->n)
    qsort(keys->name, keys->n, sizeof *keys->name, by_importance);
  size_t columns = most_columns(ask, keys);
  struct summary *all = xcalloc(l->n_rows * columns + 1, sizeof *all);
  for (size_t i = 0; i < l->n_rows; i++)
    l->row[i].result = all + i * columns;
  for (size_t i = 0; !code && i < ask->n_columns; i++)
    if (!names_has(&l->results, ask->columns[i]))
      code = load_result(l, app, s, ask->columns[i], ask, &any);
  for (int derived = 0; derived <= 1 && !added; derived++) /* last values only where runs returned nothing */
    for (size_t i = 0; !code && i < keys->n && added < ask->most_results; i++) {
      const char *key = keys->name[i];
      if (!is_usual(ask, key, derived))
        continue;
      any = names_has(&l->results, key); /* asked for */
      if (!any)
        code = load_result(l, app, s, key, ask, &any);
      if (any)
        names_add(&l->usual, key);
      added += any;
    }
  return code;
}
