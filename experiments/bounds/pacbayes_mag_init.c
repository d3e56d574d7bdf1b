/* pacbayes_mag_init.c: relative noise that the weights bear, and how far they moved. */
#include "experiments/bounds/disturbance.h"

static const struct param params[] = {
  DISTURBANCE_PARAMS("sigma", "sigma': largest noise on the weights, relative to the size of each, at which a tenth of the accuracy is lost"),
  DISTURBANCE_NORM_PARAM(&quantity_weight_distance, "distance of the weights from the start"),
  DISTURBANCE_MOVES_PARAMS,
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e)
{
  return disturbance_relative_size(conf, DISTURB_SIGMA_MAGNITUDE, x, in, out, e);
}

static const char *const required[] = {"n", "norm", "moves", NULL};

const struct bound bound_pacbayes_mag_init = {
  .m = {.kind = KIND_BOUND,
        .id = "pacbayes-mag-init",
        .name = "Relative PAC-Bayes, from the start",
        .summary = "each weight's move against all moves, given the relative noise they bear",
        .formula = "sqrt((sum_i ln((eps^2 + (sigma'^2 + 1) |w - w_0|^2/omega)/(eps^2 + sigma'^2 |w_i - w0_i|^2))/4 + ln(n/sigma') + 10)/n)",
        .cite = DISTURBANCE_CITE,
        .notes = "Equation 56 there," DISTURBANCE_NOTES,
        .example = "assay.bound(\"pacbayes-mag-init\", {n = 1000, sigma = 0.2, norm = 0.6, moves = {0.5, -0.1, 0.2}})",
        .conf_size = sizeof(struct moves_conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
