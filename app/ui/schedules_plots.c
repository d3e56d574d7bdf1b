/* schedules_plots.c: the pictures of screen 4: result against peak, course of the training, schedule by peak as a heat map,
 * shapes of the rates; and over all facets, how far each schedule stays behind the best. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/rows.h"
#include "app/ui/schedules_view.h"
#include "experiments/kernel/mem.h"

enum { MOST_TIMES_BEST = 3 };
static const double heat_most = 1.5; /* times the best: shades are for what is near it */

size_t schedules_line(const struct schedules *v, size_t i)
{
  size_t chosen = v->study.table.at;
  return i + 1 == SCHEDULES_LINES && chosen >= SCHEDULES_LINES ? chosen : i;
}

/* Lines of a picture; the curves are owned. */
struct lines {
  struct curve curve[SCHEDULES_LINES];
  struct plot_series series[SCHEDULES_LINES];
  size_t n, left_out;
};

static struct curve copy_curve(const struct curve *c)
{
  const double *const from[] = {c->x, c->y, c->low, c->high};
  struct curve copy = {.n = c->n};
  double **const to[] = {&copy.x, &copy.y, &copy.low, &copy.high};
  for (size_t k = 0; k < 4; k++) {
    *to[k] = xcalloc(c->n + 1, sizeof **to[k]);
    for (size_t i = 0; i < c->n; i++)
      (*to[k])[i] = from[k][i];
  }
  return copy;
}

/* What diverged would flatten the rest. */
static void leave_out(struct lines *l, double most)
{
  for (size_t i = 0; i < l->n; i++) {
    struct curve *c = &l->curve[i];
    size_t kept = 0;
    for (size_t k = 0; k < c->n; k++)
      if (c->y[k] <= most) {
        c->x[kept] = c->x[k];
        c->y[kept] = c->y[k];
        c->low[kept] = c->low[k];
        c->high[kept++] = c->high[k];
      }
    l->left_out += c->n - kept;
    c->n = kept;
  }
}

/* The selected one with its intervals. Where nothing is left to draw, `none` is said. */
static void draw_lines(const struct schedules *v, struct plot_grid *g, struct area a, struct lines *l, struct plot_spec *spec, const char *none)
{
  size_t points = 0;
  for (size_t i = 0; i < l->n; i++) {
    const struct curve *c = &l->curve[i];
    size_t standing = schedules_line(v, i);
    bool chosen = standing == v->study.table.at && c->low;
    l->series[i] = (struct plot_series){.label = schedules_facet(v)->standing[standing].name, .n = c->n, .x = c->x, .y = c->y,
                                        .low = chosen ? c->low : NULL, .high = chosen ? c->high : NULL};
    points += c->n;
  }
  spec->kind = PLOT_LINE;
  spec->n_series = l->n;
  spec->series = l->series;
  if (points) {
    draw_plot(g, a, spec);
  } else {
    draw_text(g, a.row, a.col, a.width, spec->title, 0, PLOT_BOLD);
    draw_wrapped(g, (struct area){a.row + 1, a.col, a.height - 1, a.width}, v->reading ? "reading …" : none, UI_GREY, 0);
  }
  for (size_t i = 0; i < l->n; i++)
    curve_free(&l->curve[i]);
}

static size_t count_lines(const struct schedules *v)
{
  return schedules_facet(v)->n < SCHEDULES_LINES ? schedules_facet(v)->n : SCHEDULES_LINES;
}

static char *left_out_text(const struct lines *l, const char *or_else)
{
  return l->left_out ? xasprintf(" (%zu point%s left out: %sabove %dx the best)", l->left_out, l->left_out > 1 ? "s" : "", or_else, MOST_TIMES_BEST) : xstrdup("");
}

/* --- against the peak rate --------------------------------------------------------------------------------------- */

