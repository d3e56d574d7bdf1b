/* pacbayes_init.c: distance from the start in units of the noise that the weights bear. */
#include "experiments/bounds/disturbance.h"

static const struct param params[] = {
  DISTURBANCE_PARAMS("sigma", "largest noise on the weights at which a tenth of the accuracy is lost"),
  DISTURBANCE_NORM_PARAM(&quantity_weight_distance, "distance of the weights from the start"),
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e)
{
  return disturbance_size(conf, DISTURB_SIGMA, x, in, out, e);
}

static const char *const required[] = {"n", "norm", NULL};

const struct bound bound_pacbayes_init = {
  .m = {.kind = KIND_BOUND,
        .id = "pacbayes-init",
        .name = "PAC-Bayes, from the start",
        .summary = "distance from the start over the noise that the weights bear",
        .formula = "sqrt((|w - w_0|^2/(4 sigma^2) + ln(n/sigma) + 10)/n)",
        .cite = DISTURBANCE_CITE,
        .notes = "Equation 48 there," DISTURBANCE_NOTES,
        .example = "assay.bound(\"pacbayes-init\", {n = 1000, sigma = 0.1, norm = 5})",
        .conf_size = sizeof(struct disturbance_conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
