/* cells.c: the grid of cells, and the grid as text. */
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "app/plot/plot_int.h"
#include "experiments/kernel/mem.h"

static int limited(int v, int usual, int least, int most)
{
  if (v <= 0)
    return usual;
  return v < least ? least : v > most ? most : v;
}

int plot_width(const struct plot_spec *spec, int usual) { return limited(spec->width, usual, 20, 1000); }
int plot_height(const struct plot_spec *spec, int usual) { return limited(spec->height, usual, 5, 400); }

void plot_grid_init(struct plot_grid *g, int width, int height)
{
  size_t n = (size_t)width * (size_t)height;
  *g = (struct plot_grid){.width = width, .height = height, .cell = xcalloc(n, sizeof *g->cell)};
  for (size_t i = 0; i < n; i++)
    g->cell[i].rune = ' ';
}

void plot_grid_free(struct plot_grid *g)
{
  free(g->cell);
  *g = (struct plot_grid){0};
}

void plot_put(struct plot_grid *g, int row, int col, uint32_t rune, uint32_t fg)
{
  if (row >= 0 && row < g->height && col >= 0 && col < g->width)
    g->cell[(size_t)row * (size_t)g->width + (size_t)col] = (struct plot_cell){rune, fg, 0};
}

/* The next character of *text as a terminal may see it, and its columns; 0 at the end. */
static uint32_t next_rune(const char **text, int *columns)
{
  utf8proc_int32_t rune;
  utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)*text, -1, &rune);
  if (**text == '\0')
    return 0;
  if (n <= 0) {
    n = 1;
    rune = '?';
  }
  *text += n;
  if (rune < 0x20 || (rune >= 0x7f && rune < 0xa0))
    rune = '?';
  *columns = utf8proc_charwidth(rune);
  return (uint32_t)rune;
}

int plot_text_width(const char *text)
{
  int sum = 0, columns = 0;
  while (text && next_rune(&text, &columns))
    sum += columns;
  return sum;
}

int plot_puts(struct plot_grid *g, int row, int col, int room, const char *text, uint32_t fg, uint8_t attr, bool ascii)
{
  if (!text || room <= 0 || row < 0 || row >= g->height)
    return 0;
  if (col + room > g->width)
    room = g->width - col;
  int whole = plot_text_width(text), used = 0, columns = 0;
  bool cut = whole > room;
  for (uint32_t rune; (rune = next_rune(&text, &columns)) != 0;) {
    if (columns <= 0)
      continue; /* combining marks and direction controls have no cell */
    if (used + columns > room - (cut ? 1 : 0))
      break;
    for (int i = 0; i < columns; i++) {
      plot_put(g, row, col + used, i ? 0 : rune, fg);
      if (col + used >= 0)
        g->cell[(size_t)row * (size_t)g->width + (size_t)(col + used)].attr = attr;
      used++;
    }
  }
  if (cut && room > 0)
    plot_put(g, row, col + used++, ascii ? '~' : 0x2026, fg);
  return used;
}

static void write_style(FILE *f, const struct plot_cell *c, int colour)
{
  fputs("\x1b[0", f);
  if (c->attr & PLOT_BOLD)
    fputs(";1", f);
  if (c->attr & PLOT_DIM)
    fputs(";2", f);
  if (c->fg) {
    char sgr[24];
    bool light = plot_is_on_light(colour) && !(c->attr & PLOT_FIXED);
    fprintf(f, ";%s", plot_sgr(light ? plot_on_light(c->fg) : c->fg, colour & PLOT_TRUE, sgr));
  }
  fputc('m', f);
}

char *plot_grid_text(const struct plot_grid *g, int colour)
{
  char *text;
  size_t size;
  FILE *f = xstream_open(&text, &size);
  for (int row = 0; row < g->height; row++) {
    const struct plot_cell *line = g->cell + (size_t)row * (size_t)g->width;
    struct plot_cell style = {0};
    int end = g->width;
    while (end > 0 && line[end - 1].rune == ' ')
      end--;
    for (int i = 0; i < end; i++) {
      utf8proc_uint8_t bytes[4] = {0};
      if (colour && line[i].rune != ' ' && (line[i].fg != style.fg || line[i].attr != style.attr)) {
        write_style(f, &line[i], colour);
        style = line[i];
      }
      if (line[i].rune)
        fwrite(bytes, 1, (size_t)utf8proc_encode_char((utf8proc_int32_t)line[i].rune, bytes), f);
    }
    fputs(style.fg || style.attr ? "\x1b[0m\n" : "\n", f);
  }
  xstream_close(f);
  return text;
}
