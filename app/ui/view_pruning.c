/* view_pruning.c: screen 6: quality against sparsity. Any experiment belongs here whose runs have a parameter `method` and
 * results named "STAGE MEASURE @SPARSITY" ("plain error @0.9"), as compare/pruning.lua returns them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/rows.h"
#include "app/ui/study.h"
#include "experiments/kernel/mem.h"

enum { MOST_LINES = 8, MOST_POINTS = 64 };

/* A row of the table: one config (method, model) at the chosen stage and measure. */
struct curve_of { size_t row; double area; size_t n; double x[MOST_POINTS], y[MOST_POINTS]; };

struct pruning {
  struct study study; /* first */
  struct names stages, measures, models;
  size_t stage, measure, model, method, model_param;
  struct curve_of *curve; size_t n;
  bool log_y;
};

/* --- the numbers ------------------------------------------------------------------------------------------------ */

/* "plain error @0.9" -> its three parts; false: another kind of result. */
static bool split(const char *key, char stage[32], char measure[64], double *sparsity)
{
  const char *blank = strchr(key, ' '), *at = strstr(key, " @");
  char *end;
  if (!blank || !at || at <= blank || blank - key >= 32 || at - blank - 1 >= 64)
    return false;
  snprintf(stage, 32, "%.*s", (int)(blank - key), key);
  snprintf(measure, 64, "%.*s", (int)(at - blank - 1), blank + 1);
  *sparsity = strtod(at + 2, &end);
  return end != at + 2 && *end == '\0';
}

static void add_once(struct names *list, const char *name)
{
  if (!names_has(list, name))
    names_add(list, name);
}

static void add_point(struct curve_of *c, double x, double y)
{
  size_t at = c->n++;
  for (; at && c->x[at - 1] > x; at--) {
    c->x[at] = c->x[at - 1];
    c->y[at] = c->y[at - 1];
  }
  c->x[at] = x;
  c->y[at] = y;
}

/* Mean height of the curve over the sparsities that it has (trapezoids). */
static double area_of(const struct curve_of *c)
{
  double sum = 0;
  for (size_t i = 1; i < c->n; i++)
    sum += (c->x[i] - c->x[i - 1]) * (c->y[i] + c->y[i - 1]) / 2;
  return c->n > 1 ? sum / (c->x[c->n - 1] - c->x[0]) : c->n ? c->y[0] : NAN;
}

static bool larger_is_better(const struct pruning *v) { return v->measures.n && strcmp(v->measures.name[v->measure], "agreement") == 0; }

static int by_area(const void *a, const void *b, void *self)
{
  const struct curve_of *p = a, *q = b;
  if (isnan(p->area) || isnan(q->area))
    return isnan(p->area) - isnan(q->area);
  int order = (p->area > q->area) - (p->area < q->area);
  return larger_is_better(self) ? -order : order;
}

static bool of_model(const struct pruning *v, size_t row)
{
  if (v->model_param == SIZE_MAX || !v->models.n)
    return true;
  char *text = row_param_text(&v->study.list.row[row].param[v->model_param]);
  bool same = strcmp(text, v->models.name[v->model]) == 0;
  free(text);
  return same;
}

/* The curves of the chosen stage, measure and model. */
static void choose(struct pruning *v)
{
  static const char *const columns[] = {"method", "area under the curve", "at the least sparsity", "at the greatest", "n"};
  const struct listing *l = &v->study.list;
  char stage[32], measure[64];
  double sparsity;
  v->n = 0;
  for (size_t j = 0; j < v->study.n_rows && v->stages.n && v->measures.n; j++) {
    size_t i = v->study.row[j];
    struct curve_of *c = &v->curve[v->n];
    *c = (struct curve_of){.row = i};
    if (!of_model(v, i))
      continue;
    for (size_t k = 0; k < l->results.n; k++) {
      const struct summary *x = &l->row[i].result[k];
      if (split(l->results.name[k], stage, measure, &sparsity) && strcmp(stage, v->stages.name[v->stage]) == 0 &&
          strcmp(measure, v->measures.name[v->measure]) == 0 && x->n && isfinite(x->mean) && c->n < MOST_POINTS)
        add_point(c, sparsity, x->mean);
    }
    c->area = area_of(c);
    v->n += c->n > 0;
  }
  if (v->n)
    qsort_r(v->curve, v->n, sizeof *v->curve, by_area, v);
  v->study.table.n_rows = v->n;
  list_set_columns(&v->study.table, columns, sizeof columns / sizeof *columns);
  ui_redraw(v->study.ui);
}

static void read_names(struct study *s)
{
  struct pruning *v = (struct pruning *)s;
  const struct listing *l = &v->study.list;
  char stage[32], measure[64];
  double sparsity;
  names_free(&v->stages);
  names_free(&v->measures);
  names_free(&v->models);
  add_once(&v->measures, "error"); /* stands first where it is there */
  bool any = false;
  for (size_t k = 0; k < l->results.n; k++)
    if (split(l->results.name[k], stage, measure, &sparsity)) {
      add_once(&v->stages, stage);
      add_once(&v->measures, measure);
      any = true;
    }
  if (!any)
    names_free(&v->measures);
  v->method = row_find(&l->params, "method");
  v->model_param = row_find(&l->params, "model");
  if (v->model_param != SIZE_MAX)
    study_values(&v->study, v->model_param, &v->models);
  v->stage = v->stage < v->stages.n ? v->stage : 0;
  v->measure = v->measure < v->measures.n ? v->measure : 0;
  v->model = v->model < v->models.n ? v->model : 0;
  free(v->curve);
  v->curve = xcalloc(l->n_rows + 1, sizeof *v->curve);
  choose(v);
}

