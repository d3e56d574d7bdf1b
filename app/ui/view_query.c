/* view_query.c: screen 9: questions to the store in SQL. The query runs aside under a limit of rows and can be stopped;
 * its result is a table as on the other screens, and two of its columns a plot. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/reading.h"
#include "app/ui/ui.h"
#include "experiments/kernel/mem.h"

enum { MOST_ROWS = 100000, COLUMNS_MAX = 256 };

struct result {
  struct names names;
  struct store_cell *cell;   /* rows x names.n, owned */
  size_t n_rows;
  bool cut;                  /* there were more rows than MOST_ROWS */
};

struct query {
  struct ui *ui;
  struct list list;
  struct result result;
  char *sql;                 /* as asked last */
  bool answered, plot;
  char *problem;
  double seconds;
  struct asking_store *job;
  struct names schema;       /* tables, views and their columns, for completion */
  size_t *order;
  struct area table;
};

static void free_result(struct result *r)
{
  for (size_t i = 0; i < r->n_rows * r->names.n; i++)
    cell_free(&r->cell[i]);
  free(r->cell);
  names_free(&r->names);
  *r = (struct result){0};
}

/* --- asking ----------------------------------------------------------------------------------------------------- */

struct asking_store {
  struct aside_job job; /* first */
  struct query *view;
  char *sql;            /* NULL: read the schema */
  struct result result;
  struct names schema;
};

static void take_row(struct result *r, const struct store_query *q, size_t *room)
{
  if (r->n_rows == *room)
    r->cell = xrealloc(r->cell, (*room = *room ? 2 * *room : 256) * r->names.n * sizeof *r->cell);
  for (size_t i = 0; i < r->names.n; i++) {
    struct store_cell c = store_query_cell(q, i);
    r->cell[r->n_rows * r->names.n + i] = cell_copy(&c);
  }
  r->n_rows++;
}

static void ask_store(struct asking_store *a, struct app *app, struct store *s)
{
  struct store_query *q = reading_query(app, s, a->sql);
  size_t room = 0;
  int code = STORE_OK;
  if (!q) {
    aside_fail(&a->job, "%s", store_message(s));
    return;
  }
  for (size_t i = 0; i < store_query_columns(q) && i < COLUMNS_MAX; i++)
    names_add(&a->result.names, store_query_name(q, i));
  while (a->result.names.n && !a->result.cut && reading_next(q, &code)) {
    a->result.cut = a->result.n_rows == MOST_ROWS;
    if (!a->result.cut)
      take_row(&a->result, q, &room);
  }
  if (code)
    aside_fail(&a->job, "%s", app->cancel ? "stopped" : store_message(s));
  store_query_close(q);
}

static void read_schema(struct asking_store *a, struct app *app, struct store *s)
{
  int code;
  struct store_query *q = reading_query(app, s, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') UNION SELECT c.name FROM sqlite_master m,"
                                                " pragma_table_info(m.name) c WHERE m.type IN ('table', 'view') ORDER BY 1");
  if (!q)
    return; /* completion is a convenience */
  while (reading_next(q, &code))
    names_add(&a->schema, store_query_cell(q, 0).text);
  store_query_close(q);
}

static void work(struct aside_job *job, struct app *app, struct store *s)
{
  struct asking_store *a = (struct asking_store *)job;
  if (s && a->sql)
    ask_store(a, app, s);
  else if (s)
    read_schema(a, app, s);
}

static void take_result(struct query *v, struct asking_store *a)
{
  free_result(&v->result);
  v->result = a->result;
  a->result = (struct result){0};
  v->answered = true;
  free(v->order);
  v->order = xcalloc(v->result.n_rows + 1, sizeof *v->order);
  for (size_t i = 0; i < v->result.n_rows; i++)
    v->order[i] = i;
  v->list.n_rows = v->result.n_rows;
  list_set_columns(&v->list, (const char *const *)v->result.names.name, v->result.names.n);
  for (size_t i = 0; i < v->result.names.n; i++)
    v->list.column[i].right = v->result.n_rows && v->result.cell[i].type != STORE_TEXT;
  list_select(&v->list, 0);
}

