/* interp_ld.c: test error of interpolating models from loss-difference information: an equality. */
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
  return t->worst_train > 0 ? INFINITY : tally_information(t, INFORMATION_DIFFERENCE) / M_LN2;
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out,
                            struct err *e)
{
  (void)in;
  return supersample_pooled(conf, x, rule, false, out, e);
}

static const char *const required[] = {"losses", "masks", NULL};

const struct bound bound_interp_ld = {
  .m = {.kind = KIND_BOUND,
        .id = "interp-ld",
        .name = "Interpolation by loss differences",
        .summary = "expected test error of models without training errors from the information of loss differences",
        .formula = "train = 0: E[test] = (1/(n ln 2)) sum_i I(L_i^1 - L_i^0; U_i)",
        .cite = "Wang and Mao 2023, Tighter information-theoretic generalization bounds from supersamples",
        .notes = SUPERSAMPLE_POOLED_NOTES
                 " Only where no model has a training error; else there is no bound (inf). In population an equality, not a bound.",
        .example = "assay.bound(\"interp-ld\", {" SUPERSAMPLE_INTERPOLATING_EXAMPLE "})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_E_EST},
  .required = required,
  .evaluate = evaluate,
};
