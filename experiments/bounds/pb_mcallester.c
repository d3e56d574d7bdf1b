/* pb_mcallester.c: the PAC-Bayes bound relaxed by Pinsker's inequality. */
#include "experiments/bounds/pac_bayes.h"

struct conf { struct pac_bayes p; };

static const struct param params[] = {PAC_BAYES_PARAMS(struct conf, p), {0}};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in, (void)e;
  const struct pac_bayes *c = conf;
  double n = (double)c->n, risk = pac_bayes_risk(c, out), budget = pac_bayes_budget(c, out);
  out->value = risk + sqrt(budget / (2 * n));
  return STATUS_OK;
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
  .required = pac_bayes_required,
  .evaluate = evaluate,
};
