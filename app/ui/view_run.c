/* view_run.c: screen 2: one run, or the runs of one config: what came out, its curves, and below them what it was. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/run_data.h"
#include "app/ui/run_view.h"
#include "experiments/kernel/mem.h"

struct run {
  struct ui *ui;
  int64_t *id; size_t n;
  struct run_data data;
  bool loaded;
  struct reading *job;
  size_t metric, section, section_top;
  bool log_y, log_x, cursor_on;
  int smooth;              /* half-life of the smoothing in points; 0: none */
  double from, to;         /* shown part of the steps, 0..1 */
  double cursor;           /* 0..1 of the shown part */
};

/* --- reading ------------------------------------------------------------------------------------------------ */

struct reading {
  struct aside_job job; /* first */
  struct run *view;
  int64_t *id; size_t n;
  bool whole;             /* everything, else one curve */
  struct run_data data;
  struct curve curve;
  char *metric;
  bool good;
};

static void reading_work(struct aside_job *job, struct app *app, struct store *s)
{
  struct reading *r = (struct reading *)job;
  if (!s)
    return;
  r->good = r->whole ? run_data_load(&r->data, app, s, r->id, r->n) : curve_load(&r->curve, app, s, r->id, r->n, r->metric);
}

static void ask_curve(struct run *v);

/* The metric that people look at first. */
static size_t first_metric(const struct names *metrics)
{
  static const char *const wanted[] = {"loss", "val_loss", "val_error"};
  for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++)
    for (size_t i = 0; i < metrics->n; i++)
      if (strcmp(metrics->name[i], wanted[k]) == 0)
        return i;
  return 0;
}

static void take_whole(struct run *v, struct reading *r)
{
  char *name = v->loaded && v->metric < v->data.metrics.n ? xstrdup(v->data.metrics.name[v->metric]) : NULL;
  run_data_free(&v->data);
  v->data = r->data;
  r->data = (struct run_data){0};
  v->loaded = true;
  v->metric = first_metric(&v->data.metrics);
  for (size_t i = 0; name && i < v->data.metrics.n; i++)
    if (strcmp(v->data.metrics.name[i], name) == 0)
      v->metric = i;
  free(name);
}

static void reading_done(struct aside_job *job)
{
  struct reading *r = (struct reading *)job;
  struct run *v = r->view;
  v->job = NULL;
  if (job->error)
    ui_complain(v->ui, "%s", job->error);
  if (r->good && r->whole)
    take_whole(v, r);
  for (size_t i = 0; r->good && !r->whole && i < v->data.metrics.n; i++)
    if (strcmp(v->data.metrics.name[i], r->metric) == 0) {
      curve_free(&v->data.curve[i]);
      v->data.curve[i] = r->curve;
      r->curve = (struct curve){0};
    }
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
  r->whole = !metric;
  r->metric = metric ? xstrdup(metric) : NULL;
  r->id = xcalloc(v->n + 1, sizeof *r->id);
  memcpy(r->id, v->id, v->n * sizeof *r->id);
  r->n = v->n;
  v->job = r;
  aside_ask(ui_aside(v->ui), &r->job);
}

/* The chosen metric's curve, when it is not there yet; then the learning rate's, which stands beside it. */
static void ask_curve(struct run *v)
{
  if (!v->loaded || v->job || !v->data.metrics.n)
    return;
  if (!v->data.curve[v->metric].x) {
    ask(v, v->data.metrics.name[v->metric]);
    return;
  }
  for (size_t i = 0; i < v->data.metrics.n; i++)
    if (strcmp(v->data.metrics.name[i], "lr") == 0 && !v->data.curve[i].x)
      ask(v, "lr");
}

void run_view_show(struct ui *ui, const int64_t *run, size_t n)
{
  struct run *v = ui_view_state(ui, &view_run);
  if (v->job)
    aside_drop(ui_aside(ui), &v->job->job);
  v->job = NULL;
  free(v->id);
  v->id = xcalloc(n + 1, sizeof *v->id);
  memcpy(v->id, run, n * sizeof *run);
  v->n = n;
  run_data_free(&v->data);
  v->loaded = false;
  v->section_top = 0;
  v->from = 0;
  v->to = 1;
  if (n)
    ask(v, NULL);
}

/* --- drawing ------------------------------------------------------------------------------------------------ */

/* Exponential smoothing with the given half-life in points; NaN stays NaN and changes nothing. */
static double *smoothed(const double *y, size_t n, int half_life)
{
  double *out = xcalloc(n + 1, sizeof *out), keep = half_life ? exp2(-1.0 / half_life) : 0, level = NAN;
  for (size_t i = 0; i < n; i++) {
    if (!isnan(y[i]))
      level = isnan(level) ? y[i] : keep * level + (1 - keep) * y[i];
    out[i] = isnan(y[i]) ? NAN : level;
  }
  return out;
}

