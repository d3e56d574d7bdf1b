/* tap.c: see tap.h. */
#include "tests/tap.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int planned = -1, run, failed;

void tap_plan(int n)
{
  planned = n;
  printf("1..%d\n", n);
  fflush(stdout);
}

int tap_done(void)
{
  if (planned < 0)
    printf("1..%d\n", run);
  else if (planned != run)
    printf("# planned %d tests but ran %d\n", planned, run);
  if (failed)
    printf("# failed %d of %d\n", failed, run);
  fflush(stdout);
  return failed || (planned >= 0 && planned != run);
}

static bool report(bool passed, const char *name, va_list args)
{
  run++;
  if (!passed)
    failed++;
  printf("%sok %d - ", passed ? "" : "not ", run);
  vprintf(name, args);
  putchar('\n');
  fflush(stdout);
  return passed;
}

#define REPORT(passed, name)            \
  do {                                  \
    va_list args_;                      \
    va_start(args_, name);              \
    report((passed), (name), args_);    \
    va_end(args_);                      \
  } while (0)

bool tap_ok(bool passed, const char *name, ...)
{
  REPORT(passed, name);
  return passed;
}

bool tap_is_int(long long seen, long long expected, const char *name, ...)
{
  bool passed = seen == expected;
  REPORT(passed, name);
  if (!passed)
    tap_diag("seen %lld, expected %lld", seen, expected);
  return passed;
}

bool tap_is_str(const char *seen, const char *expected, const char *name, ...)
{
  bool passed = seen && expected ? strcmp(seen, expected) == 0 : seen == expected;
  REPORT(passed, name);
  if (!passed) {
    tap_diag("seen:     %s", seen ? seen : "(null)");
    tap_diag("expected: %s", expected ? expected : "(null)");
  }
  return passed;
}

bool tap_near(double seen, double expected, double rel_tol, double abs_tol, const char *name, ...)
{
  double error = fabs(seen - expected), allowed = abs_tol + rel_tol * fabs(expected);
  bool passed = (isnan(seen) && isnan(expected)) || (isinf(expected) && seen == expected) || error <= allowed;
  REPORT(passed, name);
  if (!passed)
    tap_diag("seen %.17g, expected %.17g, error %.3g, allowed %.3g", seen, expected, error, allowed);
  return passed;
}

bool tap_same_bits(const void *seen, const void *expected, size_t size, const char *name, ...)
{
  bool passed = memcmp(seen, expected, size) == 0;
  REPORT(passed, name);
  if (!passed) {
    const unsigned char *a = seen, *b = expected;
    size_t i = 0;
    while (a[i] == b[i])
      i++;
    tap_diag("first difference at byte %zu of %zu", i, size);
  }
  return passed;
}

bool tap_has(const char *text, const char *part, const char *name, ...)
{
  bool passed = text && strstr(text, part);
  REPORT(passed, name);
  if (!passed) {
    tap_diag("in:      %s", text ? text : "(null)");
    tap_diag("missing: %s", part);
  }
  return passed;
}

void tap_skip(int n, const char *reason, ...)
{
  char text[512];
  va_list args;
  va_start(args, reason);
  vsnprintf(text, sizeof text, reason, args);
  va_end(args);
  for (int i = 0; i < n; i++)
    printf("ok %d # SKIP %s\n", ++run, text);
  fflush(stdout);
}

void tap_diag(const char *format, ...)
{
  char text[4096];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  for (char *line = text, *next; line; line = next) {
    if ((next = strchr(line, '\n')))
      *next++ = '\0';
    printf("# %s\n", line);
  }
  fflush(stdout);
}

void tap_bail(const char *reason, ...)
{
  va_list args;
  va_start(args, reason);
  fputs("Bail out! ", stdout);
  vprintf(reason, args);
  va_end(args);
  putchar('\n');
  fflush(stdout);
  exit(255);
}
