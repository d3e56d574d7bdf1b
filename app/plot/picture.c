/* picture.c: the inside of plots as pixels: what lines.c, bars.c and heat.c draw with characters. */
#include <math.h>
#include <stdlib.h>

#include "app/plot/plot_int.h"
#include "app/plot/raster.h"
#include "experiments/kernel/mem.h"

struct inside {
  const struct plot_spec *spec;
  const struct plot_inset *inset;
  struct raster *r;
  int pen; /* pixels */
};

static uint32_t ground_rgb(const struct plot_spec *spec, uint32_t cell)
{
  return plot_rgb(plot_is_on_light(spec->colour) ? plot_on_light(cell) : cell);
}

static uint32_t series_rgb(const struct plot_spec *spec, size_t k) { return ground_rgb(spec, plot_colour_cell(k)); }

/* Pixel for t in [0, 1] along n pixels; what lies outside is cut. */
static int place(double t, int n) { return (int)lround(fmax(0, fmin(1, t)) * (n - 1)); }
static int px(const struct inside *in, double x) { return place(plot_axis_at(&in->inset->x, x), in->r->width); }
static int py(const struct inside *in, double y) { return place(1 - plot_axis_at(&in->inset->y, y), in->r->height); }

static bool on_axes(const struct inside *in, const struct plot_series *s, size_t i)
{
  return isfinite(plot_axis_at(&in->inset->x, plot_series_x(s, i))) && isfinite(plot_axis_at(&in->inset->y, s->y[i]));
}

/* --- lines ---------------------------------------------------------------------------------------- */

/* A dot every four pixels at each tick. */
static void draw_net(const struct inside *in)
{
  uint32_t grey = ground_rgb(in->spec, 242);
  for (int i = 0; i < in->inset->x.n_ticks; i++)
    for (int y = 0; y < in->r->height; y += 4)
      raster_dot(in->r, px(in, in->inset->x.tick[i].value), y, grey);
  for (int i = 0; i < in->inset->y.n_ticks; i++)
    for (int x = 0; x < in->r->width; x += 4)
      raster_dot(in->r, x, py(in, in->inset->y.tick[i].value), grey);
}

/* A fifth of the pixels of a column, each series its own: two bands are seen through each other. */
static void shade_column(const struct inside *in, int x, int top, int bottom, size_t k)
{
  for (int y = top; y <= bottom; y++)
    if (((size_t)(x + 2 * y) + k) % 5 == 0)
      raster_dot(in->r, x, y, series_rgb(in->spec, k));
}

/* The band between two points, linear. */
static void shade(const struct inside *in, const struct plot_series *s, size_t from, size_t to, size_t k)
{
  int x0 = px(in, plot_series_x(s, from)), x1 = px(in, plot_series_x(s, to));
  const double low[2] = {py(in, s->low[from]), py(in, s->low[to])}, high[2] = {py(in, s->high[from]), py(in, s->high[to])};
  for (int x = x0; x <= x1; x++) {
    double t = x1 > x0 ? (double)(x - x0) / (x1 - x0) : 1;
    shade_column(in, x, (int)lround(high[0] + t * (high[1] - high[0])), (int)lround(low[0] + t * (low[1] - low[0])), k);
  }
}

static bool has_interval(const struct inside *in, const struct plot_series *s, size_t i)
{
  return on_axes(in, s, i) && !isnan(plot_axis_at(&in->inset->y, s->low[i])) && !isnan(plot_axis_at(&in->inset->y, s->high[i]));
}

static void draw_intervals(const struct inside *in, size_t k)
{
  const struct plot_series *s = &in->spec->series[k];
  bool bars = in->spec->kind == PLOT_SCATTER;
  for (size_t i = 0; s->low && s->high && i < s->n; i++) {
    if (!has_interval(in, s, i))
      continue;
    int x = px(in, plot_series_x(s, i)), top = py(in, s->high[i]), bottom = py(in, s->low[i]);
    if (bars) {
      raster_line(in->r, x, top, x, bottom, 1, series_rgb(in->spec, k));
      raster_line(in->r, x - 3, top, x + 3, top, 1, series_rgb(in->spec, k));
      raster_line(in->r, x - 3, bottom, x + 3, bottom, 1, series_rgb(in->spec, k));
    } else if (i > 0 && has_interval(in, s, i - 1)) {
      shade(in, s, i - 1, i, k);
    }
  }
}

/* Markers where points are few, else, to tell several lines apart, one now and then, each series at its own places. */
static void draw_markers(const struct inside *in, size_t k)
{
  const struct plot_series *s = &in->spec->series[k];
  size_t n = in->spec->n_series;
  int period = in->r->width / 5 + 1, phase = (int)(k % n * (size_t)period / n), last = -1, size = 2 * in->pen + 1;
  bool every = in->spec->kind == PLOT_SCATTER || s->n <= (size_t)in->r->width / 30;
  for (size_t i = 0; i < s->n && (every || n > 1); i++) {
    if (!on_axes(in, s, i))
      continue;
    int x = px(in, plot_series_x(s, i)), step = (x - phase + period) / period;
    if (every || step != last)
      raster_marker(in->r, x, py(in, s->y[i]), size, k, series_rgb(in->spec, k));
    last = step;
  }
}

