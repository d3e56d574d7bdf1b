/* run_plot.c: see run_plot.h. */
#include "app/ui/run_plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

enum { MOST_SERIES = 12 };

void run_plot_init(struct run_plot *p) { *p = (struct run_plot){.to = 1}; }

void run_plot_free(struct run_plot *p) { names_free(&p->chosen); }

/* --- which metrics ------------------------------------------------------------------------------------------------ */

static size_t index_of(const struct run_plot *p, const char *name)
{
  for (size_t i = 0; p->data && i < p->data->metrics.n; i++)
    if (strcmp(p->data->metrics.name[i], name) == 0)
      return i;
  return SIZE_MAX;
}

/* Indexes of the chosen metrics that the run has, at most MOST_SERIES. */
static size_t shown(const struct run_plot *p, size_t out[MOST_SERIES])
{
  size_t n = 0;
  for (size_t i = 0; i < p->chosen.n && n < MOST_SERIES; i++)
    if ((out[n] = index_of(p, p->chosen.name[i])) != SIZE_MAX)
      n++;
  return n;
}

/* Training and validation loss belong into one picture. */
static void choose_first(struct run_plot *p)
{
  static const char *const wanted[][2] = {{"loss", "val_loss"}, {"val_error", NULL}};
  names_free(&p->chosen);
  for (size_t k = 0; k < 2 && !p->chosen.n; k++)
    for (size_t i = 0; i < 2 && wanted[k][i]; i++)
      if (index_of(p, wanted[k][i]) != SIZE_MAX)
        names_add(&p->chosen, wanted[k][i]);
  if (!p->chosen.n && p->data->metrics.n)
    names_add(&p->chosen, p->data->metrics.name[0]);
}

void run_plot_take(struct run_plot *p, const struct run_data *data, size_t n_runs)
{
  size_t index[MOST_SERIES];
  p->data = data;
  p->n_runs = n_runs;
  if (data && !shown(p, index))
    choose_first(p);
}

void run_plot_choose(struct run_plot *p, const struct names *metrics, const bool *marked)
{
  struct names fresh = {0};
  for (size_t i = 0; i < metrics->n && fresh.n < MOST_SERIES; i++)
    if (marked[i])
      names_add(&fresh, metrics->name[i]);
  if (!fresh.n)
    return;
  names_free(&p->chosen);
  p->chosen = fresh;
}

void run_plot_next(struct run_plot *p)
{
  size_t index[MOST_SERIES], n = shown(p, index), metrics = p->data->metrics.n;
  if (!metrics)
    return;
  const char *next = p->data->metrics.name[n ? (index[n - 1] + 1) % metrics : 0];
  names_free(&p->chosen);
  names_add(&p->chosen, next);
}

/* The learning rate stands beside the others where there is room. */
static size_t rate_beside(const struct run_plot *p)
{
  size_t lr = index_of(p, "lr");
  return lr != SIZE_MAX && !names_has(&p->chosen, "lr") ? lr : SIZE_MAX;
}

size_t run_plot_wants(const struct run_plot *p)
{
  size_t index[MOST_SERIES + 1], n = shown(p, index);
  index[n] = rate_beside(p);
  n += index[n] != SIZE_MAX;
  for (size_t i = 0; i < n; i++)
    if (!p->data->curve[index[i]].x || p->data->curve[index[i]].stale)
      return index[i];
  return SIZE_MAX;
}

/* --- which steps -------------------------------------------------------------------------------------------------- */

struct range { double low, high; };

/* All steps of the curves; on a logarithmic axis from the first one above 0. */
static struct range whole_range(const struct run_plot *p, const size_t *index, size_t n)
{
  struct range r = {INFINITY, -INFINITY};
  for (size_t k = 0; k < n; k++) {
    const struct curve *c = &p->data->curve[index[k]];
    for (size_t i = 0; i < c->n; i++)
      if (!p->log_x || c->x[i] > 0) {
        r.low = fmin(r.low, c->x[i]);
        r.high = fmax(r.high, c->x[i]);
      }
  }
  return r;
}

/* The step at a share of the range. */
static double step_at(const struct run_plot *p, struct range r, double share)
{
  return p->log_x ? r.low * pow(r.high / r.low, share) : r.low + share * (r.high - r.low);
}

