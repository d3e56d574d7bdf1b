/* sharpness_init.c: distance from the start in units of the worst disturbance that the weights bear. */
#include "experiments/bounds/disturbance.h"

static const struct param params[] = {
  DISTURBANCE_PARAMS("alpha", "half the side of the box of weights at whose worst point a tenth of the accuracy is lost"),
  DISTURBANCE_NORM_PARAM(&quantity_weight_distance, "distance of the weights from the start"),
  DISTURBANCE_WEIGHTS_PARAM,
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e)
{
  return disturbance_size(conf, DISTURB_ALPHA, x, in, out, e);
}

static const char *const required[] = {"n", "norm", "weights", NULL};

const struct bound bound_sharpness_init = {
  .m = {.kind = KIND_BOUND,
        .id = "sharpness-init",
        .name = "Worst case, from the start",
        .summary = "distance from the start over the worst disturbance that the weights bear",
        .formula = "sqrt((|w - w_0|^2 ln(2 omega)/(4 alpha^2) + ln(n/alpha) + 10)/n),  omega = number of weights",
        .cite = DISTURBANCE_CITE,
        .notes = "Equation 51 there," DISTURBANCE_NOTES,
        .example = "assay.bound(\"sharpness-init\", {n = 1000, alpha = 0.01, norm = 5, weights = 2000})",
        .conf_size = sizeof(struct disturbance_conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
