/* pb_objective.h: what the probe pb-opt minimises: the quadratic PAC-Bayes bound of a Gaussian posterior, as a function of its mean
 * and the logarithms of its standard deviations, for one draw of the weights and one mini-batch.
 *
 *   f = (sqrt(r + h) + sqrt(h))^2,  h = (KL + ln(2 sqrt(n)/delta))/(2n)
 *
 * r is the mean of min(loss, cap)/scale of w = mean + sd noise on the mini-batch. The prior N(m, v I) has the variance that is best for this posterior,
 * v = mean of sd_i^2 + (mean_i - m_i)^2, so KL = d/2 ln v - sum ln sd_i; its derivative through v is 0. */
#ifndef ASSAY_PROBE_PB_OBJECTIVE_H
#define ASSAY_PROBE_PB_OBJECTIVE_H

#include "experiments/probe/gibbs.h"

struct pb_objective {
  const struct exec *x;
  const struct net *net;
  struct object loss;         /* min(loss, cap)/scale of the subject's loss */
  struct pb_capped { const struct object *of; double cap, scale; } capped; /* its conf */
  const float *prior_mean;    /* padded */
  bool per_layer;             /* one log sd for each layer, else one for each parameter */
  double n, delta;
  uint8_t *layer_of;          /* of each of n_params; PB_PADDING: of none */
  float *w, *g;               /* scratch, n_params each */
  void *memory;
};
#define PB_PADDING 255

/* Everything is borrowed until pb_objective_done, after any outcome; *o may not move. */
NODISCARD enum status pb_objective_init(struct pb_objective *o, const struct exec *x, const struct probe_subject *s,
                                        const float *prior_mean, bool per_layer, double n, double delta, double cap,
                                        double scale, struct err *e);
void pb_objective_done(struct pb_objective *o);
/* Numbers in theta: n_params means (padded), then the log sd; a multiple of 16. */
size_t pb_objective_size(const struct pb_objective *o);
/* The posterior's sd (n_params, 0 in the padding). */
void pb_objective_sd(const struct pb_objective *o, const float *theta, float *sd);
/* f at theta for the noise (padded) and examples of b, and its gradient. */
NODISCARD enum status pb_objective_at(struct pb_objective *o, const float *theta, const struct batch *b, const float *noise, double *value,
                                      float *gradient, struct err *e);

#endif
