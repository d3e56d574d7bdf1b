/* screen.h: the terminal as cells and keys. screen.c is the only file that knows curses; on terminals with colours of 24 bits it
 * leaves the cells to true_cells.c. */
#ifndef ASSAY_UI_SCREEN_H
#define ASSAY_UI_SCREEN_H

#include "app/ui/ui.h"

/* Take the terminal. False, with the reason, where that cannot be. It is given back on every way out: by
 * screen_close, at exit, and when the program crashes. */
bool screen_open(bool colour, bool utf8, char *why, size_t size);
void screen_close(void);
void screen_size(int *width, int *height);
/* Ask the terminal how large it is now. */
void screen_resize(void);
/* PLOT_TRUE_COLOURS, 256, 8, or 0: none. It may grow, when the terminal has answered. */
int screen_colours(void);
/* Colours by the description of $TERM alone, without taking the terminal; -1: nobody knows it. */
int screen_described_colours(void);
void screen_show(const struct plot_grid *g, int cursor_row, int cursor_col);
/* The background, when the terminal has told it since the last call; else unknown. */
enum background screen_background(void);
void screen_clear(void);                      /* draw everything anew next time */
bool screen_event(struct ui_event *ev);       /* false: no more for now */
void screen_suspend(void);                    /* stop the process; returns when it goes on */
bool screen_continued(void);                  /* after SIGSTOP: the terminal is taken again; draw anew */
bool screen_stop_asked(void);                 /* SIGTSTP has come: call screen_suspend */
void screen_copy(const char *text);           /* to the clipboard, by OSC 52 */
void screen_write(const char *bytes, size_t n); /* raw, for pictures */

#endif
