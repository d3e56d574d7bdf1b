/* raster.h: the inside of a picture as pixels, for terminals that show them; what surrounds it stays text. */
#ifndef ASSAY_PLOT_RASTER_H
#define ASSAY_PLOT_RASTER_H

#include "app/plot/plot.h"

/* Pixels of 0xAARRGGBB with alpha 0 (nothing there) or 255: there are no mixtures with a ground that is not known. */
struct raster {
  int width, height;
  uint32_t *pixel; /* height rows of width, owned */
};

/* A picture for a terminal that shows pixels. The grid has the text, and blanks where the raster belongs: its first
 * cell is at (row, col), and it covers `rows` x `cols` cells of cell_w x cell_h pixels. */
struct plot_picture {
  struct plot_grid grid;
  int row, col, rows, cols;
  struct raster raster;
};

/* False, with nothing in *p, where a picture has no pixels to show: no data, or no room. Free with plot_picture_free. */
bool plot_picture(struct plot_picture *p, const struct plot_spec *spec, int cell_w, int cell_h);
void plot_picture_free(struct plot_picture *p); /* twice is harmless */

/* --- drawing ------------------------------------------------------------------------------------ */

void raster_init(struct raster *r, int width, int height); /* nothing there */
void raster_free(struct raster *r);
/* What lies outside is left out. Colours are 0xrrggbb. */
void raster_dot(struct raster *r, int x, int y, uint32_t rgb);
void raster_fill(struct raster *r, int x, int y, int width, int height, uint32_t rgb);
/* A line as thick as a pen of `pen` x `pen` pixels. */
void raster_line(struct raster *r, int x0, int y0, int x1, int y1, int pen, uint32_t rgb);
/* The marker of a series (plot_marker), about 2 * size + 1 pixels wide. */
void raster_marker(struct raster *r, int x, int y, int size, size_t series, uint32_t rgb);

/* --- as terminals take them ------------------------------------------------------------------------- */

/* DEC sixel graphics (VT330/VT340 Programmer Reference, vol. 2, ch. 14), pixels that are not there transparent, at
 * most 255 colours (others become the nearest of those). Caller frees. */
char *raster_sixel(const struct raster *r);
/* The graphics protocol of kitty (sw.kovidgoyal.net/kitty/graphics-protocol): RGBA, deflated, in pieces of 4096 bytes,
 * shown over `cols` x `rows` cells without moving the cursor, silent. Caller frees. */
char *raster_kitty(const struct raster *r, int cols, int rows);

#endif
