/* margin_linear.c: the margin bound for linear classifiers of bounded norm. */
#include "experiments/bounds/margin.h"

struct conf {
  struct margin_input m;
  double norm, rademacher;
};

static const struct param params[] = {
  MARGIN_PARAMS(struct conf, m),
  BOUND_POSITIVE_PARAM(struct conf, norm, "norm", "norm B of the weights (has to be given)"),
  BOUND_POSITIVE_PARAM(struct conf, rademacher, "rademacher",
                       "empirical Rademacher complexity of the class with B = 1, a term of rad-linear (has to be given)"),
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in;
  const struct conf *c = conf;
  struct grid_point B = {log(c->norm), 0}, rho = {log(c->m.rho), 0};
  if (c->m.grid) {
    B = grid_above(B.log_value);
    rho = grid_below(rho.log_value);
  }
  struct margin_fraction small;
  enum status s = margin_fraction_of(&c->m, exp(rho.log_value), &small, e);
  if (s != STATUS_OK)
    return s;
  double complexity = 2 * exp(B.log_value - rho.log_value) * c->rademacher;
  double confidence = 3 * sqrt((log(2 / c->m.delta) + B.cost + rho.cost) / (2 * small.n));
  bound_term(out, "margin_risk", small.risk);
  bound_term(out, "rho", exp(rho.log_value));
  bound_term(out, "norm", exp(B.log_value));
  bound_term(out, "complexity", complexity);
  bound_term(out, "confidence", confidence);
  out->value = small.risk + complexity + confidence;
  return STATUS_OK;
}

static const char *const required[] = {"rho", "norm", "rademacher", NULL};

const struct bound bound_margin_linear = {
  .m = {.kind = KIND_BOUND,
        .id = "margin-linear",
        .name = "Margin bound for linear classifiers",
        .summary = "bounds the error by the fraction of small margins and norm over margin",
        .formula = "err <= Lhat_rho + (2/rho) B R_1 + 3 sqrt(ln(2/delta')/(2n)),  Lhat_rho = fraction with y f(x) <= rho\n"
                   "grid: B up and rho down to powers 2^i, 2^j,  delta' = delta/((pi^2/3 - 1)^2 (|i|+1)^2 (|j|+1)^2)",
        .cite = "Koltchinskii and Panchenko 2002, Empirical margin distributions; Mohri, Rostamizadeh and Talwalkar 2018, "
                "Foundations of machine learning",
        .notes = "Two classes, labels -1 and 1. Without grid, norm and rho must have been fixed before the data.",
        .example = "assay.bound(\"margin-linear\", {n = 5000, rho = 1, margin_risk = 0.05, norm = 2, rademacher = 0.01})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP},
  .required = required,
  .evaluate = evaluate,
};
