/* view_runs.c: screen 1: runs, by default grouped by config with n, mean and interval, each against the best. What all
 * have in common is said once, above. runs_int.h names the files that it is made of. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/run_view.h"
#include "app/ui/runs_int.h"
#include "experiments/kernel/mem.h"

/* --- reading ------------------------------------------------------------------------------------------------ */

enum { MANY_ROWS = 20000 };

struct loading {
  struct aside_job job; /* first */
  struct runs *view;
  struct runs_ask ask;
  bool trying;          /* a filter that has just been typed */
  struct runs_data data;
  char *problem;        /* what is wrong with the filter */
  bool good;
};

static void loading_work(struct aside_job *job, struct app *app, struct store *s)
{
  struct loading *l = (struct loading *)job;
  l->good = s && runs_load(&l->data, app, s, &l->ask, &l->problem);
}

static void keep_selection(struct runs *v, int64_t id)
{
  for (size_t i = 0; i < v->list.n_rows && id; i++)
    if (v->data.list.row[v->data.order[i]].id == id) {
      list_select(&v->list, i);
      return;
    }
  list_select(&v->list, v->list.at); /* there may be fewer rows now, and keys may come before they are drawn */
}

static void take_data(struct runs *v, struct loading *l)
{
  bool same = v->loaded && v->data.fold == l->data.fold;
  int64_t selected = same && v->list.n_rows ? v->data.list.row[v->data.order[v->list.at]].id : 0;
  size_t before = v->data.list.n_rows;
  runs_free(&v->data);
  if (before > MANY_ROWS)
    malloc_trim(0); /* megabytes of small pieces, which the next list would not fit into */
  v->data = l->data;
  l->data = (struct runs_data){0};
  v->loaded = true;
  v->list.n_rows = v->data.list.n_rows;
  runs_make_columns(v);
  keep_selection(v, selected);
}

/* The filter that was tried holds from now on, or is asked for again with what is wrong about it. */
static void take_filter(struct runs *v, struct loading *l)
{
  if (l->good) {
    free(v->ask.where);
    v->ask.where = l->ask.where ? xstrdup(l->ask.where) : NULL;
    ui_remember(v->ui, "runs.filter", v->ask.where ? v->ask.where : "");
  } else if (l->problem) {
    runs_ask_filter(v, l->ask.where);
    ui_ask_remark(v->ui, v, l->ask.where, true, "%s", l->problem);
  }
  free(v->typed);
  v->typed = NULL;
}

static void loading_done(struct aside_job *job)
{
  struct loading *l = (struct loading *)job;
  struct runs *v = l->view;
  v->job = NULL;
  free(v->problem);
  v->problem = job->error ? xstrdup(job->error) : l->problem && !l->trying ? xasprintf("filter '%s': %s   (/ changes it)", l->ask.where, l->problem) : NULL;
  if (l->trying && !v->again) /* again: another one has been typed since */
    take_filter(v, l);
  if (l->good)
    take_data(v, l);
  ui_redraw(v->ui);
  if (v->again)
    runs_reload(v);
}

static void loading_release(struct aside_job *job)
{
  struct loading *l = (struct loading *)job;
  runs_free(&l->data);
  runs_ask_free(&l->ask);
  free(l->problem);
  free(l);
}

void runs_reload(struct runs *v)
{
  v->again = v->job != NULL;
  if (v->job)
    return;
  struct loading *l = v->job = xcalloc(1, sizeof *l);
  l->job = (struct aside_job){.work = loading_work, .done = loading_done, .release = loading_release};
  l->view = v;
  l->ask = runs_ask_copy(&v->ask);
  l->trying = v->typed != NULL;
  if (l->trying) {
    free(l->ask.where);
    l->ask.where = *v->typed ? xstrdup(v->typed) : NULL;
  }
  for (size_t i = 0; i < ui_columns(v->ui)->n; i++)
    if (!names_has(&l->ask.columns, ui_columns(v->ui)->name[i]))
      names_add(&l->ask.columns, ui_columns(v->ui)->name[i]);
  aside_ask(ui_aside(v->ui), &l->job);
}

