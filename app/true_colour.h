/* true_colour.h: does the terminal show colours of 24 bits? It is asked where it can be, else its environment is. */
#ifndef ASSAY_TRUE_COLOUR_H
#define ASSAY_TRUE_COLOUR_H

#include <stdbool.h>

/* $COLORTERM is "truecolor" or "24bit", as terminals set it; but GNU screen passes it on from the terminal around it and takes
 * the numbers of such colours for other attributes: under a TERM of its name only tmux is believed. All may be NULL. */
bool true_colour_of_environment(const char *colorterm, const char *term, const char *tmux);

/* Set a colour, ask for what is set (DECRQSS of SGR: xterm, VTE, kitty, foot, wezterm, iTerm2, mintty), and set none. */
#define TRUE_COLOUR_QUESTION "\033[38;2;1;2;3m\033P$qm\033\\\033[0m"
/* The answer without its frame: "1$r0;38:2::1:2:3m". True: the colour stands in it as it was asked for. */
bool true_colour_of_answer(const char *answer);

#endif
