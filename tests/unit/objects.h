/* objects.h: making configured methods in tests without a script.
 *
 *   struct object o = MAKE(&schedule_cosine.m, V_REAL("peak", 0.1), V_INT("steps", 100));
 */
#ifndef TESTS_OBJECTS_H
#define TESTS_OBJECTS_H

#include <string.h>

#include "experiments/params.h"
#include "tests/tap.h"

#define V_REAL(id, x) {(id), {.kind = VALUE_REAL, .as.r = (x)}}
#define V_INT(id, x) {(id), {.kind = VALUE_INT, .as.i = (x)}}
#define V_TEXT(id, x) {(id), {.kind = VALUE_STRING, .as.s = (x)}}
#define V_BOOL(id, x) {(id), {.kind = VALUE_BOOL, .as.b = (x)}}
#define V_LIST(id, ...)                                                                          \
  {(id), {.kind = VALUE_LIST,                                                                    \
          .as.list = {sizeof((const double[]){__VA_ARGS__}) / sizeof(double), (const double[]){__VA_ARGS__}}}}
#define V_NUMBERS(id, count, values) {(id), {.kind = VALUE_LIST, .as.list = {(count), (values)}}}
#define V_OBJECT(id, x) {(id), {.kind = VALUE_OBJECT, .as.object = (x)}}

static inline struct object object_made(const struct method *m, const struct named_value *v, size_t n)
{
  struct object o;
  struct err e = {0};
  if (params_parse(&o, m, v, n, NULL, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  return o;
}

#define MAKE(m, ...)                                                                   \
  object_made((m), (const struct named_value[]){__VA_ARGS__},                          \
              sizeof((const struct named_value[]){__VA_ARGS__}) / sizeof(struct named_value))
#define MAKE_DEFAULT(m) object_made((m), NULL, 0)

static inline bool same_bits(const void *a, const void *b, size_t size) { return memcmp(a, b, size) == 0; }

/* The message with which values are refused, "" if they are accepted. */
static inline const char *object_refused(const struct method *m, const struct named_value *v, size_t n)
{
  static struct err e;
  struct object o;
  e.message[0] = '\0';
  if (params_parse(&o, m, v, n, NULL, &e) == STATUS_OK)
    object_free(&o);
  return e.message;
}

#define REFUSED(m, ...)                                                                   \
  object_refused((m), (const struct named_value[]){__VA_ARGS__},                          \
                 sizeof((const struct named_value[]){__VA_ARGS__}) / sizeof(struct named_value))

#endif
