/* view_schedules.c: screen 4: which schedule is best, by how much, and how much it matters that its peak rate is tuned.
 * Each schedule is judged at the peak that is best on validation data; what is shown is its score on test data. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/rows.h"
#include "app/ui/study.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/stats.h"

enum { MOST_PAIRS = 1000, MOST_LINES = 10 };

struct standing {
  size_t row;              /* of the listing: this schedule at its best peak */
  double peak, decades;    /* decades of peaks whose mean stays within a tenth of the best */
  double p;                /* against the best schedule, paired by seed, Holm; NaN: no test */
  int rank;
};

struct schedules {
  struct study study;
  struct ui *ui;
  size_t schedule, peak, tuned, score; /* parameters and results; SIZE_MAX: not there */
  struct names names, peaks;
  struct standing *standing;           /* in order of rank */
  size_t n;
  struct list list;
  struct area table;
};

/* --- the numbers ------------------------------------------------------------------------------------------------ */

static double mean_of(const struct schedules *v, size_t row, size_t result)
{
  const struct summary *x = result == SIZE_MAX ? NULL : &v->study.list.row[row].result[result];
  return x && x->n && !x->n_nan ? x->mean : NAN;
}

static bool has_name(const struct schedules *v, size_t row, const char *name)
{
  char *text = row_param_text(&v->study.list.row[row].param[v->schedule]);
  bool same = strcmp(text, name) == 0;
  free(text);
  return same;
}

static void find_best(const struct schedules *v, const char *name, struct standing *s)
{
  double best = INFINITY;
  s->row = SIZE_MAX;
  for (size_t i = 0; i < v->study.list.n_rows; i++) {
    double y = has_name(v, i, name) ? mean_of(v, i, v->tuned) : NAN;
    if (y < best) {
      best = y;
      s->row = i;
    }
  }
  s->peak = s->row == SIZE_MAX ? NAN : study_param(&v->study, s->row, v->peak);
}

struct point { double x, y; };
static int by_x(const void *a, const void *b) { return (((const struct point *)a)->x > ((const struct point *)b)->x) - (((const struct point *)a)->x < ((const struct point *)b)->x); }

/* Result against log10 of the peak, sorted; caller frees. */
static struct point *points_of(const struct schedules *v, const char *name, size_t result, size_t *n)
{
  struct point *p = xcalloc(v->study.list.n_rows + 1, sizeof *p);
  *n = 0;
  for (size_t i = 0; i < v->study.list.n_rows; i++) {
    double x = log10(study_param(&v->study, i, v->peak)), y = has_name(v, i, name) ? mean_of(v, i, result) : NAN;
    if (isfinite(x) && isfinite(y))
      p[(*n)++] = (struct point){x, y};
  }
  qsort(p, *n, sizeof *p, by_x);
  return p;
}

/* Decades over which straight lines between the points stay below the limit. */
static double width_below(const struct point *p, size_t n, double limit)
{
  double width = 0;
  for (size_t i = 1; i < n; i++) {
    const struct point *a = &p[i - 1], *b = &p[i];
    double low = fmin(a->y, b->y), high = fmax(a->y, b->y);
    width += high <= limit ? b->x - a->x : low < limit ? (b->x - a->x) * (limit - low) / (high - low) : 0;
  }
  return width;
}

static int by_score(const void *a, const void *b, void *self)
{
  const struct schedules *v = self;
  double p = mean_of(v, ((const struct standing *)a)->row, v->score), q = mean_of(v, ((const struct standing *)b)->row, v->score);
  if (isnan(p) || isnan(q))
    return isnan(p) - isnan(q);
  return (p > q) - (p < q);
}

/* Equal rank for all that cannot be told from the best. */
static void rank(struct schedules *v)
{
  double p[256], x[MOST_PAIRS], y[MOST_PAIRS];
  size_t tested[256], m = 0;
  struct err e = {0};
  for (size_t i = 1; i < v->n && i < 256; i++) {
    const struct summary *a = &v->study.list.row[v->standing[i].row].result[v->score], *b = &v->study.list.row[v->standing[0].row].result[v->score];
    struct stats_t_test t;
    size_t pairs = summary_pairs(a, b, x, y, MOST_PAIRS);
    if (pairs >= 2 && stats_paired_t(x, y, pairs, 0.95, &t, &e) == STATUS_OK) {
      p[m] = t.p;
      tested[m++] = i;
    }
  }
  if (m && stats_holm(p, m, p, &e) == STATUS_OK)
    for (size_t k = 0; k < m; k++)
      v->standing[tested[k]].p = p[k];
  for (size_t i = 0; i < v->n; i++)
    v->standing[i].rank = i && v->standing[i].p < 0.05 ? (int)i + 1 : 1;
}

