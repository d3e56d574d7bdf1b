/* gradient_norms.c: how large the gradients of single examples are. */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/models/derivatives.h"
#include "experiments/probe/probe.h"

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  struct batch b = probe_batch(s);
  double *w = NULL, *norm = NULL, *g = NULL, loss;
  (void)conf;
  enum status status = probe_weights(s, &w, e);
  status = status ? status : mem_new((void **)&norm, b.n, sizeof *norm, "gradient norms", e);
  status = status ? status : mem_new((void **)&g, s->net->n_params, sizeof *g, "gradient", e);
  status = status ? status : net_norms_f64(x, s->net, s->loss, w, &b, norm, e);
  status = status ? status : net_gradient_f64(x, s->net, s->loss, w, &b, &loss, g, e);
  if (!status) {
    double square = vec_sum_f64(norm, b.n) / (double)b.n, whole = vec_norm2_f64(g, s->net->n_params);
    for (size_t i = 0; i < b.n; i++)
      norm[i] = sqrt(norm[i]);
    const struct { const char *name; double value; } numbers[] = {
      {"mean", vec_sum_f64(norm, b.n) / (double)b.n}, {"max", vec_max_f64(norm, b.n)}, {"mean_square", square},
      {"mean_gradient", whole}, {"covariance_trace", fmax(square - whole * whole, 0)}};
    status = probe_add_numbers(out, "norm", PROBE_WHOLE, norm, b.n, e);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !status; i++)
      status = probe_add_number(out, numbers[i].name, PROBE_WHOLE, numbers[i].value, (double)NAN, e);
  }
  free(w);
  free(norm);
  free(g);
  return status;
}

const struct probe probe_gradient_norms = {
  .m = {.kind = KIND_PROBE, .id = "gradient-norms", .name = "Per-example gradient norms", .summary = "norms of the gradients of single examples",
        .formula = "norm_i = |grad f_i|;  mean, max;  mean_square = (1/n) sum |grad f_i|^2;  mean_gradient = |grad F|\n"
                   "covariance_trace = mean_square - |grad F|^2",
        .cite = "Goodfellow 2015, Efficient per-example gradient computations",
        .notes = "No example's gradient is made: dense layers add |delta|^2 (|input|^2 + 1), convolutions the square of one weight's "
                 "derivative after another.",
        .example = "assay.probe(\"gradient-norms\")"},
  .measure = measure,
};