static void done(struct aside_job *job)
{
  struct asking_store *a = (struct asking_store *)job;
  struct query *v = a->view;
  if (!a->sql) {
    names_free(&v->schema);
    v->schema = a->schema;
    a->schema = (struct names){0};
    return;
  }
  v->job = NULL;
  v->seconds = job->seconds;
  free(v->problem);
  v->problem = job->error ? xstrdup(job->error) : NULL;
  if (!job->error)
    take_result(v, a);
  ui_redraw(v->ui);
}

static void release(struct aside_job *job)
{
  struct asking_store *a = (struct asking_store *)job;
  free_result(&a->result);
  names_free(&a->schema);
  free(a->sql);
  free(a);
}

static void start(struct query *v, const char *sql)
{
  struct asking_store *a = xcalloc(1, sizeof *a);
  a->job = (struct aside_job){.work = work, .done = done, .release = release};
  a->view = v;
  a->sql = sql ? xstrdup(sql) : NULL;
  if (sql)
    v->job = a;
  aside_ask(ui_aside(v->ui), &a->job);
}

static void stop(struct query *v)
{
  if (v->job)
    aside_drop(ui_aside(v->ui), &v->job->job);
  v->job = NULL;
}

static void accept_sql(void *self, const char *text)
{
  struct query *v = self;
  if (!*text)
    return;
  free(v->sql);
  v->sql = xstrdup(text);
  ui_remember(v->ui, "query.last", text);
  stop(v);
  start(v, text);
}

/* --- completion, saved queries -------------------------------------------------------------------------------------- */

static char *candidates(void *self, const char *text, size_t cursor)
{
  static const char *const words[] = {"select", "from", "where", "group by", "order by", "limit", "count(*)", "avg(", "min(", "max(", "join", "desc"};
  const struct query *v = self;
  size_t from = cursor, n = sizeof words / sizeof *words;
  char *out = xstrdup("");
  while (from && !strchr(" ,.(=<>", text[from - 1]))
    from--;
  for (size_t i = 0; cursor > from && i < v->schema.n + n; i++) {
    const char *word = i < v->schema.n ? v->schema.name[i] : words[i - v->schema.n];
    if (strncasecmp(word, text + from, cursor - from) != 0)
      continue;
    char *longer = xasprintf("%s%s%s", out, *out ? "\n" : "", word);
    free(out);
    out = longer;
  }
  return out;
}

static const struct { const char *name, *sql; } saved[] = {
  {"best runs of each experiment", "SELECT experiment, count(*) AS n, min(value) AS best_val_error FROM results WHERE key = 'val_error' GROUP BY experiment"},
  {"runs that failed, and why", "SELECT id, experiment, status, error FROM runs WHERE status <> 'done' ORDER BY id DESC"},
  {"slowest runs", "SELECT id, experiment, wall_s, peak_memory_b / 1e6 AS peak_mb FROM runs ORDER BY wall_s DESC LIMIT 50"},
  {"points per metric", "SELECT k.name, count(*) AS points FROM metric m JOIN metric_key k ON k.id = m.key_id GROUP BY k.name"},
  {"verdicts on published claims", "SELECT paper, verdict, effect, low, high, created_at FROM verdict ORDER BY created_at DESC"},
  {"tables and views", "SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'view')"},
};

enum { SAVED = sizeof saved / sizeof *saved };

/* The user's own come first. */
static void accept_saved(void *self, size_t index)
{
  struct query *v = self;
  const struct names *names, *texts;
  size_t own = ui_queries(v->ui, &names, &texts);
  accept_sql(self, index < own ? texts->name[index] : saved[index - own].sql);
}

static unsigned choose_saved(struct query *v)
{
  const struct names *names, *texts;
  size_t own = ui_queries(v->ui, &names, &texts);
  const char **item = xcalloc(own + SAVED, sizeof *item), **note = xcalloc(own + SAVED, sizeof *note);
  for (size_t i = 0; i < own + SAVED; i++) {
    item[i] = i < own ? names->name[i] : saved[i - own].name;
    note[i] = i < own ? texts->name[i] : saved[i - own].sql;
  }
  ui_menu(v->ui, &(struct ui_menu){.title = "questions to begin with", .item = item, .note = note, .n = own + SAVED, .self = v, .accept = accept_saved});
  free(item);
  free(note);
  return UI_HANDLED;
}