/* The part of a curve that the zoom shows. */
static void window(const struct run *v, const struct curve *c, size_t *first, size_t *n)
{
  double low = c->x[0] + v->from * (c->x[c->n - 1] - c->x[0]), high = c->x[0] + v->to * (c->x[c->n - 1] - c->x[0]);
  size_t i = 0, k;
  while (i < c->n && c->x[i] < low)
    i++;
  for (k = i; k < c->n && c->x[k] <= high;)
    k++;
  *first = i;
  *n = k - i;
}

static void draw_curve(const struct run *v, struct plot_grid *g, struct area a, size_t metric, bool log_y)
{
  const struct curve *c = &v->data.curve[metric];
  size_t first, n;
  if (!c->n) {
    draw_text(g, a.row + 1, a.col + 2, a.width - 2, c->x || !v->job ? "no points" : "reading …", UI_GREY, 0);
    return;
  }
  window(v, c, &first, &n);
  double *y = smoothed(c->y + first, n, v->smooth);
  bool band = v->n > 1 && !v->smooth;
  struct plot_series series = {.label = v->data.metrics.name[metric], .n = n, .x = c->x + first, .y = y,
                               .low = band ? c->low + first : NULL, .high = band ? c->high + first : NULL};
  struct plot_spec spec = {.kind = PLOT_LINE, .title = v->data.metrics.name[metric], .x_label = "step", .log_y = log_y, .log_x = v->log_x,
                           .n_series = 1, .series = &series};
  draw_plot(g, a, &spec);
  free(y);
}

static void draw_plots(const struct run *v, struct plot_grid *g, struct area a)
{
  size_t lr = SIZE_MAX;
  for (size_t i = 0; i < v->data.metrics.n; i++)
    if (strcmp(v->data.metrics.name[i], "lr") == 0 && i != v->metric)
      lr = i;
  bool two = lr != SIZE_MAX && a.width >= 100;
  int width = two ? a.width * 3 / 5 : a.width;
  draw_curve(v, g, (struct area){a.row, a.col, a.height, width}, v->metric, v->log_y);
  if (two)
    draw_curve(v, g, (struct area){a.row, a.col + width, a.height, a.width - width}, lr, false);
}

/* "step 1204   loss 0.3127": the values under the cursor. */
static void draw_cursor(const struct run *v, struct plot_grid *g, int row, int width)
{
  const struct curve *c = &v->data.curve[v->metric];
  size_t first, n;
  if (!v->cursor_on || !c->n)
    return;
  window(v, c, &first, &n);
  if (!n)
    return;
  size_t at = first + (size_t)(v->cursor * (double)(n - 1) + 0.5);
  draw_format(g, row, 1, width - 2, UI_ORANGE, 0, v->n > 1 ? "step %.0f   %s %.6g   over %zu runs: %.6g to %.6g" : "step %.0f   %s %.6g",
              c->x[at], v->data.metrics.name[v->metric], c->y[at], v->n, c->low[at], c->high[at]);
}

static void draw_section(const struct run *v, struct plot_grid *g, struct area a)
{
  int col = 1;
  for (size_t i = 0; i < SECTION_COUNT; i++) {
    bool here = i == v->section;
    if (v->data.section[i])
      col += draw_format(g, a.row, col, a.width - col, here ? UI_ORANGE : UI_GREY, here ? PLOT_BOLD : 0, here ? "[%s]" : "%s", run_section_names[i]) + 2;
  }
  const char *text = v->data.section[v->section] ? v->data.section[v->section] : "";
  for (size_t i = 0; i < v->section_top && *text; i++) {
    text += strcspn(text, "\n");
    text += *text == '\n';
  }
  for (int i = 1; i < a.height && *text; i++) {
    char *line = xasprintf("%.*s", (int)strcspn(text, "\n"), text);
    draw_text(g, a.row + i, 2, a.width - 3, line, 0, 0);
    free(line);
    text += strcspn(text, "\n");
    text += *text == '\n';
  }
}

static void draw(void *self, struct plot_grid *g, struct area a)
{
  const struct run *v = self;
  if (!v->loaded) {
    draw_text(g, a.row + 1, 2, a.width - 4, v->n ? "reading …" : "choose a run or config on screen 1 and press Enter", UI_GREY, 0);
    return;
  }
  draw_text(g, a.row, 1, a.width - 2, v->data.head, 0, PLOT_BOLD);
  draw_text(g, a.row + 1, 1, a.width - 2, v->data.facts, UI_GREEN, 0);
  int plot = v->data.metrics.n ? (a.height - 3) * 3 / 5 : 0;
  if (plot) {
    draw_plots(v, g, (struct area){a.row + 2, 0, plot, a.width});
    draw_cursor(v, g, a.row + 2 + plot, a.width);
  }
  draw_section(v, g, (struct area){a.row + 3 + plot, 0, a.height - 3 - plot, a.width});
}

static void say_title(void *self, char *out, size_t size)
{
  const struct run *v = self;
  snprintf(out, size, "%s", v->data.metrics.n && v->loaded ? v->data.metrics.name[v->metric] : "");
}

