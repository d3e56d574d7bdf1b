/* svg.c: pictures as SVG 1.1: the document and its elements. */
#include <math.h>
#include <stdlib.h>
#include <utf8proc.h>

#include "app/plot/svg_int.h"
#include "experiments/kernel/mem.h"

void svg_number(FILE *f, double v)
{
  long long hundredths = llround(fmax(fmin(v, 1e9), -1e9) * 100);
  unsigned long long size = (unsigned long long)llabs(hundredths);
  fprintf(f, "%s%llu", hundredths < 0 ? "-" : "", size / 100);
  if (size % 100)
    fprintf(f, ".%02llu", size % 100);
}

void svg_attr(FILE *f, const char *name, double v)
{
  fprintf(f, " %s=\"", name);
  svg_number(f, v);
  fputc('"', f);
}

void svg_escape(FILE *f, const char *text)
{
  while (*text) {
    utf8proc_int32_t rune;
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &rune);
    if (n <= 0)
      fputc('?', f), n = 1;
    else if (rune == '&' || rune == '<' || rune == '>' || rune == '"' || rune == '\'')
      fprintf(f, "&#%d;", (int)rune);
    else if (rune >= 0x20 && rune != 0x7f && rune != 0xfffe && rune != 0xffff)
      fwrite(text, 1, (size_t)n, f);
    else
      fputc(' ', f);
    text += n;
  }
}

void svg_text(FILE *f, double x, double y, const char *anchor, int size, const char *text)
{
  if (!text)
    return;
  fputs("<text", f);
  svg_attr(f, "x", x);
  svg_attr(f, "y", y);
  fprintf(f, " text-anchor=\"%s\" font-size=\"%d\">", anchor, size);
  svg_escape(f, text);
  fputs("</text>\n", f);
}

void svg_line(FILE *f, double x0, double y0, double x1, double y1, const char *stroke, double width)
{
  fputs("<line", f);
  svg_attr(f, "x1", x0);
  svg_attr(f, "y1", y0);
  svg_attr(f, "x2", x1);
  svg_attr(f, "y2", y1);
  fprintf(f, " stroke=\"%s\"", stroke);
  svg_attr(f, "stroke-width", width);
  fputs("/>\n", f);
}

void svg_rect(FILE *f, double x, double y, double w, double h, const char *fill)
{
  fputs("<rect", f);
  svg_attr(f, "x", x);
  svg_attr(f, "y", y);
  svg_attr(f, "width", w);
  svg_attr(f, "height", h);
  fprintf(f, " fill=\"%s\"/>\n", fill);
}

/* Corners of a unit shape, scaled to about 4 pixels. */
static void polygon(FILE *f, double x, double y, const double (*corner)[2], size_t n, const char *fill,
                    const char *stroke)
{
  fputs("<polygon points=\"", f);
  for (size_t i = 0; i < n; i++) {
    fputs(i ? " " : "", f);
    svg_number(f, x + 4 * corner[i][0]);
    fputc(',', f);
    svg_number(f, y + 4 * corner[i][1]);
  }
  fprintf(f, "\" fill=\"%s\" stroke=\"%s\" stroke-width=\"1.5\"/>\n", fill, stroke);
}

void svg_marker(FILE *f, double x, double y, size_t series)
{
  static const double square[][2] = {{-.9, -.9}, {.9, -.9}, {.9, .9}, {-.9, .9}},
                      triangle[][2] = {{0, -1.1}, {1, .8}, {-1, .8}},
                      diamond[][2] = {{0, -1.2}, {1.2, 0}, {0, 1.2}, {-1.2, 0}};
  size_t shape = series % 10;
  const char *colour = plot_colour_svg(series), *fill = shape % 2 ? "white" : colour;
  if (shape < 2) {
    fputs("<circle", f);
    svg_attr(f, "cx", x);
    svg_attr(f, "cy", y);
    fprintf(f, " r=\"4\" fill=\"%s\" stroke=\"%s\" stroke-width=\"1.5\"/>\n", fill, colour);
  } else if (shape < 8) {
    polygon(f, x, y, shape < 4 ? square : shape < 6 ? triangle : diamond, shape < 4 || shape >= 6 ? 4 : 3, fill, colour);
  } else {
    double r = shape == 8 ? 0 : 3;
    svg_line(f, x - (r > 0 ? r : 4), y - r, x + (r > 0 ? r : 4), y + r, colour, 1.5);
    svg_line(f, x - r, y + (r > 0 ? r : 4), x + r, y - (r > 0 ? r : 4), colour, 1.5);
  }
}

char *plot_svg(const struct plot_spec *spec)
{
  char *text;
  size_t size;
  FILE *f = xstream_open(&text, &size);
  size_t rows = spec->kind == PLOT_BAR ? plot_bar_count(spec) + 4 : 20;
  double width = plot_width(spec, 80) * SVG_CELL_W, height = plot_height(spec, rows > 400 ? 400
                                                                               : rows < 6 ? 6
                                                                                          : (int)rows) *
                                                             SVG_CELL_H;
  fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" "
             "font-family=\"sans-serif\" fill=\"#222222\">\n", width, height, width, height);
  if (spec->title) {
    fputs("<title>", f);
    svg_escape(f, spec->title);
    fputs("</title>\n", f);
  }
  svg_rect(f, 0, 0, width, height, "white");
  svg_text(f, width / 2, 17, "middle", 14, spec->title);
  if (spec->kind == PLOT_BAR)
    svg_draw_bars(f, spec, width, height);
  else if (spec->kind == PLOT_HEAT)
    svg_draw_heat(f, spec, width, height);
  else
    svg_draw_lines(f, spec, width, height);
  fputs("</svg>\n", f);
  xstream_close(f);
  return text;
}
