/* sixel.c: pixels as DEC sixels. Six rows of pixels make a band; a band is written once for each colour in it, a
 * character (63 + bits) for each column, repeats as "!count". No library: the colours are known and few, so that nothing
 * is to be quantized or dithered, and what is left is the loop below. */
#include <stdlib.h>
#include <string.h>

#include "app/plot/raster.h"
#include "experiments/kernel/mem.h"

enum { COLOURS_MAX = 255 };

struct colours {
  uint32_t rgb[COLOURS_MAX];
  size_t n;
};

static int distance(uint32_t a, uint32_t b)
{
  int sum = 0;
  for (int shift = 0; shift < 24; shift += 8) {
    int d = (int)(a >> shift & 255) - (int)(b >> shift & 255);
    sum += d * d;
  }
  return sum;
}

/* The register of a colour; where all are taken, that of the nearest one. */
static size_t register_of(struct colours *c, uint32_t rgb)
{
  size_t best = 0;
  for (size_t i = 0; i < c->n; i++) {
    if (c->rgb[i] == rgb)
      return i;
    if (distance(c->rgb[i], rgb) < distance(c->rgb[best], rgb))
      best = i;
  }
  if (c->n == COLOURS_MAX)
    return best;
  c->rgb[c->n] = rgb;
  return c->n++;
}

/* Registers of all pixels, row by row; 255: nothing there. Caller frees. */
static uint8_t *indexed(const struct raster *r, struct colours *c)
{
  size_t n = (size_t)r->width * (size_t)r->height, last = 0;
  uint8_t *out = xcalloc(n + 1, 1);
  uint32_t last_rgb = 0;
  for (size_t i = 0; i < n; i++) {
    if (!(r->pixel[i] >> 24)) {
      out[i] = COLOURS_MAX;
      continue;
    }
    if (!c->n || r->pixel[i] != last_rgb)
      last = register_of(c, r->pixel[i] & 0xffffff);
    last_rgb = r->pixel[i];
    out[i] = (uint8_t)last;
  }
  return out;
}

static void write_run(FILE *f, int bits, int count)
{
  if (count > 3)
    fprintf(f, "!%d", count);
  for (int i = count > 3 ? count - 1 : 0; i < count; i++)
    fputc(63 + bits, f);
}

/* One colour's share of a band; blanks at its end are left out. */
static void write_layer(FILE *f, const uint8_t *at, int width, int rows, size_t colour)
{
  int last = -1, count = 0;
  fprintf(f, "#%zu", colour);
  for (int x = 0; x < width; x++) {
    int bits = 0;
    for (int k = 0; k < rows; k++)
      bits |= (at[(size_t)k * (size_t)width + (size_t)x] == colour) << k;
    if (bits != last && count)
      write_run(f, last, count);
    count = bits == last ? count + 1 : 1;
    last = bits;
  }
  if (last > 0)
    write_run(f, last, count);
}

static void write_band(FILE *f, const uint8_t *at, int width, int rows)
{
  bool present[COLOURS_MAX + 1] = {false}, any = false;
  for (int i = 0; i < width * rows; i++)
    present[at[i]] = true;
  for (size_t c = 0; c < COLOURS_MAX; c++) {
    if (!present[c])
      continue;
    if (any)
      fputc('$', f); /* to the band's beginning */
    write_layer(f, at, width, rows, c);
    any = true;
  }
  fputc('-', f);
}

char *raster_sixel(const struct raster *r)
{
  struct colours c = {.n = 0};
  uint8_t *at = indexed(r, &c);
  char *text;
  size_t size;
  FILE *f = xstream_open(&text, &size);
  fprintf(f, "\033P0;1;0q\"1;1;%d;%d", r->width, r->height);
  for (size_t i = 0; i < c.n; i++) /* a share of 100 for each channel */
    fprintf(f, "#%zu;2;%u;%u;%u", i, ((c.rgb[i] >> 16 & 255) * 100 + 127) / 255, ((c.rgb[i] >> 8 & 255) * 100 + 127) / 255, ((c.rgb[i] & 255) * 100 + 127) / 255);
  for (int y = 0; y < r->height; y += 6)
    write_band(f, at + (size_t)y * (size_t)r->width, r->width, r->height - y < 6 ? r->height - y : 6);
  fputs("\033\\", f);
  xstream_close(f);
  free(at);
  return text;
}
