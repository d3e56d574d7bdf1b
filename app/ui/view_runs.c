/* view_runs.c: screen 1: runs, by default grouped by config with n, mean and interval, each against the best. What all
 * have in common is said once, above. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/ui/rows.h"
#include "app/ui/run_view.h"
#include "app/ui/runs_data.h"
#include "experiments/kernel/mem.h"

enum { SPARKS = 512, SPARK_WIDTH = 8 };

struct spark { int64_t run; double value[SPARK_WIDTH]; };

/* What a column shows. */
enum what { SHOW_ID, SHOW_STATUS, SHOW_CONFIG, SHOW_N, SHOW_RESULT, SHOW_BEST, SHOW_CURVE, SHOW_PARAM, SHOW_WALL, SHOW_STARTED };
struct shown { enum what what; size_t index; };

struct runs {
  struct ui *ui;
  struct list list;
  struct shown *shown;           /* one per column */
  struct runs_ask ask;
  struct runs_data data;
  bool loaded, again;            /* data stands; ask once more when the job is back */
  char *problem;                 /* why there is nothing; owned */
  struct loading *job;
  struct spark spark[SPARKS];
  size_t n_sparks;
  struct sparking *sparking;
  struct area body, table;
  struct { struct names all; bool *on; } choosing; /* columns: what the menu offers, and what is ticked */
  struct { int64_t *run; size_t n; } trashed; /* for undo */
};

/* --- reading ------------------------------------------------------------------------------------------------ */

struct loading {
  struct aside_job job; /* first */
  struct runs *view;
  struct runs_ask ask;
  struct runs_data data;
  bool good;
};

static void loading_work(struct aside_job *job, struct app *app, struct store *s)
{
  struct loading *l = (struct loading *)job;
  l->good = s && runs_load(&l->data, app, s, &l->ask);
}

static void make_columns(struct runs *v);
static void start_loading(struct runs *v);

static void keep_selection(struct runs *v, int64_t id)
{
  for (size_t i = 0; i < v->list.n_rows && id; i++)
    if (v->data.list.row[v->data.order[i]].id == id) {
      list_select(&v->list, i);
      return;
    }
}

static void loading_done(struct aside_job *job)
{
  struct loading *l = (struct loading *)job;
  struct runs *v = l->view;
  v->job = NULL;
  free(v->problem);
  v->problem = job->error ? xstrdup(job->error) : NULL;
  if (l->good) {
    int64_t selected = v->loaded && v->list.n_rows ? v->data.list.row[v->data.order[v->list.at]].id : 0;
    runs_free(&v->data);
    v->data = l->data;
    l->data = (struct runs_data){0};
    v->loaded = true;
    v->list.n_rows = v->data.list.n_rows;
    make_columns(v);
    keep_selection(v, selected);
  }
  ui_redraw(v->ui);
  if (v->again)
    start_loading(v);
}

static void loading_release(struct aside_job *job)
{
  struct loading *l = (struct loading *)job;
  runs_free(&l->data);
  runs_ask_free(&l->ask);
  free(l);
}

static void start_loading(struct runs *v)
{
  v->again = v->job != NULL;
  if (v->job)
    return;
  struct loading *l = v->job = xcalloc(1, sizeof *l);
  l->job = (struct aside_job){.work = loading_work, .done = loading_done, .release = loading_release};
  l->view = v;
  l->ask = runs_ask_copy(&v->ask);
  for (size_t i = 0; i < ui_columns(v->ui)->n; i++)
    if (!names_has(&l->ask.columns, ui_columns(v->ui)->name[i]))
      names_add(&l->ask.columns, ui_columns(v->ui)->name[i]);
  aside_ask(ui_aside(v->ui), &l->job);
}

/* --- sparklines of the rows that are seen ------------------------------------------------------------------------ */

struct sparking {
  struct aside_job job; /* first */
  struct runs *view;
  char *metric;
  struct spark *spark;
  size_t n;
};

static double number_at(struct app *app, struct store *s, const char *sql, int64_t run, const char *metric, int64_t step)
{
  struct store_query *q = reading_query(app, s, sql);
  double v = NAN;
  int code;
  if (!q)
    return NAN;
  store_query_bind_int(q, 1, run);
  store_query_bind_text(q, 2, metric);
  if (step != INT64_MIN)
    store_query_bind_int(q, 3, step);
  if (reading_next(q, &code)) {
    struct store_cell c = store_query_cell(q, 0);
    v = c.type == STORE_REAL ? c.r : c.type == STORE_INTEGER ? (double)c.i : NAN;
  }
  store_query_close(q);
  return v;
}

