/* view_query.c: screen 9: questions to the store in SQL. A query runs on a thread of its own under a limit of rows and can be
 * stopped; its answer is a table as on the other screens, its runs can be marked, and its columns plotted. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/query_data.h"
#include "experiments/kernel/mem.h"

struct query {
  struct ui *ui;
  struct list list;
  struct query_result result;
  char *sql;                 /* as asked last; owned */
  bool answered, plot, log_x, log_y;
  char *problem;
  double seconds;
  struct asking_store *job;
  struct checking_sql *checking;
  struct query_schema schema;
  struct names choices;      /* of the menu of queries: their texts */
  struct area table;
};

/* --- asking ----------------------------------------------------------------------------------------------------- */

struct asking_store {
  struct aside_job job; /* first */
  struct query *view;
  char *sql;
  struct query_result result;
  char *problem;
  bool good, refused;
};

static void edit_sql(struct query *v, const char *initial);

static void work(struct aside_job *job, struct app *app, struct store *s)
{
  struct asking_store *a = (struct asking_store *)job;
  if (s)
    a->good = query_ask(&a->result, app, s, a->sql, &a->problem, &a->refused);
}

/* Columns stand as the query names them; those of the same query as they were arranged. */
static void take_result(struct query *v, struct asking_store *a, bool same)
{
  query_result_free(&v->result);
  v->result = a->result;
  a->result = (struct query_result){0};
  v->answered = true;
  if (!same)
    list_clear_columns(&v->list);
  v->list.n_rows = v->result.n_rows;
  list_set_columns(&v->list, (const char *const *)v->result.names.name, v->result.names.n);
  for (size_t i = 0; i < v->result.names.n; i++)
    list_column(&v->list, i)->right = query_is_number(&v->result, i);
  if (v->list.sorted)
    query_sort(&v->result, v->list.sort_column, v->list.descending);
  list_select(&v->list, same ? v->list.at : 0);
}

static void done(struct aside_job *job)
{
  struct asking_store *a = (struct asking_store *)job;
  struct query *v = a->view;
  bool same = v->answered && v->sql && strcmp(v->sql, a->sql) == 0;
  v->job = NULL;
  v->seconds = job->seconds;
  free(v->problem);
  v->problem = job->error ? xstrdup(job->error) : NULL;
  if (a->refused) { /* to be mended where it was typed */
    edit_sql(v, a->sql);
    ui_ask_remark(v->ui, v, a->sql, true, "%s", a->problem);
  } else {
    free(v->sql);
    v->sql = xstrdup(a->sql);
    ui_remember(v->ui, "query.last", a->sql);
    if (a->good) {
      take_result(v, a, same);
    } else { /* the answer to another question would mislead */
      query_result_free(&v->result);
      v->answered = false;
      v->list.n_rows = 0;
      v->problem = v->problem ? v->problem : xstrdup(a->problem ? a->problem : "no answer");
    }
  }
  ui_redraw(v->ui);
}

static void release(struct aside_job *job)
{
  struct asking_store *a = (struct asking_store *)job;
  query_result_free(&a->result);
  free(a->problem);
  free(a->sql);
  free(a);
}

static void stop(struct query *v)
{
  if (v->job)
    aside_drop(ui_aside_slow(v->ui), &v->job->job);
  v->job = NULL;
}

static void start(struct query *v, const char *sql)
{
  struct asking_store *a = xcalloc(1, sizeof *a);
  stop(v);
  a->job = (struct aside_job){.work = work, .done = done, .release = release};
  a->view = v;
  a->sql = xstrdup(sql);
  v->job = a;
  aside_ask(ui_aside_slow(v->ui), &a->job);
}

/* --- while a query is typed: what is wrong with it, or what it will show ------------------------------------------------ */

struct checking_sql {
  struct aside_job job; /* first */
  struct query *view;
  char *text, *remark;
  bool bad;
  struct query_schema schema;
  bool schema_wanted;
};

static char *columns_text(const struct store_query *q)
{
  char *text;
  size_t size, n = store_query_columns(q);
  FILE *f = xstream_open(&text, &size);
  fprintf(f, "%zu column%s", n, n == 1 ? ":" : "s:");
  for (size_t i = 0; i < n && i < 30; i++)
    fprintf(f, "%s %s", i ? "," : "", store_query_name(q, i));
  xstream_close(f);
  return text;
}

static void check_work(struct aside_job *job, struct app *app, struct store *s)
{
  struct checking_sql *c = (struct checking_sql *)job;
  if (s && c->schema_wanted)
    query_schema_load(&c->schema, app, s);
  struct store_query *q = s && *c->text ? reading_query(app, s, c->text) : NULL;
  if (q) {
    c->remark = columns_text(q);
    store_query_close(q);
  } else if (s && *c->text && !app->cancel) {
    const char *message = store_message(s);
    bool unfinished = strstr(message, "incomplete input") || strstr(message, "unrecognized token: \"'");
    c->remark = xstrdup(unfinished ? "unfinished" : message);
    c->bad = !unfinished;
  }
}

