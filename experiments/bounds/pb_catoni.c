/* pb_catoni.c: Catoni's PAC-Bayes bound, linear in risk and KL for a fixed constant. */
#include "experiments/bounds/pac_bayes.h"

struct conf { struct pac_bayes_gridded b; double c; int64_t grid; };

static const struct param params[] = {
  PAC_BAYES_PARAMS(struct conf, b.p),
  PAC_BAYES_GRID_PARAMS(struct conf, b.g),
  {.id = "c", .type = PARAM_REAL, .at = offsetof(struct conf, c), .def = 1, .min = 0, .max = 700,
   .flags = PARAM_MIN_OPEN | PARAM_LOG, .doc = "Catoni's constant C, fixed before the examples are seen", .example = "2"},
  {.id = "grid", .type = PARAM_INT, .at = offsetof(struct conf, grid), .def = 1, .min = 1, .max = 1e9,
   .doc = "C was chosen among this many values: costs ln grid", .example = "20"},
  {0},
};

static double value(const void *conf, double n, double risk, double kl, struct bound_value *out)
{
  const struct conf *c = conf;
  double budget = kl + log((double)c->grid) - log(c->b.p.delta);
  if (out)
    bound_term(out, "budget", budget);
  return expm1(-c->c * risk - budget / n) / expm1(-c->c);
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  return pac_bayes_grid_evaluate(conf, value, x, in, out, e);
}

const struct bound bound_pb_catoni = {
  .m = {.kind = KIND_BOUND,
        .id = "pb-catoni",
        .name = "Catoni bound",
        .summary = "PAC-Bayes bound for a constant C fixed in advance; no ln(2 sqrt(n)) term",
        .formula = "L(Q) <= (1 - exp(-C Lhat(Q) - (KL(Q||P) + ln(m/delta))/n))/(1 - exp(-C)),  m = values tried for C",
        .cite = "Catoni 2007, PAC-Bayesian supervised classification: the thermodynamics of statistical learning",
        .notes = PAC_BAYES_NOTES,
        .example = "assay.bound(\"pb-catoni\", {n = 30000, risk = 0.02, kl = 2000})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP},
  .evaluate = evaluate,
};