static unsigned edit(struct query *v)
{
  const char *last = v->sql ? v->sql : ui_recall(v->ui, "query.last");
  ui_ask(v->ui, &(struct ui_question){.label = "SQL:", .initial = last ? last : "SELECT ", .history = "sql", .self = v, .accept = accept_sql, .candidates = candidates});
  return UI_HANDLED;
}

/* --- the table -------------------------------------------------------------------------------------------------------- */

static const struct store_cell *cell_at(const struct query *v, size_t row, size_t column)
{
  return &v->result.cell[v->order[row] * v->result.names.n + column];
}

static char *cell(void *self, size_t row, size_t column, struct plot_cell *style)
{
  const struct store_cell *c = cell_at(self, row, column);
  switch (c->type) {
  case STORE_INTEGER: return xasprintf("%lld", (long long)c->i);
  case STORE_REAL: return xasprintf("%.8g", c->r);
  case STORE_TEXT: return xasprintf("%.*s", (int)(c->size < 4096 ? c->size : 4096), c->text);
  case STORE_BLOB: style->fg = UI_GREY; return xasprintf("(%zu bytes)", c->size);
  default: style->fg = UI_GREY; return xstrdup("null");
  }
}

static int compare_cells(const struct store_cell *a, const struct store_cell *b)
{
  bool p = a->type == STORE_INTEGER || a->type == STORE_REAL, q = b->type == STORE_INTEGER || b->type == STORE_REAL;
  if (p && q)
    return (a->r > b->r) - (a->r < b->r);
  if (a->type == STORE_TEXT && b->type == STORE_TEXT) {
    int order = memcmp(a->text, b->text, a->size < b->size ? a->size : b->size);
    return order ? order : (a->size > b->size) - (a->size < b->size);
  }
  return (int)a->type - (int)b->type;
}

struct sorting { const struct query *v; size_t column; bool descending; };

static int by_cell(const void *a, const void *b, void *self)
{
  const struct sorting *s = self;
  size_t i = *(const size_t *)a, k = *(const size_t *)b, n = s->v->result.names.n;
  int order = compare_cells(&s->v->result.cell[i * n + s->column], &s->v->result.cell[k * n + s->column]);
  if (s->descending)
    order = -order;
  return order ? order : (i > k) - (i < k);
}

static unsigned sort(struct query *v)
{
  struct list *l = &v->list;
  l->descending = l->sorted && l->sort_column == l->cursor_column && !l->descending;
  l->sorted = true;
  l->sort_column = l->cursor_column;
  struct sorting s = {v, l->sort_column, l->descending};
  qsort_r(v->order, v->result.n_rows, sizeof *v->order, by_cell, &s);
  return UI_HANDLED | UI_REDRAW;
}

/* The column under the cursor against the first one, or against the row. */
static void draw_column(const struct query *v, struct plot_grid *g, struct area a)
{
  size_t n = v->result.n_rows, column = v->list.cursor_column;
  double *x = xcalloc(n + 1, sizeof *x), *y = xcalloc(n + 1, sizeof *y);
  bool against = column > 0 && n && (cell_at(v, 0, 0)->type == STORE_INTEGER || cell_at(v, 0, 0)->type == STORE_REAL);
  for (size_t i = 0; i < n; i++) {
    const struct store_cell *p = cell_at(v, i, 0), *q = cell_at(v, i, column);
    x[i] = !against ? (double)i : p->type == STORE_INTEGER || p->type == STORE_REAL ? p->r : NAN;
    y[i] = q->type == STORE_INTEGER || q->type == STORE_REAL ? q->r : NAN;
  }
  struct plot_series series = {.label = v->result.names.name[column], .n = n, .x = x, .y = y};
  struct plot_spec spec = {.kind = PLOT_SCATTER, .title = v->result.names.name[column], .x_label = against ? v->result.names.name[0] : "row",
                           .n_series = 1, .series = &series};
  draw_plot(g, a, &spec);
  free(x);
  free(y);
}

