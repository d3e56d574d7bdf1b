/* plot_int.h: what the files of this folder share. */
#ifndef ASSAY_PLOT_INT_H
#define ASSAY_PLOT_INT_H

#include <stdbool.h>
#include <stdio.h>

#include "app/plot/plot.h"

/* --- cells.c ----------------------------------------------------------------------------------- */

/* Columns that a text takes; NULL takes none. */
int plot_text_width(const char *text);
int plot_width(const struct plot_spec *spec, int usual);
int plot_height(const struct plot_spec *spec, int usual);

/* --- palette.c --------------------------------------------------------------------------------- */

const char *plot_colour_svg(size_t series);     /* "#0000af": the colour for light ground */
/* Heat: t in [0, 1]. */
uint32_t plot_heat_cell(double t);
void plot_heat_svg(double t, char out[8]);
uint32_t plot_heat_rune(double t, bool ascii);

/* --- axis.c ------------------------------------------------------------------------------------ */

#define PLOT_TICKS_MAX 32

struct plot_tick {
  double value;
  char label[24];
};

/* An axis from lo to hi (log10 of the values when log). */
struct plot_axis {
  bool log, empty;
  double lo, hi;
  int n_ticks;
  struct plot_tick tick[PLOT_TICKS_MAX];
};

void plot_axis_init(struct plot_axis *a, bool log);
void plot_axis_include(struct plot_axis *a, double v); /* what is not finite (on the axis) is passed over */
/* Fix the range (a single value gets room around it) and choose about `target` ticks inside. */
void plot_axis_finish(struct plot_axis *a, int target);
/* Place of v: 0 at lo, 1 at hi; nan and infinities stay what they are, log of 0 is -inf, of less nan. */
double plot_axis_at(const struct plot_axis *a, double v);
/* A value for people: four significant digits. */
void plot_number(double v, char out[24]);

/* --- shared by text and SVG -------------------------------------------------------------------- */

static inline double plot_series_x(const struct plot_series *s, size_t i) { return s->x ? s->x[i] : (double)i; }
/* Ranges of all series, bands included. */
void plot_ranges(const struct plot_spec *spec, struct plot_axis *x, struct plot_axis *y);
bool plot_has_labels(const struct plot_spec *spec);
/* Values of bars: rows = bars, one per name and series. */
size_t plot_bar_count(const struct plot_spec *spec);
void plot_bar_range(const struct plot_spec *spec, struct plot_axis *a);
void plot_heat_range(const struct plot_spec *spec, double *lo, double *hi);
double plot_heat_place(double z, double lo, double hi);
/* rows[0..n) wanted, sorted ascending: moved apart to distinct rows inside [0, height). n <= height. */
void plot_spread(int *rows, size_t n, int height);

/* The cells inside the axes, and the axes (of bars: x alone; of heat: none). */
struct plot_inset {
  int row, col, rows, cols;
  struct plot_axis x, y;
};

/* Draw everything; or, with an inset, what surrounds the inside alone: the inside is then drawn as pixels. */
void plot_draw_lines(struct plot_grid *g, const struct plot_spec *spec, struct plot_inset *inset); /* line and scatter */
void plot_draw_bars(struct plot_grid *g, const struct plot_spec *spec, struct plot_inset *inset);
void plot_draw_heat(struct plot_grid *g, const struct plot_spec *spec, struct plot_inset *inset);

#endif
