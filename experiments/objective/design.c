/* design.c: see design.h. */
#include "experiments/objective/design.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/rng.h"
#include "experiments/kernel/vec.h"

enum status design_new(void **state, size_t n, size_t d, design_loss *loss, int64_t seed, struct err *e)
{
  struct design *k = *state = xcalloc(1, sizeof *k);
  void *a = NULL, *y = NULL, *scratch = NULL;
  size_t count;
  k->n = n, k->d = d, k->loss = loss;
  if (!size_mul(n, d, &count)) {
    err_set(e, STATUS_NO_MEMORY, "%zu measurements of %zu numbers are more than this machine can address", n, d);
    return STATUS_NO_MEMORY;
  }
  enum status s = mem_new(&a, count, sizeof(double), "measurements", e);
  if (s == STATUS_OK)
    s = mem_new(&y, n, sizeof(double), "answers", e);
  if (s == STATUS_OK)
    s = mem_new(&scratch, 2 * d, sizeof(double), "scratch", e);
  k->a = a, k->y = y, k->scratch = scratch;
  for (size_t i = 0; i < n && s == STATUS_OK; i++) {
    struct rng rng = rng_make((uint64_t)seed, RNG_DATA, i);
    rng_fill_normal_f64(&rng, k->a + i * d, d, 0, 1);
  }
  return s;
}

void design_release(struct objective *f)
{
  struct design *k = f->state;
  if (!k)
    return;
  free(k->a);
  free(k->y);
  free(k->scratch);
  free(k);
}

double design_dot(const struct design *k, size_t i, const double *x) { return vec_dot_f64(k->a + i * k->d, x, k->d); }

void design_add(const struct design *k, size_t i, double scale, double *to)
{
  const double *a = k->a + i * k->d;
  for (size_t j = 0; j < k->d; j++)
    to[j] += scale * a[j];
}

double design_mean(const struct design *k, size_t from, size_t to, const double *x, double *q)
{
  double sum = 0, slope, share = 1 / (double)(to - from);
  if (q)
    memset(q, 0, k->d * sizeof *q);
  for (size_t i = from; i < to; i++) {
    sum += k->loss(design_dot(k, i, x), k->y[i], &slope);
    if (q && slope != 0)
      design_add(k, i, share * slope, q);
  }
  return sum / (double)(to - from);
}

double design_value(const struct objective *f, const double *w) { return design_mean(f->state, 0, f->n, w, NULL); }
double design_gradient(const struct objective *f, const double *w, double *g) { return design_mean(f->state, 0, f->n, w, g); }

double design_component(const struct objective *f, size_t i, const double *w, double *g)
{
  return design_mean(f->state, i, i + 1, w, g);
}
