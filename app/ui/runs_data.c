/* runs_data.c: see runs_data.h. */
#include "app/ui/runs_data.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/stats.h"

enum { MOST_RESULTS = 4, MOST_PAIRS = 1000 };

struct runs_ask runs_ask_copy(const struct runs_ask *a)
{
  struct runs_ask copy = *a;
  copy.where = a->where ? xstrdup(a->where) : NULL;
  copy.sort = a->sort ? xstrdup(a->sort) : NULL;
  copy.columns = (struct names){0};
  for (size_t i = 0; i < a->columns.n; i++)
    names_add(&copy.columns, a->columns.name[i]);
  return copy;
}

void runs_ask_free(struct runs_ask *a)
{
  free(a->where);
  free(a->sort);
  names_free(&a->columns);
  *a = (struct runs_ask){0};
}

/* --- the filter ------------------------------------------------------------------------------------------ */

/* Does the text have an operator of SQL that is a word? "lr is null", "tags like 'x%'". */
static bool has_sql_word(const char *typed)
{
  static const char *const words[] = {"is", "in", "like", "glob", "between", "not", "and", "or", "null", NULL};
  char *copy = xstrdup(typed), *save = NULL;
  bool found = false;
  for (char *word = strtok_r(copy, " ", &save); word && !found; word = strtok_r(NULL, " ", &save))
    for (size_t i = 0; words[i]; i++)
      found = found || strcasecmp(word, words[i]) == 0;
  free(copy);
  return found;
}

/* Words without any operator of SQL are searched for. */
static bool bare_words(const char *typed)
{
  for (const char *c = typed; *c; c++)
    if (!isalnum((unsigned char)*c) && !strchr(" _-./", *c))
      return false;
  return !has_sql_word(typed);
}

char *runs_where(const char *typed)
{
  while (*typed == ' ')
    typed++;
  if (!*typed)
    return NULL;
  if (strncasecmp(typed, "where ", 6) == 0)
    return xstrdup(typed + 6);
  if (!bare_words(typed))
    return xstrdup(typed);
  char *where = xstrdup(""), *copy = xstrdup(typed), *save = NULL;
  for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
    char *longer = xasprintf("%s%s(experiment LIKE '%%%s%%' OR config LIKE '%%%s%%' OR note LIKE '%%%s%%' OR status = '%s'"
                             " OR ',' || tags || ',' LIKE '%%%s%%' OR uid LIKE '%s%%')",
                             where, *where ? " AND " : "", word, word, word, word, word, word);
    free(where);
    where = longer;
  }
  free(copy);
  return where;
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

static void compare_with_best(struct runs_data *d)
{
  const struct listing *l = &d->list;
  d->best = SIZE_MAX;
  d->against = xcalloc(l->n_rows + 1, sizeof *d->against);
  if (!l->results.n || l->by_run)
    return;
  d->higher_better = result_higher_better(l->results.name[0]);
  for (size_t i = 0; i < l->n_rows; i++) {
    const struct summary *x = &l->row[i].result[0];
    if (!x->n || x->n_nan || !isfinite(x->mean))
      continue;
    if (d->best == SIZE_MAX || (d->higher_better ? x->mean > l->row[d->best].result[0].mean : x->mean < l->row[d->best].result[0].mean))
      d->best = i;
  }
  for (size_t i = 0; d->best != SIZE_MAX && i < l->n_rows; i++)
    if (i != d->best)
      d->against[i] = test_pair(&l->row[i].result[0], &l->row[d->best].result[0]);
  if (d->best != SIZE_MAX)
    adjust(d->against, l->n_rows);
}

/* --- order -------------------------------------------------------------------------------------------------------- */

static void sort_rows(struct runs_data *d, const struct runs_ask *ask)
{
  const struct listing *l = &d->list;
  const char *sort = ask->sort ? ask->sort : l->results.n && !l->by_run ? l->results.name[0] : "id";
  bool descending = ask->sort_given ? ask->descending : strcmp(sort, "id") == 0 || result_higher_better(sort);
  d->order = xcalloc(l->n_rows + 1, sizeof *d->order);
  listing_sort(l, sort, descending, d->order); /* a column that has gone: as they came */
  for (size_t i = 0; i < l->n_rows; i++)
    d->n_running += l->row[i].count[STORE_RUNNING];
}

bool runs_load(struct runs_data *d, struct app *app, struct store *s, const struct runs_ask *ask)
{
  char *where = ask->where ? runs_where(ask->where) : NULL;
  const struct listing_ask listing = {.seeds = true, .where = where, .by_run = ask->by_run, .most_results = MOST_RESULTS,
                                      .columns = (const char *const *)ask->columns.name, .n_columns = ask->columns.n};
  *d = (struct runs_data){.best = SIZE_MAX};
  int code = listing_load(&d->list, app, s, &listing);
  free(where);
  if (code != EXIT_DONE)
    return false;
  compare_with_best(d);
  sort_rows(d, ask);
  return true;
}

void runs_free(struct runs_data *d)
{
  listing_free(&d->list);
  free(d->order);
  free(d->against);
  *d = (struct runs_data){0};
}
