/* view_compare.c: screen 3: the marked runs, grouped by config or one by one, side by side: the parameters that differ, curves with
 * 95 % bands, and for each result the difference to A, paired by seed, with interval and tests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/compare_int.h"
#include "app/ui/rows.h"
#include "experiments/kernel/mem.h"

enum { LEAST_PLOT = 8 }; /* rows; below that the table is worth more */

/* --- reading ------------------------------------------------------------------------------------------------------- */

struct comparing {
  struct aside_job job; /* first */
  struct compare *view;
  struct compare_ask ask;
  struct comparison data;
  bool good;
};

static void comparing_work(struct aside_job *job, struct app *app, struct store *s)
{
  struct comparing *k = (struct comparing *)job;
  k->good = s && compare_load(&k->data, app, s, &k->ask);
}

static void take_data(struct compare *v, struct comparing *k)
{
  compare_free(&v->data);
  v->data = k->data;
  k->data = (struct comparison){0};
  v->loaded = v->data.n > 0; /* marked runs may have gone to the trash */
  compare_table_set(v);
}

static void comparing_done(struct aside_job *job)
{
  struct comparing *k = (struct comparing *)job;
  struct compare *v = k->view;
  v->job = NULL;
  if (job->error)
    ui_complain(v->ui, "%s", job->error);
  if (k->good)
    take_data(v, k);
  ui_redraw(v->ui);
}

static void comparing_release(struct aside_job *job)
{
  struct comparing *k = (struct comparing *)job;
  compare_free(&k->data);
  compare_ask_free(&k->ask);
  free(k);
}

/* What screen 1 is sorted by; "": by nothing in particular. True: it has changed. */
static bool note_score(struct compare *v)
{
  const char *now = ui_recall(v->ui, "runs.sort");
  if (v->ask.score && strcmp(v->ask.score, now ? now : "") == 0)
    return false;
  free(v->ask.score);
  v->ask.score = xstrdup(now ? now : "");
  return true;
}

static void load(struct compare *v)
{
  const int64_t *marks;
  size_t n = ui_marked(v->ui, &marks);
  if (v->job)
    aside_drop(ui_aside(v->ui), &v->job->job);
  v->job = NULL;
  free(v->asked);
  v->asked = xcalloc(n + 1, sizeof *v->asked);
  for (size_t i = 0; i < n; i++)
    v->asked[i] = marks[i];
  v->n_asked = n;
  note_score(v);
  if (!n) {
    v->loaded = false;
    return;
  }
  struct comparing *k = v->job = xcalloc(1, sizeof *k);
  k->job = (struct aside_job){.work = comparing_work, .done = comparing_done, .release = comparing_release};
  k->view = v;
  k->ask = v->ask;
  k->ask.run = xcalloc(n, sizeof *k->ask.run);
  memcpy(k->ask.run, marks, n * sizeof *k->ask.run);
  k->ask.n = n;
  k->ask.metric = v->ask.metric ? xstrdup(v->ask.metric) : NULL;
  k->ask.score = xstrdup(v->ask.score);
  aside_ask(ui_aside(v->ui), &k->job);
}

static void refresh(void *self, bool store_changed)
{
  struct compare *v = self;
  const int64_t *marks;
  size_t n = ui_marked(v->ui, &marks);
  bool same = !note_score(v) && n == v->n_asked && (!n || memcmp(marks, v->asked, n * sizeof *marks) == 0);
  if (!same || (store_changed && n))
    load(v);
}

/* --- drawing ------------------------------------------------------------------------------------------------------ */

static void draw(void *self, struct plot_grid *g, struct area a)
{
  struct compare *v = self;
  if (!v->loaded) {
    draw_wrapped(g, (struct area){a.row + 1, 2, a.height - 1, a.width - 4},
                 v->job ? "reading …" : "mark configs or runs on screen 1 with Space, then come back: they stand here side by side", UI_GREY, 0);
    return;
  }
  int groups = compare_draw_groups(v, g, a), rest = a.height - groups - 1, plot = v->data.metric && rest / 2 >= LEAST_PLOT ? rest / 2 : 0;
  bool two = a.width >= 100 && v->data.n > 1;
  int width = two ? a.width * 3 / 5 : a.width;
  if (plot)
    compare_draw_curves(v, g, (struct area){a.row + groups, 0, plot, width});
  if (two && plot)
    compare_draw_pairs(v, g, (struct area){a.row + groups, width + 1, plot, a.width - width - 2});
  v->table = (struct area){a.row + groups + plot, 0, rest - plot, a.width};
  if (v->data.n < 2) {
    draw_text(g, v->table.row, 2, a.width - 4, v->data.list.by_run ? "one run only: mark another one to compare it with"
                                                                   : "one config only: mark another one to compare it with, or z compares its runs", UI_GREY, 0);
    return;
  }
  compare_table_draw(v, g, (struct area){v->table.row, 0, v->table.height + 1, a.width});
}

