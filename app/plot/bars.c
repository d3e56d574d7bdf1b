/* bars.c: horizontal bars, one line per name and series, with values and intervals. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/plot/plot_int.h"
#include "experiments/kernel/mem.h"

static size_t longest_series(const struct plot_spec *spec)
{
  size_t n = 0;
  for (size_t k = 0; k < spec->n_series; k++)
    n = spec->series[k].n > n ? spec->series[k].n : n;
  return n;
}

size_t plot_bar_count(const struct plot_spec *spec) { return longest_series(spec) * spec->n_series; }

void plot_bar_range(const struct plot_spec *spec, struct plot_axis *a)
{
  plot_axis_init(a, spec->log_y);
  if (!spec->log_y)
    plot_axis_include(a, 0);
  for (size_t k = 0; k < spec->n_series; k++) {
    const struct plot_series *s = &spec->series[k];
    for (size_t i = 0; i < s->n; i++) {
      plot_axis_include(a, s->y[i]);
      if (s->low)
        plot_axis_include(a, s->low[i]);
      if (s->high)
        plot_axis_include(a, s->high[i]);
    }
  }
  if (spec->log_y && !a->empty)
    a->lo -= 0.1 * (a->hi - a->lo) + 0.1; /* the least bar has a length, too */
  plot_axis_finish(a, 5);
}

struct bars {
  struct plot_grid *g;
  const struct plot_spec *spec;
  struct plot_axis axis;
  int left, w;   /* columns of the bars */
  bool frame;    /* what surrounds the bars alone */
};

/* Bar from `zero` to t, both in cells from the left edge, in eighths of a cell. */
static void fill(struct bars *b, int row, double t, size_t k)
{
  uint32_t colour = plot_colour_cell(k);
  double zero = b->spec->log_y ? 0 : plot_axis_at(&b->axis, 0);
  int from = (int)lround(fmin(zero, t) * b->w * 8), to = (int)lround(fmax(zero, t) * b->w * 8);
  for (int col = from / 8; col < b->w && col * 8 < to; col++) {
    int begin = from > col * 8 ? from - col * 8 : 0, end = to < (col + 1) * 8 ? to - col * 8 : 8;
    if (b->spec->ascii) {
      if (end - begin >= 4)
        plot_put(b->g, row, b->left + col, plot_marker(k, true), colour);
    } else if (begin >= 4) { /* there is a right half, but no finer part that ends at the right */
      plot_put(b->g, row, b->left + col, 0x2590, colour);
    } else {
      plot_put(b->g, row, b->left + col, 0x2590u - (uint32_t)end, colour);
    }
  }
  if (from == to)
    plot_put(b->g, row, b->left + (from / 8 < b->w ? from / 8 : b->w - 1), b->spec->ascii ? '|' : 0x258f, colour);
}

static void whisker(struct bars *b, int row, double low, double high)
{
  double from_t = plot_axis_at(&b->axis, low), to_t = plot_axis_at(&b->axis, high);
  if (isnan(from_t) || isnan(to_t))
    return;
  int from = (int)lround(fmax(fmin(from_t, 1), 0) * (b->w - 1)), to = (int)lround(fmax(fmin(to_t, 1), 0) * (b->w - 1));
  bool ascii = b->spec->ascii;
  for (int col = from; col <= to; col++)
    plot_put(b->g, row, b->left + col,
             ascii         ? (col == from || col == to ? '|' : '-')
             : col == from ? 0x251c
             : col == to   ? 0x2524
                           : 0x2500,
             0);
}

static void draw_bar(struct bars *b, int row, const struct plot_series *s, size_t i, size_t k)
{
  char number[24], text[80];
  double t = i < s->n ? plot_axis_at(&b->axis, s->y[i]) : NAN;
  plot_number(i < s->n ? s->y[i] : (double)NAN, number);
  snprintf(text, sizeof text, "%s", number);
  if (!isnan(t) && !b->frame)
    fill(b, row, fmax(fmin(t, 1), 0), k);
  if (!isnan(t) && s->low && s->high) {
    char low[24], high[24];
    plot_number(s->low[i], low);
    plot_number(s->high[i], high);
    snprintf(text, sizeof text, "%s [%s, %s]", number, low, high);
    if (!b->frame)
      whisker(b, row, s->low[i], s->high[i]);
  }
  plot_puts(b->g, row, b->left + b->w + 1, b->g->width - b->left - b->w - 1, text, 0, 0, b->spec->ascii);
}

