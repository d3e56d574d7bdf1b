/* pixels.h: what terminals do with pictures, written from their specifications and not from our encoders: sixels and
 * kitty's graphics as pixels again. */
#ifndef ASSAY_TESTS_PIXELS_H
#define ASSAY_TESTS_PIXELS_H

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "app/plot/raster.h"
#include "tests/tap.h"

/* The sixel picture in a text (from ESC P … q to ESC \), as pixels; what follows it in *end. A malformed one ends the
 * test. Colours come as shares of 100. */
static inline struct raster pixels_of_sixel(const char *text, const char **end)
{
  struct raster r = {0};
  uint32_t colour[256] = {0};
  const char *at = strstr(text, "\033P0;1;0q"); /* "\033P$q" is a question */
  int x = 0, y = 0, register_now = 0;
  if (!at || !(at = strchr(at, 'q')))
    tap_bail("no sixels");
  for (at++; *at && strncmp(at, "\033\\", 2) != 0;) {
    char *behind = NULL;
    int count = 1;
    if (*at == '"') {
      int pan, pad, w, h, n = 0;
      if (sscanf(at, "\"%d;%d;%d;%d%n", &pan, &pad, &w, &h, &n) != 4 || pan != pad)
        tap_bail("raster attributes: %.20s", at);
      raster_init(&r, w, h);
      at += n;
      continue;
    }
    if (*at == '#') {
      int red, green, blue, n = 0;
      register_now = (int)strtol(at + 1, &behind, 10);
      if (register_now < 0 || register_now > 255)
        tap_bail("register %d", register_now);
      if (*behind == ';' && sscanf(behind, ";2;%d;%d;%d%n", &red, &green, &blue, &n) == 3)
        colour[register_now] = (uint32_t)((red * 255 + 50) / 100) << 16 | (uint32_t)((green * 255 + 50) / 100) << 8 | (uint32_t)((blue * 255 + 50) / 100);
      at = behind + n;
      continue;
    }
    if (*at == '$' || *at == '-') {
      x = 0;
      y += *at++ == '-' ? 6 : 0;
      continue;
    }
    if (*at == '!') {
      count = (int)strtol(at + 1, &behind, 10);
      at = behind;
    }
    if (*at < '?' || *at > '~')
      tap_bail("no sixel: %.20s", at);
    for (; count > 0; count--, x++)
      for (int k = 0; k < 6; k++)
        if ((*at - '?') >> k & 1) {
          if (x >= r.width || y + k >= r.height)
            tap_bail("a pixel outside: %d, %d of %d x %d", x, y + k, r.width, r.height);
          raster_dot(&r, x, y + k, colour[register_now]);
        }
    at++;
  }
  *end = at;
  return r;
}

static inline int pixels_digit(char c)
{
  return isupper((unsigned char)c) ? c - 'A' : islower((unsigned char)c) ? c - 'a' + 26 : isdigit((unsigned char)c) ? c - '0' + 52 : c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* The picture that kitty would show, with the number of sequences it came in; cols and rows as asked for. */
static inline struct raster pixels_of_kitty(const char *text, int *cols, int *rows, int *pieces)
{
  struct raster r = {0};
  unsigned char *bytes = calloc(strlen(text) + 4, 1);
  size_t n = 0;
  int width = 0, height = 0, more = 1;
  if (!(text = strstr(text, "\033_Ga=T"))) /* what stands before it are questions */
    tap_bail("no picture of kitty's");
  for (*pieces = 0; more; ++*pieces) {
    unsigned group = 0;
    int digits = 0;
    if (!(text = strstr(text, "\033_G")))
      tap_bail("no kitty sequence");
    const char *payload = strchr(text, ';'), *last = strstr(text, "\033\\");
    if (*pieces == 0 && sscanf(text, "\033_Ga=T,f=32,o=z,s=%d,v=%d,c=%d,r=%d,C=1,q=2,m=%d;", &width, &height, cols, rows, &more) != 5)
      tap_bail("keys: %.60s", text);
    if (*pieces && sscanf(text, "\033_Gm=%d;", &more) != 1)
      tap_bail("keys: %.60s", text);
    if (!payload || !last || last - payload - 1 > 4096)
      tap_bail("a piece of %td bytes", last - payload);
    for (const char *c = payload + 1; c < last && *c != '='; c++) {
      group = group << 6 | (unsigned)pixels_digit(*c);
      if (++digits % 4 == 0) {
        bytes[n++] = (unsigned char)(group >> 16), bytes[n++] = (unsigned char)(group >> 8), bytes[n++] = (unsigned char)group;
        group = 0;
      }
    }
    if (digits % 4 == 2)
      bytes[n++] = (unsigned char)(group >> 4);
    if (digits % 4 == 3)
      bytes[n++] = (unsigned char)(group >> 10), bytes[n++] = (unsigned char)(group >> 2);
    text = last;
  }
  uLongf size = (uLongf)width * (uLongf)height * 4;
  unsigned char *rgba = calloc(size + 1, 1);
  if (uncompress(rgba, &size, bytes, n) != Z_OK || size != (uLongf)width * (uLongf)height * 4)
    tap_bail("the pixels cannot be inflated");
  raster_init(&r, width, height);
  for (size_t i = 0; i < size / 4; i++)
    r.pixel[i] = (uint32_t)rgba[4 * i + 3] << 24 | (uint32_t)rgba[4 * i] << 16 | (uint32_t)rgba[4 * i + 1] << 8 | rgba[4 * i + 2];
  free(rgba);
  free(bytes);
  return r;
}

#endif
