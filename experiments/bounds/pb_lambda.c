/* pb_lambda.c: a PAC-Bayes bound that is convex in the posterior for each lambda. */
#include "experiments/bounds/pac_bayes.h"

struct conf { struct pac_bayes_gridded b; double lambda; };

static const struct param params[] = {
  PAC_BAYES_PARAMS(struct conf, b.p),
  PAC_BAYES_GRID_PARAMS(struct conf, b.g),
  {.id = "lambda", .type = PARAM_REAL, .at = offsetof(struct conf, lambda), .min = 0, .max = 2,
   .flags = PARAM_AUTO | PARAM_MIN_OPEN | PARAM_MAX_OPEN, .doc = "weight in (0, 2); auto: the best one, at no cost",
   .example = "0.5"},
  {0},
};

static double value(const void *conf, double n, double risk, double kl, struct bound_value *out)
{
  const struct conf *c = conf;
  double budget = pac_bayes_budget(n, kl, c->b.p.delta, out), lambda = c->lambda;
  if (isnan(lambda))
    lambda = 2 / (sqrt(2 * n * risk / budget + 1) + 1);
  if (out)
    bound_term(out, "lambda", lambda);
  return risk / (1 - lambda / 2) + budget / (n * lambda * (1 - lambda / 2));
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  return pac_bayes_grid_evaluate(conf, value, x, in, out, e);
}

const struct bound bound_pb_lambda = {
  .m = {.kind = KIND_BOUND,
        .id = "pb-lambda",
        .name = "PAC-Bayes lambda bound",
        .summary = "PAC-Bayes bound, uniform in a weight lambda between risk and KL",
        .formula = "L(Q) <= Lhat(Q)/(1 - lam/2) + B/(n lam (1 - lam/2)),  B = KL(Q||P) + ln(2 sqrt(n)/delta),\n"
                   "for all lam in (0, 2) at once;  best lam = 2/(sqrt(2 n Lhat(Q)/B + 1) + 1)",
        .cite = "Thiemann et al. 2017, A strongly quasiconvex PAC-Bayesian bound",
        .notes = PAC_BAYES_NOTES,
        .example = "assay.bound(\"pb-lambda\", {n = 30000, risk = 0.02, kl = 2000})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP},
  .evaluate = evaluate,
};
