/* sharpness_flatness.c: how small a worst disturbance spoils the weights. */
#include "experiments/bounds/disturbance.h"

static const struct param params[] = {
  DISTURBANCE_PARAMS("alpha", "half the side of the box of weights at whose worst point a tenth of the accuracy is lost"),
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e)
{
  return disturbance_flatness(conf, DISTURB_ALPHA, x, in, out, e);
}

static const char *const required[] = {"n", NULL};

const struct bound bound_sharpness_flatness = {
  .m = {.kind = KIND_BOUND,
        .id = "sharpness-flatness",
        .name = "Worst-case flatness",
        .summary = "inverse of the worst disturbance that the weights bear",
        .formula = "sqrt(1/(alpha^2 n))",
        .cite = DISTURBANCE_CITE,
        .notes = "Equation 54 there," DISTURBANCE_NOTES " The radius changes when a relu net is rescaled, which changes no prediction.",
        .example = "assay.bound(\"sharpness-flatness\", {n = 1000, alpha = 0.01})",
        .conf_size = sizeof(struct disturbance_conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
