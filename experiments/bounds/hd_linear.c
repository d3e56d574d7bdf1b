/* hd_linear.c: linear bound on the test error. */
#include "experiments/bounds/supersample.h"

struct conf {
  struct supersample_conf s;
};

static const struct param params[] = {
  SUPERSAMPLE_PARAMS(struct conf, s),
  {0},
};

/* The least c2 that c1 allows: the smaller root of k c2^2 - c1 c2 + c1 + k = 0; +inf where there is none. */
static double weight_of(double c1)
{
  double k = expm1(c1) - c1, root2 = c1 * c1 - 4 * k * (c1 + k);
  return root2 < 0 ? INFINITY : 2 * (c1 + k) / (c1 + sqrt(root2));
}

static double rule(const void *conf, const struct tally *t)
{
  (void)conf;
  enum { GRID = 4000 };
  double information = tally_information(t, INFORMATION_PAIR), best = INFINITY;
  for (int i = 1; i <= GRID; i++) {
    double c1 = 0.37 * i / GRID;
    best = fmin(best, weight_of(c1) * t->train + information / c1);
  }
  return best;
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out,
                            struct err *e)
{
  (void)in;
  return supersample_pooled(conf, x, rule, false, out, e);
}

static const char *const required[] = {"losses", "masks", NULL};

const struct bound bound_hd_linear = {
  .m = {.kind = KIND_BOUND,
        .id = "hd-linear",
        .name = "Linear fast-rate bound",
        .summary = "expected test error from a weighted sum of training error and information, pooled",
        .formula = "E[test] <= c2 train + (1/c1)(1/n) sum_i I(L_i^0, L_i^1; U_i),\n"
                   "min over 0 < c1 <= 0.37, c2 >= 1 with c1 (1 - c2) + (e^c1 - 1 - c1)(1 + c2^2) <= 0",
        .cite = "Hellstrom and Durisi 2022, A new family of generalization bounds using samplewise evaluated CMI",
        .notes = SUPERSAMPLE_POOLED_NOTES
                 " The minimum is taken over 4000 values of c1, each of which is a bound.",
        .example = "assay.bound(\"hd-linear\", {" SUPERSAMPLE_EXAMPLE "})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_E_EST},
  .required = required,
  .evaluate = evaluate,
};
