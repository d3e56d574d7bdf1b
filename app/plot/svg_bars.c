/* svg_bars.c: bars and heat maps as SVG. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/plot/svg_int.h"

static double clip(double t) { return t < 0 ? 0 : t > 1 ? 1 : t; }

struct bars {
  FILE *f;
  const struct plot_spec *spec;
  struct plot_axis axis;
  double left, w;
};

static void draw_bar(struct bars *b, size_t name, size_t k, double y, double h)
{
  const struct plot_series *s = &b->spec->series[k];
  char number[24] = "nan";
  double t = name < s->n ? plot_axis_at(&b->axis, s->y[name]) : NAN;
  if (name < s->n)
    plot_number(s->y[name], number);
  if (!isnan(t)) {
    double zero = b->spec->log_y ? 0 : plot_axis_at(&b->axis, 0), from = fmin(zero, clip(t)), to = fmax(zero, clip(t));
    svg_rect(b->f, b->left + from * b->w, y + 0.12 * h, (to - from) * b->w, 0.76 * h, plot_colour_svg(k));
    if (s->low && s->high) {
      double low = plot_axis_at(&b->axis, s->low[name]), high = plot_axis_at(&b->axis, s->high[name]), middle = y + h / 2;
      if (!isnan(low) && !isnan(high)) {
        double x0 = b->left + clip(low) * b->w, x1 = b->left + clip(high) * b->w;
        svg_line(b->f, x0, middle, x1, middle, "#222222", 1.2);
        svg_line(b->f, x0, middle - 4, x0, middle + 4, "#222222", 1.2);
        svg_line(b->f, x1, middle - 4, x1, middle + 4, "#222222", 1.2);
      }
    }
  }
  svg_text(b->f, b->left + b->w + 6, y + h / 2 + 4, "start", 12, number);
}

void svg_draw_bars(FILE *f, const struct plot_spec *spec, double width, double height)
{
  struct bars b = {.f = f, .spec = spec};
  size_t n = plot_bar_count(spec);
  int widest = 3;
  double top = 30;
  for (size_t i = 0; spec->names && i < spec->n_names; i++)
    widest = plot_text_width(spec->names[i]) > widest ? plot_text_width(spec->names[i]) : widest;
  plot_bar_range(spec, &b.axis);
  b.left = fmin(widest * SVG_FONT_W + 16, width / 3);
  b.w = width - b.left - 70;
  if (spec->n_series > 1) {
    double x = b.left;
    for (size_t k = 0; k < spec->n_series && x < width; k++) {
      svg_rect(f, x, top - 2, 10, 10, plot_colour_svg(k));
      svg_text(f, x + 14, top + 8, "start", 12, spec->series[k].label);
      x += 30 + plot_text_width(spec->series[k].label) * SVG_FONT_W;
    }
    top += 20;
  }
  if (n == 0)
    svg_text(f, width / 2, height / 2, "middle", 12, "no data");
  double line = n ? (height - top - 10) / (double)n : 0;
  for (size_t i = 0; i < n; i++) {
    size_t name = i / spec->n_series, k = i % spec->n_series;
    char number[24];
    snprintf(number, sizeof number, "%zu", name + 1);
    if (k == 0)
      svg_text(f, b.left - 6, top + ((double)i + 0.5 * (double)spec->n_series) * line + 4, "end", 12,
               spec->names && name < spec->n_names ? spec->names[name] : number);
    draw_bar(&b, name, k, top + (double)i * line, line);
  }
  if (n && !spec->log_y) {
    double x = b.left + plot_axis_at(&b.axis, 0) * b.w;
    svg_line(f, x, top, x, top + (double)n * line, "#222222", 1);
  }
}

static void draw_scale(FILE *f, double x, double y, double lo, double hi)
{
  char low[24], high[24], colour[8];
  plot_number(lo, low);
  plot_number(hi, high);
  svg_text(f, x, y + 10, "start", 12, low);
  x += (double)(strlen(low) + 1) * SVG_FONT_W;
  for (int i = 0; i < 20; i++) {
    plot_heat_svg((i + 0.5) / 20, colour);
    svg_rect(f, x + 6 * i, y, 6.5, 12, colour);
  }
  svg_text(f, x + 128, y + 10, "start", 12, high);
}

static int row_name_width(const struct plot_spec *spec)
{
  int widest = 0;
  for (size_t i = 0; spec->row_names && i < spec->rows; i++)
    widest = plot_text_width(spec->row_names[i]) > widest ? plot_text_width(spec->row_names[i]) : widest;
  return widest;
}

void svg_draw_heat(FILE *f, const struct plot_spec *spec, double width, double height)
{
  double lo, hi, top = 30, left = fmin(row_name_width(spec) * SVG_FONT_W + 12, width / 3), free_from = 0;
  double w = width - left - 10, h = height - top - 60;
  if (!spec->z || !spec->rows || !spec->cols) {
    svg_text(f, width / 2, height / 2, "middle", 12, "no data");
    return;
  }
  plot_heat_range(spec, &lo, &hi);
  double cell_w = w / (double)spec->cols, cell_h = h / (double)spec->rows;
  for (size_t i = 0; i < spec->rows; i++) {
    for (size_t j = 0; j < spec->cols; j++) {
      double z = spec->z[i * spec->cols + j];
      char colour[8] = "#ffffff";
      if (isfinite(z))
        plot_heat_svg(plot_heat_place(z, lo, hi), colour);
      svg_rect(f, left + (double)j * cell_w, top + (double)i * cell_h, cell_w + 0.4, cell_h + 0.4, colour);
      if (!isfinite(z) && cell_h >= 8)
        svg_text(f, left + ((double)j + 0.5) * cell_w, top + ((double)i + 0.5) * cell_h + 4, "middle", 12,
                 isnan(z) ? "×"
                 : z > 0  ? "↑"
                          : "↓");
    }
    if (spec->row_names && cell_h >= 8)
      svg_text(f, left - 5, top + ((double)i + 0.5) * cell_h + 4, "end", 12, spec->row_names[i]);
  }
  for (size_t j = 0; spec->names && j < spec->n_names && j < spec->cols; j++) {
    double at = left + ((double)j + 0.5) * cell_w, half = plot_text_width(spec->names[j]) * SVG_FONT_W / 2.0;
    if (at - half < free_from)
      continue;
    svg_text(f, at, top + h + 15, "middle", 12, spec->names[j]);
    free_from = at + half + SVG_FONT_W;
  }
  svg_text(f, left + w / 2, top + h + 30, "middle", 12, spec->x_label);
  if (lo <= hi)
    draw_scale(f, left, height - 20, lo, hi);
}
