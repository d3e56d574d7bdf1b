/* view_bounds.c: screen 5: bounds and measures beside the gap that was measured. Any experiment belongs here whose runs
 * return a result NAME with NAME.kind, the kind of its statement; NAME.violated, .vacuous, .tightness and .score are used
 * where they are there, and `gap` is what they are held against. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/rows.h"
#include "app/ui/study.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/stats.h"

/* One bound or measure over all runs. */
struct judged {
  size_t result;                     /* of the listing */
  double value, tightness;           /* medians; NaN: none */
  size_t n, vacuous, violated;
  bool has_violated;
  struct stats_kendall tau;          /* of its score with the gap, over configs; n 0: none */
  size_t pairs;
};

struct bounds {
  struct study study;
  struct ui *ui;
  size_t gap;
  struct judged *judged; size_t n;
  struct list list;
  struct area table;
};

/* --- the numbers ------------------------------------------------------------------------------------------------ */

static size_t with_suffix(const struct bounds *v, size_t result, const char *suffix)
{
  char *name = xasprintf("%s.%s", v->study.list.results.name[result], suffix);
  size_t at = row_find(&v->study.list.results, name);
  free(name);
  return at;
}

/* All runs' values of a result; caller frees. */
static double *values_of(const struct bounds *v, size_t result, size_t *n)
{
  const struct listing *l = &v->study.list;
  double *out = xcalloc(l->n_runs + 1, sizeof *out);
  *n = 0;
  for (size_t i = 0; result != SIZE_MAX && i < l->n_rows; i++)
    for (size_t k = 0; k < l->row[i].result[result].n; k++)
      out[(*n)++] = l->row[i].result[result].value[k];
  return out;
}

static double median_of(const struct bounds *v, size_t result)
{
  size_t n;
  struct err e = {0};
  double *x = values_of(v, result, &n), out = NAN;
  size_t finite = 0;
  for (size_t i = 0; i < n; i++)
    if (isfinite(x[i]))
      x[finite++] = x[i];
  if (finite && stats_median(x, finite, &out, &e) != STATUS_OK)
    out = NAN;
  free(x);
  return out;
}

static size_t count_true(const struct bounds *v, size_t result)
{
  size_t n, sum = 0;
  double *x = values_of(v, result, &n);
  for (size_t i = 0; i < n; i++)
    sum += x[i] != 0;
  free(x);
  return sum;
}

/* Means over seeds of two results, for the configs that have both; returns the count. */
static size_t means_of(const struct bounds *v, size_t a, size_t b, double *x, double *y)
{
  const struct listing *l = &v->study.list;
  size_t n = 0;
  for (size_t i = 0; i < l->n_rows && a != SIZE_MAX && b != SIZE_MAX; i++) {
    const struct summary *p = &l->row[i].result[a], *q = &l->row[i].result[b];
    if (p->n && q->n && isfinite(p->mean) && isfinite(q->mean)) {
      x[n] = p->mean;
      y[n++] = q->mean;
    }
  }
  return n;
}

static struct judged judge_one(const struct bounds *v, size_t result)
{
  size_t violated = with_suffix(v, result, "violated"), score = with_suffix(v, result, "score"), n;
  struct judged j = {.result = result, .value = median_of(v, result), .tightness = median_of(v, with_suffix(v, result, "tightness")),
                     .vacuous = count_true(v, with_suffix(v, result, "vacuous")), .violated = count_true(v, violated), .has_violated = violated != SIZE_MAX};
  double *x = xcalloc(v->study.list.n_rows + 1, sizeof *x), *y = xcalloc(v->study.list.n_rows + 1, sizeof *y);
  struct err e = {0};
  free(values_of(v, result, &n));
  j.n = n;
  j.pairs = means_of(v, score == SIZE_MAX ? result : score, v->gap, x, y);
  if (j.pairs < 4 || stats_kendall(x, y, j.pairs, 0.95, &j.tau, &e) != STATUS_OK)
    j.pairs = 0;
  free(x);
  free(y);
  return j;
}

static int guarantee_first(const void *a, const void *b)
{
  const struct judged *p = a, *q = b;
  if (p->has_violated != q->has_violated)
    return p->has_violated ? -1 : 1;
  if (isnan(p->value) || isnan(q->value))
    return isnan(p->value) - isnan(q->value);
  return p->has_violated ? (p->value > q->value) - (p->value < q->value) : (p->result > q->result) - (p->result < q->result);
}

static void judge(void *self)
{
  static const char *const columns[] = {"bound or measure", "kind", "median", "vacuous", "violated", "tightness", "Kendall tau with the gap", "runs"};
  struct bounds *v = self;
  const struct listing *l = &v->study.list;
  free(v->judged);
  v->judged = xcalloc(l->results.n + 1, sizeof *v->judged);
  v->n = 0;
  v->gap = row_find(&l->results, "gap");
  for (size_t k = 0; k < l->results.n; k++)
    if (with_suffix(v, k, "kind") != SIZE_MAX)
      v->judged[v->n++] = judge_one(v, k);
  if (v->n)
    qsort(v->judged, v->n, sizeof *v->judged, guarantee_first);
  v->list.n_rows = v->n;
  list_set_columns(&v->list, columns, sizeof columns / sizeof *columns);
}

/* --- drawing -------------------------------------------------------------------------------------------------------- */

