/* raster.c: pixels, lines and markers. */
#include "app/plot/raster.h"

#include <stdlib.h>

#include "app/plot/segment.h"
#include "experiments/kernel/mem.h"

void raster_init(struct raster *r, int width, int height)
{
  *r = (struct raster){width, height, xcalloc((size_t)width * (size_t)height, sizeof *r->pixel)};
}

void raster_free(struct raster *r)
{
  free(r->pixel);
  *r = (struct raster){0};
}

void raster_dot(struct raster *r, int x, int y, uint32_t rgb)
{
  if (x >= 0 && x < r->width && y >= 0 && y < r->height)
    r->pixel[(size_t)y * (size_t)r->width + (size_t)x] = 0xff000000u | rgb;
}

void raster_fill(struct raster *r, int x, int y, int width, int height, uint32_t rgb)
{
  for (int row = y < 0 ? 0 : y; row < y + height && row < r->height; row++)
    for (int col = x < 0 ? 0 : x; col < x + width && col < r->width; col++)
      raster_dot(r, col, row, rgb);
}

/* With a square pen. */
void raster_line(struct raster *r, int x0, int y0, int x1, int y1, int pen, uint32_t rgb)
{
  struct segment s = segment_from_to(x0, y0, x1, y1);
  do
    raster_fill(r, s.x - pen / 2, s.y - pen / 2, pen, pen, rgb);
  while (segment_next(&s));
}

/* Is (x, y), measured from the centre, inside the shape of plot_marker's kind? */
static bool inside(size_t kind, int x, int y, int size)
{
  int ax = abs(x), ay = abs(y);
  switch (kind) {
  case 0: return x * x + y * y <= size * size + size / 2;   /* circle */
  case 1: return ax <= size - size / 5 && ay <= size - size / 5; /* square */
  case 2: return y <= size - size / 4 && 2 * ax <= y + size; /* triangle */
  case 3: return ax + ay <= size;                           /* diamond */
  default: return false;
  }
}

void raster_marker(struct raster *r, int x, int y, int size, size_t series, uint32_t rgb)
{
  size_t kind = series % 10 / 2;
  bool hollow = series % 10 % 2;
  if (kind == 4) { /* + and x */
    int reach = hollow ? size * 3 / 4 : size;
    raster_line(r, x - reach, y - (hollow ? reach : 0), x + reach, y + (hollow ? reach : 0), 2, rgb);
    raster_line(r, x - (hollow ? reach : 0), y + reach, x + (hollow ? reach : 0), y - reach, 2, rgb);
    return;
  }
  for (int dy = -size; dy <= size; dy++)
    for (int dx = -size; dx <= size; dx++) {
      bool hole = hollow && inside(kind, dx - 2, dy, size) && inside(kind, dx + 2, dy, size) && inside(kind, dx, dy - 2, size) && inside(kind, dx, dy + 2, size);
      int px = x + dx, py = y + dy;
      if (hole && px >= 0 && px < r->width && py >= 0 && py < r->height)
        r->pixel[(size_t)py * (size_t)r->width + (size_t)px] = 0; /* a line does not fill it */
      else if (!hole && inside(kind, dx, dy, size))
        raster_dot(r, px, py, rgb);
    }
}
