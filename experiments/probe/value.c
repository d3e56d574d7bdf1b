/* value.c: running a probe, and the named arrays it gives. See probe.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/probe/probe.h"

enum status probe_measure(const struct object *object, const struct exec *x, const struct probe_subject *s, struct probe_value *out,
                          struct err *e)
{
  const struct probe *probe = (const struct probe *)object->method;
  *out = (struct probe_value){0};
  if (s->part->n == 0)
    return err_set(e, STATUS_BAD_ARG, "probe \"%s\": that part of the data set \"%s\" has no examples", probe->m.id,
                   s->data->name ? s->data->name : "?");
  if (!vec_finite_f32(s->weights, s->net->n_params) || (s->start && !vec_finite_f32(s->start, s->net->n_params)))
    return err_set(e, STATUS_BAD_DATA, "probe \"%s\": the weights are not all finite", probe->m.id);
  enum status status = probe->measure(object->conf, x, s, out, e);
  if (status) {
    probe_value_free(out);
    err_prefix(e, "probe \"%s\"", probe->m.id);
  }
  return status;
}

void probe_value_free(struct probe_value *v)
{
  for (size_t i = 0; i < v->n; i++)
    mat_free(&v->array[i].value);
  free(v->array);
  *v = (struct probe_value){0};
}

const struct probe_array *probe_find(const struct probe_value *v, const char *name, size_t layer)
{
  for (size_t i = 0; i < v->n; i++)
    if (v->array[i].layer == layer && strcmp(v->array[i].name, name) == 0)
      return &v->array[i];
  return NULL;
}

double probe_number(const struct probe_value *v, const char *name, size_t layer)
{
  const struct probe_array *a = probe_find(v, name, layer);
  return a && a->value.rows == 1 && a->value.cols == 1 ? mat_get(&a->value, 0, 0) : (double)NAN;
}

void probe_add(struct probe_value *v, const char *name, size_t layer, struct mat *value, double standard_error)
{
  v->array = xrealloc(v->array, (v->n + 1) * sizeof *v->array);
  v->array[v->n++] = (struct probe_array){name, layer, *value, standard_error};
  *value = (struct mat){0};
}

enum status probe_add_numbers(struct probe_value *v, const char *name, size_t layer, const double *x, size_t n, struct err *e)
{
  struct mat m;
  enum status s = mat_new(&m, DTYPE_F64, n, 1, e);
  for (size_t i = 0; i < n && !s; i++)
    mat_set(&m, i, 0, x[i]);
  if (!s)
    probe_add(v, name, layer, &m, (double)NAN);
  return s;
}

enum status probe_add_number(struct probe_value *v, const char *name, size_t layer, double x, double standard_error, struct err *e)
{
  enum status s = probe_add_numbers(v, name, layer, &x, 1, e);
  if (!s)
    v->array[v->n - 1].standard_error = standard_error;
  return s;
}

struct batch probe_batch(const struct probe_subject *s) { return batch_of(s->part, s->data->outputs, NULL, s->part->n); }

enum status probe_weights(const struct probe_subject *s, double **w, struct err *e)
{
  enum status status = mem_new((void **)w, s->net->n_params, sizeof **w, "weights in float64", e);
  for (size_t i = 0; i < s->net->n_params && !status; i++)
    (*w)[i] = (double)s->weights[i];
  return status;
}

struct rng probe_rng(uint64_t seed, enum probe_stream stream, uint32_t number)
{
  return rng_make(seed, RNG_PROBE, (uint64_t)stream << 32 | number);
}
