/* svg_int.h: what the svg_*.c files share. Places are in pixels from the top left. */
#ifndef ASSAY_PLOT_SVG_INT_H
#define ASSAY_PLOT_SVG_INT_H

#include "app/plot/plot_int.h"

#define SVG_CELL_W 9
#define SVG_CELL_H 18
#define SVG_FONT_W 7 /* about the width of a letter of 12 px */

/* A length or place with two decimals and a point, whatever the locale. */
void svg_number(FILE *f, double v);
/* " name=\"v\"" */
void svg_attr(FILE *f, const char *name, double v);
/* Character data: markup characters escaped, what XML forbids left out. */
void svg_escape(FILE *f, const char *text);
/* anchor: "start", "middle", "end". size: pixels. NULL text: nothing. */
void svg_text(FILE *f, double x, double y, const char *anchor, int size, const char *text);
void svg_line(FILE *f, double x0, double y0, double x1, double y1, const char *stroke, double width);
void svg_rect(FILE *f, double x, double y, double w, double h, const char *fill);
/* The marker of a series: circles, squares, triangles and diamonds, full or hollow; plus and cross. */
void svg_marker(FILE *f, double x, double y, size_t series);

void svg_draw_lines(FILE *f, const struct plot_spec *spec, double width, double height);
void svg_draw_bars(FILE *f, const struct plot_spec *spec, double width, double height);
void svg_draw_heat(FILE *f, const struct plot_spec *spec, double width, double height);

#endif
