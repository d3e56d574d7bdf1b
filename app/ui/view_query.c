/* view_query.c: screen 9: questions to the store in SQL. A query runs on a thread of its own under a limit of rows and can be
 * stopped; its answer is a table as on the other screens, its runs can be marked, and its columns plotted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/query_int.h"
#include "experiments/kernel/mem.h"

/* --- asking ----------------------------------------------------------------------------------------------------- */

struct asking_store {
  struct aside_job job; /* first */
  struct query *view;
  char *sql;
  struct query_result result;
  char *problem;
  bool good, refused;
};

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
    query_type(v, a->sql);
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

void query_start(struct query *v, const char *sql)
{
  struct asking_store *a = xcalloc(1, sizeof *a);
  stop(v);
  a->job = (struct aside_job){.work = work, .done = done, .release = release};
  a->view = v;
  a->sql = xstrdup(sql);
  v->job = a;
  aside_ask(ui_aside_slow(v->ui), &a->job);
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
    query_draw_column(v, g, v->table);
  else
    list_draw(&v->list, g, v->table);
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

static unsigned request_of_table(struct query *v, enum request r, const struct ui_event *ev)
{
  if (!v->answered || !v->result.n_rows)
    return 0;
  switch (r) {
  case REQUEST_SORT: query_table_sort(v); break;
  case REQUEST_MARK: case REQUEST_MARK_ALL: query_table_mark(v, r == REQUEST_MARK_ALL); break;
  case REQUEST_METRIC: case REQUEST_LOG_X: case REQUEST_LOG_Y: return look(v, r);
  case REQUEST_COLUMNS: list_choose_columns(&v->list, v->ui); break;
  case REQUEST_OPEN: query_table_show_cell(v); break;
  default: return list_request(&v->list, r, ev, v->table);
  }
  return UI_HANDLED | UI_REDRAW;
}

static unsigned request(void *self, enum request r, const struct ui_event *ev)
{
  struct query *v = self;
  if (r == REQUEST_FILTER || (r == REQUEST_OPEN && !v->answered))
    query_edit(v);
  else if (r == REQUEST_FOLD)
    query_choose(v);
  else if (r == REQUEST_SAVE)
    query_save(v);
  else if (r == REQUEST_CANCEL && v->job) {
    stop(v);
    ui_say(v->ui, "stopped");
  } else {
    return request_of_table(v, r, ev);
  }
  return UI_HANDLED;
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
  query_table_init(v);
  return v;
}

static void close_view(void *self)
{
  struct query *v = self;
  stop(v);
  query_typing_end(v);
  query_result_free(&v->result);
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
