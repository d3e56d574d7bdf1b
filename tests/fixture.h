/* fixture.h: small data sets and objects for the tests of models and training. */
#ifndef ASSAY_TESTS_FIXTURE_H
#define ASSAY_TESTS_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "experiments/data/data.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/rng.h"
#include "experiments/params.h"
#include "tests/tap.h"

struct fixture {
  struct dataset data;
  void *memory[16];
  size_t n_memory;
};

static inline void *fixture_take(struct fixture *f, size_t count, size_t size)
{
  struct err e = {.message = "too many pieces"};
  void *p;
  if (f->n_memory == sizeof f->memory / sizeof *f->memory || mem_new(&p, count, size, "fixture", &e))
    tap_bail("%s", e.message);
  f->memory[f->n_memory++] = p;
  return p;
}

/* n examples of d normal inputs; labels of `classes` classes by a hidden linear rule when classes > 0, else
 * `outputs` targets of a hidden linear map plus noise. */
static inline struct examples fixture_part(struct fixture *f, uint64_t seed, size_t n, size_t d, size_t classes, size_t outputs)
{
  struct rng r = rng_make(seed, RNG_TEST, 0), teacher = rng_make(1, RNG_TEACHER, 0);
  size_t k = classes ? classes : outputs;
  struct examples ex = {.n = n, .d = d, .stride = round_up(d, 16)};
  float *x = fixture_take(f, n, ex.stride * sizeof(float)), *target = fixture_take(f, n, k * sizeof(float));
  int32_t *label = fixture_take(f, n, sizeof(int32_t));
  double *w = xcalloc(k * d, sizeof *w);
  rng_fill_normal_f64(&teacher, w, k * d, 0, 1);
  for (size_t i = 0; i < n; i++) {
    rng_fill_normal_f32(&r, x + i * ex.stride, d, 0, 1);
    for (size_t j = 0; j < k; j++) {
      double z = 0.3 * rng_normal(&r);
      for (size_t c = 0; c < d; c++)
        z += w[j * d + c] * (double)x[i * ex.stride + c];
      target[i * k + j] = (float)z;
      if (target[i * k + j] > target[i * k + (size_t)label[i]])
        label[i] = (int32_t)j;
    }
  }
  free(w);
  ex.x = x;
  ex.label = classes ? label : NULL;
  ex.target = classes ? NULL : target;
  return ex;
}

static inline void fixture_make(struct fixture *f, uint64_t seed, size_t train, size_t valid, size_t test, size_t d, size_t classes,
                                size_t outputs)
{
  *f = (struct fixture){0};
  f->data = (struct dataset){.task = classes ? TASK_CLASSES : TASK_REGRESSION, .d = d, .classes = classes,
                             .outputs = classes ? classes : outputs, .references = 1};
  f->data.name = xstrdup("fixture");
  f->data.train = fixture_part(f, seed, train, d, classes, outputs);
  f->data.valid = fixture_part(f, seed + 1, valid, d, classes, outputs);
  f->data.test = fixture_part(f, seed + 2, test, d, classes, outputs);
}

static inline void fixture_free(struct fixture *f)
{
  free(f->data.name);
  while (f->n_memory)
    free(f->memory[--f->n_memory]);
}

/* A method's object with the parameters given; anything wrong ends the test. */
static inline struct object object_of(const struct method *m, const struct named_value *values, size_t n)
{
  struct object o;
  struct err e;
  if (params_parse(&o, m, values, n, NULL, &e))
    tap_bail("%s", e.message);
  return o;
}

static inline struct named_value set_real(const char *name, double v)
{
  return (struct named_value){name, {.kind = VALUE_REAL, .as.r = v}};
}

static inline struct named_value set_string(const char *name, const char *v)
{
  return (struct named_value){name, {.kind = VALUE_STRING, .as.s = v}};
}

static inline struct named_value set_bool(const char *name, bool v)
{
  return (struct named_value){name, {.kind = VALUE_BOOL, .as.b = v}};
}

static inline struct named_value set_list(const char *name, const double *v, size_t n)
{
  return (struct named_value){name, {.kind = VALUE_LIST, .as.list = {n, v}}};
}

#endif