#define OF_METRIC " FROM metric WHERE run_id = ?1 AND key_id = (SELECT id FROM metric_key WHERE name = ?2) "

/* A few seeks in the index, however long the curve is. */
static void read_spark(struct app *app, struct store *s, const char *metric, struct spark *out)
{
  double first = number_at(app, s, "SELECT min(step)" OF_METRIC, out->run, metric, INT64_MIN);
  double last = number_at(app, s, "SELECT max(step)" OF_METRIC, out->run, metric, INT64_MIN);
  for (int i = 0; i < SPARK_WIDTH; i++) {
    double step = first + (last - first) * (i + 1) / SPARK_WIDTH;
    out->value[i] = isnan(step) ? NAN : number_at(app, s, "SELECT value" OF_METRIC "AND step <= ?3 ORDER BY step DESC LIMIT 1", out->run, metric, (int64_t)step);
  }
}

static void sparking_work(struct aside_job *job, struct app *app, struct store *s)
{
  struct sparking *k = (struct sparking *)job;
  for (size_t i = 0; s && i < k->n && !app->cancel; i++)
    read_spark(app, s, k->metric, &k->spark[i]);
}

static void sparking_done(struct aside_job *job)
{
  struct sparking *k = (struct sparking *)job;
  struct runs *v = k->view;
  v->sparking = NULL;
  for (size_t i = 0; i < k->n; i++)
    v->spark[v->n_sparks++ % SPARKS] = k->spark[i];
  ui_redraw(v->ui);
}

static void sparking_release(struct aside_job *job)
{
  struct sparking *k = (struct sparking *)job;
  free(k->metric);
  free(k->spark);
  free(k);
}

static const struct spark *find_spark(const struct runs *v, int64_t run)
{
  for (size_t i = v->n_sparks < SPARKS ? v->n_sparks : SPARKS; i-- > 0;)
    if (v->spark[i].run == run)
      return &v->spark[i];
  return NULL;
}

/* The curve that goes with the first result: its own metric, else the loss. */
static const char *curve_metric(const struct runs *v)
{
  const struct names *r = &v->data.list.results;
  return r->n && strncmp(r->name[0], "val", 3) == 0 ? r->name[0] : r->n && strstr(r->name[0], "error") ? "val_error" : "loss";
}

static void ask_sparks(struct runs *v)
{
  if (v->sparking || v->job || !v->list.n_rows)
    return;
  struct sparking *k = xcalloc(1, sizeof *k);
  k->spark = xcalloc((size_t)(v->list.height > 0 ? v->list.height : 1), sizeof *k->spark);
  for (size_t i = v->list.top; i < v->list.n_rows && i < v->list.top + (size_t)(v->list.height > 0 ? v->list.height : 0); i++) {
    int64_t run = v->data.list.row[v->data.order[i]].id;
    if (!find_spark(v, run))
      k->spark[k->n++].run = run;
  }
  if (!k->n) {
    sparking_release(&k->job);
    return;
  }
  k->job = (struct aside_job){.work = sparking_work, .done = sparking_done, .release = sparking_release};
  k->view = v;
  k->metric = xstrdup(curve_metric(v));
  v->sparking = k;
  aside_ask(ui_aside(v->ui), &k->job);
}

/* --- cells ---------------------------------------------------------------------------------------------------------- */

static const char *status_word(const struct listing_row *r)
{
  for (enum store_status st = STORE_RUNNING; st <= STORE_LOST; st++)
    if (r->count[st])
      return store_status_name(st);
  return "";
}

static char *count_text(const struct listing_row *r, struct plot_cell *style)
{
  size_t done = r->count[STORE_DONE];
  if (r->count[STORE_RUNNING])
    style->fg = UI_BLUE;
  else if (done < r->n)
    style->fg = UI_RED;
  return done == r->n ? xasprintf("%zu", r->n) : xasprintf("%zu/%zu", done, r->n);
}