static char *kind_text(const struct bounds *v, size_t result)
{
  size_t kind = with_suffix(v, result, "kind");
  for (size_t i = 0; i < v->study.list.n_rows; i++) {
    const struct summary *x = &v->study.list.row[i].result[kind];
    if (x->one.type == STORE_TEXT)
      return xasprintf("%.*s", (int)x->one.size, x->one.text);
  }
  return xstrdup("");
}

static char *cell(void *self, size_t row, size_t column, struct plot_cell *style)
{
  const struct bounds *v = self;
  const struct judged *j = &v->judged[row];
  switch (column) {
  case 0: return xstrdup(v->study.list.results.name[j->result]);
  case 1: return kind_text(v, j->result);
  case 2: return isnan(j->value) ? xstrdup("") : xasprintf(j->has_violated && j->value >= 1 ? "%.4g vacuous" : "%.4g", j->value);
  case 3: return j->has_violated ? xasprintf("%zu of %zu", j->vacuous, j->n) : xstrdup("");
  case 4:
    style->fg = j->violated ? UI_RED : 0;
    return j->has_violated ? xasprintf("%zu of %zu", j->violated, j->n) : xstrdup("no bound");
  case 5: return isnan(j->tightness) ? xstrdup("") : xasprintf("%.3gx", j->tightness);
  case 6: return j->pairs ? xasprintf("%+.2f [%.2f, %.2f] (%zu configs)", j->tau.tau, j->tau.interval.low, j->tau.interval.high, j->pairs) : xstrdup("");
  default: return xasprintf("%zu", j->n);
  }
}

/* The selected one against the measured gap, config by config, with the line where they are equal. */
static void draw_scatter(const struct bounds *v, struct plot_grid *g, struct area a)
{
  const struct judged *j = &v->judged[v->list.at < v->n ? v->list.at : 0];
  double *x = xcalloc(v->study.list.n_rows + 1, sizeof *x), *y = xcalloc(v->study.list.n_rows + 1, sizeof *y);
  size_t n = means_of(v, v->gap, j->result, x, y), kept = 0;
  double low = INFINITY, high = -INFINITY;
  for (size_t i = 0; i < n; i++)
    if (x[i] > 0 && y[i] > 0) { /* both axes are logarithmic */
      x[kept] = x[i];
      y[kept++] = y[i];
      low = fmin(low, x[i]);
      high = fmax(high, x[i]);
    }
  double line[2] = {low, high};
  struct plot_series series[2] = {{.label = v->study.list.results.name[j->result], .n = kept, .x = x, .y = y}, {.label = "equal", .n = 2, .x = line, .y = line}};
  char *title = xasprintf("%s against the measured gap", v->study.list.results.name[j->result]);
  struct plot_spec spec = {.kind = PLOT_SCATTER, .title = title, .x_label = "gap", .log_x = 1, .log_y = 1,
                           .n_series = j->has_violated && kept ? 2 : 1, .series = series};
  draw_plot(g, a, &spec);
  free(title);
  free(x);
  free(y);
}

static void draw(void *self, struct plot_grid *g, struct area a)
{
  struct bounds *v = self;
  if (study_draw_missing(&v->study, g, a, !v->n, "no runs with bounds yet: screen 8 starts compare/bounds.lua"))
    return;
  int rows = (int)v->n + 1, most = a.height * 3 / 5, table = rows < most ? rows : most;
  v->table = (struct area){a.row, 0, table, a.width};
  list_draw(&v->list, g, v->table);
  draw_text(g, a.row + table, 1, a.width - 2, "HP: holds with probability 1 - delta.  E: holds for the expectation.  EST: an estimate.  C: ranks models, bounds nothing.", UI_GREY, 0);
  draw_scatter(v, g, (struct area){a.row + table + 1, 0, a.height - table - 1, a.width});
}

static void say_title(void *self, char *out, size_t size)
{
  study_title(&((const struct bounds *)self)->study, out, size);
}

static unsigned request(void *self, enum request r, const struct ui_event *ev)
{
  struct bounds *v = self;
  if (r == REQUEST_METRIC && v->study.experiments.n) {
    study_choose(&v->study);
    return UI_HANDLED;
  }
  return v->n ? list_request(&v->list, r, ev, v->table) : 0;
}

static char *copied(void *self, bool whole)
{
  struct bounds *v = self;
  return v->n ? list_text(&v->list, whole) : NULL;
}

static void *open_view(struct ui *ui)
{
  struct bounds *v = xcalloc(1, sizeof *v);
  v->ui = ui;
  v->list = (struct list){.self = v, .cell = cell};
  v->study = (struct study){.ui = ui, .param = "*.kind", .by_result = true, .self = v, .changed = judge};
  return v;
}

static void close_view(void *self)
{
  struct bounds *v = self;
  study_free(&v->study);
  list_free(&v->list);
  free(v->judged);
  free(v);
}

static void refresh(void *self, bool store_changed)
{
  study_refresh(&((struct bounds *)self)->study, store_changed);
}

static const enum request hints[] = {REQUEST_DOWN, REQUEST_METRIC, REQUEST_SCREEN_RUNS, REQUEST_EXPORT, REQUEST_BACK, REQUEST_NONE};

const struct view view_bounds = {
  .name = "Bounds",
  .screen = REQUEST_SCREEN_BOUNDS,
  .summary = "Bounds and measures with the kind of their statement: medians, violations counted, tightness, and rank correlation with the measured gap.",
  .hints = hints,
  .open = open_view,
  .close = close_view,
  .refresh = refresh,
  .draw = draw,
  .request = request,
  .title = say_title,
  .text = copied,
};
