/* draw.c: text, bars and pictures in a grid of cells. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/ui.h"
#include "experiments/kernel/mem.h"

int draw_text(struct plot_grid *g, int row, int col, int room, const char *text, uint32_t fg, uint8_t attr)
{
  char *safe = text_safe(text ? text : "", false);
  int used = plot_puts(g, row, col, room, safe, fg, attr, false);
  free(safe);
  return used;
}

int draw_format(struct plot_grid *g, int row, int col, int room, uint32_t fg, uint8_t attr, const char *format, ...)
{
  char *text;
  va_list args;
  va_start(args, format);
  int n = vasprintf(&text, format, args);
  va_end(args);
  if (n < 0)
    return 0;
  int used = draw_text(g, row, col, room, text, fg, attr);
  free(text);
  return used;
}

void draw_right(struct plot_grid *g, int row, int col, int room, const char *text, uint32_t fg, uint8_t attr)
{
  int width = (int)text_width(text);
  draw_text(g, row, width < room ? col + room - width : col, room, text, fg, attr);
}

void draw_fill(struct plot_grid *g, struct area a, uint32_t rune)
{
  for (int row = a.row; row < a.row + a.height; row++)
    for (int col = a.col; col < a.col + a.width; col++)
      plot_put(g, row, col, rune, 0);
}

void draw_attr(struct plot_grid *g, struct area a, uint8_t attr)
{
  for (int row = a.row < 0 ? 0 : a.row; row < a.row + a.height && row < g->height; row++)
    for (int col = a.col < 0 ? 0 : a.col; col < a.col + a.width && col < g->width; col++)
      g->cell[(size_t)row * (size_t)g->width + (size_t)col].attr |= attr;
}

/* While a picture is being taken: the largest plot that was drawn, as SVG. */
static struct { bool on; int cells; char *svg; } taking;

char *draw_picture(void (*draw)(void *self, struct plot_grid *g, struct area a), void *self, struct area a)
{
  struct plot_grid scratch;
  char *svg;
  plot_grid_init(&scratch, a.col + a.width, a.row + a.height);
  taking.on = true;
  draw(self, &scratch, a);
  taking.on = false;
  plot_grid_free(&scratch);
  svg = taking.svg;
  taking.svg = NULL;
  taking.cells = 0;
  return svg;
}

static void take_picture(struct area a, const struct plot_spec *spec)
{
  if (a.width * a.height <= taking.cells)
    return;
  free(taking.svg);
  taking.svg = plot_svg(spec);
  taking.cells = a.width * a.height;
}

void draw_plot(struct plot_grid *g, struct area a, struct plot_spec *spec)
{
  struct plot_grid picture;
  if (a.width < 20 || a.height < 5) {
    draw_text(g, a.row, a.col, a.width, "too small for a plot", UI_GREY, 0);
    return;
  }
  spec->width = a.width;
  spec->height = a.height;
  spec->ascii = MB_CUR_MAX == 1;
  spec->colour = g->colours >= 256 ? PLOT_ON_DARK : PLOT_NO_COLOUR; /* heat in eight colours is worse than shades */
  if (taking.on)
    take_picture(a, spec);
  plot_draw(&picture, spec);
  for (int row = 0; row < picture.height && row < a.height; row++)
    for (int col = 0; col < picture.width && col < a.width; col++)
      if (a.row + row < g->height && a.col + col < g->width)
        g->cell[(size_t)(a.row + row) * (size_t)g->width + (size_t)(a.col + col)] = picture.cell[(size_t)row * (size_t)picture.width + (size_t)col];
  plot_grid_free(&picture);
}

/* Bytes of the longest start of `text` that fits, broken at a blank where there is one. */
static size_t wrap_at(const char *text, int width)
{
  size_t end = strcspn(text, "\n"), blank = 0;
  int used = 0;
  for (size_t i = 0; i < end;) {
    size_t n = 1;
    while (((unsigned char)text[i + n] & 0xc0) == 0x80)
      n++;
    char one[8] = {0};
    memcpy(one, text + i, n < 7 ? n : 7);
    used += (int)text_width(one);
    if (used > width)
      return blank ? blank : i ? i : n;
    if (text[i] == ' ')
      blank = i;
    i += n;
  }
  return end;
}

int draw_wrapped(struct plot_grid *g, struct area a, const char *text, uint32_t fg, uint8_t attr)
{
  int rows = 0;
  if (a.width < 1)
    return 0;
  while (*text && rows < a.height) {
    size_t n = wrap_at(text, a.width);
    char *part = xasprintf("%.*s", (int)n, text);
    draw_text(g, a.row + rows++, a.col, a.width, part, fg, attr);
    free(part);
    text += n;
    text += *text == '\n' || *text == ' ';
  }
  return rows;
}

void draw_bar(struct plot_grid *g, int row, int col, int width, double share, uint32_t fg)
{
  int full = (int)(share * width + 0.5);
  for (int i = 0; i < width; i++)
    plot_put(g, row, col + i, i < full ? 0x2588 : 0x2591, fg);
}

void draw_spark(struct plot_grid *g, int row, int col, int width, const double *value, size_t n, uint32_t fg)
{
  double low = INFINITY, high = -INFINITY;
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(value[i]))
      continue;
    low = fmin(low, value[i]);
    high = fmax(high, value[i]);
  }
  for (int c = 0; c < width && n; c++) { /* the last value of each cell's share */
    size_t at = ((size_t)c + 1) * n / (size_t)width;
    double v = value[at ? at - 1 : 0];
    if (!isfinite(v))
      continue;
    int step = high > low ? (int)((v - low) / (high - low) * 7 + 0.5) : 0;
    plot_put(g, row, col + c, 0x2581 + (uint32_t)step, fg);
  }
}