static void check_done(struct aside_job *job)
{
  struct checking_sql *c = (struct checking_sql *)job;
  struct query *v = c->view;
  v->checking = NULL;
  if (c->schema.tables.n) {
    query_schema_free(&v->schema);
    v->schema = c->schema;
    c->schema = (struct query_schema){0};
  }
  if (c->remark)
    ui_ask_remark(v->ui, v, c->text, c->bad, "%s", c->remark);
}

static void check_release(struct aside_job *job)
{
  struct checking_sql *c = (struct checking_sql *)job;
  query_schema_free(&c->schema);
  free(c->text);
  free(c->remark);
  free(c);
}

static void check(struct query *v, const char *text, bool schema_wanted)
{
  if (v->checking && !v->checking->schema_wanted)
    aside_drop(ui_aside(v->ui), &v->checking->job);
  struct checking_sql *c = v->checking = xcalloc(1, sizeof *c);
  *c = (struct checking_sql){.job = {.work = check_work, .done = check_done, .release = check_release}, .view = v, .text = xstrdup(text),
                             .schema_wanted = schema_wanted};
  aside_ask(ui_aside(v->ui), &c->job);
}

static void sql_changed(void *self, const char *text) { check(self, text, false); }

static void accept_sql(void *self, const char *text)
{
  if (*text)
    start(self, text);
}

static char *candidates(void *self, const char *text, size_t cursor)
{
  const struct query *v = self;
  return query_candidates(&v->schema, text, cursor);
}

static void edit_sql(struct query *v, const char *initial)
{
  ui_ask(v->ui, &(struct ui_question){.label = "SQL:", .initial = initial, .history = "sql", .self = v, .accept = accept_sql, .changed = sql_changed,
                                      .candidates = candidates});
}

static unsigned edit(struct query *v)
{
  const char *last = v->sql ? v->sql : ui_recall(v->ui, "query.last");
  check(v, "", true); /* keys may have come */
  edit_sql(v, last ? last : "SELECT ");
  return UI_HANDLED;
}

/* --- saved queries -------------------------------------------------------------------------------------------------- */

#define SAVED_KEY "query.saved."

static const struct { const char *name, *sql; } prepared[] = {
  {"best runs of each experiment", "SELECT experiment, count(*) AS n, min(value) AS best_val_error FROM results WHERE key = 'val_error' GROUP BY experiment"},
  {"runs that failed, and why", "SELECT id, experiment, status, error FROM runs WHERE status <> 'done' ORDER BY id DESC"},
  {"slowest runs", "SELECT id, experiment, wall_s, peak_memory_b / 1e6 AS peak_mb FROM runs ORDER BY wall_s DESC LIMIT 50"},
  {"points per metric", "SELECT k.name, count(*) AS points FROM metric m JOIN metric_key k ON k.id = m.key_id GROUP BY k.name"},
  {"verdicts on published claims", "SELECT paper, verdict, effect, low, high, created_at FROM verdict ORDER BY created_at DESC"},
  {"tables and views", "SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'view')"},
};

enum { PREPARED = sizeof prepared / sizeof *prepared, EARLIER = 20 };

static void accept_choice(void *self, size_t index)
{
  struct query *v = self;
  start(v, v->choices.name[index]);
}

/* "saved", "earlier": where a query of the menu comes from stands before its text. */
static void add_choice(struct query *v, struct names *item, struct names *note, const char *name, const char *from, const char *sql)
{
  char *text = xasprintf("%s%s%s", from, *from ? "  " : "", sql);
  names_add(item, name);
  names_add(note, text);
  names_add(&v->choices, sql);
  free(text);
}

static void collect_choices(struct query *v, struct names *item, struct names *note)
{
  const struct names *names, *texts;
  struct names saved = {0}, earlier = {0};
  size_t own = ui_queries(v->ui, &names, &texts);
  names_free(&v->choices);
  ui_recall_all(v->ui, SAVED_KEY, &saved);
  ui_ask_history(v->ui, "sql", EARLIER, &earlier);
  for (size_t i = 0; i < own; i++)
    add_choice(v, item, note, names->name[i], "init.lua", texts->name[i]);
  for (size_t i = 0; i < saved.n; i++) {
    char *key = xasprintf(SAVED_KEY "%s", saved.name[i]);
    add_choice(v, item, note, saved.name[i], "saved", ui_recall(v->ui, key));
    free(key);
  }
  for (size_t i = 0; i < PREPARED; i++)
    add_choice(v, item, note, prepared[i].name, "", prepared[i].sql);
  for (size_t i = 0; i < earlier.n; i++)
    add_choice(v, item, note, earlier.name[i], "earlier", "");
  for (size_t i = 0; i < earlier.n; i++) { /* their text is their name */
    size_t at = v->choices.n - earlier.n + i;
    free(v->choices.name[at]);
    v->choices.name[at] = xstrdup(earlier.name[i]);
  }
  names_free(&saved);
  names_free(&earlier);
}

