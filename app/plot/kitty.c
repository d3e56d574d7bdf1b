/* kitty.c: pixels in the graphics protocol of kitty. */
#include <stdlib.h>
#include <zlib.h>

#include "app/base64.h"
#include "app/plot/raster.h"
#include "experiments/kernel/mem.h"

enum { PIECE = 4096 }; /* bytes of base64 in one sequence, at most */

/* R, G, B, A of all pixels, deflated; *n: bytes. Caller frees. */
static unsigned char *deflated(const struct raster *r, size_t *n)
{
  size_t pixels = (size_t)r->width * (size_t)r->height;
  unsigned char *rgba = xmalloc(4 * pixels + 1), *out;
  for (size_t i = 0; i < pixels; i++)
    for (int k = 0; k < 4; k++)
      rgba[4 * i + (size_t)k] = (unsigned char)(r->pixel[i] >> (k < 3 ? 16 - 8 * k : 24));
  uLongf size = compressBound((uLong)(4 * pixels));
  out = xmalloc(size);
  if (compress2(out, &size, rgba, (uLong)(4 * pixels), 6) != Z_OK)
    size = 0; /* out of memory: an empty picture */
  free(rgba);
  *n = size;
  return out;
}

char *raster_kitty(const struct raster *r, int cols, int rows)
{
  size_t n, length, size;
  unsigned char *bytes = deflated(r, &n);
  char *digits = base64_text(bytes, n, &length), *text;
  FILE *f = xstream_open(&text, &size);
  for (size_t at = 0; at < length || at == 0; at += PIECE) {
    bool more = length - at > PIECE;
    if (at == 0)
      fprintf(f, "\033_Ga=T,f=32,o=z,s=%d,v=%d,c=%d,r=%d,C=1,q=2,m=%d;", r->width, r->height, cols, rows, more);
    else
      fprintf(f, "\033_Gm=%d;", more);
    fprintf(f, "%.*s\033\\", more ? PIECE : (int)(length - at), digits + at);
  }
  xstream_close(f);
  free(digits);
  free(bytes);
  return text;
}
