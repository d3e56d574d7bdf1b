/* numbers.c: see numbers.h. strtod also takes hexadecimal, "inf" and "nan(…)", and reads the decimal point of the
 * user's locale: so the spelling is checked first and strtod_l is given the C locale. */
#include "experiments/data/numbers.h"

#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 400 /* characters: more than any float64 needs in full */

static size_t digits(const char *s)
{
  size_t n = 0;
  while (s[n] >= '0' && s[n] <= '9')
    n++;
  return n;
}

bool number_parse(const char *s, size_t n, char mark, locale_t c, double *v)
{
  char number[NUMBER_MAX];
  if (n == 0 || n >= NUMBER_MAX)
    return false;
  memcpy(number, s, n);
  number[n] = '\0';
  char *p = number + (*number == '+' || *number == '-');
  size_t whole = digits(p), part = 0;
  p += whole;
  if (*p == mark) {
    *p++ = '.';
    part = digits(p);
    p += part;
  }
  if (whole + part == 0)
    return false;
  if (*p == 'e' || *p == 'E') {
    p += 1 + (p[1] == '+' || p[1] == '-');
    size_t exponent = digits(p);
    if (exponent == 0)
      return false;
    p += exponent;
  }
  if (p != number + n)
    return false;
  *v = strtod_l(number, NULL, c);
  return true;
}