static char *against_text(const struct runs *v, size_t row, struct plot_cell *style)
{
  const struct against *a = &v->data.against[row];
  style->fg = UI_GREY;
  if (row == v->data.best)
    return xstrdup("best");
  if (!a->known)
    return xstrdup("");
  if (isnan(a->p))
    return xasprintf("%+.2g", a->difference);
  if (a->p < 0.05)
    style->fg = UI_ORANGE;
  return xasprintf("%+.2g p=%.2g%s", a->difference, a->p, a->p < 0.05 ? " *" : "");
}

static char *cell(void *self, size_t at, size_t column, struct plot_cell *style)
{
  const struct runs *v = self;
  const struct listing *l = &v->data.list;
  size_t row = v->data.order[at];
  const struct listing_row *r = &l->row[row];
  const struct shown *c = &v->shown[column];
  switch (c->what) {
  case SHOW_ID: return xasprintf("%lld", (long long)r->id);
  case SHOW_STATUS:
    style->fg = r->count[STORE_DONE] ? UI_GREY : r->count[STORE_RUNNING] ? UI_BLUE : UI_RED;
    return xstrdup(status_word(r));
  case SHOW_CONFIG: return row_config_text(l, row);
  case SHOW_N: return count_text(r, style);
  case SHOW_RESULT: return r->result ? summary_text(&r->result[c->index], v->ask.by_run) : xstrdup("");
  case SHOW_BEST: return against_text(v, row, style);
  case SHOW_PARAM: return row_param_text(&r->param[c->index]);
  case SHOW_WALL: return isnan(r->wall_s) ? xstrdup("") : xasprintf("%.3g", r->wall_s);
  case SHOW_STARTED: return xasprintf("%.16s", r->started);
  case SHOW_CURVE: break;
  }
  return xstrdup("");
}

static bool draw_cell(void *self, struct plot_grid *g, size_t at, size_t column, struct area a)
{
  struct runs *v = self;
  if (v->shown[column].what != SHOW_CURVE)
    return false;
  const struct spark *k = find_spark(v, v->data.list.row[v->data.order[at]].id);
  if (k)
    draw_spark(g, a.row, a.col, a.width < SPARK_WIDTH ? a.width : SPARK_WIDTH, k->value, SPARK_WIDTH, UI_BLUE);
  return true;
}

/* The runs of a row. */
static size_t runs_of(const struct runs *v, size_t at, int64_t **out)
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

/* --- columns ---------------------------------------------------------------------------------------------------------- */

static void add_column(struct runs *v, const char **names, size_t *n, enum what what, size_t index, const char *name)
{
  v->shown = xrealloc(v->shown, (*n + 1) * sizeof *v->shown);
  v->shown[*n] = (struct shown){what, index};
  names[(*n)++] = name;
}

static void make_columns(struct runs *v)
{
  const struct listing *l = &v->data.list;
  const char **names = xcalloc(l->results.n + l->params.n + 8, sizeof *names);
  size_t n = 0;
  if (v->ask.by_run) {
    add_column(v, names, &n, SHOW_ID, 0, "run");
    add_column(v, names, &n, SHOW_STATUS, 0, "status");
  }
  add_column(v, names, &n, SHOW_CONFIG, 0, "config");
  if (!v->ask.by_run)
    add_column(v, names, &n, SHOW_N, 0, "n");
  for (size_t k = 0; k < l->results.n; k++) {
    add_column(v, names, &n, SHOW_RESULT, k, l->results.name[k]);
    if (k == 0 && !v->ask.by_run)
      add_column(v, names, &n, SHOW_BEST, 0, "vs best");
    if (k == 0)
      add_column(v, names, &n, SHOW_CURVE, 0, "curve");
  }
  for (size_t k = 0; k < l->params.n; k++)
    if (names_has(&v->ask.columns, l->params.name[k]) || names_has(ui_columns(v->ui), l->params.name[k]))
      add_column(v, names, &n, SHOW_PARAM, k, l->params.name[k]);
  add_column(v, names, &n, SHOW_WALL, 0, "wall_s");
  if (v->ask.by_run)
    add_column(v, names, &n, SHOW_STARTED, 0, "started");
  list_set_columns(&v->list, names, n);
  for (size_t i = 0; i < n; i++) {
    struct list_column *c = &v->list.column[i];
    c->grows = v->shown[i].what == SHOW_CONFIG;
    c->right = v->shown[i].what == SHOW_N || v->shown[i].what == SHOW_ID || v->shown[i].what == SHOW_WALL;
    c->width = v->shown[i].what == SHOW_CURVE ? SPARK_WIDTH : c->width;
    if (v->ask.sort && strcmp(v->ask.sort, names[i]) == 0) {
      v->list.sorted = true;
      v->list.sort_column = i;
      v->list.descending = v->ask.descending;
    }
  }
  free(names);
}

