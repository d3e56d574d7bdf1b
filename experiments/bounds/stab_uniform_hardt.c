/* stab_uniform_hardt.c: uniform stability of SGD, one example per step drawn uniformly with replacement. */
#include "experiments/bounds/stability.h"

enum setting { SETTING_CONVEX, SETTING_STRONGLY_CONVEX, SETTING_NON_CONVEX };
static const char *const setting_names[] = {"convex", "strongly-convex", "non-convex", NULL};

struct conf {
  int64_t n;
  int setting;
  double lipschitz, smoothness, mu, loss_range;
  struct param_list rates;
};

static const struct param params[] = {
  STABILITY_N_PARAM(struct conf, n),
  {.id = "setting", .type = PARAM_CHOICE, .at = offsetof(struct conf, setting), .def = SETTING_CONVEX, .choices = setting_names,
   .doc = "what is assumed of the loss; non-convex also assumes that it lies in [0, 1]", .example = "convex"},
  BOUND_POSITIVE_PARAM(struct conf, lipschitz, "lipschitz", "Lipschitz constant G of the loss in the weights (has to be given)"),
  BOUND_POSITIVE_PARAM(struct conf, smoothness, "smoothness", "gradient Lipschitz constant L (has to be given)"),
  BOUND_POSITIVE_PARAM(struct conf, mu, "mu", "strong convexity, for that setting"),
  BOUND_LIST_PARAM(struct conf, rates, "rates", "step sizes eta_1 … eta_T (have to be given)"),
  STABILITY_RANGE_PARAM(struct conf, loss_range),
  {0},
};

static double convex(const struct conf *c, struct bound_value *out)
{
  double sum = 0, limit = 2 / c->smoothness;
  for (size_t t = 0; t < c->rates.n; t++)
    sum += c->rates.v[t];
  bound_term(out, "sum_of_rates", sum);
  bound_term(out, "rate_limit", limit);
  if (stability_largest_rate(&c->rates) > limit)
    return INFINITY;
  return 2 * c->lipschitz * c->lipschitz * sum / (double)c->n;
}

static double strongly_convex(const struct conf *c, struct bound_value *out)
{
  double limit = 1 / c->smoothness;
  bound_term(out, "rate_limit", limit);
  if (!stability_constant_rate(&c->rates) || c->rates.v[0] > limit)
    return INFINITY;
  return 2 * c->lipschitz * c->lipschitz / (c->mu * (double)c->n);
}

/* With the smallest c for which eta_t <= c/t at every step. */
static double non_convex(const struct conf *c, struct bound_value *out)
{
  double rate = 0, T = (double)c->rates.n, L = c->smoothness;
  for (size_t t = 0; t < c->rates.n; t++)
    rate = fmax(rate, c->rates.v[t] * (double)(t + 1));
  bound_term(out, "c", rate);
  if (rate == 0)
    return 0;
  if (c->n < 2)
    return INFINITY;
  double power = 1 / (L * rate + 1), G2 = c->lipschitz * c->lipschitz;
  return (1 + 1 / (L * rate)) / (double)(c->n - 1) * pow(2 * rate * G2, power) * pow(T, 1 - power);
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in;
  const struct conf *c = conf;
  if (c->setting == SETTING_STRONGLY_CONVEX && isnan(c->mu))
    return bound_missing(e, "mu");
  bound_term(out, "largest_rate", stability_largest_rate(&c->rates));
  out->on_gap = true;
  out->trivial = !isnan(c->loss_range) ? c->loss_range : c->setting == SETTING_NON_CONVEX ? 1 : INFINITY;
  switch ((enum setting)c->setting) {
  case SETTING_CONVEX: out->value = convex(c, out); break;
  case SETTING_STRONGLY_CONVEX: out->value = strongly_convex(c, out); break;
  case SETTING_NON_CONVEX: out->value = non_convex(c, out); break;
  }
  return STATUS_OK;
}

static const char *const required[] = {"n", "lipschitz", "smoothness", "rates", NULL};

const struct bound bound_stab_uniform_hardt = {
  .m = {.kind = KIND_BOUND,
        .id = "stab-uniform-hardt",
        .name = "Uniform stability of SGD",
        .summary = "expected gap of SGD from Lipschitz and smoothness constants and the step sizes",
        .formula = "|E[F - F_S]| <= eps,\n"
                   "convex, eta_t <= 2/L:                    eps = (2 G^2/n) sum_t eta_t\n"
                   "mu-strongly convex, constant eta <= 1/L: eps = 2 G^2/(mu n)\n"
                   "non-convex, loss in [0, 1], eta_t <= c/t: eps = (1 + 1/(L c))/(n - 1) (2 c G^2)^(1/(Lc+1)) T^(Lc/(Lc+1))",
        .cite = "Hardt, Recht and Singer 2016, Train faster, generalize better: stability of stochastic gradient descent",
        .notes = "One example per step, drawn uniformly with replacement (projected onto a bounded set where strongly convex). "
                 "With a larger step there is no bound (inf). Of a network L has no global value: what is measured along a "
                 "path is too small, and the result then only indicates. The constant of the non-convex case is quoted, "
                 "not derived anew.",
        .example = "assay.bound(\"stab-uniform-hardt\", {n = 1000, lipschitz = 1, smoothness = 0.25, rates = {0.5, 0.5, 0.5}})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_E},
  .required = required,
  .evaluate = evaluate,
};
