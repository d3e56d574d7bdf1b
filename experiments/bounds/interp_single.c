/* interp_single.c: test error of interpolating models from the information of one loss. */
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
  return t->worst_train > 0 ? INFINITY : 2 * tally_single(t) / M_LN2;
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out,
                            struct err *e)
{
  (void)in;
  return supersample_pooled(conf, x, rule, false, out, e);
}

static const char *const required[] = {"losses", "masks", NULL};

const struct bound bound_interp_single = {
  .m = {.kind = KIND_BOUND,
        .id = "interp-single",
        .name = "Interpolation by single losses",
        .summary = "expected test error of models without training errors from the information of a single loss",
        .formula = "train = 0: E[test] <= (2/(n ln 2)) sum_i I(L_i^0; U_i)",
        .cite = "Wang and Mao 2023, Tighter information-theoretic generalization bounds from supersamples",
        .notes = SUPERSAMPLE_POOLED_NOTES
                 " Only where no model has a training error; else there is no bound (inf).",
        .example = "assay.bound(\"interp-single\", {" SUPERSAMPLE_INTERPOLATING_EXAMPLE "})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_E_EST},
  .required = required,
  .evaluate = evaluate,
};
