/* spectral_fro.c: the complexity of the spectral PAC-Bayes margin bound. */
#include "experiments/bounds/measure.h"

struct conf {
  struct param_list spectral, frobenius;
  int64_t n, width;
  double gamma, radius;
};

static const struct param params[] = {
  MEASURE_NORMS_PARAM(struct conf, spectral, "spectral", "spectral norm of each layer's weights", &quantity_spectral),
  MEASURE_NORMS_PARAM(struct conf, frobenius, "frobenius", "Frobenius norm of each layer's weights", &quantity_frobenius),
  BOUND_POSITIVE_FROM(struct conf, gamma, "gamma", "margin: a percentile of the training margins", &quantity_gamma),
  BOUND_N_PARAM(struct conf, n),
  {.id = "width", .type = PARAM_INT, .at = offsetof(struct conf, width), .min = 2, .max = 1e12, .flags = PARAM_AUTO,
   .unit = "units", .doc = "largest layer, inputs included", .example = "256", .from = &quantity_width},
  BOUND_POSITIVE_FROM(struct conf, radius, "radius", "largest norm of an input", &quantity_radius),
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
  double ranks = measure_sum_ratios(&c->frobenius, &c->spectral), depth = (double)c->spectral.n, h = (double)c->width;
  double log_product = measure_log_product(&c->spectral);
  bound_term(out, "log10_product", log_product / M_LN10);
  bound_term(out, "stable_ranks", ranks);
  measure_set_log(out, log(c->radius * depth / c->gamma) + log_product + 0.5 * log(h * log(depth * h) * ranks / (double)c->n));
  return STATUS_OK;
}

static const char *const required[] = {"n", "gamma", "radius", "width", "spectral", "frobenius", NULL};

const struct bound bound_spectral_fro = {
  .m = {.kind = KIND_BOUND,
        .id = "spectral-fro",
        .name = "Spectral and Frobenius complexity",
        .summary = "product of spectral norms with the sum of stable ranks, over the margin",
        .formula = "sqrt(B^2 D^2 h ln(D h) prod_l |W_l|_2^2 sum_l |W_l|_F^2/|W_l|_2^2 / (gamma^2 n)),  B = max |x|",
        .cite = "Neyshabur, Bhojanapalli and Srebro 2018, A PAC-Bayesian approach to spectrally-normalized margin bounds",
        .notes = "Constants and the confidence term are dropped: it ranks models, it bounds nothing. Compare log10.",
        .example = "assay.bound(\"spectral-fro\", {n = 1000, gamma = 0.5, radius = 1, width = 64, spectral = {3, 2}, frobenius = {6, 3}})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
