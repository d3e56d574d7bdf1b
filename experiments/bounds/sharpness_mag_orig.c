/* sharpness_mag_orig.c: worst relative disturbance that the weights bear, and how large they are. */
#include "experiments/bounds/disturbance.h"

static const struct param params[] = {
  DISTURBANCE_PARAMS("alpha", "alpha': half the side of the box, relative to the size of each weight, at whose worst point a tenth of the accuracy is lost"),
  DISTURBANCE_NORM_PARAM(&quantity_weight_norm, "norm of the weights"),
  DISTURBANCE_MOVES_PARAMS,
  BOUND_DELTA_PARAM(struct moves_conf, delta),
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e)
{
  return disturbance_relative_size(conf, DISTURB_ALPHA_MAGNITUDE, x, in, out, e);
}

static const char *const required[] = {"n", "norm", "moves", NULL};

const struct bound bound_sharpness_mag_orig = {
  .m = {.kind = KIND_BOUND,
        .id = "sharpness-mag-orig",
        .name = "Relative worst case, from the origin",
        .summary = "each weight's move against the size of all weights, given the worst they bear",
        .formula = "sqrt((sum_i ln((eps^2 + (alpha'^2 + c) |w|^2/omega)/(eps^2 + alpha'^2 |w_i - w0_i|^2))/4 + ln(n/alpha') + 10)/n),\n"
                   "c = 4 ln(2 omega/delta),  omega = number of weights",
        .cite = DISTURBANCE_CITE,
        .notes = "Equation 60 there," DISTURBANCE_NOTES " Its denominator keeps the moves from the start, as in the published code.",
        .example = "assay.bound(\"sharpness-mag-orig\", {n = 1000, alpha = 0.2, norm = 0.6, moves = {0.5, -0.1, 0.2}})",
        .conf_size = sizeof(struct moves_conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
