/* pacbayes_flatness.c: how little noise the weights bear. */
#include "experiments/bounds/disturbance.h"

static const struct param params[] = {
  DISTURBANCE_PARAMS("sigma", "largest noise on the weights at which a tenth of the accuracy is lost"),
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e)
{
  return disturbance_flatness(conf, DISTURB_SIGMA, x, in, out, e);
}

static const char *const required[] = {"n", NULL};

const struct bound bound_pacbayes_flatness = {
  .m = {.kind = KIND_BOUND,
        .id = "pacbayes-flatness",
        .name = "PAC-Bayes flatness",
        .summary = "inverse of the noise that the weights bear",
        .formula = "sqrt(1/(sigma^2 n))",
        .cite = DISTURBANCE_CITE,
        .notes = "Equation 53 there," DISTURBANCE_NOTES " The radius changes when a relu net is rescaled, which changes no prediction.",
        .example = "assay.bound(\"pacbayes-flatness\", {n = 1000, sigma = 0.1})",
        .conf_size = sizeof(struct disturbance_conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
