/* objective.c: making objectives, and the fronts of their evaluation; see objective.h. */
#include "experiments/objective/objective.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/params.h"

enum status objective_make(struct objective **out, const struct object *o, const struct objective_env *env, struct err *e)
{
  struct err local = {0};
  struct objective *f = xcalloc(1, sizeof *f);
  assert(o->method->kind == KIND_OBJECTIVE);
  e = e ? e : &local;
  *f = (struct objective){.method = (const struct objective_method *)o->method, .minimum = NAN, .smoothness = NAN,
                          .smoothness_max = NAN, .strong_convexity = NAN, .n = 1, .references = 1};
  *out = NULL;
  enum status s = object_copy(&f->of, o, e);
  if (s == STATUS_OK)
    s = f->method->make(f->of.conf, env, f, e);
  if (s != STATUS_OK) {
    err_prefix(e, "objective \"%s\"", o->method->id);
    objective_release(f);
    return s;
  }
  assert(f->d > 0 && f->n > 0 && f->start);
  *out = f;
  return STATUS_OK;
}

enum status objective_new_start(struct objective *f, bool optimum, struct err *e)
{
  void *memory;
  enum status s = mem_new(&memory, f->d, sizeof(double), "starting weights", e);
  if (s != STATUS_OK)
    return s;
  f->start = memory;
  if (!optimum)
    return STATUS_OK;
  s = mem_new(&memory, f->d, sizeof(double), "weights of the optimum", e);
  if (s == STATUS_OK)
    f->optimum = memory;
  return s;
}

struct objective *objective_retain(struct objective *f)
{
  f->references++;
  return f;
}

void objective_release(struct objective *f)
{
  if (!f || --f->references > 0)
    return;
  if (f->method->release)
    f->method->release(f);
  free(f->start);
  free(f->optimum);
  object_free(&f->of);
  free(f);
}

double objective_value(const struct objective *f, const double *w) { return f->method->value(f, w); }

double objective_gradient(const struct objective *f, const double *w, double *g) { return f->method->gradient(f, w, g); }

double objective_component(const struct objective *f, size_t i, const double *w, double *g)
{
  assert(i < f->n);
  return f->method->component ? f->method->component(f, i, w, g) : f->method->gradient(f, w, g);
}

/* Component by component, for objectives without a tuned batch. */
static double mean_of_components(const struct objective *f, const uint32_t *index, size_t m, const double *w, double *g)
{
  double *one = xmalloc(f->d * sizeof *one), value = 0;
  memset(g, 0, f->d * sizeof *g);
  for (size_t k = 0; k < m; k++) {
    value += f->method->component(f, index[k], w, one);
    for (size_t j = 0; j < f->d; j++)
      g[j] += one[j];
  }
  for (size_t j = 0; j < f->d; j++)
    g[j] /= (double)m;
  free(one);
  return value / (double)m;
}

double objective_batch(const struct objective *f, const uint32_t *index, size_t m, const double *w, double *g)
{
  assert(m > 0);
  if (!f->method->component)
    return f->method->gradient(f, w, g);
  if (m == 1)
    return objective_component(f, index[0], w, g);
  return f->method->batch ? f->method->batch(f, index, m, w, g) : mean_of_components(f, index, m, w, g);
}

double objective_batch_value(const struct objective *f, const uint32_t *index, size_t m, const double *w, double *g)
{
  assert(m > 0);
  return f->method->batch_value ? f->method->batch_value(f, index, m, w) : objective_batch(f, index, m, w, g);
}

enum status objective_hvp(const struct objective *f, const double *w, const double *v, double *out, struct err *e)
{
  if (!f->method->hvp)
    return err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" has no second derivatives", f->of.method->id);
  f->method->hvp(f, w, v, out);
  return STATUS_OK;
}

enum status objective_hessian(const struct objective *f, const double *w, double *h, struct err *e)
{
  void *unit = NULL;
  if (f->method->hessian) {
    f->method->hessian(f, w, h);
    return STATUS_OK;
  }
  enum status s = mem_new(&unit, f->d, sizeof(double), "a unit vector", e);
  double *v = unit;
  for (size_t j = 0; j < f->d && s == STATUS_OK; j++) {
    v[j] = 1;
    s = objective_hvp(f, w, v, h + j * f->d, e);
    v[j] = 0;
  }
  for (size_t j = 0; j < f->d && s == STATUS_OK; j++) /* products round differently on both sides of the diagonal */
    for (size_t k = 0; k < j; k++)
      h[j * f->d + k] = h[k * f->d + j] = 0.5 * (h[j * f->d + k] + h[k * f->d + j]);
  free(unit);
  return s;
}

enum status objective_constants(struct objective *f, const struct exec *x, struct err *e)
{
  if (f->constants_known || !f->method->constants)
    return STATUS_OK;
  enum status s = f->method->constants(f, x, e);
  f->constants_known = s == STATUS_OK;
  return s;
}
