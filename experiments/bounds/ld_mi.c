/* ld_mi.c: loss-difference information without the supersample, counted together. */
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
  return sqrt(2 * tally_information(t, INFORMATION_DIFFERENCE));
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out,
                            struct err *e)
{
  (void)in;
  return supersample_pooled(conf, x, rule, true, out, e);
}

static const char *const required[] = {"losses", "masks", NULL};

const struct bound bound_ld_mi = {
  .m = {.kind = KIND_BOUND,
        .id = "ld-mi",
        .name = "Loss-difference MI bound",
        .summary = "expected gap from the information of loss differences about the mask, pooled",
        .formula = "E[gap] <= (1/n) sum_i sqrt(2 I(L_i^1 - L_i^0; U_i))",
        .cite = "Wang and Mao 2023, Tighter information-theoretic generalization bounds from supersamples",
        .notes = SUPERSAMPLE_POOLED_NOTES
                 " In population I(difference; U) is at most its mean given the supersample.",
        .example = "assay.bound(\"ld-mi\", {" SUPERSAMPLE_EXAMPLE "})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_E_EST},
  .required = required,
  .evaluate = evaluate,
};