/* --- requests ------------------------------------------------------------------------------------------------- */

static void zoom(struct run *v, double factor)
{
  double middle = v->from + (v->cursor_on ? v->cursor : 0.5) * (v->to - v->from), half = (v->to - v->from) / 2 * factor;
  v->from = fmax(0, middle - half);
  v->to = fmin(1, middle + half);
  if (v->to - v->from < 1e-4) {
    v->from = fmax(0, middle - 5e-5);
    v->to = fmin(1, middle + 5e-5);
  }
}

static void move_cursor(struct run *v, double step)
{
  v->cursor = v->cursor_on ? fmin(1, fmax(0, v->cursor + step)) : step > 0 ? 0 : 1;
  v->cursor_on = true;
}

static void next_section(struct run *v, size_t step)
{
  for (size_t i = 1; i <= SECTION_COUNT; i++) {
    size_t at = (v->section + i * step) % SECTION_COUNT;
    if (v->data.section[at]) {
      v->section = at;
      break;
    }
  }
  v->section_top = 0;
}

static unsigned request(void *self, enum request r, const struct ui_event *ev)
{
  struct run *v = self;
  (void)ev;
  if (!v->loaded)
    return 0;
  switch (r) {
  case REQUEST_METRIC:
    v->metric = v->data.metrics.n ? (v->metric + 1) % v->data.metrics.n : 0;
    ask_curve(v);
    break;
  case REQUEST_LOG_Y: v->log_y = !v->log_y; break;
  case REQUEST_LOG_X: v->log_x = !v->log_x; break;
  case REQUEST_SMOOTH: v->smooth = v->smooth == 0 ? 4 : v->smooth >= 64 ? 0 : 4 * v->smooth; break;
  case REQUEST_ZOOM_IN: zoom(v, 0.5); break;
  case REQUEST_ZOOM_OUT: zoom(v, 2); break;
  case REQUEST_LEFT: move_cursor(v, -0.01); break;
  case REQUEST_RIGHT: move_cursor(v, 0.01); break;
  case REQUEST_NEXT_PART: next_section(v, 1); break;
  case REQUEST_PREVIOUS_PART: next_section(v, SECTION_COUNT - 1); break;
  case REQUEST_UP: v->section_top -= v->section_top > 0; break;
  case REQUEST_DOWN: v->section_top++; break;
  case REQUEST_PAGE_UP: v->section_top = v->section_top > 10 ? v->section_top - 10 : 0; break;
  case REQUEST_PAGE_DOWN: v->section_top += 10; break;
  case REQUEST_FIRST: v->section_top = 0; break;
  default: return 0;
  }
  return UI_HANDLED | UI_REDRAW;
}

/* The curve's points as CSV, or the lines above the plot. */
static char *copied(void *self, bool whole)
{
  const struct run *v = self;
  char *out;
  size_t size;
  if (!v->loaded)
    return NULL;
  if (!whole || !v->data.metrics.n)
    return xasprintf("%s\n%s\n", v->data.head, v->data.facts ? v->data.facts : "");
  const struct curve *c = &v->data.curve[v->metric];
  FILE *f = xstream_open(&out, &size);
  fprintf(f, "step,%s,low,high\n", v->data.metrics.name[v->metric]);
  for (size_t i = 0; i < c->n; i++)
    fprintf(f, "%.0f,%.17g,%.17g,%.17g\n", c->x[i], c->y[i], c->low[i], c->high[i]);
  xstream_close(f);
  return out;
}

static void *open_view(struct ui *ui)
{
  struct run *v = xcalloc(1, sizeof *v);
  v->ui = ui;
  v->to = 1;
  return v;
}

static void close_view(void *self)
{
  struct run *v = self;
  if (v->job)
    aside_drop(ui_aside(v->ui), &v->job->job);
  run_data_free(&v->data);
  free(v->id);
  free(v);
}

static void refresh(void *self, bool store_changed)
{
  struct run *v = self;
  if (store_changed && v->n && !v->job)
    ask(v, NULL);
}

static const struct binding keys[] = {{"n", REQUEST_METRIC}, {0}};
static const enum request hints[] = {REQUEST_METRIC, REQUEST_LOG_Y, REQUEST_SMOOTH, REQUEST_ZOOM_IN, REQUEST_ZOOM_OUT, REQUEST_LEFT,
                                     REQUEST_NEXT_PART, REQUEST_BACK, REQUEST_EXPORT, REQUEST_NONE};

const struct view view_run = {
  .name = "Run",
  .screen = REQUEST_SCREEN_RUN,
  .summary = "One run, or all runs of one config: results, curves with a cursor, and what it was: config, environment, script, errors.",
  .keys = keys,
  .hints = hints,
  .open = open_view,
  .close = close_view,
  .refresh = refresh,
  .draw = draw,
  .request = request,
  .title = say_title,
  .text = copied,
};
