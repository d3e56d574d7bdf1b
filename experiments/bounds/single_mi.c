/* single_mi.c: information of one loss about the mask bit. */
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
  return sqrt(2 * tally_information(t, INFORMATION_FIRST)) + sqrt(2 * tally_information(t, INFORMATION_SECOND));
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out,
                            struct err *e)
{
  (void)in;
  return supersample_pooled(conf, x, rule, true, out, e);
}

static const char *const required[] = {"losses", "masks", NULL};

const struct bound bound_single_mi = {
  .m = {.kind = KIND_BOUND,
        .id = "single-mi",
        .name = "Single-loss MI bound",
        .summary = "expected gap from the information of a single loss about the mask, pooled",
        .formula = "E[gap] <= (2/n) sum_i sqrt(2 I(L_i^0; U_i)), the mean over both columns",
        .cite = "Wang and Mao 2023, Tighter information-theoretic generalization bounds from supersamples",
        .notes = SUPERSAMPLE_POOLED_NOTES,
        .example = "assay.bound(\"single-mi\", {" SUPERSAMPLE_EXAMPLE "})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_E_EST},
  .required = required,
  .evaluate = evaluate,
};
