/* stab_onavg_l2.c: on-average stability of SGD in the squared distance of the weights: no Lipschitz constant, and a
 * gap that shrinks with the training risk. The weight between the two terms is taken at its best. */
#include "experiments/bounds/stability.h"

struct conf {
  struct stability_path p;
  double risk, mu;
};

static const struct param params[] = {
  STABILITY_PATH_PARAMS(struct conf, p),
  STABILITY_FINAL_RISK_PARAM(struct conf, risk),
  {.id = "mu", .type = PARAM_REAL, .at = offsetof(struct conf, mu), .def = 0, .min = 0, .max = INFINITY,
   .doc = "strong convexity of the loss of every example; the steps must then be at most 1/L", .example = "0.01"},
  {.id = "delta2", .type = PARAM_REAL, .at = offsetof(struct conf, p.measured), .min = 0, .max = INFINITY, .flags = PARAM_AUTO,
   .doc = "measured mean squared distance of neighbouring trainings, in place of the path", .example = "1e-4"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  if (c->mu > c->p.smoothness)
    return err_set(e, STATUS_BAD_ARG, "mu must be at most smoothness (%g), got %g", c->p.smoothness, c->mu);
  return stability_path_resolve(conf, e);
}

static double bounded_distance(const struct conf *c, struct bound_value *out)
{
  double largest = stability_largest_rate(&c->p.rates), limit = (c->mu > 0 ? 1 : 2) / c->p.smoothness;
  bound_term(out, "largest_rate", largest);
  bound_term(out, "rate_limit", limit);
  if (largest > limit)
    return INFINITY;
  double closed = stability_l2_closed(&c->p), recursion = stability_l2_recursion(&c->p, c->mu);
  bound_term(out, "closed_form", closed);
  bound_term(out, "recursion", recursion);
  return fmin(closed, recursion);
}

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
    distance = bounded_distance(c, out);
  }
  stability_give(&c->p, c->risk, distance, out);
  return STATUS_OK;
}

static const char *const required[] = {"smoothness", "risk", NULL};

const struct bound bound_stab_onavg_l2 = {
  .m = {.kind = KIND_BOUND,
        .id = "stab-onavg-l2",
        .name = "On-average stability, second moment",
        .summary = "expected gap of SGD from the squared distance of neighbouring trainings, smooth loss",
        .formula = "E[F - F_S] <= (L/2) Delta2 + sqrt(2 L E[F_S] Delta2),  Delta2 = E (1/n) sum_i |A(S) - A(S^(i))|^2\n"
                   "Delta2 <= (1 + 1/q)/(n b) sum_j (1 + q b/n)^(t-j) eta_j^2 8 L F_j  for every q > 0, and Delta2 <= u^2 with\n"
                   "u^2 <- (1 - b/n)(1 - eta mu) u^2 + (b/n)(u + (eta/b) sqrt(8 L F_j))^2;  the smaller counts",
        .cite = "Lei and Ying 2020, Fine-grained analysis of stability and generalization for stochastic gradient descent",
        .notes = STABILITY_PATH_NOTES " With gradients, 4 times their mean square takes the place of 8 L F_j.",
        .example = "assay.bound(\"stab-onavg-l2\", {n = 1000, smoothness = 1, rates = {0.1, 0.1}, risks = {0.5, 0.4}, risk = 0.35})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_E_EST,
        .resolve = resolve},
  .required = required,
  .evaluate = evaluate,
};