/* The curves of the rows that are seen. */
static void want_curves(struct runs *v)
{
  size_t n = 0, rows = v->list.height > 0 ? (size_t)v->list.height : 0;
  if (v->job)
    return;
  int64_t *run = xcalloc(rows * v->list.n_columns + 1, sizeof *run), *metric = xcalloc(rows * v->list.n_columns + 1, sizeof *metric);
  for (size_t i = 0; i < v->list.n_columns; i++) {
    const struct shown *c = &v->shown[v->list.column[i].source];
    if (c->what != SHOW_CURVE || v->list.column[i].hidden)
      continue;
    for (size_t at = v->list.top; at < v->list.n_rows && at < v->list.top + rows; at++) {
      run[n] = v->data.list.row[v->data.order[at]].id;
      metric[n++] = v->data.metric_id[c->index];
    }
  }
  curves_want(v->curves, run, metric, n);
  free(run);
  free(metric);
}

/* The runs of a row. */
size_t runs_of_row(const struct runs *v, size_t at, int64_t **out)
{
  const struct listing *l = &v->data.list;
  size_t row = v->data.order[at], n = 0;
  *out = xcalloc(l->row[row].n + 1, sizeof **out);
  for (size_t i = 0; i < l->n_runs; i++)
    if (l->run[i].row == row)
      (*out)[n++] = l->run[i].id;
  return n;
}

static bool marked(void *self, size_t at)
{
  const struct runs *v = self;
  return ui_is_marked(v->ui, v->data.list.row[v->data.order[at]].id);
}

/* --- drawing ------------------------------------------------------------------------------------------------------------- */

static void draw(void *self, struct plot_grid *g, struct area a)
{
  struct runs *v = self;
  v->body = a;
  if (!v->loaded || !v->list.n_rows) {
    runs_draw_nothing(v, g, a);
    return;
  }
  runs_draw_same(v, g, a.row, a.width);
  v->table = (struct area){a.row + 1, a.col, a.height - 2, a.width};
  list_draw(&v->list, g, v->table);
  runs_draw_foot(v, g, a.row + a.height - 1, a.width);
  want_curves(v);
}

/* --- requests ----------------------------------------------------------------------------------------------------------- */

static unsigned set_fold(struct runs *v, enum runs_fold fold)
{
  v->ask.fold = fold;
  ui_remember(v->ui, "runs.fold", fold == FOLD_RUNS ? "runs" : fold == FOLD_BEST ? "best" : "configs");
  v->list.at = v->list.top = 0;
  runs_reload(v);
  return UI_HANDLED;
}

/* By the result under the cursor, or the one that rows are judged by. */
static unsigned best_of_each(struct runs *v)
{
  const char *here = runs_result_here(v), *score = v->data.score != SIZE_MAX ? v->data.list.results.name[v->data.score] : NULL;
  bool again = v->ask.fold == FOLD_BEST && (!here || strcmp(here, v->ask.best_of) == 0);
  if (again)
    return set_fold(v, FOLD_CONFIGS);
  if ((!here && !score) || !runs_result_is_number(&v->data.list, row_find(&v->data.list.results, here ? here : score))) {
    ui_say(v->ui, here ? "%s is no number: nothing to be best in" : "no result yet to be best in", here);
    return UI_HANDLED;
  }
  char *wanted = xstrdup(here ? here : score);
  free(v->ask.best_of);
  v->ask.best_of = wanted;
  free(v->ask.sort);
  v->ask.sort = NULL;
  v->ask.sort_given = false;
  ui_remember(v->ui, "runs.best_of", wanted);
  return set_fold(v, FOLD_BEST);
}

static unsigned next_curve(struct runs *v)
{
  const struct names *metrics = &v->data.metrics;
  size_t now = SIZE_MAX;
  for (size_t i = v->list.n_columns; i-- > 0;)
    if (v->shown[i].what == SHOW_CURVE)
      now = v->shown[i].index;
  if (!metrics->n)
    return UI_HANDLED;
  free(v->curve);
  v->curve = xstrdup(metrics->name[now == SIZE_MAX ? 0 : (now + 1) % metrics->n]);
  ui_remember(v->ui, "runs.curve", v->curve);
  ui_say(v->ui, "curves of %s", v->curve);
  runs_make_columns(v);
  return UI_HANDLED;
}