static unsigned choose_query(struct query *v)
{
  struct names item = {0}, note = {0};
  collect_choices(v, &item, &note);
  ui_menu(v->ui, &(struct ui_menu){.title = "queries: your own, to begin with, earlier ones", .item = (const char *const *)item.name,
                                   .note = (const char *const *)note.name, .n = item.n, .self = v, .accept = accept_choice});
  names_free(&item);
  names_free(&note);
  return UI_HANDLED;
}

static void accept_name(void *self, const char *text)
{
  struct query *v = self;
  bool away = *text == '-';
  const char *name = text + away;
  char *key = xasprintf(SAVED_KEY "%s", name);
  if (strpbrk(name, "\t\n"))
    ui_complain(v->ui, "a name is one line");
  else if (*name && away && !(ui_recall(v->ui, key) && *ui_recall(v->ui, key)))
    ui_complain(v->ui, "no query is saved as '%s'", name);
  else if (*name) {
    ui_remember(v->ui, key, away ? "" : v->sql);
    ui_say(v->ui, away ? "'%s' is forgotten" : "saved as '%s': F offers it", name);
  }
  free(key);
}

static char *saved_names(void *self, const char *text, size_t cursor)
{
  struct query *v = self;
  struct names saved = {0};
  size_t from = *text == '-', size;
  char *out;
  FILE *f = xstream_open(&out, &size);
  ui_recall_all(v->ui, SAVED_KEY, &saved);
  for (size_t i = 0; i < saved.n && cursor >= from; i++)
    if (strncmp(saved.name[i], text + from, cursor - from) == 0)
      fprintf(f, "%s%s", ftell(f) > 0 ? "\n" : "", saved.name[i]);
  xstream_close(f);
  names_free(&saved);
  return out;
}

static unsigned save_query(struct query *v)
{
  if (!v->sql)
    ui_say(v->ui, "ask something first: / types a query");
  else
    ui_ask(v->ui, &(struct ui_question){.label = "save this query as (-NAME forgets one):", .history = "query name", .self = v, .accept = accept_name,
                                        .candidates = saved_names});
  return UI_HANDLED;
}

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

static unsigned mark(struct query *v, bool all)
{
  size_t column = run_column(v), n = 0;
  if (column == SIZE_MAX) {
    ui_say(v->ui, "to mark runs, let the query show a column run_id, or the id of runs");
    return UI_HANDLED;
  }
  int64_t *run = xcalloc(v->result.n_rows + 1, sizeof *run);
  for (size_t at = all ? 0 : v->list.at; at < v->result.n_rows && (all || at == v->list.at); at++)
    if (query_cell(&v->result, at, column)->type == STORE_INTEGER)
      run[n++] = query_cell(&v->result, at, column)->i;
  ui_mark(v->ui, run, n, !marked(v, v->list.at));
  free(run);
  if (!all)
    list_select(&v->list, v->list.at + 1);
  return UI_HANDLED | UI_REDRAW;
}

static unsigned sort(struct query *v)
{
  struct list *l = &v->list;
  size_t source = list_cursor(l);
  l->descending = l->sorted && l->sort_column == source && !l->descending;
  l->sorted = true;
  l->sort_column = source;
  query_sort(&v->result, source, l->descending);
  return UI_HANDLED | UI_REDRAW;
}

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

static void draw_column(const struct query *v, struct plot_grid *g, struct area a)
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

/* --- drawing --------------------------------------------------------------------------------------------------------------- */

static int draw_head(struct query *v, struct plot_grid *g, struct area a)
{
  int rows = v->sql ? draw_wrapped(g, (struct area){a.row, 1, 3, a.width - 2}, v->sql, UI_BLUE, 0) : 0;
  if (v->job) {
    draw_text(g, a.row + rows, 1, a.width - 2, "asking …   x stops it", UI_ORANGE, 0);
  } else if (v->problem) {
    rows += draw_wrapped(g, (struct area){a.row + rows, 1, 3, a.width - 2}, v->problem, UI_RED, 0);
  } else if (v->answered) {
    const char *more = v->result.cut ? " (there are more; add a LIMIT or WHERE)" : "";
    draw_format(g, a.row + rows, 1, a.width - 2, UI_GREY, 0, "%zu row%s%s in %.3f s", v->result.n_rows, v->result.n_rows == 1 ? "" : "s", more, v->seconds);
  } else {
    draw_wrapped(g, (struct area){a.row + 1, 2, a.height - 2, a.width - 4},
                 "/ or Enter: type a query in SQL; Tab completes tables and columns, Up brings back earlier ones\nF: queries to begin with, saved and earlier "
                 "ones; W keeps one under a name\n\nViews: runs (one row per run), results(run_id, key, value), params(run_id, key, value), "
                 "metrics(run_id, key, step, value).", UI_GREY, 0);
  }
  return rows;
}

