/* sharpness_mag_flatness.c: how small a worst disturbance spoils the weights, relative to their sizes. */
#include "experiments/bounds/disturbance.h"

static const struct param params[] = {
  DISTURBANCE_PARAMS("alpha", "alpha': half the side of the box of weights at whose worst point a tenth of the accuracy is lost, relative to the size of each"),
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e)
{
  return disturbance_flatness(conf, DISTURB_ALPHA_MAGNITUDE, x, in, out, e);
}

static const char *const required[] = {"n", NULL};

const struct bound bound_sharpness_mag_flatness = {
  .m = {.kind = KIND_BOUND,
        .id = "sharpness-mag-flatness",
        .name = "Relative worst-case flatness",
        .summary = "inverse of the worst relative disturbance that the weights bear",
        .formula = "sqrt(1/(alpha'^2 n))",
        .cite = DISTURBANCE_CITE,
        .notes = "Equation 62 there," DISTURBANCE_NOTES " Rescaling a relu net changes it far less than the absolute form.",
        .example = "assay.bound(\"sharpness-mag-flatness\", {n = 1000, alpha = 0.1})",
        .conf_size = sizeof(struct disturbance_conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
