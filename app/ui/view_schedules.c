/* view_schedules.c: screen 4: which schedule is best, by how much, and how much it matters that its peak rate is tuned.
 * Above the ranks, below them pictures: result against peak, schedule by peak as a heat map, and the shapes of the rates.
 * The numbers are those of schedules_data.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/rows.h"
#include "app/ui/schedules_data.h"
#include "experiments/kernel/mem.h"

enum { MOST_LINES = 10, MOST_TIMES_BEST = 3, SHAPE = 6 };
static const double heat_most = 1.5; /* times the best: shades are for what is near it */
enum part { PART_SENSITIVITY, PART_HEAT, PART_SHAPES, PARTS };

/* Reading of the learning rates, one run for each schedule. */
struct shapes {
  struct aside_job job; /* first */
  struct schedules *view;
  int64_t *id;
  struct curve *curve;
  size_t n;
};

struct schedules {
  struct study study; /* first */
  struct schedules_data data;
  struct shapes *reading;
  size_t shown[4], n_shown, metric; /* results that the pictures can show, and which they do */
  size_t best_iterate, average;     /* results of the score at the best evaluation, and of the averaged iterate; SIZE_MAX: none */
  enum part part;
};

/* --- learning rates ---------------------------------------------------------------------------------------------- */

static void shapes_work(struct aside_job *job, struct app *app, struct store *s)
{
  struct shapes *r = (struct shapes *)job;
  for (size_t i = 0; s && i < r->n; i++)
    if (!curve_load(&r->curve[i], app, s, &r->id[i], 1, "lr"))
      return;
}

static void shapes_done(struct aside_job *job)
{
  struct shapes *r = (struct shapes *)job;
  struct schedules *v = r->view;
  v->reading = NULL;
  for (size_t i = 0; i < r->n; i++) {
    v->data.standing[i].shape = r->curve[i];
    r->curve[i] = (struct curve){0};
  }
  ui_redraw(v->study.ui);
}

static void shapes_release(struct aside_job *job)
{
  struct shapes *r = (struct shapes *)job;
  for (size_t i = 0; i < r->n; i++)
    curve_free(&r->curve[i]);
  free(r->curve);
  free(r->id);
  free(r);
}

static void drop_shapes(struct schedules *v)
{
  if (v->reading)
    aside_drop(ui_aside(v->study.ui), &v->reading->job);
  v->reading = NULL;
}

static void ask_shapes(struct schedules *v)
{
  if (!v->data.n)
    return;
  struct shapes *r = v->reading = xcalloc(1, sizeof *r);
  r->job = (struct aside_job){.work = shapes_work, .done = shapes_done, .release = shapes_release};
  r->view = v;
  r->n = v->data.n;
  r->id = xcalloc(r->n, sizeof *r->id);
  r->curve = xcalloc(r->n, sizeof *r->curve);
  for (size_t i = 0; i < r->n; i++)
    r->id[i] = v->study.list.row[v->data.standing[i].row].id;
  aside_ask(ui_aside(v->study.ui), &r->job);
}

/* --- what is shown ----------------------------------------------------------------------------------------------- */

static size_t prefixed(const struct names *results, const char *prefix, size_t result)
{
  char *name = xasprintf("%s%s", prefix, results->name[result]);
  size_t at = row_find(results, name);
  free(name);
  return at;
}

static void choose_results(struct schedules *v)
{
  const size_t wanted[] = {v->data.tuned, v->data.score, v->best_iterate, v->average};
  v->n_shown = 0;
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
    if (wanted[i] != SIZE_MAX && (i == 0 || wanted[i] != wanted[0]))
      v->shown[v->n_shown++] = wanted[i];
  v->metric = v->metric < v->n_shown ? v->metric : 0;
}

