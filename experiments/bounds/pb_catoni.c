/* pb_catoni.c: Catoni's PAC-Bayes bound, linear in risk and KL for a fixed constant. */
#include "experiments/bounds/pac_bayes.h"

struct conf { struct pac_bayes p; double c; int64_t grid; };

static const struct param params[] = {
  PAC_BAYES_PARAMS(struct conf, p),
  {.id = "c", .type = PARAM_REAL, .at = offsetof(struct conf, c), .def = 1, .min = 0, .max = 700,
   .flags = PARAM_MIN_OPEN | PARAM_LOG, .doc = "Catoni's constant C, fixed before the examples are seen", .example = "2"},
  {.id = "grid", .type = PARAM_INT, .at = offsetof(struct conf, grid), .def = 1, .min = 1, .max = 1e9,
   .doc = "C was chosen among this many values: costs ln grid", .example = "20"},
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in, (void)e;
  const struct conf *c = conf;
  double risk = pac_bayes_risk(&c->p, out), budget = c->p.kl + log((double)c->grid) - log(c->p.delta);
  bound_term(out, "budget", budget);
  out->value = expm1(-c->c * risk - budget / (double)c->p.n) / expm1(-c->c);
  return STATUS_OK;
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
  .required = pac_bayes_required,
  .evaluate = evaluate,
};
