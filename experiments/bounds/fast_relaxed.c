/* fast_relaxed.c: fast-rate bound in closed form. */
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
  double mean = tally_single(t);
  return 4 * mean + 4 * sqrt(mean * t->train);
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out,
                            struct err *e)
{
  (void)in;
  return supersample_pooled(conf, x, rule, true, out, e);
}

static const char *const required[] = {"losses", "masks", NULL};

const struct bound bound_fast_relaxed = {
  .m = {.kind = KIND_BOUND,
        .id = "fast-relaxed",
        .name = "Relaxed fast-rate bound",
        .summary = "expected gap from training error and single-loss information in closed form, pooled",
        .formula = "E[gap] <= 4 I + 4 sqrt(I train),  I = (1/n) sum_i I(L_i^0; U_i)",
        .cite = "Wang and Mao 2023, Tighter information-theoretic generalization bounds from supersamples",
        .notes = SUPERSAMPLE_POOLED_NOTES
                 " Never below fast-weighted.",
        .example = "assay.bound(\"fast-relaxed\", {" SUPERSAMPLE_EXAMPLE "})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_E_EST},
  .required = required,
  .evaluate = evaluate,
};