static void judge(struct study *s)
{
  struct schedules *v = (struct schedules *)s;
  drop_shapes(v);
  schedules_judge(&v->data, s);
  if (!(s->table.n_rows = v->data.n))
    return;
  v->best_iterate = prefixed(&s->list.results, "best_", v->data.score);
  v->average = prefixed(&s->list.results, "avg_", v->data.score);
  choose_results(v);
  const char *const columns[] = {"rank", "schedule", s->list.results.name[v->data.score], "best peak", "vs best", "good range", "shape",
                                 "last-best", "avg-last", "2T-T", "cost", "lost"};
  list_set_columns(&s->table, columns, sizeof columns / sizeof *columns);
  s->table.column[7].hidden = v->best_iterate == SIZE_MAX;
  s->table.column[8].hidden = v->average == SIZE_MAX;
  bool twice = false, cost = false, lost = false;
  for (size_t i = 0; i < v->data.n; i++) {
    const struct standing *st = &v->data.standing[i];
    twice = twice || isfinite(st->twice);
    cost = cost || (isfinite(st->cost) && st->cost != v->data.standing[0].cost);
    lost = lost || st->lost;
  }
  s->table.column[9].hidden = !twice;
  s->table.column[10].hidden = !cost; /* where all cost the same there is nothing to say */
  s->table.column[11].hidden = !lost;
  s->table.column[SHAPE].width = 10;
  ask_shapes(v);
}

static char *difference(const struct schedules *v, size_t row, size_t a, size_t b)
{
  double d = study_mean(&v->study, row, a) - study_mean(&v->study, row, b);
  return isnan(d) ? xstrdup("-") : xasprintf("%+.4f", d);
}

static char *against_best(const struct standing *s, size_t row)
{
  if (row == 0)
    return xstrdup("best");
  return isnan(s->p) ? xasprintf("%+.4f  no test", s->difference) : xasprintf("%+.4f p=%.2g%s", s->difference, s->p, s->p < 0.05 ? " *" : "");
}

static char *cell(void *self, size_t row, size_t column, struct plot_cell *style)
{
  const struct schedules *v = self;
  const struct standing *s = &v->data.standing[row];
  if (column == 1)
    style->fg = plot_colour_cell(row);
  switch (column) {
  case 0: return xasprintf(s->rank == 1 && row ? "1 =" : "%d", s->rank);
  case 1: return xstrdup(s->name);
  case 2: return summary_text(&v->study.list.row[s->row].result[v->data.score], false);
  case 3:
    style->fg = s->edge ? UI_RED : 0;
    return isfinite(s->peak) ? xasprintf("%.4g%s", s->peak, s->edge ? " edge" : "") : xstrdup("-"); /* a rule without one */
  case 4: return against_best(s, row);
  case 5: return isfinite(s->peak) ? xasprintf("%.1f decades", s->decades) : xstrdup("-");
  case SHAPE: return s->shape.n ? xstrdup("") : xstrdup("-");
  case 7: return difference(v, s->row, v->data.score, v->best_iterate);
  case 8: return difference(v, s->row, v->average, v->data.score);
  case 9: return isnan(s->twice) ? xstrdup("-") : xasprintf("%+.4f", s->twice);
  case 10: return isnan(s->cost) ? xstrdup("-") : xasprintf("%.2f", s->cost);
  default: return s->lost ? xasprintf("%zu", s->lost) : xstrdup("-");
  }
}

static double greatest(const struct curve *c)
{
  double top = 0;
  for (size_t i = 0; i < c->n; i++)
    top = fmax(top, c->y[i]);
  return top;
}

/* The learning rate, from 0 to its greatest. */
static bool draw_cell(void *self, struct plot_grid *g, size_t row, size_t column, struct area a)
{
  const struct schedules *v = self;
  const struct curve *c = &v->data.standing[row].shape;
  double top = greatest(c);
  if (column != SHAPE || !c->n || MB_CUR_MAX == 1)
    return false;
  for (int i = 0; i < a.width; i++) {
    double share = c->y[(size_t)i * (c->n - 1) / (size_t)(a.width > 1 ? a.width - 1 : 1)] / top;
    if (share >= 0)
      plot_put(g, a.row, a.col + i, 0x2581 + (uint32_t)(7 * share + 0.5), plot_colour_cell(row));
  }
  return true;
}

/* --- pictures ---------------------------------------------------------------------------------------------------- */

