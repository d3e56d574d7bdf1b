/* sum_stable_rank.c: the sum of the layers' stable ranks. */
#include "experiments/bounds/measure.h"

struct conf {
  struct param_list spectral, frobenius;
};

static const struct param params[] = {
  MEASURE_NORMS_PARAM(struct conf, spectral, "spectral", "spectral norm of each layer's weights (have to be given)"),
  MEASURE_NORMS_PARAM(struct conf, frobenius, "frobenius", "Frobenius norm of each layer's weights (have to be given)"),
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x;
  const struct conf *c = conf;
  struct layer_numbers spectral, frobenius;
  enum status s = measure_numbers(&c->spectral, in, "spectral", &spectral, e);
  if (s == STATUS_OK)
    s = measure_numbers(&c->frobenius, in, "frobenius", &frobenius, e);
  if (s == STATUS_OK)
    s = measure_same_layers(&spectral, "spectral", &frobenius, "frobenius", e);
  if (s != STATUS_OK)
    return s;
  out->trivial = INFINITY;
  out->value = 0;
  for (size_t l = 0; l < spectral.n; l++)
    out->value += frobenius.v[l] / spectral.v[l] * (frobenius.v[l] / spectral.v[l]);
  return STATUS_OK;
}

const struct bound bound_sum_stable_rank = {
  .m = {.kind = KIND_BOUND,
        .id = "sum-stable-rank",
        .name = "Sum of stable ranks",
        .summary = "sum over the layers of squared Frobenius over squared spectral norm",
        .formula = "sum_l |W_l|_F^2/|W_l|_2^2",
        .cite = "Neyshabur, Bhojanapalli and Srebro 2018, A PAC-Bayesian approach to spectrally-normalized margin bounds",
        .notes = "Each summand lies between 1 and the rank of its layer; a factor on a layer changes nothing.",
        .example = "assay.bound(\"sum-stable-rank\", {spectral = {3, 2}, frobenius = {6, 3}})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .needs = measure_needs,
        .statement = STATEMENT_C},
  .evaluate = evaluate,
};