static struct range window(const struct run_plot *p, const size_t *index, size_t n)
{
  struct range r = whole_range(p, index, n);
  return (struct range){step_at(p, r, p->from), step_at(p, r, p->to)};
}

/* Points [*first, *first + *n) of a curve that lie in the window. */
static void points_in(const struct curve *c, struct range r, size_t *first, size_t *n)
{
  size_t i = 0, k;
  double slack = 1e-9 * fabs(r.high - r.low); /* the ends of the range were computed */
  while (i < c->n && c->x[i] < r.low - slack)
    i++;
  for (k = i; k < c->n && c->x[k] <= r.high + slack;)
    k++;
  *first = i;
  *n = k - i;
}

/* --- drawing ------------------------------------------------------------------------------------------------------ */

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

/* "loss, val_loss   log y   smoothed over 4 points" */
static char *describe(const struct run_plot *p, const size_t *index, size_t n, bool log_y)
{
  char *text;
  size_t size;
  FILE *f = xstream_open(&text, &size);
  for (size_t k = 0; k < n; k++)
    fprintf(f, "%s%s", k ? ", " : "", p->data->metrics.name[index[k]]);
  if (log_y)
    fputs("   log y", f);
  if (p->smooth)
    fprintf(f, "   smoothed: half-life %d points", p->smooth);
  if (p->from > 0 || p->to < 1)
    fprintf(f, "   %.3g %% of the steps", 100 * (p->to - p->from));
  xstream_close(f);
  return text;
}

/* n curves over the steps in r. */
static void draw_curves(const struct run_plot *p, struct plot_grid *g, struct area a, const size_t *index, size_t n, struct range r, bool log_y)
{
  struct plot_series series[MOST_SERIES];
  double *y[MOST_SERIES];
  double at = step_at(p, r, p->cursor);
  bool band = p->n_runs > 1 && !p->smooth && n <= 2, any = false;
  for (size_t k = 0; k < n; k++) {
    const struct curve *c = &p->data->curve[index[k]];
    size_t first, count;
    points_in(c, r, &first, &count);
    y[k] = smoothed(c->y, c->n, p->smooth);
    series[k] = (struct plot_series){.label = p->data->metrics.name[index[k]], .n = count, .x = c->x ? c->x + first : NULL, .y = y[k] + first,
                                     .low = band && c->n ? c->low + first : NULL, .high = band && c->n ? c->high + first : NULL};
    any = any || c->n;
  }
  char *title = describe(p, index, n, log_y);
  struct plot_spec spec = {.kind = PLOT_LINE, .title = title, .x_label = "step", .log_y = log_y, .log_x = p->log_x, .n_series = n, .series = series,
                           .rule_x = p->cursor_on && any ? &at : NULL};
  if (any)
    draw_plot(g, a, &spec);
  else
    draw_format(g, a.row + 1, a.col + 2, a.width - 2, UI_GREY, 0, "%s: %s", title, run_plot_wants(p) == SIZE_MAX ? "no points" : "reading …");
  free(title);
  for (size_t k = 0; k < n; k++)
    free(y[k]);
}

/* The point of a curve that is nearest to a step. */
static size_t nearest_point(const struct curve *c, double x)
{
  size_t best = 0;
  for (size_t i = 1; i < c->n; i++)
    if (fabs(c->x[i] - x) < fabs(c->x[best] - x))
      best = i;
  return best;
}

/* "step 1204   ● loss 0.3127   ■ val_loss 0.3391": the values under the cursor. */
static void draw_values(const struct run_plot *p, struct plot_grid *g, struct area a, const size_t *index, size_t n)
{
  double at = step_at(p, window(p, index, n), p->cursor), said = NAN;
  int col = a.col + 1;
  for (size_t k = 0; k < n; k++) {
    const struct curve *c = &p->data->curve[index[k]];
    size_t i = nearest_point(c, at);
    if (!c->n)
      continue;
    if (!(c->x[i] == said)) /* metrics that are logged now and then have their own steps */
      col += draw_format(g, a.row, col, a.width - col, UI_ORANGE, PLOT_BOLD, "step %.0f", said = c->x[i]) + 2;
    plot_put(g, a.row, col, plot_marker(k, MB_CUR_MAX == 1), plot_colour_cell(k));
    col += 2 + draw_format(g, a.row, col + 2, a.width - col - 2, plot_colour_cell(k), 0, p->n_runs > 1 ? "%s %.6g (%zu runs: %.6g to %.6g)" : "%s %.6g",
                           p->data->metrics.name[index[k]], c->y[i], p->n_runs, c->low[i], c->high[i]) + 3;
  }
}