static double least_of(const struct schedules *v, size_t result)
{
  const struct facet *f = schedules_facet(v);
  double low = INFINITY;
  for (size_t i = 0; i < f->n_rows; i++) {
    double y = study_mean(&v->study, f->row[i], result);
    low = isfinite(y) ? fmin(low, y) : low;
  }
  return low;
}

/* Has this peak lost runs that were to tell how good it is? */
static bool is_lost(const struct schedules *v, size_t row)
{
  const struct listing_row *r = &v->study.list.row[row];
  return r->count[STORE_FAILED] + r->count[STORE_LOST] && isnan(schedules_choice(&v->data, &v->study, schedules_facet(v), row));
}

/* Peaks that the drawn schedules have tried, and lost. */
static size_t count_lost(const struct schedules *v, size_t lines)
{
  const struct facet *f = schedules_facet(v);
  size_t n = 0;
  for (size_t i = 0; i < f->n_rows; i++)
    for (size_t k = 0; k < lines; k++)
      n += f->name_of[i] == f->standing[schedules_line(v, k)].key && is_lost(v, f->row[i]);
  return n;
}

static void draw_sensitivity(const struct schedules *v, struct plot_grid *g, struct area a)
{
  size_t result = v->shown[v->metric];
  struct lines l = {.n = count_lines(v)};
  for (size_t i = 0; i < l.n; i++)
    l.curve[i] = schedules_points(&v->data, &v->study, schedules_facet(v), schedules_line(v, i), result);
  leave_out(&l, MOST_TIMES_BEST * fabs(least_of(v, result)));
  l.left_out += result == v->data.tuned ? count_lost(v, l.n) : 0;
  char *more = left_out_text(&l, "lost, or "), *title = xasprintf("%s against peak rate%s", v->study.list.results.name[result], more);
  struct plot_spec spec = {.title = title, .x_label = v->study.list.params.name[v->data.peak], .log_x = 1, .log_y = 1};
  draw_lines(v, g, a, &l, &spec, "no schedule here has a peak rate");
  free(title);
  free(more);
}

/* A peak that was lost stands as one far above the best. */
static double heat_value(const struct schedules *v, size_t row, size_t result, double most)
{
  double y = study_mean(&v->study, row, result);
  return y > most || (result == v->data.tuned && is_lost(v, row)) ? (double)INFINITY : y;
}

static void draw_heat(const struct schedules *v, struct plot_grid *g, struct area a)
{
  const struct facet *f = schedules_facet(v);
  size_t first = f->peaks.n && !*f->peaks.name[0], n = f->n, cols = f->peaks.n - first, result = v->shown[v->metric];
  double *z = xcalloc(n * cols + 1, sizeof *z), most = heat_most * fabs(least_of(v, result));
  const char **rows = xcalloc(n + 1, sizeof *rows);
  for (size_t i = 0; i < n * cols; i++)
    z[i] = NAN;
  for (size_t i = 0; i < n; i++)
    rows[i] = f->standing[i].name;
  for (size_t r = 0; r < f->n_rows; r++)
    for (size_t i = 0; i < n && f->peak_of[r] >= first; i++)
      if (f->name_of[r] == f->standing[i].key) /* peaks alike in four digits share a cell: the better one is shown */
        z[i * cols + f->peak_of[r] - first] = fmin(z[i * cols + f->peak_of[r] - first], heat_value(v, f->row[r], result, most));
  char *title = xasprintf("%s by schedule and peak (^ lost or above %gx the best)", v->study.list.results.name[result], heat_most);
  struct plot_spec spec = {.kind = PLOT_HEAT, .title = title, .names = (const char *const *)f->peaks.name + first, .n_names = cols,
                           .row_names = rows, .rows = n, .cols = cols, .z = z};
  draw_plot(g, a, &spec);
  free(title);
  free(rows);
  free(z);
}

/* --- along the runs ---------------------------------------------------------------------------------------------- */

