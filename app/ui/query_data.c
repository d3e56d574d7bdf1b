/* query_data.c: see query_data.h. */
#include "app/ui/query_data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

/* What a workbench of less than 100 MB holds of an answer, and of the one before while it is read. */
enum { MOST_ROWS = 100000, MOST_CELLS = 500000, MOST_TEXT_B = 16000000, MOST_COLUMNS = 256 };

/* --- asking ----------------------------------------------------------------------------------------------------- */

static void take_row(struct query_result *r, const struct store_query *q, size_t *room, size_t *text_b)
{
  if (r->n_rows == *room)
    r->cell = xrealloc(r->cell, (*room = *room ? 2 * *room : 256) * r->names.n * sizeof *r->cell);
  for (size_t i = 0; i < r->names.n; i++) {
    struct store_cell c = store_query_cell(q, i);
    r->cell[r->n_rows * r->names.n + i] = cell_copy(&c);
    *text_b += c.type == STORE_TEXT || c.type == STORE_BLOB ? c.size : 0;
  }
  r->n_rows++;
}

bool query_ask(struct query_result *r, struct app *app, struct store *s, const char *sql, char **problem, bool *refused)
{
  struct store_query *q = reading_query(app, s, sql);
  size_t room = 0, text_b = 0;
  int code = STORE_OK;
  *r = (struct query_result){0};
  *problem = NULL;
  *refused = !q;
  if (!q) {
    *problem = xstrdup(store_message(s));
    return false;
  }
  for (size_t i = 0; i < store_query_columns(q) && i < MOST_COLUMNS; i++)
    names_add(&r->names, store_query_name(q, i));
  while (r->names.n && !r->cut && reading_next(q, &code)) {
    r->cut = r->n_rows == MOST_ROWS || r->n_rows * r->names.n >= MOST_CELLS || text_b > MOST_TEXT_B;
    if (!r->cut)
      take_row(r, q, &room, &text_b);
  }
  if (code)
    *problem = xstrdup(app->cancel ? "stopped" : store_message(s));
  store_query_close(q);
  r->order = xcalloc(r->n_rows + 1, sizeof *r->order);
  for (size_t i = 0; i < r->n_rows; i++)
    r->order[i] = i;
  return code == STORE_OK;
}

void query_result_free(struct query_result *r)
{
  for (size_t i = 0; i < r->n_rows * r->names.n; i++)
    cell_free(&r->cell[i]);
  free(r->cell);
  free(r->order);
  names_free(&r->names);
  *r = (struct query_result){0};
}

/* --- cells ------------------------------------------------------------------------------------------------------- */

const struct store_cell *query_cell(const struct query_result *r, size_t at, size_t column) { return &r->cell[r->order[at] * r->names.n + column]; }

double query_number(const struct store_cell *c)
{
  return c->type == STORE_INTEGER ? (double)c->i : c->type == STORE_REAL ? c->r : NAN;
}

bool query_is_number(const struct query_result *r, size_t column)
{
  for (size_t i = 0; i < r->n_rows; i++) {
    enum store_type type = r->cell[i * r->names.n + column].type;
    if (type != STORE_NULL)
      return type == STORE_INTEGER || type == STORE_REAL;
  }
  return false;
}

static int rank(const struct store_cell *c)
{
  static const int ranks[] = {[STORE_NULL] = 3, [STORE_INTEGER] = 0, [STORE_REAL] = 0, [STORE_TEXT] = 1, [STORE_BLOB] = 2};
  return ranks[c->type];
}

static int compare_values(const struct store_cell *a, const struct store_cell *b)
{
  if (a->type == STORE_INTEGER && b->type == STORE_INTEGER)
    return (a->i > b->i) - (a->i < b->i);
  if (a->type != STORE_TEXT) {
    double x = query_number(a), y = query_number(b);
    return (x > y) - (x < y);
  }
  int order = memcmp(a->text, b->text, a->size < b->size ? a->size : b->size);
  return order ? order : (a->size > b->size) - (a->size < b->size);
}

struct sorting { const struct query_result *r; size_t column; bool descending; };

static int by_cell(const void *a, const void *b, void *self)
{
  const struct sorting *s = self;
  size_t i = *(const size_t *)a, k = *(const size_t *)b, n = s->r->names.n;
  const struct store_cell *p = &s->r->cell[i * n + s->column], *q = &s->r->cell[k * n + s->column];
  int order = rank(p) - rank(q);
  if (!order && p->type != STORE_NULL && p->type != STORE_BLOB)
    order = s->descending ? -compare_values(p, q) : compare_values(p, q);
  return order ? order : (i > k) - (i < k);
}

void query_sort(struct query_result *r, size_t column, bool descending)
{
  struct sorting s = {r, column, descending};
  if (r->n_rows)
    qsort_r(r->order, r->n_rows, sizeof *r->order, by_cell, &s);
}
