/* pb_kl.c: the PAC-Bayes bound in its relative-entropy form, the tightest of the family. */
#include "experiments/bounds/pac_bayes.h"
#include "experiments/kernel/tail.h"

struct conf { struct pac_bayes_gridded b; };

static const struct param params[] = {PAC_BAYES_PARAMS(struct conf, b.p), PAC_BAYES_GRID_PARAMS(struct conf, b.g), {0}};

static double value(const void *conf, double n, double risk, double kl, struct bound_value *out)
{
  const struct conf *c = conf;
  return kl_inv(risk, pac_bayes_budget(n, kl, c->b.p.delta, out) / n);
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  return pac_bayes_grid_evaluate(conf, value, x, in, out, e);
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
  .evaluate = evaluate,
};
