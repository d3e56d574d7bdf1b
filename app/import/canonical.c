/* canonical.c: JSON values as canonical text. See import.h.
 *
 * The same bytes as lua/bind/json.c writes for a script's tables, so that a config that went out and came back is
 * the config it was. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/import/import.h"
#include "experiments/kernel/mem.h"
#include "experiments/params.h"

struct out { char *s; size_t n, room; };

static void add(struct out *o, const char *s, size_t n)
{
  if (o->n + n + 1 > o->room) {
    o->room = 2 * (o->n + n + 1);
    o->s = xrealloc(o->s, o->room);
  }
  memcpy(o->s + o->n, s, n);
  o->n += n;
  o->s[o->n] = '\0';
}

static void add_string(struct out *o, const char *s, size_t n)
{
  add(o, "\"", 1);
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)s[i];
    char escape[8];
    if (c == '"' || c == '\\')
      snprintf(escape, sizeof escape, "\\%c", c);
    else if (c == '\n' || c == '\t')
      snprintf(escape, sizeof escape, c == '\n' ? "\\n" : "\\t");
    else if (c < 0x20 || c == 0x7f)
      snprintf(escape, sizeof escape, "\\u%04x", c);
    else
      snprintf(escape, sizeof escape, "%c", c);
    add(o, escape, strlen(escape));
  }
  add(o, "\"", 1);
}

static void add_value(struct out *o, const json_t *v);

static int by_bytes(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static void add_object(struct out *o, const json_t *v)
{
  size_t n = 0;
  const char **key = xcalloc(json_object_size(v) + 1, sizeof *key);
  for (void *i = json_object_iter((json_t *)v); i; i = json_object_iter_next((json_t *)v, i))
    key[n++] = json_object_iter_key(i);
  qsort(key, n, sizeof *key, by_bytes);
  for (size_t i = 0; i < n; i++) {
    add(o, i ? "," : "{", 1);
    add_string(o, key[i], strlen(key[i]));
    add(o, ":", 1);
    add_value(o, json_object_get(v, key[i]));
  }
  add(o, n ? "}" : "{}", n ? 1 : 2);
  free(key);
}

static void add_list(struct out *o, const json_t *v)
{
  add(o, "[", 1);
  for (size_t i = 0; i < json_array_size(v); i++) {
    if (i)
      add(o, ",", 1);
    add_value(o, json_array_get(v, i));
  }
  add(o, "]", 1);
}

/* Jansson limits how deep a text may nest. */
static void add_value(struct out *o, const json_t *v)
{
  char number[32];
  switch (json_typeof(v)) {
  case JSON_OBJECT: add_object(o, v); return;
  case JSON_ARRAY: add_list(o, v); return;
  case JSON_STRING: add_string(o, json_string_value(v), json_string_length(v)); return;
  case JSON_INTEGER: snprintf(number, sizeof number, "%lld", (long long)json_integer_value(v)); break;
  case JSON_REAL: json_number(json_real_value(v), number); break;
  case JSON_TRUE: snprintf(number, sizeof number, "true"); break;
  case JSON_FALSE: snprintf(number, sizeof number, "false"); break;
  default: snprintf(number, sizeof number, "null"); break;
  }
  add(o, number, strlen(number));
}

char *import_canonical(const json_t *v)
{
  struct out o = {0};
  add_value(&o, v);
  return o.s;
}