static void draw_line(const struct inside *in, size_t k)
{
  const struct plot_series *s = &in->spec->series[k];
  for (size_t i = 1; i < s->n; i++)
    if (on_axes(in, s, i - 1) && on_axes(in, s, i))
      raster_line(in->r, px(in, plot_series_x(s, i - 1)), py(in, s->y[i - 1]), px(in, plot_series_x(s, i)), py(in, s->y[i]), in->pen, series_rgb(in->spec, k));
}

static void draw_lines(const struct inside *in)
{
  draw_net(in);
  for (size_t k = 0; k < in->spec->n_series; k++)
    draw_intervals(in, k);
  for (size_t k = 0; k < in->spec->n_series && in->spec->kind == PLOT_LINE; k++)
    draw_line(in, k);
  for (size_t k = 0; k < in->spec->n_series; k++)
    draw_markers(in, k);
}

/* --- bars ------------------------------------------------------------------------------------------ */

static void draw_bars(const struct inside *in, int cell_h)
{
  size_t per_name = in->spec->n_series;
  double zero = in->spec->log_y ? 0 : plot_axis_at(&in->inset->x, 0);
  for (int row = 0; row < in->inset->rows; row++) {
    size_t i = (size_t)row / per_name, k = (size_t)row % per_name;
    const struct plot_series *s = &in->spec->series[k];
    double t = i < s->n ? plot_axis_at(&in->inset->x, s->y[i]) : NAN;
    int from = place(fmin(zero, t), in->r->width), to = place(fmax(zero, t), in->r->width), middle = row * cell_h + cell_h / 2;
    if (!isnan(t))
      raster_fill(in->r, from, row * cell_h + cell_h / 8, to - from + 1, cell_h - cell_h / 4, series_rgb(in->spec, k));
    if (!isnan(t) && s->low && s->high && !isnan(plot_axis_at(&in->inset->x, s->low[i])) && !isnan(plot_axis_at(&in->inset->x, s->high[i])))
      raster_line(in->r, px(in, s->low[i]), middle, px(in, s->high[i]), middle, in->pen, ground_rgb(in->spec, 242));
  }
}

/* --- heat ------------------------------------------------------------------------------------------ */

/* Mean of the finite elements that fall on a pixel; NaN: none. */
static double pixel_value(const struct plot_spec *spec, const size_t row[2], const size_t col[2])
{
  double sum = 0;
  size_t n = 0;
  for (size_t i = row[0]; i < row[1]; i++)
    for (size_t j = col[0]; j < col[1]; j++)
      if (isfinite(spec->z[i * spec->cols + j]))
        n++, sum += (spec->z[i * spec->cols + j] - sum) / (double)n;
  return n ? sum : (double)NAN;
}

/* The elements [out[0], out[1]) of `count` that pixel `at` of `pixels` shows: at least one. */
static void elements_of(int at, int pixels, size_t count, size_t out[2])
{
  out[0] = (size_t)at * count / (size_t)pixels;
  out[1] = (size_t)(at + 1) * count / (size_t)pixels;
  if (out[1] <= out[0])
    out[1] = out[0] + 1;
}

/* 128 shades: no more than sixels can name. */
static uint32_t heat_rgb(double t) { return plot_rgb(plot_heat_cell(floor(t * 127.999) / 127)); }

static void draw_heat(const struct inside *in)
{
  double lo, hi;
  plot_heat_range(in->spec, &lo, &hi);
  for (int y = 0; y < in->r->height; y++)
    for (int x = 0; x < in->r->width; x++) {
      size_t row[2], col[2];
      elements_of(y, in->r->height, in->spec->rows, row);
      elements_of(x, in->r->width, in->spec->cols, col);
      double z = pixel_value(in->spec, row, col);
      if (!isnan(z))
        raster_dot(in->r, x, y, heat_rgb(plot_heat_place(z, lo, hi)));
    }
}

/* --- the picture -------------------------------------------------------------------------------------- */

static void draw_frame(struct plot_grid *g, const struct plot_spec *spec, struct plot_inset *inset)
{
  switch (spec->kind) {
  case PLOT_LINE:
  case PLOT_SCATTER: plot_draw_lines(g, spec, inset); return;
  case PLOT_BAR: plot_draw_bars(g, spec, inset); return;
  case PLOT_HEAT: plot_draw_heat(g, spec, inset); return;
  }
  plot_grid_init(g, 20, 1);
}

bool plot_picture(struct plot_picture *p, const struct plot_spec *spec, int cell_w, int cell_h)
{
  struct plot_inset inset = {0};
  *p = (struct plot_picture){0};
  draw_frame(&p->grid, spec, &inset);
  bool empty = spec->kind == PLOT_LINE || spec->kind == PLOT_SCATTER ? inset.x.empty || inset.y.empty : spec->kind == PLOT_BAR && inset.x.empty;
  if (empty || inset.rows < 1 || inset.cols < 1) {
    plot_picture_free(p);
    return false;
  }
  p->row = inset.row, p->col = inset.col, p->rows = inset.rows, p->cols = inset.cols;
  raster_init(&p->raster, inset.cols * cell_w, inset.rows * cell_h);
  const struct inside in = {spec, &inset, &p->raster, cell_h >= 32 ? 3 : 2};
  if (spec->kind == PLOT_BAR)
    draw_bars(&in, cell_h);
  else if (spec->kind == PLOT_HEAT)
    draw_heat(&in);
  else
    draw_lines(&in);
  return true;
}

void plot_picture_free(struct plot_picture *p)
{
  plot_grid_free(&p->grid);
  raster_free(&p->raster);
}
