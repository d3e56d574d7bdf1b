/* svg_lines.c: line and scatter plots as SVG. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/plot/svg_int.h"
#include "experiments/kernel/mem.h"

struct chart {
  FILE *f;
  const struct plot_spec *spec;
  double left, top, w, h;
  struct plot_axis x, y;
};

static double clip(double t) { return t < 0 ? 0 : t > 1 ? 1 : t; }
static double px(const struct chart *c, double u) { return c->left + clip(u) * c->w; }
static double py(const struct chart *c, double v) { return c->top + (1 - clip(v)) * c->h; }

static void draw_axes(struct chart *c)
{
  double bottom = c->top + c->h, free_from = 0;
  for (int i = 0; i < c->y.n_ticks; i++) {
    double at = py(c, plot_axis_at(&c->y, c->y.tick[i].value));
    svg_line(c->f, c->left, at, c->left + c->w, at, "#e4e4e4", 1);
    svg_text(c->f, c->left - 5, at + 4, "end", 12, c->y.tick[i].label);
  }
  for (int i = 0; i < c->x.n_ticks; i++) {
    double at = px(c, plot_axis_at(&c->x, c->x.tick[i].value)), w = (double)strlen(c->x.tick[i].label) * SVG_FONT_W;
    svg_line(c->f, at, bottom, at, bottom + 4, "#222222", 1);
    if (at - w / 2 < free_from)
      continue;
    svg_text(c->f, at, bottom + 17, "middle", 12, c->x.tick[i].label);
    free_from = at + w / 2 + SVG_FONT_W;
  }
  svg_line(c->f, c->left, c->top, c->left, bottom, "#222222", 1);
  svg_line(c->f, c->left, bottom, c->left + c->w, bottom, "#222222", 1);
  if (c->spec->x_label) {
    char *text = xasprintf("%s%s", c->spec->x_label, c->spec->log_x ? " (log)" : "");
    svg_text(c->f, c->left + c->w / 2, bottom + 35, "middle", 12, text);
    free(text);
  }
  if (c->spec->y_label) {
    char *text = xasprintf("%s%s", c->spec->y_label, c->spec->log_y ? " (log)" : "");
    svg_text(c->f, 5, c->top - 8, "start", 12, text);
    free(text);
  }
}

/* Points that fall into one column of pixels: only the first, least, greatest and last are written. */
struct column { bool open; double x; double v[4]; size_t at[4]; };
enum { FIRST, LEAST, GREATEST, LAST };

static void point(const struct chart *c, double x, double v)
{
  svg_number(c->f, x);
  fputc(',', c->f);
  svg_number(c->f, py(c, v));
  fputc(' ', c->f);
}

static void column_flush(const struct chart *c, struct column *k)
{
  if (!k->open)
    return;
  bool least_first = k->at[LEAST] < k->at[GREATEST];
  int middle[2] = {least_first ? LEAST : GREATEST, least_first ? GREATEST : LEAST};
  point(c, k->x, k->v[FIRST]);
  for (int i = 0; i < 2; i++)
    if (k->at[middle[i]] > k->at[FIRST] && k->at[middle[i]] < k->at[LAST])
      point(c, k->x, k->v[middle[i]]);
  if (k->at[LAST] > k->at[FIRST])
    point(c, k->x, k->v[LAST]);
  k->open = false;
}

static void column_add(const struct chart *c, struct column *k, double x, double v, size_t i)
{
  if (k->open && floor(k->x) == floor(x)) {
    if (v < k->v[LEAST])
      k->v[LEAST] = v, k->at[LEAST] = i;
    if (v > k->v[GREATEST])
      k->v[GREATEST] = v, k->at[GREATEST] = i;
    k->v[LAST] = v, k->at[LAST] = i;
    return;
  }
  column_flush(c, k);
  *k = (struct column){true, x, {v, v, v, v}, {i, i, i, i}};
}

/* One polyline for each stretch of points without a gap. */
static void draw_line(struct chart *c, size_t series)
{
  const struct plot_series *s = &c->spec->series[series];
  struct column k = {0};
  bool open = false;
  bool thin_out = s->n > 2 * (size_t)c->w;
  for (size_t i = 0; i <= s->n; i++) {
    double u = i < s->n ? plot_axis_at(&c->x, plot_series_x(s, i)) : NAN,
           v = i < s->n ? plot_axis_at(&c->y, s->y[i]) : NAN;
    bool inside = isfinite(u) && isfinite(v);
    if (inside && !open)
      fputs("<polyline points=\"", c->f);
    if (inside && thin_out)
      column_add(c, &k, px(c, u), v, i);
    else if (inside)
      point(c, px(c, u), v);
    if (!inside && open) {
      column_flush(c, &k);
      fprintf(c->f, "\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.6\" stroke-linejoin=\"round\"/>\n",
              plot_colour_svg(series));
    }
    open = inside;
  }
}

/* The end of the stretch of points from `from` on whose band can be drawn. */
static size_t band_end(const struct chart *c, const struct plot_series *s, size_t from)
{
  size_t i = from;
  while (i < s->n && isfinite(plot_axis_at(&c->x, plot_series_x(s, i))) && !isnan(plot_axis_at(&c->y, s->low[i])) &&
         !isnan(plot_axis_at(&c->y, s->high[i])))
    i++;
  return i;
}

