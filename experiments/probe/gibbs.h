/* gibbs.h: what the probes of Gaussian posteriors share: the Gibbs risk by Monte Carlo, and what a KL divergence needs.
 *
 * A posterior is N(mean, diag sd^2) over the parameters of the net. What stands in float32 is the rounded draw: rounding
 * maps posterior and prior alike, so it cannot raise the KL divergence between them. */
#ifndef ASSAY_PROBE_GIBBS_H
#define ASSAY_PROBE_GIBBS_H

#include "experiments/probe/probe.h"

enum gibbs_prior { GIBBS_PRIOR_AUTO = 0, GIBBS_PRIOR_ZERO = 1, GIBBS_PRIOR_START = 2, GIBBS_PRIOR_INIT = 3 };
extern const char *const gibbs_prior_names[];

/* A member of every conf of such a probe. */
struct gibbs_conf {
  int64_t draws, examples, skip, init_seed;
  double cap;
  int prior; /* enum gibbs_prior: where the prior is centred */
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define GIBBS_PARAMS(owner, member)                                                                                            \
  {.id = "draws", .type = PARAM_INT, .at = offsetof(owner, member.draws), .def = 500, .min = 2, .max = 4e9,                    \
   .doc = "weight vectors drawn from each posterior", .example = "100"},                                                       \
  {.id = "examples", .type = PARAM_INT, .at = offsetof(owner, member.examples), .def = 500, .min = 0, .max = 1e9,              \
   .unit = "examples", .doc = "examples that a draw is tried on, chosen anew for each draw; 0: all", .example = "100"},        \
  {.id = "skip", .type = PARAM_INT, .at = offsetof(owner, member.skip), .def = 0, .min = 0, .max = 1e12, .unit = "examples",   \
   .doc = "the first so many examples made the prior: they are not counted", .example = "10"},                                 \
  {.id = "cap", .type = PARAM_REAL, .at = offsetof(owner, member.cap), .def = 9.210340371976184, .min = 0, .max = 1e6,         \
   .flags = PARAM_MIN_OPEN, .unit = "nats",                                                                                    \
   .doc = "the bounded loss is min(loss, cap)/cap; ln 1e4: the right class has probability 1e-4 at least", .example = "5"},    \
  {.id = "prior", .type = PARAM_CHOICE, .at = offsetof(owner, member.prior), .def = GIBBS_PRIOR_AUTO,                          \
   .choices = gibbs_prior_names,                                                                                               \
   .doc = "centre of the prior: zero, the weights at the start, or the model's own initial weights; auto: the start where "   \
          "it is known, else zero", .example = "zero"},                                                                        \
  {.id = "init_seed", .type = PARAM_INT, .at = offsetof(owner, member.init_seed), .def = 0, .min = 0, .max = 1e15,             \
   .doc = "seed of the model's initial weights (prior init)", .example = "1"}
/* NOLINTEND(bugprone-macro-parentheses) */

#define GIBBS_NOTES                                                                                                            \
  "Per posterior: error and bounded with their standard errors over the draws; per layer log_sd = sum ln sd, variance = "     \
  "sum sd^2, distance2 = |mean - prior mean|^2, parameters: what KL to a Gaussian prior needs. Each draw is tried on "         \
  "`examples` random examples: its mean is unbiased for the risk on all n, so a bound over the draws holds whatever that "     \
  "number: at equal cost, many draws on few examples give the closer bound. Draws are the same for every sd; an sd that was "     \
  "chosen with another seed needs no company in the list. known = 1 if the program knows that the prior's centre was made without data."

/* The subject's part without its first conf->skip examples; refuses a part without classes or with nothing left. */
NODISCARD enum status gibbs_part(const struct gibbs_conf *c, const struct probe_subject *s, struct examples *out, struct err *e);
/* The centre of the prior (padded; *w is to be freed); *known: it was made without data. */
NODISCARD enum status gibbs_prior_mean(const struct gibbs_conf *c, const struct probe_subject *s, float **w, bool *known, struct err *e);
/* Standard normal numbers for the parameters, 0 in the padding. logical: n_logical numbers of scratch. */
void gibbs_noise(const struct net *net, struct rng r, float *logical, float *padded);

/* k posteriors with one mean. All padded; sd: k vectors, one after the other, 0 in the padding alone. */
struct gibbs_posteriors {
  size_t k;
  const float *mean, *prior_mean, *sd;
  bool prior_known;
};
/* Add everything of GIBBS_NOTES to *out. */
NODISCARD enum status gibbs_measure(const struct gibbs_conf *c, const struct exec *x, const struct probe_subject *s,
                                    const struct gibbs_posteriors *q, struct probe_value *out, struct err *e);

#endif
