/* fast_weighted.c: weighted fast-rate bound. */
#include "experiments/bounds/supersample.h"

struct conf {
  struct supersample_conf s;
};

static const struct param params[] = {
  SUPERSAMPLE_PARAMS(struct conf, s),
  {0},
};

static double rule(const void *conf, const struct tally *t)
{
  (void)conf;
  return supersample_weighted(t->train, supersample_fast_information(t));
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out,
                            struct err *e)
{
  (void)in;
  return supersample_pooled(conf, x, rule, true, out, e);
}

static const char *const required[] = {"losses", "masks", NULL};

const struct bound bound_fast_weighted = {
  .m = {.kind = KIND_BOUND,
        .id = "fast-weighted",
        .name = "Weighted fast-rate bound",
        .summary = "expected gap from a weighted sum of training error and information, pooled",
        .formula = "E[gap] <= C1 train + (1/C2)(1/n) sum_i J_i,  min over C2 in (0, ln 2), C1 = -ln(2 - e^C2)/C2 - 1\n"
                   "J_i = I(L_i^0, L_i^1; U_i) or 2 I(L_i^0; U_i), the smaller",
        .cite = "Wang and Mao 2023, Tighter information-theoretic generalization bounds from supersamples",
        .notes = SUPERSAMPLE_POOLED_NOTES
                 " Faster than a square root where the training error is small. The weights come from a one-dimensional search.",
        .example = "assay.bound(\"fast-weighted\", {" SUPERSAMPLE_EXAMPLE "})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_E_EST},
  .required = required,
  .evaluate = evaluate,
};
