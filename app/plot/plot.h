/* plot.h: pictures as text cells, and the same pictures as SVG.
 *
 * A picture is drawn into a grid of cells first; the workbench shows the cells, plot_text prints them.
 * Series differ by marker shape and label, so that nothing depends on colour; colours are a set that
 * colour-blind readers can tell apart (palette.c). Text must be drawn with LC_CTYPE for UTF-8 or spec.ascii set. */
#ifndef ASSAY_PLOT_H
#define ASSAY_PLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lua/host.h"

/* PLOT_FIXED: the colour stands for a value, and is the same on every ground. */
enum plot_attr { PLOT_BOLD = 1, PLOT_DIM = 2, PLOT_REVERSE = 4, PLOT_UNDERLINE = 8, PLOT_FIXED = 16 };

struct plot_cell {
  uint32_t rune; /* a Unicode character; 0: the right half of a wide one */
  uint32_t fg;   /* a colour, as below */
  uint8_t attr;  /* enum plot_attr bits */
};

/* Colours: 0 is the terminal's own, 1 to 255 are those of the 256-colour palette. The others are exact on terminals that
 * show 24 bits; elsewhere one of the 256 stands for each (plot_colour_256). */
#define PLOT_SERIES 0x100u  /* + k < 16: of a series on dark ground; + 16 + k: of the same on light ground */
#define PLOT_HEAT_LOW 0x1000u /* + 0 to 1023: a shade of heat, from the least value to the greatest */
#define PLOT_EXACT 0x1000000u /* + 0xrrggbb */
enum { PLOT_TRUE_COLOURS = 1 << 24 }; /* that such a terminal has */

struct plot_grid {
  int width, height;
  struct plot_cell *cell; /* height rows of width cells, owned */
  int colours;            /* that what shows it has; 0: none, or not known. Set by whom it belongs to */
};

/* The grid is drawn at spec.width x spec.height where these are given (within 20..1000 x 5..400), else
 * at a default size. Sizes beyond that are cut. */
void plot_draw(struct plot_grid *g, const struct plot_spec *spec);
void plot_grid_free(struct plot_grid *g); /* twice is harmless */

/* --- cells ------------------------------------------------------------------------------------- */

void plot_grid_init(struct plot_grid *g, int width, int height); /* blanks */
/* One character; outside the grid nothing happens. */
void plot_put(struct plot_grid *g, int row, int col, uint32_t rune, uint32_t fg);
/* UTF-8 text from (row, col), at most `room` columns, cut with … (or ~ when ascii). Control characters
 * and invalid bytes become ?. Returns the columns used. */
int plot_puts(struct plot_grid *g, int row, int col, int room, const char *text, uint32_t fg, uint8_t attr, bool ascii);
/* Colour of a series, for dark ground, and its marker: 16 exact colours, 8 of the 256, 10 markers. */
uint32_t plot_colour_cell(size_t series);
uint32_t plot_marker(size_t series, bool ascii);
/* What stands on light ground for a colour that is made for dark ground; any other colour is itself. */
uint32_t plot_on_light(uint32_t colour);
/* Of enum plot_colours: is the ground light? */
static inline bool plot_is_on_light(int colours) { return (colours & ~PLOT_TRUE) == PLOT_ON_LIGHT; }
/* The one of the 256 that stands for a colour. */
uint8_t plot_colour_256(uint32_t colour);
/* 0xrrggbb of a colour from 16 on; the first 16 are the terminal's own (0 here). */
uint32_t plot_rgb(uint32_t colour);
/* For an SGR sequence: "38;5;33", for exact colours where the terminal shows 24 bits "38;2;14;178;255"; "39" for 0. */
const char *plot_sgr(uint32_t colour, bool true_colour, char out[24]);

/* The cells as lines of UTF-8, blanks at line ends left out; colours as ANSI sequences when asked for (enum plot_colours,
 * perhaps with PLOT_TRUE).
 * Caller frees. */
char *plot_grid_text(const struct plot_grid *g, int colour);

/* Both at once. Never NULL: a picture without data says so. Caller frees. */
char *plot_text(const struct plot_spec *spec);
/* A complete SVG document of about 9 x 18 pixels per cell. Caller frees. */
char *plot_svg(const struct plot_spec *spec);

#endif
