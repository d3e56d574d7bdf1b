/* load.h: make a data set from words, in one call. */
#ifndef TESTS_DATA_LOAD_H
#define TESTS_DATA_LOAD_H

#include <math.h>

#include "experiments/data/data.h"
#include "experiments/params.h"
#include "tests/unit/data/local.h"

static inline struct named_value set_int(const char *name, int64_t i)
{
  return (struct named_value){name, {VALUE_INT, {.i = i}}};
}
static inline struct named_value set_real(const char *name, double r)
{
  return (struct named_value){name, {VALUE_REAL, {.r = r}}};
}
static inline struct named_value set_bool(const char *name, bool b)
{
  return (struct named_value){name, {VALUE_BOOL, {.b = b}}};
}
static inline struct named_value set_text(const char *name, const char *s)
{
  return (struct named_value){name, {VALUE_STRING, {.s = s}}};
}

static inline enum status load_values(struct dataset **out, const struct data_method *m, const struct named_value *v,
                                      size_t n, struct err *e)
{
  struct object o;
  struct data_env env = {.share_dir = share_dir()};
  *out = NULL;
  enum status s = params_parse(&o, &m->m, v, n, NULL, e);
  if (s == STATUS_OK)
    s = dataset_load(out, &o, &env, e);
  object_free(&o);
  return s;
}

/* load(&data, &data_csv, &e, set_text("file", path), …) */
#define load(out, method, e, ...)                                                                           \
  load_values(out, method, (const struct named_value[]){__VA_ARGS__},                                       \
              sizeof((const struct named_value[]){__VA_ARGS__}) / sizeof(struct named_value), e)

static inline _Noreturn void give_up(const struct err *e)
{
  tap_bail("%s", e->message);
}

/* The same, where failure ends the test. */
#define must_load(out, method, ...)                                \
  do {                                                             \
    struct err load_err = {0};                                     \
    if (load(out, method, &load_err, __VA_ARGS__) != STATUS_OK || !*(out))    \
      give_up(&load_err);                            \
  } while (0)

static inline const float *example(const struct examples *p, size_t i) { return p->x + i * p->stride; }

/* Rows start at multiples of 64 bytes and end in zeros. */
static inline bool rows_are_padded(const struct examples *p)
{
  bool good = p->stride % 16 == 0 && p->stride >= p->d && p->stride < p->d + 16 && (uintptr_t)p->x % 64 == 0;
  for (size_t i = 0; i < p->n; i++)
    for (size_t j = p->d; j < p->stride; j++)
      good = good && example(p, i)[j] == 0.0f && !signbit(example(p, i)[j]);
  return good;
}

#endif