static void draw_band(struct chart *c, size_t series)
{
  const struct plot_series *s = &c->spec->series[series];
  size_t spare = (size_t)((double)s->n / (2 * c->w)), stride = spare > 1 ? spare : 1; /* one point or more a pixel */
  for (size_t from = 0, to; from < s->n; from = to + 1) {
    to = band_end(c, s, from);
    if (to == from)
      continue;
    fputs("<polygon points=\"", c->f);
    for (size_t i = from; i < to; i += stride)
      point(c, px(c, plot_axis_at(&c->x, plot_series_x(s, i))), plot_axis_at(&c->y, s->high[i]));
    for (size_t i = from + (to - 1 - from) / stride * stride;; i -= stride) {
      point(c, px(c, plot_axis_at(&c->x, plot_series_x(s, i))), plot_axis_at(&c->y, s->low[i]));
      if (i < from + stride)
        break;
    }
    fprintf(c->f, "\" fill=\"%s\" fill-opacity=\"0.18\" stroke=\"none\"/>\n", plot_colour_svg(series));
  }
}

static void draw_error_bars(struct chart *c, size_t series)
{
  const struct plot_series *s = &c->spec->series[series];
  const char *colour = plot_colour_svg(series);
  for (size_t i = 0; i < s->n; i++) {
    double u = plot_axis_at(&c->x, plot_series_x(s, i)), low = plot_axis_at(&c->y, s->low[i]),
           high = plot_axis_at(&c->y, s->high[i]);
    if (!isfinite(u) || isnan(low) || isnan(high))
      continue;
    svg_line(c->f, px(c, u), py(c, low), px(c, u), py(c, high), colour, 1.2);
    svg_line(c->f, px(c, u) - 4, py(c, low), px(c, u) + 4, py(c, low), colour, 1.2);
    svg_line(c->f, px(c, u) - 4, py(c, high), px(c, u) + 4, py(c, high), colour, 1.2);
  }
}

/* Markers where they can be told apart; x on the axis for nan, arrows at the edges for infinities. */
static void draw_points(struct chart *c, size_t series)
{
  const struct plot_series *s = &c->spec->series[series];
  bool markers = c->spec->kind == PLOT_SCATTER || s->n <= (size_t)c->w / 30;
  for (size_t i = 0; i < s->n; i++) {
    double u = plot_axis_at(&c->x, plot_series_x(s, i)), v = plot_axis_at(&c->y, s->y[i]);
    if (!isfinite(u))
      continue;
    if (isnan(v))
      svg_text(c->f, px(c, u), c->top + c->h + 4, "middle", 12, "×");
    else if (isinf(v))
      svg_text(c->f, px(c, u), v > 0 ? c->top + 10 : c->top + c->h - 2, "middle", 12, v > 0 ? "↑" : "↓");
    else if (markers)
      svg_marker(c->f, px(c, u), py(c, v), series);
  }
}

static void draw_labels(struct chart *c)
{
  size_t n = c->spec->n_series, lines = (size_t)(c->h / 16);
  n = n > lines ? lines : n;
  size_t *order = xcalloc(n, sizeof *order);
  int *rows = xcalloc(n, sizeof *rows);
  for (size_t k = 0; k < n; k++) {
    const struct plot_series *s = &c->spec->series[k];
    double v = NAN;
    for (size_t i = s->n; i-- > 0 && !isfinite(v);)
      v = plot_axis_at(&c->y, s->y[i]);
    int row = isfinite(v) ? (int)((1 - clip(v)) * (double)(lines - 1)) : (int)lines - 1;
    size_t i = k;
    for (; i > 0 && rows[i - 1] > row; i--)
      rows[i] = rows[i - 1], order[i] = order[i - 1];
    rows[i] = row, order[i] = k;
  }
  plot_spread(rows, n, (int)lines);
  for (size_t i = 0; i < n; i++) {
    double at = c->top + 8 + (c->h - 16) * rows[i] / (lines > 1 ? (double)(lines - 1) : 1);
    svg_marker(c->f, c->left + c->w + 14, at, order[i]);
    svg_text(c->f, c->left + c->w + 24, at + 4, "start", 12, c->spec->series[order[i]].label);
  }
  free(order);
  free(rows);
}

void svg_draw_lines(FILE *f, const struct plot_spec *spec, double width, double height)
{
  struct chart c = {.f = f, .spec = spec, .top = 26 + (spec->y_label ? 18 : 0)};
  int widest = 1, label = 0;
  plot_ranges(spec, &c.x, &c.y);
  c.h = fmax(height - c.top - 26 - (spec->x_label ? 18 : 0), 20);
  plot_axis_finish(&c.y, (int)(c.h / 50));
  for (int i = 0; i < c.y.n_ticks; i++)
    widest = (int)strlen(c.y.tick[i].label) > widest ? (int)strlen(c.y.tick[i].label) : widest;
  for (size_t k = 0; k < spec->n_series; k++)
    label = plot_text_width(spec->series[k].label) > label ? plot_text_width(spec->series[k].label) : label;
  c.left = widest * SVG_FONT_W + 14;
  c.w = fmax(width - c.left - (plot_has_labels(spec) ? fmin(32 + label * SVG_FONT_W, width / 3) : 14), 20);
  plot_axis_finish(&c.x, (int)(c.w / 80));
  draw_axes(&c);
  for (size_t k = 0; k < spec->n_series; k++)
    if (spec->series[k].low && spec->series[k].high) {
      if (spec->kind == PLOT_SCATTER)
        draw_error_bars(&c, k);
      else
        draw_band(&c, k);
    }
  for (size_t k = 0; k < spec->n_series; k++) {
    if (spec->kind != PLOT_SCATTER)
      draw_line(&c, k);
    draw_points(&c, k);
  }
  if (plot_has_labels(spec))
    draw_labels(&c);
  if (c.x.empty || c.y.empty)
    svg_text(f, c.left + c.w / 2, c.top + c.h / 2, "middle", 12, "no data");
}
