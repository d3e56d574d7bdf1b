/* params_show.c: values and ranges as messages show them. */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/params_int.h"

void number_show(double v, char out[32])
{
  if (isnan(v) || isinf(v)) {
    snprintf(out, 32, "%s", isnan(v) ? "nan" : v > 0 ? "inf" : "-inf");
    return;
  }
  json_number(v, out);
  size_t n = strlen(out), zeros = 0;
  while (zeros < n && out[n - 1 - zeros] == '0')
    zeros++;
  if (zeros >= 6 && zeros < n && !strpbrk(out, ".e"))
    snprintf(out + n - zeros, 32 - (n - zeros), "e%zu", zeros);
}

void text_show(const char *s, char out[SHOWN_MAX])
{
  size_t n = 0;
  out[n++] = '"';
  for (; *s && n < SHOWN_MAX - 16; s++) {
    unsigned char c = (unsigned char)*s;
    if (c < 0x20 || c == 0x7f)
      n += (size_t)snprintf(out + n, SHOWN_MAX - n, "\\x%02x", c);
    else
      out[n++] = *s;
  }
  if (*s) { /* never cut a UTF-8 sequence in two */
    while (n > 1 && ((unsigned char)*s & 0xc0) == 0x80)
      s--, n--;
  }
  snprintf(out + n, SHOWN_MAX - n, "%s", *s ? "…\"" : "\"");
}

void value_show(const struct value *v, char out[SHOWN_MAX])
{
  char number[32];
  switch (v->kind) {
  case VALUE_NIL: snprintf(out, SHOWN_MAX, "nothing"); return;
  case VALUE_BOOL: snprintf(out, SHOWN_MAX, "%s", v->as.b ? "true" : "false"); return;
  case VALUE_INT: snprintf(out, SHOWN_MAX, "%" PRId64, v->as.i); return;
  case VALUE_REAL:
    number_show(v->as.r, number);
    snprintf(out, SHOWN_MAX, "%s", number);
    return;
  case VALUE_STRING: text_show(v->as.s, out); return;
  case VALUE_LIST: snprintf(out, SHOWN_MAX, "a list of %zu number%s", v->as.list.n, v->as.list.n == 1 ? "" : "s"); return;
  case VALUE_TABLE: snprintf(out, SHOWN_MAX, "a table of %zu x %zu numbers", v->as.table.rows, v->as.table.cols); return;
  case VALUE_OBJECT:
    snprintf(out, SHOWN_MAX, "%s \"%.60s\"", kind_name(v->as.object->method->kind), v->as.object->method->id);
    return;
  case VALUE_OBJECTS: {
    size_t n = v->as.objects.n;
    const struct method *first = n ? v->as.objects.v[0]->method : NULL;
    snprintf(out, SHOWN_MAX, "a list of %zu method%s%s%.60s", n, n == 1 ? "" : "s", first ? ", the first a " : "",
             first ? kind_name(first->kind) : "");
    return;
  }
  }
  snprintf(out, SHOWN_MAX, "a value of an unknown type");
}

/* " > 0", " in [0, 1)" or nothing. */
static void range_text(const struct param *p, char *out, size_t size)
{
  char low[32], high[32];
  bool min_open = p->flags & PARAM_MIN_OPEN, max_open = p->flags & PARAM_MAX_OPEN;
  *out = '\0';
  if (p->min == 0 && p->max == 0)
    return;
  number_show(p->min, low);
  number_show(p->max, high);
  if (isinf(p->max) && !isinf(p->min))
    snprintf(out, size, " %s %s", min_open ? ">" : ">=", low);
  else if (isinf(p->min) && !isinf(p->max))
    snprintf(out, size, " %s %s", max_open ? "<" : "<=", high);
  else if (!isinf(p->min))
    snprintf(out, size, " in %c%s, %s%c", min_open ? '(' : '[', low, high, max_open ? ')' : ']');
}

static void choices_text(const struct param *p, char *out, size_t size)
{
  size_t n = (size_t)snprintf(out, size, "one of ");
  for (size_t i = 0; p->choices && p->choices[i] && n < size; i++)
    n += (size_t)snprintf(out + n, size - n, "%s\"%s\"", i ? ", " : "", p->choices[i]);
}

void param_allowed(const struct param *p, char *out, size_t size)
{
  char range[80];
  const char *automatic = p->flags & PARAM_AUTO ? " or \"auto\"" : "", *kind = kind_name(p->of);
  range_text(p, range, sizeof range);
  switch (p->type) {
  case PARAM_REAL: snprintf(out, size, "a number%s%s", range, automatic); return;
  case PARAM_INT: snprintf(out, size, "a whole number%s%s", range, automatic); return;
  case PARAM_BOOL: snprintf(out, size, "true or false"); return;
  case PARAM_CHOICE: choices_text(p, out, size); return;
  case PARAM_STRING: snprintf(out, size, "a string"); return;
  case PARAM_LIST: snprintf(out, size, "a list of numbers%s", range); return;
  case PARAM_TABLE: snprintf(out, size, "a table of rows of numbers%s", range); return;
  case PARAM_METHOD:
    snprintf(out, size, "%s %s, as an id or an object", strchr("aeiou", kind[0]) ? "an" : "a", kind);
    return;
  case PARAM_METHODS: snprintf(out, size, "a list of %ss, as ids or objects", kind); return;
  }
  snprintf(out, size, "a value");
}
