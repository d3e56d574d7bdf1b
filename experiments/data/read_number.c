/* read_number.c: fields of a text table as numbers, and messages about them. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/data/numbers.h"
#include "experiments/data/read_bytes.h"
#include "experiments/data/read_table_int.h"

enum status numbers_start(struct table_state *s, struct err *e)
{
  s->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  return s->c_locale ? STATUS_OK : err_set(e, STATUS_NO_MEMORY, "no memory for the C locale");
}

void numbers_end(struct table_state *s)
{
  if (s->c_locale)
    freelocale(s->c_locale);
  s->c_locale = (locale_t)0;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* The field without the blanks around it. */
static const char *trim(const char *s, size_t *length)
{
  while (is_blank(*s))
    s++;
  *length = strlen(s);
  while (*length && is_blank(s[*length - 1]))
    --*length;
  return s;
}

bool table_missing(const struct table *t, size_t j)
{
  size_t n;
  const char *s = trim(t->field[j], &n);
  return n == 0 || (n == 1 && *s == '?') || (n == 2 && memcmp(s, "NA", 2) == 0);
}

static bool field_number(const struct table *t, size_t j, char mark, double *v)
{
  size_t n;
  const char *s = trim(t->field[j], &n);
  return number_parse(s, n, mark, t->state->c_locale, v);
}

bool table_is_number(const struct table *t, size_t j, double *v)
{
  return field_number(t, j, t->state->decimal_comma ? ',' : '.', v) && isfinite(*v);
}

char *table_text(struct table *t, size_t j)
{
  size_t n, before = (size_t)(trim(t->field[j], &n) - t->field[j]);
  t->field[j] += before;
  t->field[j][n] = '\0';
  return t->field[j];
}

/* "nan", "-inf", "Infinity", …: numbers to strtod, but none for a computation. */
static bool not_finite(const char *field)
{
  size_t n;
  const char *s = trim(field, &n);
  s += *s == '+' || *s == '-';
  return strncasecmp(s, "nan", 3) == 0 || strncasecmp(s, "inf", 3) == 0;
}

enum status table_number(struct table *t, size_t j, double *v, struct err *e)
{
  char seen[TEXT_QUOTE_MAX];
  bool comma = t->state->decimal_comma;
  double other;
  if (field_number(t, j, comma ? ',' : '.', v))
    return isfinite(*v) ? STATUS_OK
                        : table_error(t, j, e, "%s is too large for a float64", text_quote(t->field[j], seen));
  text_quote(t->field[j], seen);
  if (table_missing(t, j))
    return table_error(t, j, e, "the value is missing (%s)", seen);
  if (not_finite(t->field[j]))
    return table_error(t, j, e, "%s is not a finite number", seen);
  if (field_number(t, j, comma ? '.' : ',', &other))
    return table_error(t, j, e, "%s is not a number with a decimal %s; set decimal = \"%s\" if it means %g", seen,
                       comma ? "comma" : "point", comma ? "point" : "comma", other);
  return table_error(t, j, e, "%s is not a number", seen);
}

enum status table_error(const struct table *t, size_t j, struct err *e, const char *format, ...)
{
  char what[256], name[TEXT_QUOTE_MAX];
  va_list args;
  va_start(args, format);
  vsnprintf(what, sizeof what, format, args);
  va_end(args);
  bool named = t->names != NULL;
  return err_set(e, STATUS_BAD_DATA, "%s: line %llu, column %zu%s%s%s: %s", bytes_path(t->state->source),
                 (unsigned long long)t->line, j + 1, named ? " (" : "", named ? text_quote(t->names[j], name) : "",
                 named ? ")" : "", what);
}

/* Bytes of the well-formed UTF-8 character at s that is safe to show, 0 for anything else: control characters
 * (C0, DEL, C1) would reach the terminal. */
static size_t shown_character(const unsigned char *s)
{
  if (*s < 0x80)
    return *s >= 0x20 && *s != 0x7f;
  size_t more = *s >= 0xf0 ? 3 : *s >= 0xe0 ? 2 : 1;
  if (*s < 0xc2 || *s > 0xf4 || (*s == 0xc2 && s[1] < 0xa0) || (*s == 0xe0 && s[1] < 0xa0) ||
      (*s == 0xed && s[1] > 0x9f) || (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
    return 0;
  for (size_t i = 1; i <= more; i++)
    if ((s[i] & 0xc0) != 0x80)
      return 0;
  return more + 1;
}

const char *text_quote(const char *text, char out[TEXT_QUOTE_MAX])
{
  const unsigned char *s = (const unsigned char *)text;
  size_t n = 0;
  out[n++] = '"';
  while (*s && n < TEXT_QUOTE_MAX - 12) { /* room for one more character, "…", the quote and the end */
    size_t k = shown_character(s);
    if (k)
      memcpy(out + n, s, k);
    n += k ? k : (size_t)snprintf(out + n, 5, "\\x%02x", *s);
    s += k ? k : 1;
  }
  snprintf(out + n, TEXT_QUOTE_MAX - n, "%s\"", *s ? "…" : "");
  return out;
}
