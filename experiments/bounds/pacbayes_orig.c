/* pacbayes_orig.c: size of the weights in units of the noise that they bear. */
#include "experiments/bounds/disturbance.h"

static const struct param params[] = {
  DISTURBANCE_PARAMS("sigma", "largest noise on the weights at which a tenth of the accuracy is lost"),
  DISTURBANCE_NORM_PARAM(&quantity_weight_norm, "norm of the weights"),
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e)
{
  return disturbance_size(conf, DISTURB_SIGMA, x, in, out, e);
}

static const char *const required[] = {"n", "norm", NULL};

const struct bound bound_pacbayes_orig = {
  .m = {.kind = KIND_BOUND,
        .id = "pacbayes-orig",
        .name = "PAC-Bayes, from the origin",
        .summary = "norm of the weights over the noise that they bear",
        .formula = "sqrt((|w|^2/(4 sigma^2) + ln(n/sigma) + 10)/n)",
        .cite = DISTURBANCE_CITE,
        .notes = "Equation 49 there," DISTURBANCE_NOTES,
        .example = "assay.bound(\"pacbayes-orig\", {n = 1000, sigma = 0.1, norm = 5})",
        .conf_size = sizeof(struct disturbance_conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