static int name_width(const struct plot_spec *spec)
{
  int widest = 1;
  for (size_t i = 0; i < longest_series(spec); i++) {
    int w = spec->names && i < spec->n_names ? plot_text_width(spec->names[i]) : 5;
    widest = w > widest ? w : widest;
  }
  return widest;
}

static bool has_intervals(const struct plot_spec *spec)
{
  for (size_t k = 0; k < spec->n_series; k++)
    if (spec->series[k].low && spec->series[k].high)
      return true;
  return false;
}

static void draw_name(struct bars *b, int row, size_t i)
{
  char number[24];
  const char *name = b->spec->names && i < b->spec->n_names ? b->spec->names[i] : NULL;
  snprintf(number, sizeof number, "%zu", i + 1);
  plot_puts(b->g, row, 0, b->left - 2, name ? name : number, 0, 0, b->spec->ascii);
}

/* "● train  ○ valid" under the title, when there are several series. */
static void draw_legend(struct bars *b, int row)
{
  int col = b->left;
  for (size_t k = 0; k < b->spec->n_series && col < b->g->width; k++) {
    plot_put(b->g, row, col, plot_marker(k, b->spec->ascii), plot_colour_cell(k));
    col += 2 +
           plot_puts(b->g, row, col + 2, b->g->width - col - 2,
                     b->spec->series[k].label ? b->spec->series[k].label : "", 0, 0, b->spec->ascii) +
           2;
  }
}

void plot_draw_bars(struct plot_grid *g, const struct plot_spec *spec, struct plot_inset *inset)
{
  size_t bars = plot_bar_count(spec), per_name = spec->n_series;
  bool several = per_name > 1;
  int head = (spec->title != NULL) + (spec->y_label != NULL) + several, width = plot_width(spec, 72);
  int most = spec->height > 0 ? plot_height(spec, 0) : 400;
  int rows = bars > (size_t)(most - head) ? most - head : (int)bars, shown = bars > (size_t)rows ? rows - 1 : rows;
  struct bars b = {.g = g, .spec = spec, .frame = inset != NULL};
  plot_grid_init(g, width, head + (rows > 0 ? rows : 1));
  plot_bar_range(spec, &b.axis);
  int names = name_width(spec), values = has_intervals(spec) ? 28 : 11;
  names = names > width / 3 ? width / 3 : names;
  values = values > width / 3 ? width / 3 : values;
  b.left = names + 2;
  b.w = width - b.left - values;
  int row = 0;
  if (spec->title)
    plot_puts(g, row++, 0, width, spec->title, 0, PLOT_BOLD, spec->ascii);
  if (spec->y_label)
    plot_puts(g, row++, b.left, width - b.left, spec->y_label, 0, PLOT_DIM, spec->ascii);
  if (several)
    draw_legend(&b, row++);
  if (inset)
    *inset = (struct plot_inset){.row = row, .col = b.left, .rows = shown, .cols = b.w, .x = b.axis};
  for (int i = 0; i < shown; i++, row++) {
    size_t name = (size_t)i / per_name, k = (size_t)i % per_name;
    if (k == 0)
      draw_name(&b, row, name);
    if (several)
      plot_put(g, row, b.left - 1, plot_marker(k, spec->ascii), plot_colour_cell(k));
    draw_bar(&b, row, &spec->series[k], name, k);
  }
  if ((size_t)shown < bars) {
    char *text = xasprintf("and %zu more", bars - (size_t)shown);
    plot_puts(g, row, 0, width, text, 0, PLOT_DIM, spec->ascii);
    free(text);
  }
  if (bars == 0)
    plot_puts(g, head, 0, width, "no data", 0, PLOT_DIM, spec->ascii);
}
