/* view_pruning.c: screen 6: quality against sparsity per method, what it costs, where the weights went layer by layer, and
 * the masks themselves. The numbers are those of pruning_data.c, the masks those of mask_view.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/mask_view.h"
#include "app/ui/pruning_data.h"
#include "experiments/kernel/mem.h"

enum { MOST_LINES = 12 };
enum part { PART_CURVES, PART_TIME, PART_LAYERS, PART_MASK, PARTS };

struct pruning {
  struct study study; /* first */
  struct pruning_data data;
  struct mask_view *mask;
  enum part part;
  bool log_y;
  double sparsity;    /* whose layers and mask are shown */
  size_t layer;       /* from 0 */
};

/* --- the table --------------------------------------------------------------------------------------------------- */

enum { COLUMN_NAME, COLUMN_AREA, COLUMN_BEST, COLUMN_BREAK, COLUMN_SECONDS, COLUMN_RUNS, COLUMN_POINTS };

static void set_columns(struct pruning *v)
{
  const struct pruning_data *d = &v->data;
  const char *names[COLUMN_POINTS + PRUNING_POINTS] = {"method", "", "vs best", "break", "seconds", "runs"};
  char *area = xasprintf("mean %s", d->measures.name[d->measure]), *at[PRUNING_POINTS] = {0};
  names[COLUMN_AREA] = area;
  for (size_t i = 0; i < d->n_sparsities; i++)
    names[COLUMN_POINTS + i] = at[i] = xasprintf("@%g", d->sparsity[i]);
  list_set_columns(&v->study.table, names, COLUMN_POINTS + d->n_sparsities);
  free(area);
  for (size_t i = 0; i < d->n_sparsities; i++)
    free(at[i]);
}

static void take_curves(struct pruning *v)
{
  const struct pruning_data *d = &v->data;
  bool there = false;
  v->study.table.n_rows = d->n;
  if (!d->measures.n)
    return;
  set_columns(v);
  for (size_t i = 0; i < d->n_sparsities; i++)
    there = there || d->sparsity[i] == v->sparsity;
  if (!there && d->n_sparsities)
    v->sparsity = d->sparsity[d->n_sparsities > 1 ? d->n_sparsities - 2 : 0]; /* where methods differ and nets still work */
}

static void judge(struct study *s)
{
  struct pruning *v = (struct pruning *)s;
  mask_view_forget(v->mask);
  pruning_read(&v->data, s);
  take_curves(v);
}

static char *mean_text(const struct mean_of_seeds *m)
{
  return !m->n || isnan(m->mean) ? xstrdup("-") : isnan(m->half) ? xasprintf("%.4g", m->mean) : xasprintf("%.4g %s%.2g", m->mean, plus_minus(), m->half);
}

static char *best_text(const struct pruning *v, const struct prune_curve *c, size_t row)
{
  if (c->n != v->data.curve[0].n)
    return xasprintf("%zu of %zu points", c->n, v->data.curve[0].n);
  return row == 0 ? xstrdup("best") : isnan(c->p) ? xstrdup("no test") : xasprintf("p=%.2g%s", c->p, c->p < 0.05 ? " *" : "");
}

static char *break_text(const struct prune_curve *c)
{
  return isnan(c->least_break) ? xstrdup("-") : c->least_break < c->most_break ? xasprintf("%g to %g", c->least_break, c->most_break) : xasprintf("%g", c->least_break);
}

static char *cell(void *self, size_t row, size_t column, struct plot_cell *style)
{
  const struct pruning *v = self;
  const struct prune_curve *c = &v->data.curve[row];
  switch (column) {
  case COLUMN_NAME:
    style->fg = row < MOST_LINES ? plot_colour_cell(row) : UI_GREY;
    return xstrdup(c->name);
  case COLUMN_AREA: return mean_text(&c->area);
  case COLUMN_BEST: return best_text(v, c, row);
  case COLUMN_BREAK: return break_text(c);
  case COLUMN_SECONDS: return isnan(c->seconds) ? xstrdup("-") : xasprintf("%.3g", c->seconds);
  case COLUMN_RUNS: return xasprintf("%zu", v->study.list.row[c->row].count[STORE_DONE]);
  default: break;
  }
  for (size_t i = 0; i < c->n; i++)
    if (column - COLUMN_POINTS < v->data.n_sparsities && c->x[i] == v->data.sparsity[column - COLUMN_POINTS])
      return mean_text(&c->y[i]);
  return xstrdup("-");
}

/* --- pictures ---------------------------------------------------------------------------------------------------- */

static const struct prune_curve *chosen(const struct pruning *v) { return &v->data.curve[v->study.table.at]; }