static double least_course(const struct facet *f)
{
  double low = INFINITY;
  for (size_t i = 0; i < f->n; i++)
    for (size_t k = 0; k < f->standing[i].course.n; k++)
      low = fmin(low, f->standing[i].course.y[k]);
  return low;
}

static void draw_anytime(const struct schedules *v, struct plot_grid *g, struct area a)
{
  const struct facet *f = schedules_facet(v);
  struct lines l = {.n = count_lines(v)};
  for (size_t i = 0; i < l.n; i++)
    l.curve[i] = copy_curve(&f->standing[schedules_line(v, i)].course);
  leave_out(&l, MOST_TIMES_BEST * fabs(least_course(f)));
  const char *metric = v->study.list.results.name[v->data.tuned];
  char *more = left_out_text(&l, ""), *title = xasprintf("%s over the training, at the best peak%s", metric, more);
  char *none = xasprintf("the runs that have a score log no metric %s", metric);
  struct plot_spec spec = {.title = title, .x_label = "part of T", .log_y = 1};
  draw_lines(v, g, a, &l, &spec, none);
  free(title);
  free(none);
  free(more);
}

/* Learning rate over the greatest of its run, so that shapes compare whatever the peaks. */
static void draw_shapes(const struct schedules *v, struct plot_grid *g, struct area a)
{
  struct lines l = {.n = count_lines(v)};
  for (size_t i = 0; i < l.n; i++) {
    struct curve *c = &l.curve[i];
    double top = 0;
    *c = copy_curve(&schedules_facet(v)->standing[schedules_line(v, i)].shape);
    for (size_t k = 0; k < c->n; k++)
      top = fmax(top, c->y[k]);
    for (size_t k = 0; k < c->n; k++)
      c->y[k] = c->low[k] = c->high[k] = c->y[k] / top;
  }
  struct plot_spec spec = {.title = "shapes: learning rate over its peak", .x_label = "step"};
  draw_lines(v, g, a, &l, &spec, "the runs log no metric lr");
}

void schedules_draw_part(const struct schedules *v, struct plot_grid *g, struct area a, int part)
{
  switch ((enum schedules_part)(part % SCHEDULES_PARTS)) {
  case SCHEDULES_SENSITIVITY: draw_sensitivity(v, g, a); return;
  case SCHEDULES_ANYTIME: draw_anytime(v, g, a); return;
  case SCHEDULES_HEAT: draw_heat(v, g, a); return;
  default: draw_shapes(v, g, a);
  }
}

/* --- over all facets --------------------------------------------------------------------------------------------- */

/* Columns are numbered as the rows of the table. */
void schedules_draw_places(const struct schedules *v, struct plot_grid *g, struct area a)
{
  size_t rows = v->data.n, cols = v->whole.n;
  double *z = xcalloc(rows * cols + 1, sizeof *z);
  const char **row_name = xcalloc(rows + 1, sizeof *row_name);
  struct names number = {0};
  for (size_t i = 0; i < rows; i++) {
    row_name[i] = v->data.facet[i].name;
    for (size_t k = 0; k < cols; k++) {
      double above = v->whole.placing[k].above[i];
      z[i * cols + k] = above > heat_most - 1 ? (double)INFINITY : 100 * above;
    }
  }
  for (size_t k = 0; k < cols; k++) {
    char *text = xasprintf("%zu", k + 1);
    names_add(&number, text);
    free(text);
  }
  char *title = xasprintf("%s above the best there, in %% (^ above %.0f), by number of the schedule", v->study.list.results.name[v->data.score], 100 * (heat_most - 1));
  struct plot_spec spec = {.kind = PLOT_HEAT, .title = title, .names = (const char *const *)number.name, .n_names = cols,
                           .row_names = row_name, .rows = rows, .cols = cols, .z = z};
  draw_plot(g, a, &spec);
  free(title);
  names_free(&number);
  free(row_name);
  free(z);
}
