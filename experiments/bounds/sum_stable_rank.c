/* sum_stable_rank.c: the sum of the layers' stable ranks. */
#include "experiments/bounds/measure.h"

struct conf {
  struct param_list spectral, frobenius;
};

static const struct param params[] = {
  MEASURE_NORMS_PARAM(struct conf, spectral, "spectral", "spectral norm of each layer's weights", &quantity_spectral),
  MEASURE_NORMS_PARAM(struct conf, frobenius, "frobenius", "Frobenius norm of each layer's weights", &quantity_frobenius),
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in;
  const struct conf *c = conf;
  enum status s = measure_same_layers(&c->spectral, "spectral", &c->frobenius, "frobenius", e);
  if (s != STATUS_OK)
    return s;
  measure_set(out, measure_sum_ratios(&c->frobenius, &c->spectral));
  return STATUS_OK;
}

static const char *const required[] = {"spectral", "frobenius", NULL};

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
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