void run_plot_draw(const struct run_plot *p, struct plot_grid *g, struct area a)
{
  size_t index[MOST_SERIES], n = shown(p, index), lr = rate_beside(p);
  if (!n)
    return;
  bool two = lr != SIZE_MAX && a.width >= 100;
  int width = two ? a.width * 3 / 5 : a.width;
  struct range r = window(p, index, n);
  draw_curves(p, g, (struct area){a.row, a.col, a.height - 1, width}, index, n, r, p->log_y);
  if (two)
    draw_curves(p, g, (struct area){a.row, a.col + width, a.height - 1, a.width - width}, &lr, 1, r, false);
  if (p->cursor_on)
    draw_values(p, g, (struct area){a.row + a.height - 1, a.col, 1, a.width}, index, n);
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

static void set_window(struct run_plot *p, double from, double to)
{
  double size = fmin(1, fmax(1e-4, to - from)), start = fmax(0, fmin(1 - size, from));
  p->from = start;
  p->to = start + size;
}

/* About the cursor, which keeps its step. */
static void zoom(struct run_plot *p, double factor)
{
  double size = p->to - p->from, share = p->cursor_on ? p->cursor : 0.5, middle = p->from + share * size;
  set_window(p, middle - share * factor * size, middle + (1 - share) * factor * size);
  if (p->cursor_on)
    p->cursor = fmin(1, fmax(0, (middle - p->from) / (p->to - p->from)));
}

static void pan(struct run_plot *p, double shares)
{
  double size = p->to - p->from;
  set_window(p, p->from + shares * size, p->to + shares * size);
}

/* A cursor at the edge takes the window with it. */
static void move_cursor(struct run_plot *p, double step)
{
  double wanted = p->cursor_on ? p->cursor + step : step > 0 ? 0 : 1;
  if (p->cursor_on && (wanted < 0 || wanted > 1))
    pan(p, step);
  p->cursor = fmin(1, fmax(0, wanted));
  p->cursor_on = true;
}

bool run_plot_request(struct run_plot *p, enum request r)
{
  switch (r) {
  case REQUEST_LOG_Y: p->log_y = !p->log_y; break;
  case REQUEST_LOG_X: p->log_x = !p->log_x; break;
  case REQUEST_SMOOTH: p->smooth = p->smooth == 0 ? 4 : p->smooth >= 64 ? 0 : 4 * p->smooth; break;
  case REQUEST_ZOOM_IN: zoom(p, 0.5); break;
  case REQUEST_ZOOM_OUT: zoom(p, 2); break;
  case REQUEST_PAN_LEFT: pan(p, -0.25); break;
  case REQUEST_PAN_RIGHT: pan(p, 0.25); break;
  case REQUEST_LEFT: move_cursor(p, -0.01); break;
  case REQUEST_RIGHT: move_cursor(p, 0.01); break;
  default: return false;
  }
  return true;
}

char *run_plot_csv(const struct run_plot *p)
{
  size_t index[MOST_SERIES], n = shown(p, index), points = 0;
  char *out;
  size_t size;
  FILE *f = xstream_open(&out, &size);
  fputs("metric,step,value,low,high\n", f);
  for (size_t k = 0; k < n; k++) {
    const struct curve *c = &p->data->curve[index[k]];
    for (size_t i = 0; i < c->n; i++, points++) {
      csv_write(f, p->data->metrics.name[index[k]], false);
      fprintf(f, ",%.0f,%.17g,%.17g,%.17g\n", c->x[i], c->y[i], c->low[i], c->high[i]);
    }
  }
  xstream_close(f);
  if (points)
    return out;
  free(out);
  return NULL;
}
