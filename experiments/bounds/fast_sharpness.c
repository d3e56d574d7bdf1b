/* fast_sharpness.c: fast-rate bound with the sharpness of the training loss. */
#include "experiments/bounds/supersample.h"

struct conf {
  struct supersample_conf s;
  double gamma;
};

static const struct param params[] = {
  SUPERSAMPLE_PARAMS(struct conf, s),
  SUPERSAMPLE_GAMMA_PARAM(struct conf, gamma, "sharpness"),
  {0},
};

static double rule(const void *conf, const struct tally *t)
{
  return supersample_discounted(((const struct conf *)conf)->gamma, t->sharpness, t);
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out,
                            struct err *e)
{
  (void)in;
  return supersample_pooled(conf, x, rule, true, out, e);
}

static const char *const required[] = {"losses", "masks", NULL};

const struct bound bound_fast_sharpness = {
  .m = {.kind = KIND_BOUND,
        .id = "fast-sharpness",
        .name = "Sharpness fast-rate bound",
        .summary = "expected gap from training error, less the second moment of expected losses, and information, pooled",
        .formula = "E[gap] <= C1 (train - (1 - g^2) (1/n) sum_i E[E[loss_i | Z_i]^2]) + (1/C2)(1/n) sum_i J_i,\n"
                   "C1 g^2 >= -ln(2 - e^C2)/C2 - 1",
        .cite = "Wang and Mao 2023, Tighter information-theoretic generalization bounds from supersamples",
        .notes = SUPERSAMPLE_POOLED_NOTES
                 " The inner mean is over the models of one supersample trained on the example, "
                 "squared without bias by pairs of models. Never below fast-weighted, which it meets as g -> 1.",
        .example = "assay.bound(\"fast-sharpness\", {" SUPERSAMPLE_EXAMPLE "})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_E_EST},
  .required = required,
  .evaluate = evaluate,
};