static void draw(void *self, struct plot_grid *g, struct area a)
{
  struct query *v = self;
  int rows = draw_head(v, g, a);
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
  size_t column = list_cursor(&v->list);
  char *text = exact(v, v->list.at, column);
  ui_page(v->ui, v->result.names.name[column], text);
  free(text);
}

static void say_title(void *self, char *out, size_t size)
{
  const struct query *v = self;
  const int64_t *marks;
  size_t n = ui_marked(v->ui, &marks);
  if (v->job)
    snprintf(out, size, "asking …");
  else if (n)
    snprintf(out, size, "read-only SQL  %zu marked", n);
  else
    snprintf(out, size, "read-only SQL");
}

/* --- requests ------------------------------------------------------------------------------------------------------------ */

static unsigned look(struct query *v, enum request r)
{
  if (r == REQUEST_METRIC)
    v->plot = !v->plot;
  else if (r == REQUEST_LOG_X)
    v->log_x = !v->log_x;
  else
    v->log_y = !v->log_y;
  return UI_HANDLED | UI_REDRAW;
}

static unsigned request(void *self, enum request r, const struct ui_event *ev)
{
  struct query *v = self;
  if (r == REQUEST_FILTER || (r == REQUEST_OPEN && !v->answered))
    return edit(v);
  if (r == REQUEST_FOLD)
    return choose_query(v);
  if (r == REQUEST_SAVE)
    return save_query(v);
  if (r == REQUEST_CANCEL && v->job) {
    stop(v);
    ui_say(v->ui, "stopped");
    return UI_HANDLED;
  }
  if (!v->answered || !v->result.n_rows)
    return 0;
  switch (r) {
  case REQUEST_SORT: return sort(v);
  case REQUEST_MARK: case REQUEST_MARK_ALL: return mark(v, r == REQUEST_MARK_ALL);
  case REQUEST_METRIC: case REQUEST_LOG_X: case REQUEST_LOG_Y: return look(v, r);
  case REQUEST_COLUMNS: list_choose_columns(&v->list, v->ui); return UI_HANDLED;
  case REQUEST_OPEN: show_cell(v); return UI_HANDLED | UI_REDRAW;
  default: return list_request(&v->list, r, ev, v->table);
  }
}

static char *copied(void *self, bool whole)
{
  struct query *v = self;
  return v->answered && v->result.n_rows ? list_text(&v->list, whole) : NULL;
}

static void *open_view(struct ui *ui)
{
  struct query *v = xcalloc(1, sizeof *v);
  v->ui = ui;
  v->list = (struct list){.self = v, .cell = cell, .exact = exact, .marked = marked};
  return v;
}

static void close_view(void *self)
{
  struct query *v = self;
  stop(v);
  if (v->checking)
    aside_drop(ui_aside(v->ui), &v->checking->job);
  query_result_free(&v->result);
  query_schema_free(&v->schema);
  names_free(&v->choices);
  list_free(&v->list);
  free(v->sql);
  free(v->problem);
  free(v);
}

static const struct binding keys[] = {{"F", REQUEST_FOLD}, {"m p", REQUEST_METRIC}, {0}};
static const enum request hints[] = {REQUEST_FILTER, REQUEST_FOLD, REQUEST_SORT, REQUEST_METRIC, REQUEST_MARK, REQUEST_SAVE, REQUEST_OPEN, REQUEST_CANCEL,
                                     REQUEST_COLUMNS, REQUEST_EXPORT, REQUEST_LOG_Y, REQUEST_LOG_X, REQUEST_NONE};

const struct view view_query = {
  .name = "Query",
  .screen = REQUEST_SCREEN_QUERY,
  .summary = "Ask the store in SQL: / types a query, F offers some, W keeps one, Enter shows a whole cell. m plots the column under the cursor against"
             " the one that is sorted by, Space marks the run of a row (a column run_id, or the id of runs).",
  .keys = keys,
  .hints = hints,
  .open = open_view,
  .close = close_view,
  .draw = draw,
  .request = request,
  .title = say_title,
  .text = copied,
};
