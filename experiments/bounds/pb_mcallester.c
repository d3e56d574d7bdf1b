/* pb_mcallester.c: the PAC-Bayes bound relaxed by Pinsker's inequality. */
#include "experiments/bounds/pac_bayes.h"

struct conf { struct pac_bayes_gridded b; };

static const struct param params[] = {PAC_BAYES_PARAMS(struct conf, b.p), PAC_BAYES_GRID_PARAMS(struct conf, b.g), {0}};

static double value(const void *conf, double n, double risk, double kl, struct bound_value *out)
{
  const struct conf *c = conf;
  return risk + sqrt(pac_bayes_budget(n, kl, c->b.p.delta, out) / (2 * n));
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  return pac_bayes_grid_evaluate(conf, value, x, in, out, e);
}

const struct bound bound_pb_mcallester = {
  .m = {.kind = KIND_BOUND,
        .id = "pb-mcallester",
        .name = "PAC-Bayes square-root bound",
        .summary = "PAC-Bayes bound with the square-root width of McAllester",
        .formula = "L(Q) <= Lhat(Q) + sqrt(B/(2n)),  B = KL(Q||P) + ln(2 sqrt(n)/delta)",
        .cite = "McAllester 1999, PAC-Bayesian model averaging; Maurer 2004, A note on the PAC Bayesian theorem",
        .notes = PAC_BAYES_NOTES,
        .example = "assay.bound(\"pb-mcallester\", {n = 30000, risk = 0.02, kl = 2000})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP},
  .evaluate = evaluate,
};
