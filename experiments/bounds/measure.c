/* measure.c: see measure.h. */
#include "experiments/bounds/measure.h"

enum status measure_same_layers(const struct param_list *a, const char *name_a, const struct param_list *b, const char *name_b,
                                struct err *e)
{
  if (a->n == b->n)
    return STATUS_OK;
  return err_set(e, STATUS_BAD_ARG, "%s and %s must name equally many layers, got %zu and %zu", name_a, name_b, a->n, b->n);
}

double measure_log_product(const struct param_list *v)
{
  double sum = 0;
  for (size_t l = 0; l < v->n; l++)
    sum += log(v->v[l]);
  return sum;
}

double measure_sum_ratios(const struct param_list *a, const struct param_list *b)
{
  double sum = 0;
  for (size_t l = 0; l < a->n; l++)
    sum += a->v[l] / b->v[l] * (a->v[l] / b->v[l]);
  return sum;
}

void measure_set(struct bound_value *out, double value)
{
  out->value = value;
  out->trivial = INFINITY;
}

void measure_set_norm(struct bound_value *out, const struct param_list *norms, int64_t n)
{
  double raw = 0;
  for (size_t l = 0; l < norms->n; l++)
    raw += norms->v[l] * norms->v[l];
  bound_term(out, "raw", raw);
  measure_set(out, sqrt(raw / (double)n));
}

void measure_set_log(struct bound_value *out, double log_value)
{
  measure_set(out, exp(log_value));
  out->log_value = log_value;
}
