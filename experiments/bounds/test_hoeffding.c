/* test_hoeffding.c: the test-set bound by Hoeffding's inequality. */
#include "experiments/bounds/test_set.h"

struct conf { struct test_mean t; };

static const struct param params[] = {TEST_MEAN_PARAMS(struct conf, t, &quantity_losses), {0}};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in;
  const struct conf *c = conf;
  struct mean_and_size m;
  enum status s = test_mean_of(&c->t, &m, e);
  if (s != STATUS_OK)
    return s;
  double width = sqrt(-log(c->t.delta) / (2 * m.n));
  out->value = m.mean + width;
  bound_term(out, "risk", m.mean);
  bound_term(out, "confidence", width);
  return STATUS_OK;
}

const struct bound bound_test_hoeffding = {
  .m = {.kind = KIND_BOUND,
        .id = "test-hoeffding",
        .name = "Hoeffding test-set bound",
        .summary = "test-set bound whose width depends on n and delta alone",
        .formula = "F <= m + sqrt(ln(1/delta)/(2n))",
        .cite = "Hoeffding 1963, Probability inequalities for sums of bounded random variables",
        .notes = "Losses in [0, 1]. Only for a predictor chosen without looking at these points.",
        .example = "assay.bound(\"test-hoeffding\", {n = 1000, risk = 0.03, delta = 0.05})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP_FIXED},
  .evaluate = evaluate,
  .checked = test_set_checked,
};
