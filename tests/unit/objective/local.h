/* local.h: objectives for tests below the registry: a finder of the few methods needed, sparse files, and the same rows dense. */
#ifndef TESTS_UNIT_OBJECTIVE_LOCAL_H
#define TESTS_UNIT_OBJECTIVE_LOCAL_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/rng.h"
#include "experiments/objective/glm.h"
#include "experiments/params.h"
#include "tests/unit/objects.h"

extern const struct data_method data_breast_cancer;
extern const struct objective_method objective_logistic_regression, objective_least_squares, objective_squared_hinge, objective_quadratic;

static inline struct objective *objective_of(const struct method *m, const struct named_value *v, size_t n, method_finder *find)
{
  struct object o;
  struct err e = {0};
  struct objective *f;
  struct data_env data = {0};
  struct objective_env env = {.data = &data};
  if (params_parse(&o, m, v, n, find, &e) != STATUS_OK || objective_make(&f, &o, &env, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  object_free(&o);
  return f;
}

static inline const struct method *find_data(enum kind kind, const char *id)
{
  return kind == KIND_DATA && strcmp(id, "breast-cancer") == 0 ? &data_breast_cancer.m : NULL;
}

/* A file of n sparse rows with d inputs, about a third of them present, labels -1 and 1 of a noisy linear rule. Caller frees the name. */
static inline char *sparse_file(size_t n, size_t d, uint64_t seed)
{
  struct rng r = rng_make(seed, RNG_TEST, 0);
  char *path = xasprintf("%s/assay-rows-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
  int at = mkstemp(path);
  FILE *f = at >= 0 ? fdopen(at, "w") : NULL;
  if (!f)
    tap_bail("cannot write %s", path);
  for (size_t i = 0; i < n; i++) {
    char *text;
    size_t size;
    double sum = 0.3 * rng_normal(&r);
    FILE *row = xstream_open(&text, &size);
    for (size_t j = 1; j <= d; j++)
      if (rng_below(&r, 3) == 0 || j == d) {
        double v = rng_normal(&r);
        sum += j % 2 ? v : -v;
        fprintf(row, " %zu:%.9g", j, v);
      }
    xstream_close(row);
    fprintf(f, "%d%s\n", sum > 0 ? 1 : -1, text);
    free(text);
  }
  fclose(f);
  return path;
}

/* The same rows, held dense from now on. */
static inline void make_dense(struct objective *f)
{
  struct glm *g = f->state;
  void *x, *scratch;
  g->stride = round_up(g->d, 16);
  if (mem_new(&x, g->n * g->stride, sizeof(float), "test", NULL) || mem_new(&scratch, 3 * g->stride, sizeof(double), "test", NULL))
    tap_bail("no memory");
  for (size_t i = 0; i < g->n; i++)
    for (size_t k = g->start[i]; k < g->start[i + 1]; k++)
      ((float *)x)[i * g->stride + g->index[k]] = g->value[k];
  g->own = x;
  g->x = x;
  g->scratch = scratch;
  g->rows = glm_rows_best();
}

#endif
