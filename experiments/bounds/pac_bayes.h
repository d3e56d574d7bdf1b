/* pac_bayes.h: what the PAC-Bayes bounds share: the Gibbs risk (measured, or sampled and bounded), KL, n, delta. */
#ifndef ASSAY_BOUNDS_PAC_BAYES_H
#define ASSAY_BOUNDS_PAC_BAYES_H

#include "experiments/bounds/bound.h"

/* First member of every PAC-Bayes conf. */
struct pac_bayes {
  int64_t n, draws;
  double delta, mc_delta, risk, kl;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define PAC_BAYES_PARAMS(owner, member)                                                                                \
  BOUND_N_PARAM(owner, member.n), BOUND_DELTA_PARAM(owner, member.delta),                                              \
  BOUND_RISK_PARAM(owner, member.risk, "risk", "Gibbs risk of the posterior on the n examples (has to be given)"),     \
  {.id = "kl", .type = PARAM_REAL, .at = offsetof(owner, member.kl), .min = 0, .max = INFINITY, .flags = PARAM_AUTO,   \
   .unit = "nats", .doc = "KL(posterior || prior) (has to be given)", .example = "20"},                                \
  {.id = "draws", .type = PARAM_INT, .at = offsetof(owner, member.draws), .def = 0, .min = 0, .max = 1e12,             \
   .doc = "risk is the mean over this many draws of the posterior, each on all n examples; 0: it is exact",            \
   .example = "1000"},                                                                                                 \
  {.id = "mc_delta", .type = PARAM_REAL, .at = offsetof(owner, member.mc_delta), .def = 0.01, .min = 0, .max = 1,      \
   .flags = PARAM_MIN_OPEN | PARAM_MAX_OPEN | PARAM_LOG,                                                               \
   .doc = "probability with which the draws may mislead, on top of delta (only with draws)", .example = "0.01"}
/* NOLINTEND(bugprone-macro-parentheses) */

#define PAC_BAYES_NOTES                                                                                                \
  "Holds for the randomised predictor, uniformly over posteriors, for a loss in [0, 1] and a prior chosen without "   \
  "the n examples. With draws, the sampled risk is first replaced by its own upper bound "                             \
  "kl_inv(risk, ln(2/mc_delta)/draws), and the whole fails with probability at most delta + mc_delta."

extern const char *const pac_bayes_required[]; /* n, risk, kl */

/* The risk to start from: as given, or bounded above from its draws. Adds the terms risk, kl and, with draws, sampled. */
double pac_bayes_risk(const struct pac_bayes *c, struct bound_value *out);
/* KL + ln(2 sqrt(n)/delta), added as a term. */
double pac_bayes_budget(const struct pac_bayes *c, struct bound_value *out);

#endif
