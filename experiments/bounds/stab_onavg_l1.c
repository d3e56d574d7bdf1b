/* stab_onavg_l1.c: on-average stability of SGD in the distance of the weights, for a Lipschitz loss. */
#include "experiments/bounds/stability.h"

struct conf {
  struct stability_path p;
  double lipschitz;
};

static const struct param params[] = {
  STABILITY_PATH_PARAMS(struct conf, p),
  BOUND_POSITIVE_PARAM(struct conf, lipschitz, "lipschitz", "Lipschitz constant G of the loss in the weights (has to be given)"),
  {.id = "delta1", .type = PARAM_REAL, .at = offsetof(struct conf, p.measured), .min = 0, .max = INFINITY, .flags = PARAM_AUTO,
   .doc = "measured mean distance of neighbouring trainings, in place of the path", .example = "0.01"},
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in;
  const struct conf *c = conf;
  double distance = c->p.measured;
  if (isnan(distance)) {
    enum status s = stability_path_check(&c->p, e);
    if (s != STATUS_OK)
      return s;
    double largest = stability_largest_rate(&c->p.rates), limit = 2 / c->p.smoothness;
    bound_term(out, "largest_rate", largest);
    bound_term(out, "rate_limit", limit);
    distance = largest <= limit ? stability_l1(&c->p) : INFINITY;
  }
  bound_term(out, "delta1", distance);
  stability_on_gap(&c->p, out);
  out->value = distance > 0 ? c->lipschitz * distance : 0;
  return STATUS_OK;
}

static const char *const required[] = {"lipschitz", NULL};

const struct bound bound_stab_onavg_l1 = {
  .m = {.kind = KIND_BOUND,
        .id = "stab-onavg-l1",
        .name = "On-average stability, first moment",
        .summary = "expected gap of SGD from the mean distance of neighbouring trainings, Lipschitz loss",
        .formula = "|E[F - F_S]| <= G Delta1,  Delta1 = E (1/n) sum_i |A(S) - A(S^(i))|\n"
                   "Delta1 <= (2 sqrt(2 L)/n) sum_j eta_j E sqrt(F_S(w_j))",
        .cite = "Lei and Ying 2020, Fine-grained analysis of stability and generalization for stochastic gradient descent",
        .notes = STABILITY_PATH_NOTES,
        .example = "assay.bound(\"stab-onavg-l1\", {n = 1000, lipschitz = 1, smoothness = 1, rates = {0.1, 0.1}, risks = {0.5, 0.4}})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_E_EST,
        .resolve = stability_path_resolve},
  .required = required,
  .evaluate = evaluate,
};