static size_t first_of(const struct names *names, const char *const *wanted)
{
  for (; *wanted; wanted++)
    if (row_find(names, *wanted) != SIZE_MAX)
      return row_find(names, *wanted);
  return SIZE_MAX;
}

static void judge(void *self)
{
  static const char *const peaks[] = {"peak", "lr", "rate", NULL}, *const tuned[] = {"val_error", "val_loss", "loss", NULL};
  static const char *const scores[] = {"test_error", "test_loss", "val_error", "val_loss", "loss", NULL};
  static const char *const columns[] = {"rank", "schedule", "score at its best peak", "best peak", "good range", "vs best", "n"};
  struct schedules *v = self;
  const struct listing *l = &v->study.list;
  names_free(&v->names);
  names_free(&v->peaks);
  free(v->standing);
  v->standing = NULL;
  v->n = v->list.n_rows = 0;
  if (!l->n_rows)
    return;
  v->schedule = row_find(&l->params, "schedule");
  v->peak = first_of(&l->params, peaks);
  v->tuned = first_of(&l->results, tuned);
  v->score = first_of(&l->results, scores);
  if (v->schedule == SIZE_MAX || v->peak == SIZE_MAX || v->tuned == SIZE_MAX)
    return;
  study_values(&v->study, v->schedule, &v->names);
  study_values(&v->study, v->peak, &v->peaks);
  v->standing = xcalloc(v->names.n + 1, sizeof *v->standing);
  for (size_t i = 0; i < v->names.n; i++) {
    struct standing s = {.p = NAN};
    size_t n;
    find_best(v, v->names.name[i], &s);
    if (s.row == SIZE_MAX)
      continue;
    struct point *p = points_of(v, v->names.name[i], v->tuned, &n);
    double best = mean_of(v, s.row, v->tuned);
    s.decades = width_below(p, n, best + 0.1 * fabs(best));
    free(p);
    v->standing[v->n++] = s;
  }
  qsort_r(v->standing, v->n, sizeof *v->standing, by_score, v);
  rank(v);
  v->list.n_rows = v->n;
  list_set_columns(&v->list, columns, sizeof columns / sizeof *columns);
}

/* --- drawing -------------------------------------------------------------------------------------------------------- */

static char *cell(void *self, size_t row, size_t column, struct plot_cell *style)
{
  const struct schedules *v = self;
  const struct standing *s = &v->standing[row];
  const struct listing_row *r = &v->study.list.row[s->row];
  if (column == 1)
    style->fg = plot_colour_cell(row);
  switch (column) {
  case 0: return xasprintf("%d", s->rank);
  case 1: return row_param_text(&r->param[v->schedule]);
  case 2: return summary_text(&r->result[v->score], false);
  case 3: return xasprintf("%.4g", s->peak);
  case 4: return xasprintf("%.2f decades", s->decades);
  case 5: return row == 0 ? xstrdup("best") : isnan(s->p) ? xstrdup("no test") : xasprintf("%+.2g p=%.2g%s", mean_of(v, s->row, v->score) - mean_of(v, v->standing[0].row, v->score), s->p, s->p < 0.05 ? " *" : "");
  default: return xasprintf("%zu", r->count[STORE_DONE]);
  }
}

static void draw_sensitivity(const struct schedules *v, struct plot_grid *g, struct area a)
{
  struct plot_series series[MOST_LINES];
  double *x[MOST_LINES], *y[MOST_LINES], low = INFINITY;
  char *label[MOST_LINES];
  size_t n = v->n < MOST_LINES ? v->n : MOST_LINES;
  for (size_t i = 0; i < v->n; i++)
    low = fmin(low, mean_of(v, v->standing[i].row, v->tuned));
  for (size_t i = 0; i < n; i++) {
    size_t points, kept = 0;
    label[i] = row_param_text(&v->study.list.row[v->standing[i].row].param[v->schedule]);
    struct point *p = points_of(v, label[i], v->tuned, &points);
    x[i] = xcalloc(points + 1, sizeof **x);
    y[i] = xcalloc(points + 1, sizeof **y);
    for (size_t k = 0; k < points; k++)
      if (p[k].y <= 3 * fabs(low)) { /* what diverged would flatten the rest */
        x[i][kept] = pow(10, p[k].x);
        y[i][kept++] = p[k].y;
      }
    free(p);
    series[i] = (struct plot_series){.label = label[i], .n = kept, .x = x[i], .y = y[i]};
  }
  char *title = xasprintf("%s against peak rate (up to three times the best)", v->study.list.results.name[v->tuned]);
  struct plot_spec spec = {.kind = PLOT_LINE, .title = title, .x_label = v->study.list.params.name[v->peak], .log_x = 1, .n_series = n, .series = series};
  draw_plot(g, a, &spec);
  free(title);
  for (size_t i = 0; i < n; i++) {
    free(label[i]);
    free(x[i]);
    free(y[i]);
  }
}

