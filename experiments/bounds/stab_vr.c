/* stab_vr.c: on-average stability of variance-reduced SGD: SAGA, and SVRG with random snapshots.
 *
 * The Lyapunov function is V_t = |dw_t|^2 + (2 eta^2/p) (1/n) sum_j |difference of reference gradient j|^2 of coupled runs,
 * where a reference is refreshed with probability p per step. The co-coercive part of a step pays for the variance
 * that the references bring if eta <= 1/(2L); the replaced example adds (2 eta/n)|dw||D| + (4 eta^2/n)|D|^2 with
 * E|D|^2 <= 8 L F_t. Strongly convex losses contract V by rho per step, with twice the weight on the references. */
#include "experiments/bounds/stability.h"

enum algorithm { ALGORITHM_SAGA, ALGORITHM_SVRG_LOOPLESS, ALGORITHM_SVRG_EPOCH, ALGORITHM_SVRG_CLASSIC };
static const char *const algorithm_names[] = {"saga", "svrg-loopless", "svrg-epoch", "svrg-classic", NULL};
enum start { START_ZERO, START_GRADIENTS };
static const char *const start_names[] = {"zero", "gradients", NULL};

struct conf {
  struct stability_path p;
  double risk, mu, refresh;
  int algorithm, start;
};

static const struct param params[] = {
  STABILITY_N_PARAM(struct conf, p.n),
  BOUND_POSITIVE_PARAM(struct conf, p.smoothness, "smoothness", "gradient Lipschitz constant L of the loss (has to be given)"),
  BOUND_LIST_PARAM(struct conf, p.rates, "rates", "step sizes eta_1 … eta_T, all equal (have to be given)"),
  {.id = "algorithm", .type = PARAM_CHOICE, .at = offsetof(struct conf, algorithm), .def = ALGORITHM_SAGA, .choices = algorithm_names,
   .doc = "saga; SVRG with a snapshot after each step with probability p, at a random iterate of each epoch, or at its last", .example = "saga"},
  {.id = "refresh", .type = PARAM_REAL, .at = offsetof(struct conf, refresh), .min = 0, .max = 1, .flags = PARAM_AUTO | PARAM_MIN_OPEN,
   .doc = "p: chance per step that a reference gradient is refreshed, 1/m for epochs of m steps; auto: 1/n", .example = "0.01"},
  {.id = "start", .type = PARAM_CHOICE, .at = offsetof(struct conf, start), .def = START_GRADIENTS, .choices = start_names,
   .doc = "what the reference gradients start as: those at the first iterate, or zero", .example = "gradients"},
  {.id = "mu", .type = PARAM_REAL, .at = offsetof(struct conf, mu), .def = 0, .min = 0, .max = INFINITY,
   .doc = "strong convexity of the loss of every example; the steps must then be at most 1/(6L)", .example = "0.01"},
  BOUND_LIST_PARAM(struct conf, p.risks, "risks", "training risks F_S(w_t) before each step, or one for all"),
  BOUND_LIST_PARAM(struct conf, p.gradients, "gradients",
                   "mean squared per-example gradient norms before each step, in place of risks (sharper)"),
  STABILITY_FINAL_RISK_PARAM(struct conf, risk),
  STABILITY_RANGE_PARAM(struct conf, p.loss_range),
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  if (c->mu > c->p.smoothness)
    return err_set(e, STATUS_BAD_ARG, "mu must be at most smoothness (%g), got %g", c->p.smoothness, c->mu);
  return stability_single_resolve(conf, e);
}

static double refresh_of(const struct conf *c) { return isnan(c->refresh) ? 1 / (double)c->p.n : c->refresh; }

/* The references' part of V_0, with this weight of eta^2/p. */
static double at_start(const struct conf *c, double weight)
{
  double eta = c->p.rates.v[0];
  return c->start == START_ZERO ? 0 : weight * eta * eta / refresh_of(c) * stability_hit(&c->p, 0) / (double)c->p.n;
}

static double convex(const struct conf *c)
{
  double eta = c->p.rates.v[0], n = (double)c->p.n;
  struct stability_sums sum = stability_sum(&c->p);
  double root = sqrt(at_start(c, 2) + 4 * eta * eta / n * sum.hits) + 2 * eta / n * sum.roots;
  return root * root;
}

static double strongly_convex(const struct conf *c)
{
  double eta = c->p.rates.v[0], n = (double)c->p.n, u2 = at_start(c, 4);
  double rho = fmin(eta * c->mu * (n - 1) / n, refresh_of(c) / 2);
  for (size_t t = 0; t < c->p.rates.n; t++) {
    double hit = stability_hit(&c->p, t);
    u2 = (1 - rho) * u2 + 2 * eta / n * sqrt(hit * u2) + 6 * eta * eta / n * hit;
  }
  return u2;
}

static double distance(const struct conf *c, struct bound_value *out)
{
  double largest = stability_largest_rate(&c->p.rates), L = c->p.smoothness;
  bool strong = c->mu > 0 && largest <= 1 / (6 * L), allowed = largest <= 1 / (2 * L) && stability_constant_rate(&c->p.rates);
  bound_term(out, "largest_rate", largest);
  bound_term(out, "rate_limit", 1 / (2 * L));
  bound_term(out, "steps_allowed", allowed);
  if (!allowed)
    return INFINITY;
  return strong ? fmin(convex(c), strongly_convex(c)) : convex(c);
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
  if (c->algorithm == ALGORITHM_SVRG_CLASSIC)
    out->statement = STATEMENT_C;
  return STATUS_OK;
}

static const char *const required[] = {"smoothness", "risk", NULL};

const struct bound bound_stab_vr = {
  .m = {.kind = KIND_BOUND,
        .id = "stab-vr",
        .name = "On-average stability of SVRG and SAGA",
        .summary = "expected gap of variance-reduced SGD from the risks along its path, smooth loss",
        .formula = "E[F - F_S] <= (L/2) Delta2 + sqrt(2 L E[F_S] Delta2),  eta <= 1/(2L)\n"
                   "sqrt(Delta2) <= sqrt(V_0 + (32 L eta^2/n) sum_t F_t) + (2 eta sqrt(8 L)/n) sum_t sqrt(F_t)\n"
                   "V_0 = (2 eta^2/p)(8 L/n) F_0, or 0 if the references start at zero;  with mu and eta <= 1/(6L) also Delta2 <= u^2,\n"
                   "u^2 <- (1 - rho) u^2 + (2 eta/n) sqrt(8 L F_t) u + 48 L eta^2 F_t/n,  rho = min(eta mu (n-1)/n, p/2)",
        .cite = "Lei, Wang and Yuan 2026, Learning theory of the SVRG: generalization and convergence analysis (derived anew)",
        .notes = "For a convex, smooth, non-negative loss, a constant step and one example per step, drawn uniformly; else there is "
                 "no bound (inf). The derivation is ours, in the spirit of the paper. It covers SAGA, SVRG whose snapshot comes after "
                 "a step with probability p, and SVRG by epochs whose snapshot is a random iterate; classic SVRG (the last "
                 "iterate) is not covered, and its value is only a measure. With gradients, 4 times their mean square takes "
                 "the place of 8 L F_t. Risks of one trajectory make it an estimate.",
        .example = "assay.bound(\"stab-vr\", {n = 1000, smoothness = 1, rates = {0.1, 0.1}, risks = {0.5, 0.4}, risk = 0.35})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_E_EST,
        .resolve = resolve},
  .required = required,
  .evaluate = evaluate,
};