/* --- drawing ------------------------------------------------------------------------------------------------------------- */

/* "same in all: data fashion-mnist  batch 64": said once. */
static void draw_same(const struct runs *v, struct plot_grid *g, int row, int width)
{
  const struct listing *l = &v->data.list;
  char *text = xstrdup("same in all:");
  if (l->n_rows < 2) {
    free(text);
    return;
  }
  for (size_t k = 0; k < l->params.n; k++) {
    if (l->differs[k] || l->row[0].param[k].type == STORE_NULL || strcmp(l->params.name[k], "seed") == 0)
      continue;
    char *value = row_param_text(&l->row[0].param[k]), *longer = xasprintf("%s %s %s ", text, row_param_name(l->params.name[k]), value);
    free(text);
    free(value);
    text = longer;
  }
  draw_text(g, row, 1, width - 2, text, UI_GREY, 0);
  free(text);
}

static void draw_foot(const struct runs *v, struct plot_grid *g, int row, int width)
{
  const struct listing *l = &v->data.list;
  const char *by = v->ask.sort ? v->ask.sort : l->results.n && !v->ask.by_run ? l->results.name[0] : "id";
  const char *better = !l->results.n || strcmp(by, l->results.name[0]) != 0 ? "" : v->data.higher_better ? " (higher is better)" : " (lower is better)";
  char *text = v->ask.by_run ? xasprintf("-- %zu runs, sorted by %s ", l->n_rows, by)
                             : xasprintf("-- %zu configs, %zu runs, sorted by %s%s; %s is a 95 %% interval, * differs from the best (paired t, Holm) ", l->n_rows,
                                         l->n_runs, by, better, plus_minus());
  int used = draw_text(g, row, 1, width - 2, text, UI_GREY, 0);
  for (int col = 1 + used; col < width - 1; col++)
    plot_put(g, row, col, '-', UI_GREY);
  free(text);
}

static void draw_nothing(const struct runs *v, struct plot_grid *g, struct area a)
{
  bool absent = access(ui_app(v->ui)->db, F_OK) != 0; /* the usual beginning, no mistake */
  const char *text = absent                     ? "no store here yet: 8 shows experiments, S there starts one; or 'assay run FILE.lua' in a shell"
                     : v->problem               ? v->problem
                     : !v->loaded               ? "reading …"
                     : v->ask.where             ? "no run matches the filter; / changes it, an empty filter shows all"
                                                : "no runs yet: 8 starts an experiment, or 'assay run FILE.lua' in a shell";
  draw_wrapped(g, (struct area){a.row + 1, 2, a.height - 2, a.width - 4}, text, v->problem && !absent ? UI_RED : UI_GREY, 0);
}

static void draw(void *self, struct plot_grid *g, struct area a)
{
  struct runs *v = self;
  v->body = a;
  if (!v->loaded || !v->list.n_rows) {
    draw_nothing(v, g, a);
    return;
  }
  draw_same(v, g, a.row, a.width);
  v->table = (struct area){a.row + 1, a.col, a.height - 2, a.width};
  list_draw(&v->list, g, v->table);
  draw_foot(v, g, a.row + a.height - 1, a.width);
  ask_sparks(v);
}

static void say_title(void *self, char *out, size_t size)
{
  const struct runs *v = self;
  const struct listing *l = &v->data.list;
  const int64_t *marks;
  size_t n_marks = ui_marked(v->ui, &marks);
  int n = v->loaded ? snprintf(out, size, "%s%s%zu run%s  %zu config%s", l->experiments.n == 1 ? l->experiments.name[0] : "", l->experiments.n == 1 ? "  " : "",
                               l->n_runs, l->n_runs == 1 ? "" : "s", l->n_rows, l->n_rows == 1 ? "" : "s")
                    : 0;
  if (v->ask.by_run && v->loaded)
    n = snprintf(out, size, "%zu run%s", l->n_runs, l->n_runs == 1 ? "" : "s");
  if (n >= 0 && (size_t)n < size && v->data.n_running)
    n += snprintf(out + n, size - (size_t)n, "  %zu running", v->data.n_running);
  if (n >= 0 && (size_t)n < size && n_marks)
    n += snprintf(out + n, size - (size_t)n, "  %zu marked", n_marks);
  if (n >= 0 && (size_t)n < size && v->ask.where)
    snprintf(out + n, size - (size_t)n, "  where %s", v->ask.where);
}