static unsigned mark(struct runs *v)
{
  int64_t *runs;
  size_t n = runs_of_row(v, v->list.at, &runs);
  ui_mark(v->ui, runs, n, !marked(v, v->list.at));
  free(runs);
  list_select(&v->list, v->list.at + 1);
  return UI_HANDLED | UI_REDRAW;
}

/* All that is shown, or none of it when the selected row is marked. */
static unsigned mark_all(struct runs *v)
{
  const struct listing *l = &v->data.list;
  int64_t *runs = xcalloc(l->n_runs + 1, sizeof *runs);
  for (size_t i = 0; i < l->n_runs; i++)
    runs[i] = l->run[i].id;
  ui_mark(v->ui, runs, l->n_runs, !marked(v, v->list.at));
  free(runs);
  return UI_HANDLED | UI_REDRAW;
}

static unsigned unmark(struct runs *v)
{
  const int64_t *marks;
  size_t n = ui_marked(v->ui, &marks);
  int64_t *all = xcalloc(n + 1, sizeof *all);
  for (size_t i = 0; i < n; i++)
    all[i] = marks[i];
  ui_mark(v->ui, all, n, false);
  free(all);
  ui_say(v->ui, n ? "no run is marked any more" : "no run is marked");
  return UI_HANDLED | UI_REDRAW;
}

static unsigned open_row(struct runs *v)
{
  int64_t *runs;
  size_t n = runs_of_row(v, v->list.at, &runs);
  run_view_show(v->ui, runs, n);
  free(runs);
  ui_go(v->ui, REQUEST_SCREEN_RUN);
  return UI_HANDLED;
}

/* Screen 2, where nothing has been opened yet, has the selected row. */
static unsigned go_to_run(struct runs *v)
{
  const int64_t *shown;
  return run_view_shown(v->ui, &shown) ? 0 : open_row(v);
}

/* Do the runs of the row again; the form asks where they are several. */
static unsigned run_again(struct runs *v)
{
  int64_t *runs;
  size_t n = runs_of_row(v, v->list.at, &runs);
  run_again_start(&v->again_form, runs, n);
  free(runs);
  return UI_HANDLED | UI_REDRAW;
}

static unsigned go_to_script(struct runs *v)
{
  const struct listing *l = &v->data.list;
  experiments_select(v->ui, l->experiments.name[l->row[v->data.order[v->list.at]].experiment]);
  ui_go(v->ui, REQUEST_SCREEN_EXPERIMENTS);
  ui_say(v->ui, "its script: Enter changes a parameter, S starts it; finished runs are not done again");
  return UI_HANDLED;
}

static unsigned list_keys(struct runs *v, enum request r, const struct ui_event *ev)
{
  unsigned answer = list_request(&v->list, r, ev, v->table);
  if (answer && list_request_changes_columns(r))
    runs_keep_columns(v);
  return answer;
}

static unsigned request(void *self, enum request r, const struct ui_event *ev)
{
  struct runs *v = self;
  if (r == REQUEST_FILTER) {
    runs_ask_filter(v, v->ask.where);
    return UI_HANDLED;
  }
  if (r == REQUEST_FOLD)
    return set_fold(v, v->ask.fold == FOLD_CONFIGS ? FOLD_RUNS : FOLD_CONFIGS);
  if (r == REQUEST_UNDO)
    return changes_undo(v->changes);
  if (!v->loaded || !v->list.n_rows)
    return 0;
  switch (r) {
  case REQUEST_OPEN: return open_row(v);
  case REQUEST_SCREEN_RUN: return go_to_run(v);
  case REQUEST_RERUN: return run_again(v);
  case REQUEST_START: return go_to_script(v);
  case REQUEST_MARK: return mark(v);
  case REQUEST_MARK_ALL: return mark_all(v);
  case REQUEST_UNMARK: return unmark(v);
  case REQUEST_SORT: return runs_sort_here(v);
  case REQUEST_BEST: return best_of_each(v);
  case REQUEST_METRIC: return next_curve(v);
  case REQUEST_COLUMNS: return runs_choose_columns(v);
  case REQUEST_TAG: case REQUEST_NOTE: case REQUEST_TRASH: return changes_ask(v->changes, r);
  default: return list_keys(v, r, ev);
  }
}