static void draw_curves(const struct pruning *v, struct plot_grid *g, struct area a)
{
  const struct pruning_data *d = &v->data;
  struct plot_series series[MOST_LINES];
  double y[MOST_LINES][3][PRUNING_POINTS];
  size_t n = d->n < MOST_LINES ? d->n : MOST_LINES;
  for (size_t i = 0; i < n; i++) {
    const struct prune_curve *c = &d->curve[i];
    for (size_t k = 0; k < c->n; k++) {
      y[i][0][k] = c->y[k].mean;
      y[i][1][k] = c->y[k].mean - c->y[k].half;
      y[i][2][k] = c->y[k].mean + c->y[k].half;
    }
    bool band = i == v->study.table.at;
    series[i] = (struct plot_series){.label = c->name, .n = c->n, .x = c->x, .y = y[i][0], .low = band ? y[i][1] : NULL, .high = band ? y[i][2] : NULL};
  }
  char *title = xasprintf("%s against sparsity, %s", d->measures.name[d->measure], d->stages.name[d->stage]);
  struct plot_spec spec = {.kind = PLOT_LINE, .title = title, .x_label = "sparsity", .log_y = v->log_y, .n_series = n, .series = series};
  draw_plot(g, a, &spec);
  free(title);
}

static void draw_time(const struct pruning *v, struct plot_grid *g, struct area a)
{
  const struct pruning_data *d = &v->data;
  struct plot_series series[MOST_LINES];
  size_t n = 0;
  for (size_t i = 0; i < d->n && n < MOST_LINES; i++)
    if (d->curve[i].seconds > 0 && isfinite(d->curve[i].area.mean)) {
      const struct prune_curve *c = &d->curve[i];
      series[n] = (struct plot_series){.label = c->name, .n = 1, .x = &c->seconds, .y = &c->area.mean};
      n++;
    }
  char *title = xasprintf("mean %s against CPU seconds for a sparsity, calibration included, %s", d->measures.name[d->measure], d->stages.name[d->stage]);
  struct plot_spec spec = {.kind = PLOT_SCATTER, .title = title, .x_label = "seconds", .log_x = 1, .log_y = v->log_y, .n_series = n, .series = series};
  draw_plot(g, a, &spec);
  free(title);
}

static void draw_layers(const struct pruning *v, struct plot_grid *g, struct area a)
{
  struct prune_layer layer[PRUNING_LAYERS];
  size_t n = pruning_layers(&v->study, chosen(v)->row, v->sparsity, layer);
  const char *names[PRUNING_LAYERS];
  double kept[PRUNING_LAYERS];
  for (size_t i = 0; i < n; i++) {
    names[i] = xasprintf("%zu %zux%zu", layer[i].number, layer[i].rows, layer[i].cols);
    kept[i] = layer[i].kept.mean;
  }
  const struct plot_series series = {.n = n, .y = kept};
  char *title = n ? xasprintf("%s: share of each layer kept at sparsity %g, mean over %zu seeds", chosen(v)->name, v->sparsity, layer[0].kept.n)
                  : xasprintf("%s: no counts by layer at sparsity %g", chosen(v)->name, v->sparsity);
  struct plot_spec spec = {.kind = PLOT_BAR, .title = title, .names = names, .n_names = n, .n_series = 1, .series = &series};
  draw_plot(g, a, &spec);
  free(title);
  for (size_t i = 0; i < n; i++)
    free((char *)names[i]);
}

static void ask_mask(const struct pruning *v)
{
  const struct study *s = &v->study;
  int64_t *id = xcalloc(s->list.n_runs + 1, sizeof *id);
  size_t n = 0;
  for (size_t i = 0; i < s->list.n_runs; i++)
    if (s->list.run[i].row == chosen(v)->row)
      id[n++] = s->list.run[i].id;
  mask_view_ask(v->mask, id, n, v->layer + 1, v->sparsity);
  free(id);
}

static void draw_mask(const struct pruning *v, struct plot_grid *g, struct area a)
{
  char *what = xasprintf("%s: mask of layer %zu at sparsity %g", chosen(v)->name, v->layer + 1, v->sparsity);
  ask_mask(v);
  mask_view_draw(v->mask, g, a, what);
  free(what);
}

/* Beside each picture stands what helps to read it. */
static void draw_parts(const struct pruning *v, struct plot_grid *g, struct area a)
{
  bool two = a.width >= 110;
  int width = two ? a.width * 3 / 5 : a.width;
  struct area left = {a.row, a.col, a.height, width}, right = {a.row, a.col + width + 1, a.height, a.width - width - 1};
  switch (v->part) {
  case PART_CURVES: draw_curves(v, g, left); break;
  case PART_TIME: draw_time(v, g, left); break;
  case PART_LAYERS: draw_layers(v, g, left); break;
  default: draw_mask(v, g, left);
  }
  if (!two)
    return;
  switch (v->part) {
  case PART_CURVES: draw_time(v, g, right); break;
  case PART_MASK: mask_view_draw_histogram(v->mask, g, right); break;
  default: draw_curves(v, g, right);
  }
}