/* --- requests ----------------------------------------------------------------------------------------------------------- */

static void set_filter(void *self, const char *text)
{
  struct runs *v = self;
  free(v->ask.where);
  v->ask.where = *text ? xstrdup(text) : NULL;
  ui_remember(v->ui, "runs.filter", text);
  start_loading(v);
}

/* Names that may stand in a filter. */
static char *filter_names(void *self, const char *text, size_t cursor)
{
  const struct runs *v = self;
  static const char *const fixed[] = {"experiment", "status", "seed", "wall_s", "started_at", "tags", "note"};
  const struct names *lists[] = {&v->data.list.params, &v->data.list.results};
  size_t from = cursor;
  char *out = xstrdup("");
  while (from && text[from - 1] != ' ' && text[from - 1] != '(')
    from--;
  for (size_t i = 0; i < 3; i++)
    for (size_t k = 0; k < (i < 2 ? lists[i]->n : sizeof fixed / sizeof *fixed); k++) {
      const char *name = i < 2 ? lists[i]->name[k] : fixed[k];
      if (strncmp(name, text + from, cursor - from) != 0)
        continue;
      char *longer = xasprintf("%s%s%s", out, *out ? "\n" : "", name);
      free(out);
      out = longer;
    }
  return out;
}

static unsigned sort_here(struct runs *v)
{
  size_t c = v->list.cursor_column;
  if (c >= v->list.n_columns || v->shown[c].what == SHOW_CURVE || v->shown[c].what == SHOW_BEST || v->shown[c].what == SHOW_CONFIG) {
    ui_say(v->ui, "move to a column with values (left and right), then s sorts by it");
    return UI_HANDLED;
  }
  const char *name = v->shown[c].what == SHOW_ID || v->shown[c].what == SHOW_STARTED ? "id" : v->list.column[c].name;
  bool same = v->ask.sort && strcmp(v->ask.sort, name) == 0;
  v->ask.descending = same ? !v->ask.descending : result_higher_better(name);
  v->ask.sort_given = true;
  char *kept = xstrdup(name);
  free(v->ask.sort);
  v->ask.sort = kept;
  start_loading(v);
  return UI_HANDLED;
}

static unsigned fold(struct runs *v)
{
  v->ask.by_run = !v->ask.by_run;
  ui_remember(v->ui, "runs.by_run", v->ask.by_run ? "1" : "0");
  v->list.at = v->list.top = 0;
  start_loading(v);
  return UI_HANDLED;
}

