/* pb_quad.c: a PAC-Bayes bound that is differentiable and good at small risk. */
#include "experiments/bounds/pac_bayes.h"

struct conf { struct pac_bayes p; };

static const struct param params[] = {PAC_BAYES_PARAMS(struct conf, p), {0}};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in, (void)e;
  const struct pac_bayes *c = conf;
  double n = (double)c->n, risk = pac_bayes_risk(c, out), budget = pac_bayes_budget(c, out);
  double half = budget / (2 * n), root = sqrt(risk + half) + sqrt(half);
  out->value = root * root;
  return STATUS_OK;
}

const struct bound bound_pb_quad = {
  .m = {.kind = KIND_BOUND,
        .id = "pb-quad",
        .name = "PAC-Bayes quadratic bound",
        .summary = "PAC-Bayes bound that is easy to minimise and close to pb-kl at small risk",
        .formula = "L(Q) <= (sqrt(Lhat(Q) + B/(2n)) + sqrt(B/(2n)))^2,  B = KL(Q||P) + ln(2 sqrt(n)/delta)",
        .cite = "Rivasplata et al. 2019, PAC-Bayes with backprop; Perez-Ortiz et al. 2021, Tighter risk certificates for neural networks",
        .notes = PAC_BAYES_NOTES,
        .example = "assay.bound(\"pb-quad\", {n = 30000, risk = 0.02, kl = 2000})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP},
  .required = pac_bayes_required,
  .evaluate = evaluate,
};
