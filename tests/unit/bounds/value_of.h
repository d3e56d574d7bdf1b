/* value_of.h: evaluating bounds in tests.
 *
 *   VALUE(test_binomial, V_INT("n", 50), V_INT("errors", 3))
 */
#ifndef TESTS_BOUNDS_VALUE_OF_H
#define TESTS_BOUNDS_VALUE_OF_H

#include <math.h>
#include <string.h>

#include "experiments/bounds/bound.h"
#include "tests/unit/objects.h"

static inline struct bound_value bound_result(const struct method *m, const struct named_value *v, size_t n)
{
  struct object o = object_made(m, v, n);
  struct bound_value out;
  struct err e = {0};
  if (bound_evaluate(&o, NULL, NULL, &out, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  object_free(&o);
  return out;
}

/* The message with which an evaluation is refused, "" if it is not. */
static inline const char *bound_refused(const struct method *m, const struct named_value *v, size_t n)
{
  static struct err e;
  struct object o = object_made(m, v, n);
  struct bound_value out;
  e.message[0] = '\0';
  if (bound_evaluate(&o, NULL, NULL, &out, &e) == STATUS_OK)
    e.message[0] = '\0';
  object_free(&o);
  return e.message;
}

static inline double bound_term_of(struct bound_value v, const char *name)
{
  for (size_t i = 0; i < v.n_terms; i++)
    if (strcmp(v.term[i].name, name) == 0)
      return v.term[i].value;
  tap_bail("there is no term %s", name);
}

#define VALUES_(...) (const struct named_value[]){__VA_ARGS__}, sizeof((const struct named_value[]){__VA_ARGS__}) / sizeof(struct named_value)
#define RESULT(name, ...) bound_result(&bound_##name.m, VALUES_(__VA_ARGS__))
#define VALUE(name, ...) RESULT(name, __VA_ARGS__).value
#define TERM(term, name, ...) bound_term_of(RESULT(name, __VA_ARGS__), (term))
#define ASKS(name, ...) bound_refused(&bound_##name.m, VALUES_(__VA_ARGS__))

#endif