static void say_title(void *self, char *out, size_t size)
{
  const struct compare *v = self;
  const struct listing *l = &v->data.list;
  size_t used = (size_t)snprintf(out, size, "%s", v->loaded ? "differs:" : "");
  for (size_t k = 0; v->loaded && v->data.n && k < l->params.n && used < size; k++)
    if (v->data.differs[k])
      used += (size_t)snprintf(out + used, size - used, " %s", row_param_name(l->params.name[k]));
}

/* --- requests ------------------------------------------------------------------------------------------------------------ */

static unsigned next_metric(struct compare *v)
{
  size_t at = v->data.metric ? row_find(&v->data.metrics, v->data.metric) : 0;
  if (!v->data.metrics.n)
    return UI_HANDLED;
  free(v->ask.metric);
  v->ask.metric = xstrdup(v->data.metrics.name[(at + 1) % v->data.metrics.n]);
  load(v);
  return UI_HANDLED | UI_REDRAW;
}

static unsigned fold(struct compare *v)
{
  v->ask.by_run = !v->ask.by_run;
  load(v);
  ui_say(v->ui, v->ask.by_run ? "run by run" : "by config");
  return UI_HANDLED;
}

/* The group of the selected row becomes A. */
static unsigned set_reference(struct compare *v)
{
  size_t group = compare_selected(v)->group;
  v->ask.reference = v->data.list.row[v->data.row[group]].id;
  load(v);
  ui_say(v->ui, "%c is A now", compare_letter(group));
  return UI_HANDLED;
}

static unsigned request(void *self, enum request r, const struct ui_event *ev)
{
  struct compare *v = self;
  if (!v->loaded)
    return 0;
  if (r == REQUEST_FOLD)
    return fold(v);
  if (r == REQUEST_METRIC)
    return next_metric(v);
  if (r == REQUEST_LOG_Y) {
    v->log_y = !v->log_y;
    return UI_HANDLED | UI_REDRAW;
  }
  if (!v->data.n_effects)
    return 0;
  if (r == REQUEST_FILTER) {
    compare_table_filter(v);
    return UI_HANDLED;
  }
  if (r == REQUEST_REFERENCE && v->n_shown)
    return set_reference(v);
  if (r == REQUEST_SORT) {
    compare_table_sort(v);
    return UI_HANDLED | UI_REDRAW;
  }
  if (r == REQUEST_COLUMNS) {
    list_choose_columns(&v->list, v->ui);
    return UI_HANDLED;
  }
  return list_request(&v->list, r, ev, v->table);
}

static char *copied(void *self, bool whole)
{
  struct compare *v = self;
  if (!v->loaded || !v->data.n_effects)
    return NULL;
  return whole ? compare_csv(&v->data) : list_text(&v->list, false);
}

static void *open_view(struct ui *ui)
{
  struct compare *v = xcalloc(1, sizeof *v);
  v->ui = ui;
  compare_table_init(v);
  return v;
}

static void close_view(void *self)
{
  struct compare *v = self;
  if (v->job)
    aside_drop(ui_aside(v->ui), &v->job->job);
  compare_free(&v->data);
  compare_ask_free(&v->ask);
  compare_table_free(v);
  free(v->asked);
  free(v);
}

static const enum request hints[] = {REQUEST_METRIC, REQUEST_LOG_Y, REQUEST_REFERENCE, REQUEST_FOLD, REQUEST_FILTER, REQUEST_SORT, REQUEST_EXPORT,
                                     REQUEST_COLUMNS, REQUEST_BACK, REQUEST_NONE};

const struct view view_compare = {
  .name = "Compare",
  .screen = REQUEST_SCREEN_COMPARE,
  .summary = "Marked configs (z: runs) side by side: what differs, curves with 95 % bands, and each result's difference to A, paired by seed: the"
             " scores first (that of screen 1, validation, test), then the clearest. / shows the results with a word in their names; s sorts by a"
             " column, turns, and goes back; a makes the group of the selected row A.",
  .hints = hints,
  .open = open_view,
  .close = close_view,
  .refresh = refresh,
  .draw = draw,
  .request = request,
  .title = say_title,
  .text = copied,
};
