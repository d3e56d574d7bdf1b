/* measure.c: see measure.h. */
#include "experiments/bounds/measure.h"

const char *const measure_needs[] = {"layer-norms", NULL};

enum status measure_numbers(const struct param_list *given, const struct bound_input *in, const char *name,
                            struct layer_numbers *out, struct err *e)
{
  out->n = 0;
  if (given->n > NET_MAX_LAYERS)
    return err_set(e, STATUS_BAD_ARG, "%s must name at most %d layers, got %zu", name, NET_MAX_LAYERS, given->n);
  for (; out->n < given->n; out->n++)
    out->v[out->n] = given->v[out->n];
  if (out->n == 0 && in->probe)
    for (size_t l = 0; l < NET_MAX_LAYERS; l++) /* poolings have none */
      if (probe_find(in->probe[0], name, l))
        out->v[out->n++] = probe_number(in->probe[0], name, l);
  return out->n ? STATUS_OK : bound_missing(e, name);
}

enum status measure_same_layers(const struct layer_numbers *a, const char *name_a, const struct layer_numbers *b,
                                const char *name_b, struct err *e)
{
  if (a->n == b->n)
    return STATUS_OK;
  return err_set(e, STATUS_BAD_ARG, "%s and %s must name equally many layers, got %zu and %zu", name_a, name_b, a->n, b->n);
}

double measure_log_product(const struct layer_numbers *v)
{
  double sum = 0;
  for (size_t l = 0; l < v->n; l++)
    sum += log(v->v[l]);
  return sum;
}

void measure_set_log(struct bound_value *out, double log_value)
{
  out->log_value = log_value;
  out->value = exp(log_value);
  out->trivial = INFINITY;
}
