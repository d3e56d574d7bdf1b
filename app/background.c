/* background.c: see background.h. Light is what black text is easier to read on than white: by the contrast of WCAG 2.1,
 * (L + 0.05) / (0.05) against 1.05 / (L + 0.05), that is a relative luminance L above 0.179. */
#include "app/background.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum background background_of_environment(const char *colorfgbg)
{
  const char *last = colorfgbg ? strrchr(colorfgbg, ';') : NULL;
  char *end;
  long colour = last ? strtol(last + 1, &end, 10) : -1;
  if (!last || end == last + 1 || *end || colour < 0 || colour > 15)
    return BACKGROUND_UNKNOWN;
  return colour == 7 || colour > 8 ? BACKGROUND_LIGHT : BACKGROUND_DARK;
}

/* Hexadecimal digits at *at as a share of what so many digits can say; *at moves behind them. -1: none, or too many. */
static double channel(const char **at)
{
  size_t n = strspn(*at, "0123456789abcdefABCDEF");
  if (n < 1 || n > 4)
    return -1;
  double value = (double)strtol(*at, NULL, 16) / ((double)(1 << 4 * n) - 1);
  *at += n;
  return value;
}

static double linear(double v) { return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4); }

enum background background_of_answer(const char *answer)
{
  static const double weight[] = {0.2126, 0.7152, 0.0722};
  const char *at = strncmp(answer, "11;rgb:", 7) == 0 ? answer + 7 : strncmp(answer, "11;rgba:", 8) == 0 ? answer + 8 : NULL;
  double luminance = 0;
  for (int i = 0; at && i < 3; i++) {
    double v = channel(&at);
    if (v < 0 || (i < 2 && *at++ != '/'))
      return BACKGROUND_UNKNOWN;
    luminance += weight[i] * linear(v);
  }
  return !at ? BACKGROUND_UNKNOWN : luminance > 0.179 ? BACKGROUND_LIGHT : BACKGROUND_DARK;
}