static double least_of(const struct schedules *v, size_t result)
{
  double low = INFINITY;
  for (size_t i = 0; i < v->study.n_rows; i++) {
    double y = study_mean(&v->study, v->study.row[i], result);
    low = isfinite(y) ? fmin(low, y) : low;
  }
  return low;
}

/* One line for each schedule, the selected one with its intervals; what diverged would flatten the rest. */
static void draw_sensitivity(const struct schedules *v, struct plot_grid *g, struct area a)
{
  struct plot_series series[MOST_LINES];
  struct curve curve[MOST_LINES];
  size_t n = v->data.n < MOST_LINES ? v->data.n : MOST_LINES, result = v->shown[v->metric], left_out = 0;
  double most = MOST_TIMES_BEST * fabs(least_of(v, result));
  for (size_t i = 0; i < n; i++) {
    struct curve *c = &curve[i];
    size_t kept = 0;
    *c = schedules_points(&v->data, &v->study, i, result);
    for (size_t k = 0; k < c->n; k++)
      if (c->y[k] <= most) {
        c->x[kept] = c->x[k];
        c->y[kept] = c->y[k];
        c->low[kept] = c->low[k];
        c->high[kept++] = c->high[k];
      }
    left_out += c->n - kept;
    bool chosen = i == v->study.table.at;
    series[i] = (struct plot_series){.label = v->data.standing[i].name, .n = kept, .x = c->x, .y = c->y, .low = chosen ? c->low : NULL, .high = chosen ? c->high : NULL};
  }
  char *more = left_out ? xasprintf(" (%zu points above %dx the best left out)", left_out, MOST_TIMES_BEST) : xstrdup("");
  char *title = xasprintf("%s against peak rate%s", v->study.list.results.name[result], more);
  struct plot_spec spec = {.kind = PLOT_LINE, .title = title, .x_label = v->study.list.params.name[v->data.peak], .log_x = 1, .log_y = 1, .n_series = n, .series = series};
  draw_plot(g, a, &spec);
  free(title);
  free(more);
  for (size_t i = 0; i < n; i++)
    curve_free(&curve[i]);
}

static void draw_heat(const struct schedules *v, struct plot_grid *g, struct area a)
{
  const struct study *s = &v->study;
  size_t n = v->data.n, cols = v->data.peaks.n, result = v->shown[v->metric];
  double *z = xcalloc(n * cols + 1, sizeof *z), most = heat_most * fabs(least_of(v, result));
  const char **rows = xcalloc(n + 1, sizeof *rows);
  for (size_t i = 0; i < n * cols; i++)
    z[i] = NAN;
  for (size_t i = 0; i < n; i++)
    rows[i] = v->data.standing[i].name;
  for (size_t r = 0; r < s->n_rows; r++)
    for (size_t i = 0; i < n && v->data.peak_of[r] < cols; i++)
      if (v->data.name_of[r] == v->data.standing[i].key) { /* several configs may share a cell (an unnamed difference): the best of them is shown */
        double y = study_mean(s, s->row[r], result), *place = &z[i * cols + v->data.peak_of[r]];
        *place = fmin(*place, y > most ? (double)INFINITY : y);
      }
  char *title = xasprintf("%s by schedule and peak (^ above %gx the best)", s->list.results.name[result], heat_most);
  struct plot_spec spec = {.kind = PLOT_HEAT, .title = title, .names = (const char *const *)v->data.peaks.name, .n_names = cols,
                           .row_names = rows, .rows = n, .cols = cols, .z = z};
  draw_plot(g, a, &spec);
  free(title);
  free(rows);
  free(z);
}

/* Learning rate over the greatest of its run, so that shapes compare whatever the peaks. */
static void draw_shapes(const struct schedules *v, struct plot_grid *g, struct area a)
{
  struct plot_series series[MOST_LINES];
  double *owned[MOST_LINES];
  size_t n = 0;
  for (size_t i = 0; i < v->data.n && n < MOST_LINES; i++) {
    const struct curve *c = &v->data.standing[i].shape;
    double top = greatest(c);
    if (!c->n)
      continue;
    owned[n] = xcalloc(c->n, sizeof **owned);
    for (size_t k = 0; k < c->n; k++)
      owned[n][k] = c->y[k] / top;
    series[n] = (struct plot_series){.label = v->data.standing[i].name, .n = c->n, .x = c->x, .y = owned[n]};
    n++;
  }
  struct plot_spec spec = {.kind = PLOT_LINE, .title = v->reading ? "shapes: reading …" : "shapes: learning rate over its peak", .x_label = "step", .n_series = n, .series = series};
  draw_plot(g, a, &spec);
  while (n > 0)
    free(owned[--n]);
}