static unsigned mark(struct runs *v)
{
  int64_t *runs;
  size_t n = runs_of(v, v->list.at, &runs);
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

static unsigned open_row(struct runs *v)
{
  int64_t *runs;
  size_t n = runs_of(v, v->list.at, &runs);
  run_view_show(v->ui, runs, n);
  free(runs);
  ui_go(v->ui, REQUEST_SCREEN_RUN);
  return UI_HANDLED;
}

static unsigned go_to_script(struct runs *v)
{
  const struct listing *l = &v->data.list;
  experiments_select(v->ui, l->experiments.name[l->row[v->data.order[v->list.at]].experiment]);
  ui_go(v->ui, REQUEST_SCREEN_EXPERIMENTS);
  ui_say(v->ui, "its script: Enter changes a parameter, S starts it; finished runs are not done again");
  return UI_HANDLED;
}

/* --- changes: tags, notes, trash ------------------------------------------------------------------------------------------- */

enum change { CHANGE_TAG, CHANGE_NOTE, CHANGE_TRASH, CHANGE_RESTORE };

struct changing {
  struct aside_job job; /* first */
  struct runs *view;
  enum change change;
  int64_t *run;
  size_t n;
  char *text;
};

static int change_one(const struct changing *c, struct store *s, int64_t run)
{
  if (c->change == CHANGE_NOTE)
    return store_note(s, run, c->text);
  return store_tag(s, run, c->text + (*c->text == '-'), *c->text != '-');
}

static void changing_work(struct aside_job *job, struct app *app, struct store *s)
{
  struct changing *c = (struct changing *)job;
  int code = STORE_OK;
  (void)app;
  if (!s)
    return;
  if (c->change == CHANGE_TRASH || c->change == CHANGE_RESTORE)
    code = store_trash(s, c->run, c->n, c->change == CHANGE_TRASH);
  for (size_t i = 0; code == STORE_OK && i < c->n && c->change <= CHANGE_NOTE; i++)
    code = change_one(c, s, c->run[i]);
  if (code != STORE_OK)
    aside_fail(job, "%s", store_message(s));
}

static void changing_done(struct aside_job *job)
{
  static const char *const done[] = {"tagged", "noted", "in the trash (u brings them back)", "back from the trash"};
  struct changing *c = (struct changing *)job;
  struct runs *v = c->view;
  if (job->error) {
    ui_complain(v->ui, "%s", job->error);
    return;
  }
  ui_say(v->ui, "%zu run%s %s", c->n, c->n == 1 ? "" : "s", done[c->change]);
  if (c->change == CHANGE_TRASH) {
    ui_mark(v->ui, c->run, c->n, false);
    free(v->trashed.run);
    v->trashed.run = c->run;
    v->trashed.n = c->n;
    c->run = NULL;
  } else if (c->change == CHANGE_RESTORE) {
    v->trashed.n = 0;
  }
  start_loading(v);
}

static void changing_release(struct aside_job *job)
{
  struct changing *c = (struct changing *)job;
  free(c->run);
  free(c->text);
  free(c);
}

/* The marked runs, or those of the selected row. */
static size_t chosen_runs(struct runs *v, int64_t **out)
{
  const int64_t *marks;
  size_t n = ui_marked(v->ui, &marks);
  if (!n)
    return runs_of(v, v->list.at, out);
  *out = xcalloc(n, sizeof **out);
  memcpy(*out, marks, n * sizeof **out);
  return n;
}

static void change(struct runs *v, enum change what, int64_t *run, size_t n, const char *text)
{
  struct changing *c = xcalloc(1, sizeof *c);
  *c = (struct changing){.job = {.work = changing_work, .done = changing_done, .release = changing_release, .write = true},
                         .view = v, .change = what, .run = run, .n = n, .text = xstrdup(text)};
  aside_ask(ui_aside(v->ui), &c->job);
}

static void change_chosen(struct runs *v, enum change what, const char *text)
{
  int64_t *run;
  size_t n = chosen_runs(v, &run);
  change(v, what, run, n, text);
}

static void accept_tag(void *self, const char *text)
{
  if (*text && strcmp(text, "-") != 0)
    change_chosen(self, CHANGE_TAG, text);
}

static void accept_note(void *self, const char *text) { change_chosen(self, CHANGE_NOTE, text); }
static void accept_trash(void *self, const char *text)
{
  (void)text;
  change_chosen(self, CHANGE_TRASH, "");
}

static unsigned ask_change(struct runs *v, enum request r)
{
  int64_t *run;
  size_t n = chosen_runs(v, &run);
  char *label = xasprintf(r == REQUEST_TAG ? "tag for %zu run%s:" : r == REQUEST_NOTE ? "note for %zu run%s:" : "put %zu run%s into the trash? y/n", n, n == 1 ? "" : "s");
  free(run);
  if (r == REQUEST_TRASH)
    ui_confirm(v->ui, label, v, accept_trash);
  else
    ui_ask(v->ui, &(struct ui_question){.label = label, .history = r == REQUEST_TAG ? "tag" : "note", .self = v,
                                        .accept = r == REQUEST_TAG ? accept_tag : accept_note});
  free(label);
  return UI_HANDLED;
}

static unsigned undo(struct runs *v)
{
  if (!v->trashed.n) {
    ui_say(v->ui, "nothing to undo");
    return UI_HANDLED;
  }
  int64_t *run = xcalloc(v->trashed.n, sizeof *run);
  memcpy(run, v->trashed.run, v->trashed.n * sizeof *run);
  change(v, CHANGE_RESTORE, run, v->trashed.n, "");
  return UI_HANDLED;
}

static void accept_columns(void *self, size_t index)
{
  struct runs *v = self;
  (void)index;
  names_free(&v->ask.columns);
  for (size_t i = 0; i < v->choosing.all.n; i++)
    if (v->choosing.on[i])
      names_add(&v->ask.columns, v->choosing.all.name[i]);
  for (size_t i = 0; i < v->list.n_columns; i++)
    v->list.column[i].hidden = false;
  start_loading(v);
}

static unsigned choose_columns(struct runs *v)
{
  struct names *all = &v->choosing.all;
  names_free(all);
  free(v->choosing.on);
  for (size_t i = 0; i < v->data.list.params.n; i++)
    names_add(all, v->data.list.params.name[i]);
  for (size_t i = 0; i < v->data.list.keys.n; i++)
    names_add(all, v->data.list.keys.name[i]);
  v->choosing.on = xcalloc(all->n + 1, sizeof *v->choosing.on);
  for (size_t i = 0; i < all->n; i++)
    v->choosing.on[i] = names_has(&v->ask.columns, all->name[i]);
  ui_menu(v->ui, &(struct ui_menu){.title = "columns", .item = (const char *const *)all->name, .n = all->n, .marked = v->choosing.on, .self = v,
                                   .accept = accept_columns});
  return UI_HANDLED;
}

static unsigned request(void *self, enum request r, const struct ui_event *ev)
{
  struct runs *v = self;
  if (r == REQUEST_FILTER) {
    ui_ask(v->ui, &(struct ui_question){.label = "filter (SQL, or words):", .initial = v->ask.where, .history = "filter", .self = v,
                                        .accept = set_filter, .candidates = filter_names});
    return UI_HANDLED;
  }
  if (r == REQUEST_FOLD)
    return fold(v);
  if (r == REQUEST_UNDO)
    return undo(v);
  if (!v->loaded || !v->list.n_rows)
    return 0;
  switch (r) {
  case REQUEST_OPEN: return open_row(v);
  case REQUEST_RERUN: return go_to_script(v);
  case REQUEST_MARK: return mark(v);
  case REQUEST_MARK_ALL: return mark_all(v);
  case REQUEST_SORT: return sort_here(v);
  case REQUEST_COLUMNS: return choose_columns(v);
  case REQUEST_TAG: case REQUEST_NOTE: case REQUEST_TRASH: return ask_change(v, r);
  default: return list_request(&v->list, r, ev, v->table);
  }
}

static char *copied(void *self, bool whole)
{
  struct runs *v = self;
  return v->loaded && v->list.n_rows ? list_text(&v->list, whole) : NULL;
}

/* --- the view ------------------------------------------------------------------------------------------------------------------ */

static void *open_view(struct ui *ui)
{
  struct runs *v = xcalloc(1, sizeof *v);
  const char *filter = ui_recall(ui, "runs.filter"), *by_run = ui_recall(ui, "runs.by_run");
  v->ui = ui;
  v->list = (struct list){.self = v, .cell = cell, .draw = draw_cell, .marked = marked};
  v->ask.where = filter && *filter ? xstrdup(filter) : NULL;
  v->ask.by_run = by_run && *by_run == '1';
  return v;
}

static void close_view(void *self)
{
  struct runs *v = self;
  if (v->job)
    aside_drop(ui_aside(v->ui), &v->job->job);
  if (v->sparking)
    aside_drop(ui_aside(v->ui), &v->sparking->job);
  runs_free(&v->data);
  runs_ask_free(&v->ask);
  list_free(&v->list);
  names_free(&v->choosing.all);
  free(v->choosing.on);
  free(v->shown);
  free(v->problem);
  free(v->trashed.run);
  free(v);
}

static void refresh(void *self, bool store_changed)
{
  struct runs *v = self;
  if (store_changed) {
    for (size_t i = 0; i < SPARKS; i++) /* curves of running runs grow */
      v->spark[i].run = v->data.n_running ? 0 : v->spark[i].run;
    start_loading(v);
  } else if (!v->loaded && !v->problem) {
    start_loading(v);
  }
}

static const enum request hints[] = {REQUEST_OPEN, REQUEST_MARK, REQUEST_FILTER, REQUEST_SORT, REQUEST_FOLD, REQUEST_COLUMNS,
                                     REQUEST_SCREEN_COMPARE, REQUEST_TAG, REQUEST_TRASH, REQUEST_UNDO, REQUEST_EXPORT, REQUEST_NONE};

const struct view view_runs = {
  .name = "Runs",
  .screen = REQUEST_SCREEN_RUNS,
  .summary = "All runs of the store, grouped by config with count, mean and 95 % interval over seeds; z shows single runs.",
  .hints = hints,
  .open = open_view,
  .close = close_view,
  .refresh = refresh,
  .draw = draw,
  .request = request,
  .title = say_title,
  .text = copied,
};
