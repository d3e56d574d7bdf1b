/* spectral_margin.c: the complexity of the spectrally-normalised margin bound. */
#include "experiments/bounds/measure.h"

struct conf {
  struct param_list spectral, rows21;
  int64_t n, width;
  double gamma, x_norm;
};

static const struct param params[] = {
  MEASURE_NORMS_PARAM(struct conf, spectral, "spectral", "spectral norm of each layer's weights", &quantity_spectral),
  MEASURE_NORMS_PARAM(struct conf, rows21, "rows21", "sum of the norms of the rows (output units) of each layer's weights, or of their distance from a reference", &quantity_rows21),
  BOUND_POSITIVE_FROM(struct conf, gamma, "gamma", "margin: a percentile of the training margins", &quantity_gamma),
  BOUND_N_PARAM(struct conf, n),
  {.id = "width", .type = PARAM_INT, .at = offsetof(struct conf, width), .min = 2, .max = 1e12, .flags = PARAM_AUTO,
   .unit = "units", .doc = "largest layer, inputs included", .example = "256", .from = &quantity_width},
  BOUND_POSITIVE_FROM(struct conf, x_norm, "x_norm", "Frobenius norm of all inputs together", &quantity_x_norm),
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in;
  const struct conf *c = conf;
  enum status s = measure_same_layers(&c->spectral, "spectral", &c->rows21, "rows21", e);
  if (s != STATUS_OK)
    return s;
  double sum = 0, log_product = measure_log_product(&c->spectral);
  for (size_t l = 0; l < c->spectral.n; l++)
    sum += pow(c->rows21.v[l] / c->spectral.v[l], 2.0 / 3);
  double log_complexity = log_product + 1.5 * log(sum);
  bound_term(out, "log10_product", log_product / M_LN10);
  bound_term(out, "log10_complexity", log_complexity / M_LN10);
  measure_set_log(out, log(c->x_norm) + log_complexity - log(c->gamma) - log((double)c->n) + log(log((double)c->width)));
  return STATUS_OK;
}

static const char *const required[] = {"n", "gamma", "x_norm", "width", "spectral", "rows21", NULL};

const struct bound bound_spectral_margin = {
  .m = {.kind = KIND_BOUND,
        .id = "spectral-margin",
        .name = "Spectral margin complexity",
        .summary = "product of spectral norms with a (2,1)-norm correction, over the margin",
        .formula = "|X|_F R_A ln(h_max)/(gamma n),  R_A = prod_l |W_l|_2 (sum_l (|(W_l - M_l)'|_{2,1}/|W_l|_2)^(2/3))^(3/2)",
        .cite = "Bartlett, Foster and Telgarsky 2017, Spectrally-normalized margin bounds for neural networks",
        .notes = "Constants and the confidence term are dropped: it ranks models, it bounds nothing. rows21 sums over output units; "
                 "the reference M_l is 0 or the start. Compare log10.",
        .example = "assay.bound(\"spectral-margin\", {n = 1000, gamma = 0.5, x_norm = 30, width = 64, spectral = {3, 2}, rows21 = {20, 6}})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
