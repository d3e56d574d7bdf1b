/* pac_bayes.h: what the PAC-Bayes bounds share: the Gibbs risk (typed, or sampled and bounded), KL, n, delta; and, for a
 * trained net, Gaussian posteriors and the scale of a Gaussian prior. */
#ifndef ASSAY_BOUNDS_PAC_BAYES_H
#define ASSAY_BOUNDS_PAC_BAYES_H

#include "experiments/bounds/bound.h"

enum pac_bayes_loss { PAC_BAYES_ERROR = 0, PAC_BAYES_BOUNDED = 1 };
extern const char *const pac_bayes_loss_names[];

/* A member of every PAC-Bayes conf. */
struct pac_bayes {
  int64_t n, draws;
  double delta, mc_delta, risk;
  struct object posterior; /* a probe; none: "posterior" with its defaults */
  int loss;                /* enum pac_bayes_loss */
};

/* The prior N(m, sd^2): its scale is chosen from a geometric grid that was fixed in advance. */
struct pac_bayes_grid {
  double most, ratio, kl;
  int64_t sds;
  bool per_layer;
};
/* First member of the confs that choose so. */
struct pac_bayes_gridded { struct pac_bayes p; struct pac_bayes_grid g; };

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define PAC_BAYES_PARAMS(owner, member)                                                                                \
  {.id = "n", .type = PARAM_INT, .at = offsetof(owner, member.n), .min = 1, .max = 1e12, .flags = PARAM_AUTO,          \
   .unit = "examples", .doc = "examples that the risk was measured on (typed, or of the subject)", .example = "1000"}, \
  BOUND_DELTA_PARAM(owner, member.delta),                                                                              \
  {.id = "risk", .type = PARAM_REAL, .at = offsetof(owner, member.risk), .min = 0, .max = 1, .flags = PARAM_AUTO,      \
   .doc = "Gibbs risk of the posterior on the n examples (typed, or of the subject)", .example = "0.1"},               \
  {.id = "draws", .type = PARAM_INT, .at = offsetof(owner, member.draws), .def = 0, .min = 0, .max = 1e12,             \
   .doc = "a typed risk is the mean over this many draws of the posterior, each on all n examples; 0: it is exact",    \
   .example = "1000"},                                                                                                 \
  {.id = "mc_delta", .type = PARAM_REAL, .at = offsetof(owner, member.mc_delta), .def = 0.01, .min = 0, .max = 1,      \
   .flags = PARAM_MIN_OPEN | PARAM_MAX_OPEN | PARAM_LOG,                                                               \
   .doc = "probability with which the draws may mislead, on top of delta (only with draws)", .example = "0.01"},       \
  {.id = "posterior", .type = PARAM_METHOD, .at = offsetof(owner, member.posterior), .of = KIND_PROBE,                 \
   .doc = "for a subject: the probe that gives its posteriors (posterior, pb-opt)", .example = "posterior"},           \
  {.id = "loss", .type = PARAM_CHOICE, .at = offsetof(owner, member.loss), .def = PAC_BAYES_ERROR,                     \
   .choices = pac_bayes_loss_names, .doc = "for a subject: wrong answers, or the bounded loss of the probe",           \
   .example = "bounded"}
#define PAC_BAYES_GRID_PARAMS(owner, member)                                                                           \
  {.id = "kl", .type = PARAM_REAL, .at = offsetof(owner, member.kl), .min = 0, .max = INFINITY, .flags = PARAM_AUTO,   \
   .unit = "nats", .doc = "KL(posterior || prior) (typed, or of the subject)", .example = "20"},                       \
  {.id = "prior_max", .type = PARAM_REAL, .at = offsetof(owner, member.most), .def = 1, .min = 0, .max = 1e6,          \
   .flags = PARAM_MIN_OPEN | PARAM_LOG, .doc = "for a subject: largest standard deviation of the prior's grid",        \
   .example = "0.5"},                                                                                                  \
  {.id = "prior_ratio", .type = PARAM_REAL, .at = offsetof(owner, member.ratio), .def = 0.9, .min = 0, .max = 1,       \
   .flags = PARAM_MIN_OPEN | PARAM_MAX_OPEN, .doc = "for a subject: each is this part of the one before",              \
   .example = "0.5"},                                                                                                  \
  {.id = "prior_sds", .type = PARAM_INT, .at = offsetof(owner, member.sds), .def = 100, .min = 1, .max = 1e6,          \
   .doc = "for a subject: how many there are; the best is taken, which costs ln of it", .example = "20"},              \
  {.id = "per_layer", .type = PARAM_BOOL, .at = offsetof(owner, member.per_layer), .def = 0,                           \
   .doc = "for a subject: one standard deviation of the prior for each layer, at that cost for each",                  \
   .example = "true"}
/* NOLINTEND(bugprone-macro-parentheses) */

#define PAC_BAYES_NOTES                                                                                                \
  "Holds for the randomised predictor, uniformly over posteriors, for a loss in [0, 1] and a prior chosen without "   \
  "the n examples. With draws, the sampled risk is first replaced by its own upper bound "                             \
  "kl_inv(risk, ln(2/mc_delta)/draws), and the whole fails with probability at most delta + mc_delta. Of k posteriors " \
  "of a subject the best is taken: mc_delta is divided by k. The centre of the prior, and its grid, must not depend on " \
  "the examples counted: start = weights trained on other examples is allowed, with `skip` of the probe for those."

/* One Gaussian posterior, by layers (or blocks of parameters), as the probe gives it. */
struct pac_bayes_gaussian {
  size_t layers;
  double sd; /* as the probe names it */
  double parameters[NET_MAX_LAYERS], log_sd[NET_MAX_LAYERS], variance[NET_MAX_LAYERS], distance2[NET_MAX_LAYERS];
};

struct pac_bayes_prior { double sd, kl, cost; }; /* of the last layer; without the cost; what choosing it costs */

/* The bound for a risk and a KL that includes the cost of choosing the prior. out: add terms; NULL: only the value. */
typedef double pac_bayes_value(const void *conf, double n, double risk, double kl, struct bound_value *out);

/* What tells one bound of the family from another. */
struct pac_bayes_form {
  pac_bayes_value *value;
  /* The prior for a posterior of which k were tried; a KL of NaN: the bound does not hold for such a posterior. */
  struct pac_bayes_prior (*prior)(const void *conf, const struct pac_bayes_gaussian *q, size_t k);
  /* KL from what was typed, cost included; NaN: *missing has to be given. */
  double (*typed)(const void *conf, const char **missing);
};

NODISCARD enum status pac_bayes_evaluate(const struct pac_bayes *c, const void *conf, const struct pac_bayes_form *form,
                                         const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e);

/* KL of the posterior to priors N(m, sd_l^2), in nats. */
double pac_bayes_kl(const struct pac_bayes_gaussian *q, const double *sd);
struct pac_bayes_prior pac_bayes_grid_prior(const struct pac_bayes_grid *g, const struct pac_bayes_gaussian *q);
/* Evaluate with the best prior of the grid, or the kl that was typed. conf starts with a struct pac_bayes_gridded. */
NODISCARD enum status pac_bayes_grid_evaluate(const void *conf, pac_bayes_value *value, const struct exec *x, const struct bound_input *in,
                                              struct bound_value *out, struct err *e);
/* B = KL + ln(2 sqrt(n)/delta), added as a term where out is not NULL. */
double pac_bayes_budget(double n, double kl, double delta, struct bound_value *out);

#endif
