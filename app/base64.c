/* base64.c: see base64.h. */
#include "app/base64.h"

#include "experiments/kernel/mem.h"

char *base64_text(const void *bytes, size_t n, size_t *length)
{
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const unsigned char *in = bytes;
  char *out = xmalloc((n + 2) / 3 * 4 + 1);
  size_t used = 0;
  for (size_t i = 0; i < n; i += 3) {
    unsigned a = in[i], b = i + 1 < n ? in[i + 1] : 0, c = i + 2 < n ? in[i + 2] : 0;
    out[used++] = digits[a >> 2];
    out[used++] = digits[(a & 3) << 4 | b >> 4];
    out[used++] = i + 1 < n ? digits[(b & 15) << 2 | c >> 6] : '=';
    out[used++] = i + 2 < n ? digits[c & 63] : '=';
  }
  out[used] = '\0';
  if (length)
    *length = used;
  return out;
}