static void draw(void *self, struct plot_grid *g, struct area a)
{
  struct query *v = self;
  int rows = 0;
  if (v->sql)
    rows = draw_wrapped(g, (struct area){a.row, 1, 3, a.width - 2}, v->sql, UI_BLUE, 0);
  if (v->job)
    draw_text(g, a.row + rows, 1, a.width - 2, "asking …   x stops it", UI_ORANGE, 0);
  else if (v->problem)
    rows += draw_wrapped(g, (struct area){a.row + rows, 1, 3, a.width - 2}, v->problem, UI_RED, 0);
  else if (v->answered)
    draw_format(g, a.row + rows, 1, a.width - 2, UI_GREY, 0, "%zu row%s%s in %.3f s", v->result.n_rows, v->result.n_rows == 1 ? "" : "s",
                v->result.cut ? " (there are more; add a LIMIT or WHERE)" : "", v->seconds);
  else
    draw_wrapped(g, (struct area){a.row + 1, 2, a.height - 2, a.width - 4},
                 "/ or Enter: type a query in SQL; Tab completes tables and columns, Up brings back earlier ones\nF: questions to begin with\n\n"
                 "Views: runs (one row per run), results(run_id, key, value), params(run_id, key, value), metrics(run_id, key, step, value).", UI_GREY, 0);
  v->table = (struct area){a.row + rows + 1, a.col, a.height - rows - 1, a.width};
  if (!v->answered || !v->result.names.n)
    return;
  if (v->plot)
    draw_column(v, g, v->table);
  else
    list_draw(&v->list, g, v->table);
}

static void show_cell(struct query *v)
{
  struct plot_cell style = {0};
  char *text = cell(v, v->list.at, v->list.cursor_column, &style);
  ui_page(v->ui, v->result.names.name[v->list.cursor_column], text);
  free(text);
}

static unsigned request(void *self, enum request r, const struct ui_event *ev)
{
  struct query *v = self;
  if (r == REQUEST_FILTER || (r == REQUEST_OPEN && !v->answered))
    return edit(v);
  if (r == REQUEST_FOLD)
    return choose_saved(v);
  if (r == REQUEST_CANCEL && v->job) {
    stop(v);
    ui_say(v->ui, "stopped");
    return UI_HANDLED;
  }
  if (!v->answered || !v->result.n_rows)
    return 0;
  if (r == REQUEST_SORT)
    return sort(v);
  if (r == REQUEST_METRIC)
    v->plot = !v->plot;
  else if (r == REQUEST_OPEN)
    show_cell(v);
  else
    return list_request(&v->list, r, ev, v->table);
  return UI_HANDLED | UI_REDRAW;
}

static char *copied(void *self, bool whole)
{
  struct query *v = self;
  return v->answered && v->result.n_rows ? list_text(&v->list, whole) : NULL;
}

static void say_title(void *self, char *out, size_t size)
{
  const struct query *v = self;
  snprintf(out, size, "%s", v->job ? "asking …" : "read-only SQL");
}

static void *open_view(struct ui *ui)
{
  struct query *v = xcalloc(1, sizeof *v);
  v->ui = ui;
  v->list = (struct list){.self = v, .cell = cell};
  start(v, NULL);
  return v;
}

static void close_view(void *self)
{
  struct query *v = self;
  stop(v);
  free_result(&v->result);
  names_free(&v->schema);
  list_free(&v->list);
  free(v->order);
  free(v->sql);
  free(v->problem);
  free(v);
}

static const struct binding keys[] = {{"F", REQUEST_FOLD}, {"m p", REQUEST_METRIC}, {0}};
static const enum request hints[] = {REQUEST_FILTER, REQUEST_FOLD, REQUEST_SORT, REQUEST_METRIC, REQUEST_OPEN, REQUEST_CANCEL, REQUEST_EXPORT, REQUEST_NONE};

const struct view view_query = {
  .name = "Query",
  .screen = REQUEST_SCREEN_QUERY,
  .summary = "Ask the store in SQL: / types a query, F offers some, m plots the column under the cursor, Enter shows a whole cell.",
  .keys = keys,
  .hints = hints,
  .open = open_view,
  .close = close_view,
  .draw = draw,
  .request = request,
  .title = say_title,
  .text = copied,
};
