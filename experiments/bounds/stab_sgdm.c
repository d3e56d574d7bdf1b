/* stab_sgdm.c: on-average stability of SGD with momentum, Polyak's heavy ball or Nesterov's.
 *
 * With u_t = w_t - w_{t-1} + s eta g_{t-1} the point z_t = w_t + beta/(1-beta) u_t moves as plain SGD does, with step
 * eta/(1-beta), and w_t is a convex combination of z_0 … z_t. Expanding |z_t - z_t'|^2 of coupled runs, the terms of
 * the same sample are non-positive under the step condition; the replaced example leaves
 * s_T <= (2 eb/n) sum sqrt(8 L F_t s_t) + (8 L eb^2/n)(1 + beta kappa/(1-beta)) sum F_t, which is solved by
 * "x^2 <= A + sum b_t x_t implies max x <= sqrt A + sum b_t". */
#include "experiments/bounds/stability.h"

enum form { FORM_POLYAK, FORM_NESTEROV };
static const char *const form_names[] = {"polyak", "nesterov", NULL};

struct conf {
  struct stability_path p;
  double momentum, risk;
  int form;
};

static const struct param params[] = {
  STABILITY_N_PARAM(struct conf, p.n),
  BOUND_POSITIVE_PARAM(struct conf, p.smoothness, "smoothness", "gradient Lipschitz constant L of the loss (has to be given)"),
  BOUND_LIST_PARAM(struct conf, p.rates, "rates", "step sizes eta_1 … eta_T, all equal (have to be given)"),
  {.id = "momentum", .type = PARAM_REAL, .at = offsetof(struct conf, momentum), .def = 0.9, .min = 0, .max = 1,
   .flags = PARAM_MAX_OPEN, .doc = "beta", .example = "0.9"},
  {.id = "form", .type = PARAM_CHOICE, .at = offsetof(struct conf, form), .def = FORM_POLYAK, .choices = form_names,
   .doc = "polyak (heavy ball) or nesterov", .example = "polyak"},
  BOUND_LIST_PARAM(struct conf, p.risks, "risks", "training risks F_S(w_t) before each step, or one for all"),
  BOUND_LIST_PARAM(struct conf, p.gradients, "gradients",
                   "mean squared per-example gradient norms before each step, in place of risks (sharper)"),
  STABILITY_FINAL_RISK_PARAM(struct conf, risk),
  STABILITY_RANGE_PARAM(struct conf, p.loss_range),
  {0},
};

/* Bound on the mean squared distance; infinite where the steps are too large or vary. */
static double distance(const struct conf *c, struct bound_value *out)
{
  double beta = c->momentum, kappa = c->form == FORM_NESTEROV ? beta : 1, L = c->p.smoothness, n = (double)c->p.n;
  double effective = stability_largest_rate(&c->p.rates) / (1 - beta);
  double limit = 2 * (1 - beta) / (L * (1 - beta + 3 * beta * kappa));
  bool allowed = effective <= limit && stability_constant_rate(&c->p.rates);
  bound_term(out, "effective_rate", effective);
  bound_term(out, "effective_rate_limit", limit);
  bound_term(out, "steps_allowed", allowed);
  if (!allowed)
    return INFINITY;
  struct stability_sums sum = stability_sum(&c->p);
  double root = 2 * effective / n * sum.roots + effective * sqrt((1 + beta * kappa / (1 - beta)) * sum.hits / n);
  return root * root;
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out,
                            struct err *e)
{
  (void)x, (void)in;
  const struct conf *c = conf;
  enum status s = stability_path_check(&c->p, e);
  if (s != STATUS_OK)
    return s;
  stability_give(&c->p, c->risk, distance(c, out), out);
  return STATUS_OK;
}

static const char *const required[] = {"smoothness", "risk", NULL};

const struct bound bound_stab_sgdm = {
  .m = {.kind = KIND_BOUND,
        .id = "stab-sgdm",
        .name = "On-average stability of SGD with momentum",
        .summary = "expected gap of heavy-ball or Nesterov SGD from the risks along its path, smooth loss",
        .formula = "E[F - F_S] <= (L/2) Delta2 + sqrt(2 L E[F_S] Delta2),  eb = eta/(1 - beta)\n"
                   "sqrt(Delta2) <= (2 eb sqrt(8 L)/n) sum_t sqrt(F_t) + sqrt((8 L eb^2/n)(1 + beta kappa/(1 - beta)) sum_t F_t)\n"
                   "if eb <= 2 (1 - beta)/(L (1 - beta + 3 beta kappa)),  kappa = 1 (polyak), beta (nesterov)",
        .cite = "Lei, Wang and Yuan 2026, Stochastic gradient descent with momentum is algorithmically stable (derived anew)",
        .notes = "For a convex, smooth, non-negative loss, a constant step and one example per step, drawn uniformly; else there "
                 "is no bound (inf). The derivation is ours; the factor (1 - beta)^(-3/2) is that of the paper. The optimizers "
                 "heavy-ball and nesterov are of this form, with eta their rate; a form m = beta m + (1 - beta) g has eb = eta. It is "
                 "loose: on problems of 20 examples by a factor of hundreds in Delta2. With gradients, 4 times their mean square "
                 "takes the place of 8 L F_t. Risks of one trajectory make it an estimate.",
        .example = "assay.bound(\"stab-sgdm\", {n = 1000, smoothness = 1, rates = {0.01, 0.01}, momentum = 0.9, risks = {0.5, 0.4}, "
                   "risk = 0.35})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_E_EST,
        .resolve = stability_single_resolve},
  .required = required,
  .evaluate = evaluate,
};
