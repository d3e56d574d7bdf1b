/* text.c: text that is safe on a terminal, and its width there. See app.h. */
#include "app/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "experiments/kernel/mem.h"

/* Controls, marks that reorder what is read, and separators that break a line. */
static bool is_unsafe(utf8proc_int32_t c)
{
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || c == 0x200e || c == 0x200f ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* Write the escape of one character to out; returns its length (at most 8). */
static size_t escape(char *out, utf8proc_int32_t c)
{
  switch (c) {
  case '\n': return (size_t)sprintf(out, "\\n");
  case '\t': return (size_t)sprintf(out, "\\t");
  case '\r': return (size_t)sprintf(out, "\\r");
  default: break;
  }
  return (size_t)(c < 0x80 ? sprintf(out, "\\x%02x", (unsigned)c) : sprintf(out, "\\u%04x", (unsigned)c));
}

char *text_safe(const char *s, bool lines)
{
  size_t left = strlen(s), used = 0;
  char *out = xmalloc(left * 6 + 1);
  while (left) {
    utf8proc_int32_t c;
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)left, &c);
    if (n <= 0) { /* not UTF-8: show the byte and go on behind it */
      used += (size_t)sprintf(out + used, "\\x%02x", (unsigned char)*s);
      n = 1;
    } else if (is_unsafe(c) && !(lines && (c == '\n' || c == '\t'))) {
      used += escape(out + used, c);
    } else {
      memcpy(out + used, s, (size_t)n);
      used += (size_t)n;
    }
    s += n;
    left -= (size_t)n;
  }
  out[used] = '\0';
  return out;
}

size_t text_width(const char *s)
{
  size_t left = strlen(s), width = 0;
  while (left) {
    utf8proc_int32_t c;
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)left, &c);
    width += n > 0 ? (size_t)utf8proc_charwidth(c) : 1;
    s += n > 0 ? n : 1;
    left -= n > 0 ? (size_t)n : 1;
  }
  return width;
}

size_t text_fit(const char *s, size_t columns)
{
  size_t used = 0, i = 0;
  while (s[i]) {
    size_t n = 1;
    while (((unsigned char)s[i + n] & 0xc0) == 0x80)
      n++;
    char one[8] = {0};
    memcpy(one, s + i, n < 7 ? n : 7);
    used += text_width(one);
    if (used > columns)
      break;
    i += n;
  }
  return i;
}

size_t text_whole(const char *s, size_t n)
{
  for (size_t back = 1; back <= 3 && back <= n; back++) {
    unsigned char c = (unsigned char)s[n - back];
    size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    if ((c & 0xc0) != 0x80)
      return length > back ? n - back : n;
  }
  return n;
}