/* --- drawing -------------------------------------------------------------------------------------------------------- */

static char *name_of(const struct pruning *v, const struct curve_of *c)
{
  return v->method == SIZE_MAX ? row_config_text(&v->study.list, c->row) : row_param_text(&v->study.list.row[c->row].param[v->method]);
}

static char *cell(void *self, size_t row, size_t column, struct plot_cell *style)
{
  const struct pruning *v = self;
  const struct curve_of *c = &v->curve[row];
  if (column == 0) {
    style->fg = row < MOST_LINES ? plot_colour_cell(row) : UI_GREY;
    return name_of(v, c);
  }
  switch (column) {
  case 1: return xasprintf("%.4g", c->area);
  case 2: return xasprintf("%.4g (%g)", c->y[0], c->x[0]);
  case 3: return xasprintf("%.4g (%g)", c->y[c->n - 1], c->x[c->n - 1]);
  default: return xasprintf("%zu", v->study.list.row[c->row].count[STORE_DONE]);
  }
}

static void draw_curves(const struct pruning *v, struct plot_grid *g, struct area a)
{
  struct plot_series series[MOST_LINES];
  char *label[MOST_LINES];
  size_t n = v->n < MOST_LINES ? v->n : MOST_LINES;
  for (size_t i = 0; i < n; i++) {
    label[i] = name_of(v, &v->curve[i]);
    series[i] = (struct plot_series){.label = label[i], .n = v->curve[i].n, .x = v->curve[i].x, .y = v->curve[i].y};
  }
  char *title = xasprintf("%s against sparsity, %s%s%s", v->measures.name[v->measure], v->stages.name[v->stage], v->models.n ? ", " : "", v->models.n ? v->models.name[v->model] : "");
  struct plot_spec spec = {.kind = PLOT_LINE, .title = title, .x_label = "sparsity", .log_y = v->log_y, .n_series = n, .series = series};
  draw_plot(g, a, &spec);
  free(title);
  for (size_t i = 0; i < n; i++)
    free(label[i]);
}

static void draw(void *self, struct plot_grid *g, struct area a)
{
  struct pruning *v = self;
  if (study_draw_missing(&v->study, g, a))
    return;
  struct area below = study_draw_table(&v->study, g, a, a.height / 2);
  draw_curves(v, g, below);
}

static void say_title(void *self, char *out, size_t size)
{
  const struct pruning *v = self;
  if (v->stages.n)
    snprintf(out, size, "%s   m %s   Tab %s%s%s", v->study.name ? v->study.name : "", v->measures.name[v->measure], v->stages.name[v->stage], v->models.n ? "   f " : "",
             v->models.n ? v->models.name[v->model] : "");
}

static unsigned request(void *self, enum request r, const struct ui_event *ev)
{
  struct pruning *v = self;
  if (!v->stages.n)
    return study_request(&v->study, r, ev);
  switch (r) {
  case REQUEST_METRIC: v->measure = (v->measure + 1) % v->measures.n; break;
  case REQUEST_NEXT_PART: v->stage = (v->stage + 1) % v->stages.n; break;
  case REQUEST_PREVIOUS_PART: v->stage = (v->stage + v->stages.n - 1) % v->stages.n; break;
  case REQUEST_FOLD: v->model = v->models.n ? (v->model + 1) % v->models.n : 0; break;
  case REQUEST_LOG_Y: v->log_y = !v->log_y; break;
  default: return study_request(&v->study, r, ev);
  }
  choose(v);
  return UI_HANDLED | UI_REDRAW;
}

static const struct study_kind kind = {.size = sizeof(struct pruning), .param = "plain * @*", .by_result = true, .judge = read_names, .cell = cell,
                                       .hint = "no runs of pruning yet: screen 8 starts compare/pruning.lua"};

static void *open_view(struct ui *ui) { return study_open(ui, &kind); }

static void close_view(void *self)
{
  struct pruning *v = self;
  names_free(&v->stages);
  names_free(&v->measures);
  names_free(&v->models);
  free(v->curve);
  study_close(&v->study);
}

static const struct binding keys[] = {{"f", REQUEST_FOLD}, {0}};
static const enum request hints[] = {REQUEST_METRIC, REQUEST_NEXT_PART, REQUEST_FOLD, REQUEST_LOG_Y, REQUEST_DOWN, REQUEST_STUDY, REQUEST_EXPORT, REQUEST_BACK, REQUEST_NONE};

const struct view view_pruning = {
  .name = "Pruning",
  .screen = REQUEST_SCREEN_PRUNING,
  .summary = "Quality against sparsity per method: m chooses the measure, Tab the stage (plain, repaired, tuned), f the model; the table is sorted by area.",
  .keys = keys,
  .hints = hints,
  .open = open_view,
  .close = close_view,
  .refresh = study_view_refresh,
  .draw = draw,
  .request = request,
  .title = say_title,
  .text = study_view_text,
};