static void draw_part(const struct schedules *v, struct plot_grid *g, struct area a, int part)
{
  switch ((enum part)(part % PARTS)) {
  case PART_SENSITIVITY: draw_sensitivity(v, g, a); return;
  case PART_HEAT: draw_heat(v, g, a); return;
  default: draw_shapes(v, g, a);
  }
}

static void draw(void *self, struct plot_grid *g, struct area a)
{
  struct schedules *v = self;
  if (study_draw_missing(&v->study, g, a))
    return;
  struct area below = study_draw_table(&v->study, g, a, a.height / 2);
  char *note = xasprintf("1 =: cannot be told from the best (paired t over seeds, Holm, 5 %%).  peak: best by %s.  good range: peaks within 10 %% of the best",
                         v->study.list.results.name[v->data.tuned]);
  draw_text(g, below.row, 1, a.width - 2, note, UI_GREY, 0);
  free(note);
  below.row++;
  below.height--;
  bool two = a.width >= 110, three = two && below.height >= 28;
  int width = two ? a.width * 3 / 5 : a.width, right = a.width - width - 1, upper = three ? below.height / 2 : below.height;
  draw_part(v, g, (struct area){below.row, 0, below.height, width}, (int)v->part);
  if (two)
    draw_part(v, g, (struct area){below.row, width + 1, upper, right}, (int)v->part + 1);
  if (three)
    draw_part(v, g, (struct area){below.row + upper, width + 1, below.height - upper, right}, (int)v->part + 2);
}

static unsigned request(void *self, enum request r, const struct ui_event *ev)
{
  struct schedules *v = self;
  if (!v->data.n)
    return study_request(&v->study, r, ev);
  switch (r) {
  case REQUEST_METRIC: v->metric = (v->metric + 1) % v->n_shown; break;
  case REQUEST_NEXT_PART: v->part = (v->part + 1) % PARTS; break;
  case REQUEST_PREVIOUS_PART: v->part = (v->part + PARTS - 1) % PARTS; break;
  case REQUEST_OPEN: study_show_runs(&v->study, v->data.standing[v->study.table.at].row); break;
  default: return study_request(&v->study, r, ev);
  }
  return UI_HANDLED | UI_REDRAW;
}

static const char *const axes[] = {"schedule", "peak", "lr", "rate", "seed", NULL};

static const struct study_kind kind = {.size = sizeof(struct schedules), .param = "schedule", .axes = axes, .judge = judge, .cell = cell,
                                       .hint = "no runs with the parameters schedule and peak yet: screen 8 starts compare/schedules.lua"};

static void *open_view(struct ui *ui)
{
  struct schedules *v = study_open(ui, &kind);
  v->study.table.draw = draw_cell;
  return v;
}

static void close_view(void *self)
{
  struct schedules *v = self;
  drop_shapes(v);
  schedules_free(&v->data);
  study_close(&v->study);
}

static const enum request hints[] = {REQUEST_DOWN, REQUEST_NEXT_PART, REQUEST_METRIC, REQUEST_OPEN, REQUEST_STUDY, REQUEST_MODEL, REQUEST_EXPORT, REQUEST_BACK, REQUEST_NONE};

const struct view view_schedules = {
  .name = "Schedules",
  .screen = REQUEST_SCREEN_SCHEDULES,
  .summary = "Schedules ranked at their best peak rate, with paired tests, and how sensitive each is to that rate. Tab turns to the heat map "
             "and the shapes, m chooses the result, Enter opens the runs.",
  .hints = hints,
  .open = open_view,
  .close = close_view,
  .refresh = study_view_refresh,
  .draw = draw,
  .request = request,
  .title = study_view_title,
  .text = study_view_text,
};
