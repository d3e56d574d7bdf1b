/* query_table.c: the answer of a query: a table as on the other screens, whose runs can be marked, and its columns as plots. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/query_int.h"
#include "experiments/kernel/mem.h"

/* --- the table -------------------------------------------------------------------------------------------------------- */

static char *cell(void *self, size_t at, size_t column, struct plot_cell *style)
{
  const struct query *v = self;
  const struct store_cell *c = query_cell(&v->result, at, column);
  switch (c->type) {
  case STORE_INTEGER: return xasprintf("%lld", (long long)c->i);
  case STORE_REAL: return xasprintf("%.8g", c->r);
  case STORE_TEXT: return xasprintf("%.*s", (int)(c->size < 4096 ? c->size : 4096), c->text);
  case STORE_BLOB: style->fg = UI_GREY; return xasprintf("(%zu bytes)", c->size);
  default: style->fg = UI_GREY; return xstrdup("null");
  }
}

/* For a file: every digit and the whole text; what is not there is empty. */
static char *exact(void *self, size_t at, size_t column)
{
  const struct query *v = self;
  const struct store_cell *c = query_cell(&v->result, at, column);
  struct plot_cell style = {0};
  if (c->type == STORE_REAL)
    return xasprintf("%.17g", c->r);
  if (c->type == STORE_TEXT)
    return xasprintf("%.*s", (int)c->size, c->text);
  return c->type == STORE_NULL ? xstrdup("") : cell(self, at, column, &style);
}

/* The column that holds numbers of runs: run_id, or the id of a query over runs. SIZE_MAX: none. */
static size_t run_column(const struct query *v)
{
  size_t id = SIZE_MAX;
  for (size_t i = v->result.names.n; i-- > 0;)
    if (v->result.n_rows && v->result.cell[i].type == STORE_INTEGER) {
      if (strcmp(v->result.names.name[i], "run_id") == 0)
        return i;
      if (strcmp(v->result.names.name[i], "id") == 0 && strcasestr(v->sql, "from run"))
        id = i;
    }
  return id;
}

static bool marked(void *self, size_t at)
{
  const struct query *v = self;
  size_t column = run_column(v);
  const struct store_cell *c = column == SIZE_MAX ? NULL : query_cell(&v->result, at, column);
  return c && c->type == STORE_INTEGER && ui_is_marked(v->ui, c->i);
}

void query_table_mark(struct query *v, bool all)
{
  size_t column = run_column(v), n = 0;
  if (column == SIZE_MAX) {
    ui_say(v->ui, "to mark runs, let the query show a column run_id, or the id of runs");
    return;
  }
  int64_t *run = xcalloc(v->result.n_rows + 1, sizeof *run);
  for (size_t at = all ? 0 : v->list.at; at < v->result.n_rows && (all || at == v->list.at); at++)
    if (query_cell(&v->result, at, column)->type == STORE_INTEGER)
      run[n++] = query_cell(&v->result, at, column)->i;
  ui_mark(v->ui, run, n, !marked(v, v->list.at));
  free(run);
  if (!all)
    list_select(&v->list, v->list.at + 1);
}

void query_table_sort(struct query *v)
{
  struct list *l = &v->list;
  size_t source = list_cursor(l);
  l->descending = l->sorted && l->sort_column == source && !l->descending;
  l->sorted = true;
  l->sort_column = source;
  query_sort(&v->result, source, l->descending);
}

void query_table_show_cell(struct query *v)
{
  size_t column = list_cursor(&v->list);
  char *text = exact(v, v->list.at, column);
  ui_page(v->ui, v->result.names.name[column], text);
  free(text);
}

void query_table_init(struct query *v) { v->list = (struct list){.self = v, .cell = cell, .exact = exact, .marked = marked}; }

/* --- the plot ------------------------------------------------------------------------------------------------------------ */

/* What the column `y` is drawn against: the one sorted by, else the first one of numbers; SIZE_MAX: the number of the row. */
static size_t x_column(const struct query *v, size_t y)
{
  if (v->list.sorted && v->list.sort_column != y && query_is_number(&v->result, v->list.sort_column))
    return v->list.sort_column;
  for (size_t i = 0; i < v->result.names.n && i < y; i++)
    if (query_is_number(&v->result, i))
      return i;
  return SIZE_MAX;
}

void query_draw_column(const struct query *v, struct plot_grid *g, struct area a)
{
  size_t n = v->result.n_rows, column = list_cursor(&v->list), against = x_column(v, column);
  double *x = xcalloc(n + 1, sizeof *x), *y = xcalloc(n + 1, sizeof *y);
  for (size_t i = 0; i < n; i++) {
    x[i] = against == SIZE_MAX ? (double)(i + 1) : query_number(query_cell(&v->result, i, against));
    y[i] = query_number(query_cell(&v->result, i, column));
  }
  struct plot_series series = {.label = v->result.names.name[column], .n = n, .x = x, .y = y};
  struct plot_spec spec = {.kind = PLOT_SCATTER, .title = v->result.names.name[column], .x_label = against != SIZE_MAX ? v->result.names.name[against] : "row",
                           .log_x = v->log_x, .log_y = v->log_y, .n_series = 1, .series = &series};
  if (query_is_number(&v->result, column))
    draw_plot(g, a, &spec);
  else
    draw_format(g, a.row + 1, 2, a.width - 4, UI_GREY, 0, "%s holds no numbers: left and right choose another column, m goes back to the table",
                v->result.names.name[column]);
  free(x);
  free(y);
}
