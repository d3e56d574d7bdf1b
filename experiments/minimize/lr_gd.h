/* lr_gd.h: gradient descent on separable logistic regression by its margins m_i = y_i a_i.w: what lr-gd-large-step and
 * lr-gd-normalized share. Both are about the number of steps until every example is on its right side. */
#ifndef ASSAY_MINIMIZE_LR_GD_H
#define ASSAY_MINIMIZE_LR_GD_H

#include "experiments/minimize/minimize.h"

struct lr_gd_conf {
  double gamma;
  bool perceptron; /* the limit of gamma -> infinity */
  bool separated;  /* end as soon as all margins are positive */
};

#define LR_GD_PARAMS                                                                                                   \
  {.id = "gamma", .type = PARAM_REAL, .at = offsetof(struct lr_gd_conf, gamma), .def = 1, .min = 0, .max = 1e12,       \
   .flags = PARAM_LOG | PARAM_TUNED | PARAM_MIN_OPEN, .doc = "the rate", .example = "100"},                            \
  {.id = "separated", .type = PARAM_BOOL, .at = offsetof(struct lr_gd_conf, separated), .def = 0,                      \
   .doc = "end, as \"converged\", once every margin is positive", .example = "true"}

/* w <- w + gamma sum_i s_i y_i a_i / n, s_i = sigma(-m_i) (perceptron: without gamma, s_i = 1 where m_i < 0, 1/2 where m_i = 0);
 * normalized: / sum_i s_i. For objectives that lr_gd_accepts(). */
NODISCARD enum status lr_gd_run(const struct lr_gd_conf *c, bool normalized, struct minimize *m, struct err *e);
NODISCARD enum status lr_gd_accepts(const void *conf, const struct objective *f, struct err *e);

#endif
