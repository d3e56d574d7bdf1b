/* view_run.c: screen 2: one run, or the runs of one config: what came out, its curves, and below them what it was. The
 * curves are run_plot.c, what stands below them run_parts.c, doing it again run_again.c. */
#include <stdlib.h>
#include <string.h>

#include "app/ui/run_again.h"
#include "app/ui/run_parts.h"
#include "app/ui/run_plot.h"
#include "app/ui/run_view.h"
#include "experiments/kernel/mem.h"

struct run {
  struct ui *ui;
  int64_t *id; size_t n;
  struct run_data data;
  bool loaded, other;      /* other: not the runs that were shown before */
  struct reading *job;
  struct names offered;    /* metrics to choose from, as they were when the choice began */
  bool *ticked;            /* … one for each */
  struct run_plot plot;
  struct run_parts parts;
  struct run_again_form again;
};

/* --- reading ------------------------------------------------------------------------------------------------ */

struct reading {
  struct aside_job job; /* first */
  struct run *view;
  int64_t *id; size_t n;
  char *metric;           /* of the one curve that is read; NULL: everything else */
  struct run_data data;
  struct curve curve;
  bool good;
};

static void reading_work(struct aside_job *job, struct app *app, struct store *s)
{
  struct reading *r = (struct reading *)job;
  if (!s)
    return;
  r->good = r->metric ? curve_load(&r->curve, app, s, r->id, r->n, r->metric) : run_data_load(&r->data, app, s, r->id, r->n);
}

static void ask_curve(struct run *v);

static void take_whole(struct run *v, struct reading *r)
{
  if (!v->other)
    run_data_inherit(&r->data, &v->data);
  run_data_free(&v->data);
  v->data = r->data;
  r->data = (struct run_data){0};
  v->loaded = true;
  run_plot_take(&v->plot, &v->data, v->n);
  run_parts_take(&v->parts, &v->data, v->other);
  v->other = false;
}

static void take_curve(struct run *v, struct reading *r)
{
  for (size_t i = 0; i < v->data.metrics.n; i++)
    if (strcmp(v->data.metrics.name[i], r->metric) == 0) {
      curve_free(&v->data.curve[i]);
      v->data.curve[i] = r->curve;
      r->curve = (struct curve){0};
    }
}

static void reading_done(struct aside_job *job)
{
  struct reading *r = (struct reading *)job;
  struct run *v = r->view;
  v->job = NULL;
  if (job->error)
    ui_complain(v->ui, "%s", job->error);
  if (r->good && r->metric)
    take_curve(v, r);
  else if (r->good)
    take_whole(v, r);
  if (r->good)
    ask_curve(v);
  ui_redraw(v->ui);
}

static void reading_release(struct aside_job *job)
{
  struct reading *r = (struct reading *)job;
  run_data_free(&r->data);
  curve_free(&r->curve);
  free(r->id);
  free(r->metric);
  free(r);
}

static void ask(struct run *v, const char *metric)
{
  struct reading *r = xcalloc(1, sizeof *r);
  r->job = (struct aside_job){.work = reading_work, .done = reading_done, .release = reading_release};
  r->view = v;
  r->metric = metric ? xstrdup(metric) : NULL;
  r->id = xcalloc(v->n + 1, sizeof *r->id);
  memcpy(r->id, v->id, v->n * sizeof *r->id);
  r->n = v->n;
  v->job = r;
  aside_ask(ui_aside(v->ui), &r->job);
}

/* The next curve that is wanted and not there. */
static void ask_curve(struct run *v)
{
  size_t wanted = v->loaded && !v->job ? run_plot_wants(&v->plot) : SIZE_MAX;
  if (wanted != SIZE_MAX)
    ask(v, v->data.metrics.name[wanted]);
}

void run_view_show(struct ui *ui, const int64_t *run, size_t n)
{
  struct run *v = ui_view_state(ui, &view_run);
  if (v->job)
    aside_drop(ui_aside(ui), &v->job->job);
  v->job = NULL;
  int64_t *copy = xcalloc(n + 1, sizeof *copy);
  memcpy(copy, run, n * sizeof *run);
  free(v->id);
  v->id = copy;
  v->n = n;
  run_plot_take(&v->plot, NULL, 0);
  run_parts_take(&v->parts, NULL, true);
  run_data_free(&v->data);
  v->loaded = v->again.open = false;
  v->other = true;
  v->plot.from = 0;
  v->plot.to = 1;
  if (n)
    ask(v, NULL);
}

size_t run_view_shown(struct ui *ui, const int64_t **run)
{
  const struct run *v = ui_view_state(ui, &view_run);
  *run = v->id;
  return v->n;
}

/* --- drawing ------------------------------------------------------------------------------------------------ */

static void draw(void *self, struct plot_grid *g, struct area a)
{
  struct run *v = self;
  if (v->again.open) {
    run_again_draw(&v->again, g, a);
    return;
  }
  if (!v->loaded) {
    draw_text(g, a.row + 1, 2, a.width - 4, v->n ? "reading …" : "choose a run or config on screen 1 and press Enter", UI_GREY, 0);
    return;
  }
  draw_text(g, a.row, 1, a.width - 2, v->data.head, 0, PLOT_BOLD);
  draw_text(g, a.row + 1, 1, a.width - 2, v->data.facts, UI_GREEN, 0);
  int plot = v->data.metrics.n && !v->parts.whole ? (a.height - 3) * 3 / 5 + 1 : 0;
  if (plot)
    run_plot_draw(&v->plot, g, (struct area){a.row + 2, a.col, plot, a.width});
  run_parts_draw(&v->parts, g, (struct area){a.row + 2 + plot, a.col, a.height - 2 - plot, a.width});
}

