/* test_emp_bernstein.c: a test-set bound that profits from a small variance. */
#include "experiments/bounds/test_set.h"
#include "experiments/kernel/stats.h"

struct conf {
  struct test_mean t;
  double variance;
};

static const struct param params[] = {
  TEST_MEAN_PARAMS(struct conf, t, &quantity_losses),
  {.id = "variance", .type = PARAM_REAL, .at = offsetof(struct conf, variance), .min = 0, .max = 0.5, .flags = PARAM_AUTO,
   .doc = "sample variance of the losses, divisor n - 1 (or give losses)", .example = "0.09"},
  {0},
};

static enum status variance_of(const struct conf *c, double *out, struct err *e)
{
  if (c->t.losses.n == 0) {
    *out = c->variance;
    return isnan(c->variance) ? bound_missing(e, "variance") : STATUS_OK;
  }
  enum status s = stats_sd(c->t.losses.v, c->t.losses.n, out, e);
  *out *= *out;
  return s;
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in;
  const struct conf *c = conf;
  struct mean_and_size m;
  double variance = 0;
  enum status s = test_mean_of(&c->t, &m, e);
  if (s == STATUS_OK && m.n < 2)
    s = err_set(e, STATUS_BAD_ARG, "n must be at least 2, got %g", m.n);
  if (s == STATUS_OK)
    s = variance_of(c, &variance, e);
  if (s != STATUS_OK)
    return s;
  double log_term = log(2 / c->t.delta);
  double spread = sqrt(2 * variance * log_term / m.n), rest = 7 * log_term / (3 * (m.n - 1));
  out->value = m.mean + spread + rest;
  bound_term(out, "risk", m.mean);
  bound_term(out, "variance", variance);
  bound_term(out, "spread", spread);
  bound_term(out, "confidence", rest);
  return STATUS_OK;
}

const struct bound bound_test_emp_bernstein = {
  .m = {.kind = KIND_BOUND,
        .id = "test-emp-bernstein",
        .name = "Empirical Bernstein test-set bound",
        .summary = "test-set bound that shrinks like 1/n where the losses hardly vary",
        .formula = "F <= m + sqrt(2 V ln(2/delta)/n) + 7 ln(2/delta)/(3(n - 1)),  V = sample variance, divisor n - 1",
        .cite = "Maurer and Pontil 2009, Empirical Bernstein bounds and sample-variance penalization",
        .notes = "Losses in [0, 1]. Only for a predictor chosen without looking at these points.",
        .example = "assay.bound(\"test-emp-bernstein\", {losses = {0, 0.1, 0, 0.3, 0, 0}, delta = 0.05})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP_FIXED},
  .evaluate = evaluate,
  .checked = test_set_checked,
};
