/* lines.c: line and scatter plots in cells.
 *
 * A line is drawn on a raster of dots, 2 x 4 to a cell (braille) or one to a cell (ASCII). Points that
 * fall into one column of dots are first gathered into their least and greatest value, so that a spike of one
 * point in a million is still seen. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/plot/plot_int.h"
#include "app/plot/segment.h"
#include "experiments/kernel/mem.h"

/* The area inside the axes. Row 0 of the area is the top. */
struct area {
  struct plot_grid *g;
  const struct plot_spec *spec;
  int left, top, w, h;   /* cells */
  int dots_x, dots_y;    /* dots per cell */
  struct plot_axis x, y;
  uint8_t *bits;         /* w x h: dots set in the cell */
  size_t *who;           /* w x h: the series that set them last */
};

static size_t cell_index(const struct area *a, int row, int col) { return (size_t)row * (size_t)a->w + (size_t)col; }

/* The dot for t in [0, 1] along n dots. */
static int dot_of(double t, int n)
{
  int d = (int)lround(t * (n - 1));
  return d < 0 ? 0 : d >= n ? n - 1 : d;
}

static void set_dot(struct area *a, int px, int py, size_t series)
{
  static const uint8_t braille[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
  size_t i = cell_index(a, py / a->dots_y, px / a->dots_x);
  a->bits[i] |= a->dots_y == 4 ? braille[py % 4][px % 2] : 1;
  a->who[i] = series;
}

static void draw_segment(struct area *a, int x0, int y0, int x1, int y1, size_t series)
{
  struct segment s = segment_from_to(x0, y0, x1, y1);
  do
    set_dot(a, s.x, s.y, series);
  while (segment_next(&s));
}

/* Points of one column of dots, in the order they came. */
struct run {
  bool open;
  int px, last_y, least, greatest;
};

static void run_add(struct area *a, struct run *r, int px, int py, size_t series)
{
  if (r->open && r->px == px) {
    r->least = py < r->least ? py : r->least;
    r->greatest = py > r->greatest ? py : r->greatest;
    r->last_y = py;
    return;
  }
  if (r->open) {
    draw_segment(a, r->px, r->least, r->px, r->greatest, series);
    draw_segment(a, r->px, r->last_y, px, py, series);
  }
  *r = (struct run){true, px, py, py, py};
}

static void run_end(struct area *a, struct run *r, size_t series)
{
  if (r->open)
    draw_segment(a, r->px, r->least, r->px, r->greatest, series);
  r->open = false;
}

/* Where a point goes: dots, or a mark on the edge for what is not finite. */
enum place { PLACE_INSIDE, PLACE_NOWHERE, PLACE_NAN, PLACE_ABOVE, PLACE_BELOW };

static enum place place_of(const struct area *a, const struct plot_series *s, size_t i, int *px, int *py)
{
  double u = plot_axis_at(&a->x, plot_series_x(s, i)), v = plot_axis_at(&a->y, s->y[i]);
  if (!isfinite(u))
    return PLACE_NOWHERE;
  *px = dot_of(u, a->w * a->dots_x);
  if (isnan(v))
    return PLACE_NAN;
  if (isinf(v))
    return v > 0 ? PLACE_ABOVE : PLACE_BELOW;
  *py = dot_of(1 - v, a->h * a->dots_y);
  return PLACE_INSIDE;
}

static void draw_series_dots(struct area *a, size_t k)
{
  const struct plot_series *s = &a->spec->series[k];
  struct run r = {0};
  for (size_t i = 0; i < s->n; i++) {
    int px, py;
    if (place_of(a, s, i, &px, &py) == PLACE_INSIDE) {
      if (a->spec->kind == PLOT_SCATTER)
        set_dot(a, px, py, k);
      else
        run_add(a, &r, px, py, k);
    } else {
      run_end(a, &r, k);
    }
  }
  run_end(a, &r, k);
}

static void flush_dots(struct area *a)
{
  bool ascii = a->spec->ascii;
  for (int row = 0; row < a->h; row++)
    for (int col = 0; col < a->w; col++) {
      size_t i = cell_index(a, row, col);
      uint32_t rune = ascii ? plot_marker(a->who[i], true) : 0x2800u + a->bits[i];
      if (a->bits[i])
        plot_put(a->g, a->top + row, a->left + col, rune, plot_colour_cell(a->who[i]));
    }
}

/* x on the axis for nan, arrows at the edges for infinities. */
static void mark_unplottable(struct area *a, size_t k)
{
  const struct plot_series *s = &a->spec->series[k];
  bool ascii = a->spec->ascii;
  for (size_t i = 0; i < s->n; i++) {
    int px, py;
    enum place where = place_of(a, s, i, &px, &py);
    if (where == PLACE_INSIDE || where == PLACE_NOWHERE)
      continue;
    int col = a->left + px / a->dots_x;
    if (where == PLACE_NAN)
      plot_put(a->g, a->top + a->h, col, 'x', plot_colour_cell(k));
    else if (where == PLACE_ABOVE)
      plot_put(a->g, a->top, col, ascii ? '^' : 0x2191, plot_colour_cell(k));
    else
      plot_put(a->g, a->top + a->h - 1, col, ascii ? 'v' : 0x2193, plot_colour_cell(k));
  }
}

/* Markers: on each point where points are few; else, where several lines must be told apart, one now and
 * then, each series at its own columns. */
static void mark_series(struct area *a, size_t k)
{
  const struct plot_series *s = &a->spec->series[k];
  bool few = s->n <= (size_t)a->w / 4, scatter = a->spec->kind == PLOT_SCATTER;
  bool every = few || (scatter && (a->spec->n_series > 1 || s->n <= 200));
  int period = a->w / 4 < 8 ? 8 : a->w / 4, phase = (int)(k % a->spec->n_series * (size_t)period / a->spec->n_series);
  int last_col = -1;
  if (!every && (scatter || a->spec->n_series == 1))
    return;
  for (size_t i = 0; i < s->n; i++) {
    int px, py;
    if (place_of(a, s, i, &px, &py) != PLACE_INSIDE)
      continue;
    int col = px / a->dots_x;
    if (every || (col != last_col && col % period == phase))
      plot_put(a->g, a->top + py / a->dots_y, a->left + col, plot_marker(k, a->spec->ascii), plot_colour_cell(k));
    last_col = col;
  }
}

/* The shaded rows of one column of cells; least > greatest: none. */
struct shade { double least, greatest; };

static void shade_add(struct shade *s, double low, double high)
{
  s->least = fmin(s->least, fmin(low, high));
  s->greatest = fmax(s->greatest, fmax(low, high));
}

static double clip(double t) { return t < 0 ? 0 : t > 1 ? 1 : t; }

/* The band of a series, per column of cells, linear between its points. */
static void gather_band(const struct area *a, const struct plot_series *s, struct shade *columns)
{
  double last_u = NAN, last_low = NAN, last_high = NAN;
  for (size_t i = 0; i < s->n; i++) {
    double u = plot_axis_at(&a->x, plot_series_x(s, i)) * (a->w - 1);
    double low = clip(plot_axis_at(&a->y, s->low[i])), high = clip(plot_axis_at(&a->y, s->high[i]));
    if (!isfinite(u) || isnan(plot_axis_at(&a->y, s->low[i])) || isnan(plot_axis_at(&a->y, s->high[i]))) {
      last_u = NAN;
      continue;
    }
    shade_add(&columns[dot_of(u / (a->w - 1), a->w)], low, high);
    for (int col = (int)ceil(fmin(last_u, u)); !isnan(last_u) && col <= (int)fmax(last_u, u); col++) {
      double t = u == last_u ? 1 : (col - last_u) / (u - last_u);
      shade_add(&columns[col], last_low + t * (low - last_low), last_high + t * (high - last_high));
    }
    last_u = u, last_low = low, last_high = high;
  }
}

static void draw_band(struct area *a, size_t k)
{
  const struct plot_series *s = &a->spec->series[k];
  uint32_t own = a->spec->ascii ? (k % 2 ? '.' : ':') : k % 2 ? 0x2592 : 0x2591;
  struct shade *columns = xcalloc((size_t)a->w, sizeof *columns);
  for (int col = 0; col < a->w; col++)
    columns[col] = (struct shade){INFINITY, -INFINITY};
  gather_band(a, s, columns);
  for (int col = 0; col < a->w; col++) {
    if (columns[col].least > columns[col].greatest)
      continue;
    int top = dot_of(1 - columns[col].greatest, a->h), bottom = dot_of(1 - columns[col].least, a->h);
    for (int row = top; row <= bottom; row++) {
      const struct plot_cell *old = &a->g->cell[(size_t)(a->top + row) * (size_t)a->g->width + (size_t)(a->left + col)];
      uint32_t both = a->spec->ascii ? '%' : 0x2593;
      plot_put(a->g, a->top + row, a->left + col, old->rune == ' ' ? own : both, plot_colour_cell(k));
    }
  }
  free(columns);
}

/* Error bars: one column each, with ends. */
static void draw_error_bars(struct area *a, size_t k)
{
  const struct plot_series *s = &a->spec->series[k];
  bool ascii = a->spec->ascii;
  for (size_t i = 0; i < s->n; i++) {
    double u = plot_axis_at(&a->x, plot_series_x(s, i)), low = plot_axis_at(&a->y, s->low[i]),
           high = plot_axis_at(&a->y, s->high[i]);
    if (!isfinite(u) || isnan(low) || isnan(high))
      continue;
    int col = a->left + dot_of(u, a->w * a->dots_x) / a->dots_x;
    int top = dot_of(1 - clip(high), a->h), bottom = dot_of(1 - clip(low), a->h);
    for (int row = top; row <= bottom; row++)
      plot_put(a->g, a->top + row, col,
               ascii                        ? '|'
               : row == top && row < bottom ? 0x252c
               : row == bottom && row > top ? 0x2534
                                            : 0x2502,
               plot_colour_cell(k));
  }
}

static void draw_intervals(struct area *a)
{
  for (size_t k = 0; k < a->spec->n_series; k++) {
    const struct plot_series *s = &a->spec->series[k];
    if (!s->low || !s->high)
      continue;
    if (a->spec->kind == PLOT_SCATTER)
      draw_error_bars(a, k);
    else
      draw_band(a, k);
  }
}

/* Under the curves: a cursor. */
static void draw_rule(struct area *a)
{
  double u = a->spec->rule_x ? plot_axis_at(&a->x, *a->spec->rule_x) : NAN;
  if (!(u >= 0 && u <= 1))
    return;
  int col = a->left + dot_of(u, a->w * a->dots_x) / a->dots_x;
  for (int row = 0; row < a->h; row++)
    plot_put(a->g, a->top + row, col, a->spec->ascii ? ':' : 0x2506, 214);
}

static void draw_y_axis(struct area *a)
{
  bool ascii = a->spec->ascii;
  int last_row = -1;
  for (int row = 0; row < a->h; row++)
    plot_put(a->g, a->top + row, a->left - 1, ascii ? '|' : 0x2502, 0);
  for (int i = a->y.n_ticks; i-- > 0;) { /* from the top down */
    const struct plot_tick *t = &a->y.tick[i];
    int row = dot_of(1 - clip(plot_axis_at(&a->y, t->value)), a->h * a->dots_y) / a->dots_y,
        width = plot_text_width(t->label);
    if (row == last_row)
      continue;
    last_row = row;
    plot_put(a->g, a->top + row, a->left - 1, ascii ? '+' : 0x2524, 0);
    plot_puts(a->g, a->top + row, a->left - 1 - width, width, t->label, 0, 0, ascii);
  }
}

static void draw_x_axis(struct area *a)
{
  bool ascii = a->spec->ascii;
  int row = a->top + a->h, free_from = 0;
  plot_put(a->g, row, a->left - 1, ascii ? '+' : 0x2514, 0);
  for (int col = 0; col < a->w; col++)
    plot_put(a->g, row, a->left + col, ascii ? '-' : 0x2500, 0);
  for (int i = 0; i < a->x.n_ticks; i++) {
    const struct plot_tick *t = &a->x.tick[i];
    int col = a->left + dot_of(clip(plot_axis_at(&a->x, t->value)), a->w * a->dots_x) / a->dots_x;
    int width = plot_text_width(t->label), from = col - width / 2;
    from = from + width > a->g->width ? a->g->width - width : from < 0 ? 0 : from;
    plot_put(a->g, row, col, ascii ? '+' : 0x252c, 0);
    if (from < free_from)
      continue;
    plot_puts(a->g, row + 1, from, width, t->label, 0, 0, ascii);
    free_from = from + width + 1;
  }
}

/* The row where a series ends: its last point inside; the bottom when it has none. */
static int end_row(const struct area *a, size_t k, bool *present)
{
  const struct plot_series *s = &a->spec->series[k];
  for (size_t i = s->n; i-- > 0;) {
    int px, py;
    if (place_of(a, s, i, &px, &py) == PLACE_INSIDE) {
      *present = true;
      return py / a->dots_y;
    }
  }
  *present = false;
  return a->h - 1;
}

/* Labels in the right margin, each at the height where its line ends, moved apart where they meet. */
static void draw_labels(struct area *a)
{
  size_t n = a->spec->n_series, shown = n > (size_t)a->h ? (size_t)a->h - 1 : n;
  size_t *order = xcalloc(n, sizeof *order);
  int *rows = xcalloc(n + 1, sizeof *rows), col = a->left + a->w + 1, room = a->g->width - col;
  for (size_t k = 0; k < shown; k++) { /* insertion sort by row; equal rows keep the series' order */
    bool present;
    int row = end_row(a, k, &present);
    size_t i = k;
    for (; i > 0 && rows[i - 1] > row; i--)
      rows[i] = rows[i - 1], order[i] = order[i - 1];
    rows[i] = row, order[i] = k;
  }
  plot_spread(rows, shown, shown < n ? a->h - 1 : a->h);
  for (size_t i = 0; i < shown; i++) {
    bool present;
    end_row(a, order[i], &present);
    const char *label = a->spec->series[order[i]].label;
    char *text = xasprintf("%s%s", label ? label : "", present ? "" : " (no data)");
    plot_put(a->g, a->top + rows[i], col, plot_marker(order[i], a->spec->ascii), plot_colour_cell(order[i]));
    plot_puts(a->g, a->top + rows[i], col + 2, room - 2, text, 0, 0, a->spec->ascii);
    free(text);
  }
  if (shown < n) {
    char *text = xasprintf("+%zu more", n - shown);
    plot_puts(a->g, a->top + a->h - 1, col, room, text, 0, PLOT_DIM, a->spec->ascii);
    free(text);
  }
  free(order);
  free(rows);
}

static int label_room(const struct plot_spec *spec, int width, int height)
{
  int widest = spec->n_series > (size_t)height ? 12 : 0; /* "+17 more" */
  if (!plot_has_labels(spec))
    return 1;
  for (size_t k = 0; k < spec->n_series; k++) {
    int w = plot_text_width(spec->series[k].label) + 4;
    widest = w > widest ? w : widest;
  }
  return widest > width / 3 ? width / 3 : widest;
}

/* Rows for title and labels, columns for tick labels and series labels; what is left is the area. */
static void lay_out(struct area *a, struct plot_grid *g, const struct plot_spec *spec)
{
  int below = 2 + (spec->x_label != NULL), widest = 1;
  *a = (struct area){.g = g, .spec = spec, .dots_x = spec->ascii ? 1 : 2, .dots_y = spec->ascii ? 1 : 4};
  a->top = (spec->title != NULL) + (spec->y_label != NULL || spec->log_y);
  while (a->top > 0 && g->height - a->top - below < 2)
    a->top--;
  a->h = g->height - a->top - below;
  plot_ranges(spec, &a->x, &a->y);
  plot_axis_finish(&a->y, a->h / 3);
  for (int i = 0; i < a->y.n_ticks; i++) {
    int w = plot_text_width(a->y.tick[i].label);
    widest = w > widest ? w : widest;
  }
  a->left = widest + 1;
  a->w = g->width - a->left - label_room(spec, g->width, a->h);
  if (a->w < 4)
    a->w = g->width - a->left;
  plot_axis_finish(&a->x, a->w / 10);
  a->bits = xcalloc((size_t)a->w * (size_t)a->h, sizeof *a->bits);
  a->who = xcalloc((size_t)a->w * (size_t)a->h, sizeof *a->who);
}

static void draw_titles(struct area *a)
{
  const struct plot_spec *s = a->spec;
  int row = 0, width = a->g->width;
  if (s->title && a->top > 0)
    plot_puts(a->g, row++, 0, width, s->title, 0, PLOT_BOLD, s->ascii);
  if ((s->y_label || s->log_y) && row < a->top) {
    char *text = xasprintf("%s%s", s->y_label ? s->y_label : "", s->log_y ? s->y_label ? " (log)" : "(log)" : "");
    plot_puts(a->g, row, 0, width, text, 0, PLOT_DIM, s->ascii);
    free(text);
  }
  if (s->x_label) {
    char *text = xasprintf("%s%s", s->x_label, s->log_x ? " (log)" : "");
    int w = plot_text_width(text), from = a->left + (a->w - w) / 2;
    plot_puts(a->g, a->top + a->h + 2, from < 0 ? 0 : from, width, text, 0, PLOT_DIM, s->ascii);
    free(text);
  }
}

static void draw_inside(struct area *a)
{
  draw_intervals(a);
  draw_rule(a);
  for (size_t k = 0; k < a->spec->n_series; k++)
    draw_series_dots(a, k);
  flush_dots(a);
  for (size_t k = 0; k < a->spec->n_series; k++)
    mark_series(a, k);
}

/* `inset`: NULL, or where the inside belongs, which is then left to others. */
void plot_draw_lines(struct plot_grid *g, const struct plot_spec *spec, struct plot_inset *inset)
{
  struct area a;
  plot_grid_init(g, plot_width(spec, 72), plot_height(spec, 18));
  lay_out(&a, g, spec);
  draw_titles(&a);
  draw_y_axis(&a);
  draw_x_axis(&a);
  if (inset)
    *inset = (struct plot_inset){a.top, a.left, a.h, a.w, a.x, a.y};
  else
    draw_inside(&a);
  for (size_t k = 0; k < spec->n_series; k++)
    mark_unplottable(&a, k);
  if (plot_has_labels(spec))
    draw_labels(&a);
  if (a.x.empty || a.y.empty)
    plot_puts(g, a.top + a.h / 2, a.left + (a.w > 7 ? (a.w - 7) / 2 : 0), a.w, "no data", 0, PLOT_DIM, spec->ascii);
  free(a.bits);
  free(a.who);
}