static void draw(void *self, struct plot_grid *g, struct area a)
{
  struct pruning *v = self;
  const struct pruning_data *d = &v->data;
  if (!d->stages.n && study_draw_missing(&v->study, g, a))
    return;
  int col = 1 + draw_format(g, a.row, 1, a.width - 2, 0, 0, "m %s   v %s", d->measures.name[d->measure], d->stages.name[d->stage]);
  if (d->models.n)
    col += draw_format(g, a.row, col, a.width - col - 1, 0, 0, "   f %s", d->models.name[d->model]);
  draw_text(g, a.row, col + 3, a.width - col - 4, "mean over the sparsities, tested in pairs by seed (Holm); break: the last sparsity within a point of the dense net", UI_GREY, 0);
  struct area rest = {a.row + 1, a.col, a.height - 1, a.width};
  if (!d->n) {
    draw_text(g, a.row + 2, 2, a.width - 4, "nothing of this kind: m, v or f choose another", UI_GREY, 0);
    return;
  }
  draw_parts(v, g, study_draw_table(&v->study, g, rest, v->part == PART_MASK ? rest.height / 3 : rest.height / 2));
}

/* --- requests ---------------------------------------------------------------------------------------------------- */

static void next(size_t *at, size_t n) { *at = n ? (*at + 1) % n : 0; }

static void move_sparsity(struct pruning *v, bool up)
{
  const struct pruning_data *d = &v->data;
  for (size_t i = 0; i < d->n_sparsities; i++)
    if (d->sparsity[i] == v->sparsity) {
      v->sparsity = up ? d->sparsity[i + 1 < d->n_sparsities ? i + 1 : i] : d->sparsity[i ? i - 1 : 0];
      return;
    }
}

static void move_layer(struct pruning *v, size_t step)
{
  struct prune_layer layer[PRUNING_LAYERS];
  size_t n = pruning_layers(&v->study, chosen(v)->row, v->sparsity, layer);
  v->layer = n ? (v->layer + (step ? step : n - 1)) % n : 0;
}

/* Layers and masks are of one method, sparsity and layer. */
static unsigned request_place(struct pruning *v, enum request r)
{
  unsigned told = v->part == PART_MASK ? mask_view_request(v->mask, r) : 0;
  if (told || v->part < PART_LAYERS)
    return told;
  switch (r) {
  case REQUEST_LEFT: move_sparsity(v, false); break;
  case REQUEST_RIGHT: move_sparsity(v, true); break;
  case REQUEST_NEXT_LAYER: move_layer(v, 1); break;
  case REQUEST_PREVIOUS_LAYER: move_layer(v, 0); break;
  default: return 0;
  }
  return UI_HANDLED | UI_REDRAW;
}

static unsigned request(void *self, enum request r, const struct ui_event *ev)
{
  struct pruning *v = self;
  unsigned told = v->data.n ? request_place(v, r) : 0;
  if (told)
    return told;
  switch (r) {
  case REQUEST_METRIC: next(&v->data.measure, v->data.measures.n); break;
  case REQUEST_STAGE: next(&v->data.stage, v->data.stages.n); break;
  case REQUEST_MODEL:
    next(&v->data.model, v->data.models.n);
    v->layer = 0;
    break;
  case REQUEST_LOG_Y: v->log_y = !v->log_y; return UI_HANDLED | UI_REDRAW;
  case REQUEST_NEXT_PART: v->part = (v->part + 1) % PARTS; return UI_HANDLED | UI_REDRAW;
  case REQUEST_PREVIOUS_PART: v->part = (v->part + PARTS - 1) % PARTS; return UI_HANDLED | UI_REDRAW;
  case REQUEST_OPEN:
    if (v->data.n)
      study_show_runs(&v->study, chosen(v)->row);
    return UI_HANDLED | UI_REDRAW;
  default: return study_request(&v->study, r, ev);
  }
  pruning_choose(&v->data, &v->study);
  take_curves(v);
  list_select(&v->study.table, v->study.table.at);
  return UI_HANDLED | UI_REDRAW;
}

static const struct study_kind kind = {.size = sizeof(struct pruning), .param = "plain * @*", .by_result = true, .judge = judge, .cell = cell,
                                       .hint = "no runs of pruning yet: screen 8 starts compare/pruning.lua"};

static void *open_view(struct ui *ui)
{
  struct pruning *v = study_open(ui, &kind);
  v->mask = mask_view_new(ui);
  v->sparsity = NAN;
  return v;
}

static void close_view(void *self)
{
  struct pruning *v = self;
  mask_view_free(v->mask);
  pruning_free(&v->data);
  study_close(&v->study);
}

static const enum request hints[] = {REQUEST_NEXT_PART, REQUEST_METRIC, REQUEST_STAGE, REQUEST_MODEL, REQUEST_NEXT_LAYER, REQUEST_ZOOM_IN,
                                     REQUEST_OPEN, REQUEST_STUDY, REQUEST_EXPORT, REQUEST_BACK, REQUEST_NONE};

const struct view view_pruning = {
  .name = "Pruning",
  .screen = REQUEST_SCREEN_PRUNING,
  .summary = "Quality against sparsity per method, sorted by the mean over the sparsities. Tab turns to time against quality, to the layers, and to the "
             "masks, where left and right choose the sparsity, . and , the layer, + and _ look closer and from further away; m chooses the measure, "
             "v the stage (plain, repaired, tuned), f the model.",
  .hints = hints,
  .open = open_view,
  .close = close_view,
  .refresh = study_view_refresh,
  .draw = draw,
  .request = request,
  .title = study_view_title,
  .text = study_view_text,
};
