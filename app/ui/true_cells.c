/* true_cells.c: see true_cells.h. Every cell that changes is written, each run of neighbours after one movement of the cursor;
 * all within a synchronized update (DEC mode 2026), so that terminals that know of it show no half of it. */
#include "app/ui/true_cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "app/ui/fallback.h"
#include "experiments/kernel/mem.h"

void true_cells_forget(struct true_cells *t)
{
  free(t->shown);
  *t = (struct true_cells){0};
}

enum { SEEN = PLOT_BOLD | PLOT_DIM | PLOT_REVERSE | PLOT_UNDERLINE }; /* attributes that a terminal shows */

static bool same_style(const struct plot_cell *a, const struct plot_cell *b) { return a->fg == b->fg && (a->attr & SEEN) == (b->attr & SEEN); }
static bool same(const struct plot_cell *a, const struct plot_cell *b) { return a->rune == b->rune && same_style(a, b); }

/* Colours of the 256 are written as what they are, too: some terminals let their users change them. */
static void write_style(FILE *f, const struct plot_cell *c)
{
  static const struct { int attr; char code; } word[] = {{PLOT_BOLD, '1'}, {PLOT_DIM, '2'}, {PLOT_UNDERLINE, '4'}, {PLOT_REVERSE, '7'}};
  char sgr[24];
  fputs("\033[0", f);
  for (size_t i = 0; i < sizeof word / sizeof *word; i++)
    if (c->attr & word[i].attr)
      fprintf(f, ";%c", word[i].code);
  if (c->fg)
    fprintf(f, ";%s", plot_sgr(c->fg >= 16 && c->fg < 256 ? PLOT_EXACT | plot_rgb(c->fg) : c->fg, true, sgr));
  fputc('m', f);
}

static void write_rune(FILE *f, uint32_t rune, bool utf8)
{
  utf8proc_uint8_t bytes[4] = {0};
  if (rune > 0x7e && !utf8)
    rune = fallback_ascii(rune);
  fwrite(bytes, 1, (size_t)utf8proc_encode_char((utf8proc_int32_t)rune, bytes), f);
}

/* A wide character changes when one of its halves does. */
static bool changed(const struct true_cells *t, const struct plot_cell *line, const struct plot_cell *old, int col)
{
  bool wide = col + 1 < t->width && line[col + 1].rune == 0;
  return !same(&line[col], &old[col]) || (wide && !same(&line[col + 1], &old[col + 1]));
}

static void write_line(const struct true_cells *t, FILE *f, const struct plot_cell *line, const struct plot_cell *old, int row, bool utf8)
{
  const struct plot_cell *style = NULL; /* that the terminal has */
  int at = -1;                          /* column of its cursor */
  for (int col = 0; col < t->width; col++) {
    if (line[col].rune == 0 || (old && !changed(t, line, old, col)))
      continue;
    if (at != col)
      fprintf(f, "\033[%d;%dH", row + 1, col + 1);
    if (!style || !same_style(style, &line[col]))
      write_style(f, &line[col]);
    write_rune(f, line[col].rune, utf8);
    style = &line[col];
    at = col + 1;
    if (at < t->width && line[at].rune == 0)
      at++;
  }
}

char *true_cells_show(struct true_cells *t, const struct plot_grid *g, bool utf8, int cursor_row, int cursor_col, size_t *n)
{
  size_t cells = (size_t)g->width * (size_t)g->height;
  char *text;
  FILE *f = xstream_open(&text, n);
  if (t->width != g->width || t->height != g->height)
    true_cells_forget(t);
  t->width = g->width;
  t->height = g->height;
  fputs("\033[?2026h\033[?25l", f);
  for (int row = 0; row < g->height; row++) {
    size_t from = (size_t)row * (size_t)g->width;
    write_line(t, f, g->cell + from, t->shown ? t->shown + from : NULL, row, utf8);
  }
  fputs("\033[0m", f);
  if (cursor_row >= 0)
    fprintf(f, "\033[%d;%dH\033[?25h", cursor_row + 1, cursor_col + 1);
  fputs("\033[?2026l", f);
  if (!t->shown)
    t->shown = xcalloc(cells + 1, sizeof *t->shown);
  memcpy(t->shown, g->cell, cells * sizeof *t->shown);
  xstream_close(f);
  return text;
}
