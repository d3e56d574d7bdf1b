/* pb_quad.c: a PAC-Bayes bound that is differentiable and good at small risk. */
#include "experiments/bounds/pac_bayes.h"

struct conf { struct pac_bayes_gridded b; };

static const struct param params[] = {PAC_BAYES_PARAMS(struct conf, b.p), PAC_BAYES_GRID_PARAMS(struct conf, b.g), {0}};

static double value(const void *conf, double n, double risk, double kl, struct bound_value *out)
{
  const struct conf *c = conf;
  double half = pac_bayes_budget(n, kl, c->b.p.delta, out) / (2 * n), root = sqrt(risk + half) + sqrt(half);
  return root * root;
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  return pac_bayes_grid_evaluate(conf, value, x, in, out, e);
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
  .evaluate = evaluate,
};
