/* progressive_validation.c: each example tests the model before it trains it, so one pass of training is also a
 * test: martingale differences in [0, 1] obey Hoeffding's inequality (Azuma). */
#include "experiments/bounds/test_set.h"

struct conf {
  struct test_mean t;
  int64_t burn_in;
};

static const struct param params[] = {
  TEST_MEAN_PARAMS(struct conf, t, NULL),
  {.id = "burn_in", .type = PARAM_INT, .at = offsetof(struct conf, burn_in), .def = 0, .min = 0, .max = 1e12,
   .unit = "examples", .doc = "examples left out at the start, a number fixed in advance; losses are cut by it, risk and n not",
   .example = "100"},
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in;
  const struct conf *c = conf;
  struct test_mean t = c->t;
  struct mean_and_size m;
  size_t skipped = (size_t)c->burn_in;
  if (t.losses.n > 0) {
    if (skipped >= t.losses.n)
      return err_set(e, STATUS_BAD_ARG, "burn_in must be less than the number of losses (%zu), got %zu", t.losses.n, skipped);
    t.losses = (struct param_list){t.losses.n - skipped, t.losses.v + skipped};
    t.n = t.n == PARAM_AUTO_INT ? t.n : t.n - c->burn_in;
  }
  enum status s = test_mean_of(&t, &m, e);
  if (s != STATUS_OK)
    return s;
  double width = sqrt(-log(t.delta) / (2 * m.n));
  out->value = m.mean + width;
  bound_term(out, "risk", m.mean);
  bound_term(out, "confidence", width);
  bound_term(out, "used", m.n);
  return STATUS_OK;
}

const struct bound bound_progressive_validation = {
  .m = {.kind = KIND_BOUND,
        .id = "progressive-validation",
        .name = "Progressive validation",
        .summary = "bounds the mean risk of the models of one pass, from losses taken before each update",
        .formula = "(1/n) sum_t F(h_{t-1}) <= (1/n) sum_t f(h_{t-1}; z_t) + sqrt(ln(1/delta)/(2n))",
        .cite = "Blum, Kalai and Langford 1999, Beating the hold-out; Cesa-Bianchi, Conconi and Gentile 2004, On the "
                "generalization ability of on-line learning algorithms",
        .notes = "Losses in [0, 1], measured on each example before it is used, in one pass: a second pass is no test. "
                 "It bounds the predictor that picks one of h_0 … h_{n-1} at random; for a convex loss also their average.",
        .example = "assay.bound(\"progressive-validation\", {n = 10000, risk = 0.12, delta = 0.05})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP},
  .evaluate = evaluate,
};
