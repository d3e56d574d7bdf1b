/* listing_order.c: the order of a listing's rows, and its summaries as people and tests take them. */
#include "app/listing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

/* --- order ------------------------------------------------------------------------------------ */

const char *const listing_sorts[LISTING_SORTS] = {"id", "n", "experiment", "wall_s", "started_at"};

bool result_higher_better(const char *name) { return strstr(name, "acc") != NULL; }

int result_importance(const char *name)
{
  if (strncmp(name, "val", 3) == 0)
    return 0;
  if (strncmp(name, "test_", 5) == 0) /* test-binomial is a bound */
    return 1;
  return strstr(name, "loss") || strstr(name, "error") || strstr(name, "acc") ? 2 : 3;
}

struct ranked { struct store_cell key; size_t row; bool descending; };

static int rank_type(const struct store_cell *c)
{
  return c->type == STORE_NULL ? 2 : c->type == STORE_INTEGER || c->type == STORE_REAL ? 0 : 1;
}

/* Numbers, then text, then what has no value, whichever the direction; ties as they came. */
static int by_rank(const void *a, const void *b)
{
  const struct ranked *p = a, *q = b;
  int order = rank_type(&p->key) - rank_type(&q->key);
  if (order)
    return order;
  if (p->key.type == STORE_TEXT)
    order = strcmp(p->key.text, q->key.text);
  else if (p->key.type != STORE_NULL)
    order = (p->key.r > q->key.r) - (p->key.r < q->key.r);
  if (order)
    return p->descending ? -order : order;
  return p->row < q->row ? -1 : p->row > q->row;
}

static size_t position(const struct names *list, const char *name)
{
  size_t i = 0;
  while (i < list->n && strcmp(list->name[i], name) != 0)
    i++;
  return i;
}

/* The value of a row that `name` sorts by; false when there is no such column. */
static bool sort_key(const struct listing *l, const char *name, const struct listing_row *r, struct store_cell *key)
{
  size_t at;
  if (strcmp(name, "id") == 0)
    *key = cell_integer(r->id);
  else if (strcmp(name, "n") == 0)
    *key = cell_integer((int64_t)r->count[STORE_DONE]);
  else if (strcmp(name, "experiment") == 0)
    *key = cell_text(l->experiments.name[r->experiment]);
  else if (strcmp(name, "wall_s") == 0)
    *key = cell_real(r->wall_s);
  else if (strcmp(name, "started_at") == 0)
    *key = cell_text(r->started);
  else if ((at = position(&l->params, name)) < l->params.n)
    *key = r->param[at];
  else if ((at = position(&l->results, name)) < l->results.n)
    *key = r->result[at].n && !r->result[at].n_nan ? cell_real(r->result[at].mean)
           : r->result[at].one.type == STORE_TEXT  ? r->result[at].one
                                                   : cell_real(NAN);
  else
    return false;
  return true;
}

void listing_sort_by(const struct listing *l, const struct store_cell *key, bool descending, size_t *order)
{
  struct ranked *ranked = xcalloc(l->n_rows + 1, sizeof *ranked);
  for (size_t i = 0; i < l->n_rows; i++)
    ranked[i] = (struct ranked){key[i], i, descending};
  qsort(ranked, l->n_rows, sizeof *ranked, by_rank);
  for (size_t i = 0; i < l->n_rows; i++)
    order[i] = ranked[i].row;
  free(ranked);
}

bool listing_sort(const struct listing *l, const char *sort, bool descending, size_t *order)
{
  struct store_cell *key = xcalloc(l->n_rows + 1, sizeof *key); /* borrowed texts */
  bool known = true;
  for (size_t i = 0; i < l->n_rows && known; i++) {
    order[i] = i;
    known = !sort || sort_key(l, sort, &l->row[i], &key[i]);
  }
  for (size_t i = 0; i < l->n_rows && !known; i++)
    order[i] = i;
  if (known && sort)
    listing_sort_by(l, key, descending, order);
  free(key);
  return known;
}

/* --- summaries -------------------------------------------------------------------------------- */

size_t summary_pairs(const struct summary *a, const struct summary *b, double *x, double *y, size_t most)
{
  size_t n = 0;
  for (size_t i = 0; i < b->n && n < most; i++)
    for (size_t k = 0; k < a->n && b->seed[i] != INT64_MIN; k++)
      if (a->seed[k] == b->seed[i]) {
        x[n] = a->value[k];
        y[n++] = b->value[i];
        break;
      }
  return n;
}

const char *plus_minus(void) { return MB_CUR_MAX > 1 ? "±" : "+-"; }

char *summary_text(const struct summary *x, bool by_run)
{
  double half = x->half;
  if (x->varies)
    return xstrdup("(varies)");
  if (x->one.type == STORE_TEXT && (by_run || x->n == 0))
    return xasprintf("%.*s", (int)x->one.size, x->one.text);
  if (x->n_nan)
    return by_run ? xstrdup("nan") : xasprintf("NaN in %zu of %zu", x->n_nan, x->n + x->n_nan);
  if (x->n == 0)
    return xstrdup("-");
  if (isnan(half) || !isfinite(x->mean))
    return xasprintf("%.6g", x->mean);
  if (half == 0)
    return xasprintf("%.6g %s0", x->mean, plus_minus());
  double place = floor(log10(half));
  if (place > 4 || place < -8)
    return xasprintf("%.6g %s%.2g", x->mean, plus_minus(), half);
  int digits = place < 1 ? 1 - (int)place : 0; /* two digits of the interval, the mean to the same place */
  return xasprintf("%.*f %s%.*f", digits, x->mean, plus_minus(), digits, half);
}
