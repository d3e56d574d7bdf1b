/* true_cells.h: cells as escape sequences, for terminals with colours of 24 bits. Curses has no words for such colours unless
 * the terminal's description has (one of the "direct" kind, which hardly anybody uses): here it keeps the keys and the modes of
 * the terminal, and the picture is written past it. */
#ifndef ASSAY_UI_TRUE_CELLS_H
#define ASSAY_UI_TRUE_CELLS_H

#include "app/plot/plot.h"

struct true_cells {
  struct plot_cell *shown; /* what the terminal shows, height x width; owned; NULL: not known */
  int width, height;
};

/* What the terminal needs to be sent to show the grid and a cursor (row < 0: none); what it shows already is left out.
 * Caller frees; *n bytes, not ended by a 0. */
char *true_cells_show(struct true_cells *t, const struct plot_grid *g, bool utf8, int cursor_row, int cursor_col, size_t *n);
/* The terminal may show anything now. */
void true_cells_forget(struct true_cells *t);

#endif
