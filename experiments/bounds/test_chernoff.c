/* test_chernoff.c: the test-set bound by Chernoff's inequality in its relative-entropy form. */
#include "experiments/bounds/test_set.h"
#include "experiments/kernel/tail.h"

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
  double budget = -log(c->t.delta) / m.n;
  out->value = kl_inv(m.mean, budget);
  bound_term(out, "risk", m.mean);
  bound_term(out, "budget", budget);
  return STATUS_OK;
}

const struct bound bound_test_chernoff = {
  .m = {.kind = KIND_BOUND,
        .id = "test-chernoff",
        .name = "Chernoff test-set bound",
        .summary = "test-set bound by inverting the relative entropy; any loss in [0, 1]",
        .formula = "F <= kl_inv(m, ln(1/delta)/n),  kl_inv(q, c) = sup{p : kl(q||p) <= c}",
        .cite = "Chernoff 1952, A measure of asymptotic efficiency for tests of a hypothesis; Hoeffding 1963",
        .notes = "Never below the binomial bound on counts, never above Hoeffding's. Only for a predictor chosen "
                 "without looking at these points.",
        .example = "assay.bound(\"test-chernoff\", {n = 1000, risk = 0.03, delta = 0.05})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP_FIXED},
  .evaluate = evaluate,
  .checked = test_set_checked,
};
