/* sharpness_orig.c: size of the weights in units of the worst disturbance that they bear. */
#include "experiments/bounds/disturbance.h"

static const struct param params[] = {
  DISTURBANCE_PARAMS("alpha", "half the side of the box of weights at whose worst point a tenth of the accuracy is lost"),
  DISTURBANCE_NORM_PARAM(&quantity_weight_norm, "norm of the weights"),
  DISTURBANCE_WEIGHTS_PARAM,
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e)
{
  return disturbance_size(conf, DISTURB_ALPHA, x, in, out, e);
}

static const char *const required[] = {"n", "norm", "weights", NULL};

const struct bound bound_sharpness_orig = {
  .m = {.kind = KIND_BOUND,
        .id = "sharpness-orig",
        .name = "Worst case, from the origin",
        .summary = "norm of the weights over the worst disturbance that they bear",
        .formula = "sqrt((|w|^2 ln(2 omega)/(4 alpha^2) + ln(n/alpha) + 10)/n),  omega = number of weights",
        .cite = DISTURBANCE_CITE,
        .notes = "Equation 52 there," DISTURBANCE_NOTES,
        .example = "assay.bound(\"sharpness-orig\", {n = 1000, alpha = 0.01, norm = 5, weights = 2000})",
        .conf_size = sizeof(struct disturbance_conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