static char *copied(void *self, bool whole)
{
  struct runs *v = self;
  if (!v->loaded || !v->list.n_rows)
    return NULL;
  return whole ? runs_csv(v) : list_text(&v->list, false);
}

/* --- the view ------------------------------------------------------------------------------------------------------------------ */

static char *recalled(struct ui *ui, const char *key)
{
  const char *text = ui_recall(ui, key);
  return text && *text ? xstrdup(text) : NULL;
}

static void recall(struct runs *v)
{
  const char *fold = ui_recall(v->ui, "runs.fold"), *descending = ui_recall(v->ui, "runs.descending");
  v->ask.where = recalled(v->ui, "runs.filter");
  v->ask.best_of = recalled(v->ui, "runs.best_of");
  v->ask.sort = recalled(v->ui, "runs.sort");
  v->ask.sort_given = v->ask.sort != NULL;
  v->ask.descending = descending && *descending == '1';
  v->ask.fold = fold && strcmp(fold, "runs") == 0 ? FOLD_RUNS : fold && strcmp(fold, "best") == 0 && v->ask.best_of ? FOLD_BEST : FOLD_CONFIGS;
  v->curve = recalled(v->ui, "runs.curve");
  runs_recall_columns(v);
}

static void *open_view(struct ui *ui)
{
  struct runs *v = xcalloc(1, sizeof *v);
  v->ui = ui;
  v->list = (struct list){.self = v, .cell = runs_cell, .draw = runs_draw_cell, .marked = marked};
  v->curves = curves_new(ui);
  v->changes = changes_new(v);
  run_again_init(&v->again_form, ui);
  recall(v);
  return v;
}

static void close_view(void *self)
{
  struct runs *v = self;
  if (v->job)
    aside_drop(ui_aside(v->ui), &v->job->job);
  runs_stop_checking(v);
  curves_free(v->curves);
  changes_free(v->changes);
  run_again_free(&v->again_form);
  runs_free(&v->data);
  runs_ask_free(&v->ask);
  list_free(&v->list);
  names_free(&v->choosing.all);
  free(v->choosing.on);
  free(v->shown);
  free(v->problem);
  free(v->typed);
  free(v->curve);
  free(v);
}

static void refresh(void *self, bool store_changed)
{
  struct runs *v = self;
  if (store_changed) {
    if (v->data.n_running)
      curves_outdate(v->curves); /* those of running runs grow */
    runs_reload(v);
  } else if (!v->loaded && !v->problem) {
    runs_reload(v);
  }
}

static const enum request hints[] = {REQUEST_OPEN, REQUEST_MARK, REQUEST_FILTER, REQUEST_SORT, REQUEST_FOLD, REQUEST_BEST, REQUEST_COLUMNS,
                                     REQUEST_SCREEN_COMPARE, REQUEST_TAG, REQUEST_NOTE, REQUEST_TRASH, REQUEST_UNDO, REQUEST_METRIC, REQUEST_EXPORT,
                                     REQUEST_RERUN, REQUEST_START, REQUEST_UNMARK, REQUEST_COLUMN_LEFT, REQUEST_COLUMN_RIGHT, REQUEST_HIDE_COLUMN, REQUEST_NONE};

const struct view view_runs = {
  .name = "Runs",
  .screen = REQUEST_SCREEN_RUNS,
  .summary = "All runs of the store, grouped by config with count, mean and 95 % interval over seeds. z shows single runs, b the best run of each"
             " config by the result under the cursor. A filter is SQL over parameters, results, tags and notes, or words to look for.",
  .hints = hints,
  .open = open_view,
  .close = close_view,
  .refresh = refresh,
  .draw = draw,
  .request = request,
  .title = runs_say_title,
  .text = copied,
};