static void say_title(void *self, char *out, size_t size)
{
  const struct run *v = self;
  *out = '\0';
  if (v->loaded && v->data.metrics.n)
    snprintf(out, size, "%zu of %zu metrics", v->plot.chosen.n, v->data.metrics.n);
}

/* --- requests ------------------------------------------------------------------------------------------------- */

static void metrics_chosen(void *self, size_t index)
{
  struct run *v = self;
  (void)index;
  run_plot_choose(&v->plot, &v->offered, v->ticked);
  ask_curve(v);
}

static void choose_metrics(struct run *v)
{
  size_t n = v->data.metrics.n;
  if (!n) {
    ui_say(v->ui, "this run has logged no metrics");
    return;
  }
  names_free(&v->offered);
  free(v->ticked);
  v->ticked = xcalloc(n, sizeof *v->ticked);
  for (size_t i = 0; i < n; i++)
    names_add(&v->offered, v->data.metrics.name[i]);
  for (size_t i = 0; i < n; i++)
    v->ticked[i] = names_has(&v->plot.chosen, v->data.metrics.name[i]);
  ui_menu(v->ui, &(struct ui_menu){.title = "metrics to draw together", .item = (const char *const *)v->data.metrics.name, .n = n,
                                   .marked = v->ticked, .self = v, .accept = metrics_chosen});
}

static unsigned request_of_run(struct run *v, enum request r)
{
  switch (r) {
  case REQUEST_METRICS: choose_metrics(v); break;
  case REQUEST_METRIC:
    run_plot_next(&v->plot);
    ask_curve(v);
    break;
  case REQUEST_RERUN: run_again_start(&v->again, v->id, v->n); break;
  case REQUEST_CHANGE: run_again_open(&v->again, &v->data, v->id, v->n); break;
  default: return 0;
  }
  return UI_HANDLED | UI_REDRAW;
}

static unsigned request(void *self, enum request r, const struct ui_event *ev)
{
  struct run *v = self;
  if (!v->loaded)
    return 0;
  if (v->again.open)
    return run_again_request(&v->again, r, ev);
  unsigned answer = request_of_run(v, r);
  answer = answer ? answer : run_parts_request(&v->parts, r, ev);
  return answer ? answer : run_plot_request(&v->plot, r) ? UI_HANDLED | UI_REDRAW : 0;
}

/* The curves' points as CSV, or the lines above the plot. */
static char *copied(void *self, bool whole)
{
  const struct run *v = self;
  if (!v->loaded)
    return NULL;
  char *points = whole ? run_plot_csv(&v->plot) : NULL;
  return points ? points : xasprintf("%s\n%s\n", v->data.head, v->data.facts ? v->data.facts : "");
}

/* --- the view --------------------------------------------------------------------------------------------------- */

static void *open_view(struct ui *ui)
{
  struct run *v = xcalloc(1, sizeof *v);
  v->ui = ui;
  run_plot_init(&v->plot);
  run_parts_init(&v->parts, ui);
  run_again_init(&v->again, ui);
  return v;
}

static void close_view(void *self)
{
  struct run *v = self;
  if (v->job)
    aside_drop(ui_aside(v->ui), &v->job->job);
  run_plot_free(&v->plot);
  run_parts_free(&v->parts);
  run_again_free(&v->again);
  run_data_free(&v->data);
  names_free(&v->offered);
  free(v->ticked);
  free(v->id);
  free(v);
}

static void refresh(void *self, bool store_changed)
{
  struct run *v = self;
  if (store_changed && v->n && !v->job)
    ask(v, NULL);
}

static const struct binding keys[] = {{"m", REQUEST_METRICS}, {"n", REQUEST_METRIC}, {"[ {", REQUEST_PAN_LEFT}, {"] }", REQUEST_PAN_RIGHT}, {0}};
static const enum request hints[] = {REQUEST_METRICS, REQUEST_LEFT, REQUEST_NEXT_PART, REQUEST_OPEN, REQUEST_RERUN, REQUEST_CHANGE, REQUEST_SCREEN_PROMPT,
                                     REQUEST_ZOOM_IN, REQUEST_LOG_Y, REQUEST_SMOOTH, REQUEST_METRIC, REQUEST_BACK, REQUEST_EXPORT, REQUEST_NONE};

static const enum request form_hints[] = {REQUEST_OPEN, REQUEST_START, REQUEST_UNDO, REQUEST_BACK, REQUEST_NONE};
static const enum request artifact_hints[] = {REQUEST_OPEN, REQUEST_EXPORT, REQUEST_NEXT_PART, REQUEST_RERUN, REQUEST_BACK, REQUEST_NONE};

static const enum request *hints_now(void *self)
{
  const struct run *v = self;
  return v->again.open ? form_hints : v->loaded && v->parts.section == SECTION_ARTIFACTS ? artifact_hints : hints;
}

const struct view view_run = {
  .name = "Run",
  .screen = REQUEST_SCREEN_RUN,
  .summary = "One run, or all runs of one config: results, curves with a cursor, and what it was: config, environment, script, artifacts, errors."
             " Tab goes through these, Enter gives one the whole screen. r does the run again, R with changes. At the prompt, run is this run.",
  .keys = keys,
  .hints = hints,
  .hints_now = hints_now,
  .open = open_view,
  .close = close_view,
  .refresh = refresh,
  .draw = draw,
  .request = request,
  .title = say_title,
  .text = copied,
};