static void draw_heat(const struct schedules *v, struct plot_grid *g, struct area a)
{
  double *z = xcalloc(v->n * v->peaks.n + 1, sizeof *z);
  const char **rows = xcalloc(v->n + 1, sizeof *rows);
  char **owned = xcalloc(v->n + 1, sizeof *owned);
  for (size_t i = 0; i < v->n * v->peaks.n; i++)
    z[i] = NAN;
  for (size_t i = 0; i < v->n; i++) {
    rows[i] = owned[i] = row_param_text(&v->study.list.row[v->standing[i].row].param[v->schedule]);
    for (size_t r = 0; r < v->study.list.n_rows; r++) {
      char *peak = row_param_text(&v->study.list.row[r].param[v->peak]);
      size_t column = row_find(&v->peaks, peak);
      if (column < v->peaks.n && has_name(v, r, owned[i]))
        z[i * v->peaks.n + column] = mean_of(v, r, v->tuned);
      free(peak);
    }
  }
  struct plot_spec spec = {.kind = PLOT_HEAT, .title = v->study.list.results.name[v->tuned], .names = (const char *const *)v->peaks.name, .n_names = v->peaks.n,
                           .row_names = rows, .rows = v->n, .cols = v->peaks.n, .z = z};
  draw_plot(g, a, &spec);
  for (size_t i = 0; i < v->n; i++)
    free(owned[i]);
  free(owned);
  free(rows);
  free(z);
}

static void draw(void *self, struct plot_grid *g, struct area a)
{
  struct schedules *v = self;
  if (study_draw_missing(&v->study, g, a, !v->n, "no runs with the parameters schedule and peak yet: screen 8 starts compare/schedules.lua"))
    return;
  int rows = (int)v->n + 1, most = a.height / 2, table = rows < most ? rows : most;
  v->table = (struct area){a.row, 0, table, a.width};
  list_draw(&v->list, g, v->table);
  draw_text(g, a.row + table, 1, a.width - 2, "equal rank: cannot be told from the best (paired t over seeds, Holm).  good range: peaks within 10 % of the best", UI_GREY, 0);
  bool two = a.width >= 110;
  int width = two ? a.width * 3 / 5 : a.width;
  draw_sensitivity(v, g, (struct area){a.row + table + 1, 0, a.height - table - 1, width});
  if (two)
    draw_heat(v, g, (struct area){a.row + table + 1, width + 1, a.height - table - 1, a.width - width - 1});
}

static void say_title(void *self, char *out, size_t size)
{
  study_title(&((const struct schedules *)self)->study, out, size);
}

static unsigned request(void *self, enum request r, const struct ui_event *ev)
{
  struct schedules *v = self;
  if (r == REQUEST_METRIC && v->study.experiments.n) {
    study_choose(&v->study);
    return UI_HANDLED;
  }
  return v->n ? list_request(&v->list, r, ev, v->table) : 0;
}

static char *copied(void *self, bool whole)
{
  struct schedules *v = self;
  return v->n ? list_text(&v->list, whole) : NULL;
}

static void *open_view(struct ui *ui)
{
  struct schedules *v = xcalloc(1, sizeof *v);
  v->ui = ui;
  v->list = (struct list){.self = v, .cell = cell};
  v->study = (struct study){.ui = ui, .param = "schedule", .self = v, .changed = judge};
  return v;
}

static void close_view(void *self)
{
  struct schedules *v = self;
  study_free(&v->study);
  names_free(&v->names);
  names_free(&v->peaks);
  list_free(&v->list);
  free(v->standing);
  free(v);
}

static void refresh(void *self, bool store_changed)
{
  study_refresh(&((struct schedules *)self)->study, store_changed);
}

static const enum request hints[] = {REQUEST_DOWN, REQUEST_METRIC, REQUEST_SCREEN_RUNS, REQUEST_EXPORT, REQUEST_BACK, REQUEST_NONE};

const struct view view_schedules = {
  .name = "Schedules",
  .screen = REQUEST_SCREEN_SCHEDULES,
  .summary = "Schedules ranked at their best peak rate, with paired tests, and how sensitive each is to that rate.",
  .hints = hints,
  .open = open_view,
  .close = close_view,
  .refresh = refresh,
  .draw = draw,
  .request = request,
  .title = say_title,
  .text = copied,
};
