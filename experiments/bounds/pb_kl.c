/* pb_kl.c: the PAC-Bayes bound in its relative-entropy form, the tightest of the family. */
#include "experiments/bounds/pac_bayes.h"
#include "experiments/kernel/tail.h"

struct conf { struct pac_bayes p; };

static const struct param params[] = {PAC_BAYES_PARAMS(struct conf, p), {0}};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in, (void)e;
  const struct pac_bayes *c = conf;
  double n = (double)c->n, risk = pac_bayes_risk(c, out), budget = pac_bayes_budget(c, out);
  out->value = kl_inv(risk, budget / n);
  return STATUS_OK;
}

const struct bound bound_pb_kl = {
  .m = {.kind = KIND_BOUND,
        .id = "pb-kl",
        .name = "PAC-Bayes kl bound",
        .summary = "PAC-Bayes bound by inverting the relative entropy",
        .formula = "L(Q) <= kl_inv(Lhat(Q), B/n),  B = KL(Q||P) + ln(2 sqrt(n)/delta)",
        .cite = "Langford and Seeger 2001, Bounds for averaging classifiers; Maurer 2004, A note on the PAC Bayesian theorem",
        .notes = PAC_BAYES_NOTES " Maurer's constant asks for n >= 8.",
        .example = "assay.bound(\"pb-kl\", {n = 30000, risk = 0.02, kl = 2000})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP},
  .required = pac_bayes_required,
  .evaluate = evaluate,
};
