/* graphics.h: pictures in the terminal: what it can show is asked of it, once, when the first picture is to be shown. */
#ifndef ASSAY_GRAPHICS_H
#define ASSAY_GRAPHICS_H

#include "app/app.h"
#include "app/background.h"

enum graphics_mode { GRAPHICS_AUTO, GRAPHICS_TEXT, GRAPHICS_SIXEL, GRAPHICS_KITTY };

/* auto, text, sixel or kitty; false: none of them. */
bool graphics_mode_parse(const char *word, enum graphics_mode *m);

/* What a terminal has answered. */
struct graphics {
  bool sixel, kitty;
  int cell_w, cell_h;          /* pixels; 0: not told */
  enum background background;
  bool true_colour;            /* colours of 24 bits */
  bool complete;               /* the last question is answered; every terminal answers that one */
};

/* The questions: kitty's graphics, colours (true_colour.h), the size of a cell (XTWINOPS 16), the background (OSC 11), and at last, because
 * every terminal answers it and they are answered in order, its attributes (DA1, of which 4 means sixel). */
extern const char graphics_questions[];
/* Read the answers; n bytes that may hold other things, keys for example. */
void graphics_read(struct graphics *g, const char *bytes, size_t n);

/* What the terminal of this program can. It is asked once, and only if it is ours to ask; stdout must be one. Borrowed. */
const struct graphics *graphics_terminal(void);

/* Show a plot on the program's output: as a picture where `mode`, the output and the terminal allow it, else as text,
 * with colours where they are wanted. The service plot_show. */
void graphics_show(const struct app *app, const struct plot_spec *spec);

#endif
