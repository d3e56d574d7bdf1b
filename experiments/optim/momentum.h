/* momentum.h: what sgd, heavy-ball and nesterov share: the update of the momentum form and its state, one
 * vector v of n numbers. */
#ifndef ASSAY_OPTIM_MOMENTUM_H
#define ASSAY_OPTIM_MOMENTUM_H

#include "experiments/optim/optimizer.h"

/* Rows of the two kinds of decay; `owner` has double l2, weight_decay. */
#define MOMENTUM_DECAY_PARAMS(owner)                                                                                   \
  {.id = "l2", .type = PARAM_REAL, .at = offsetof(owner, l2), .def = 0, .min = 0, .max = 1e6,                          \
   .flags = PARAM_LOG | PARAM_TUNED, .doc = "penalty (l2/2)|w|^2: adds l2 w to the gradient", .example = "0.0005"},    \
  {.id = "weight_decay", .type = PARAM_REAL, .at = offsetof(owner, weight_decay), .def = 0, .min = 0, .max = 1e6,      \
   .flags = PARAM_LOG | PARAM_TUNED, .doc = "decoupled decay: w is first multiplied by 1 - lr weight_decay",           \
   .example = "0.01"}

#define MOMENTUM_PARAM(owner)                                                                                          \
  {.id = "momentum", .type = PARAM_REAL, .at = offsetof(owner, momentum), .def = 0.9, .min = 0, .max = 1,              \
   .flags = PARAM_MAX_OPEN | PARAM_TUNED, .doc = "momentum mu; 0 is plain SGD", .example = "0.9"}

/* Members of struct optimizer. */
size_t momentum_state_size(const void *conf, const struct net *net, size_t n, enum dtype type);
void momentum_init(const void *conf, const struct net *net, void *state, const void *w, size_t n, enum dtype type);

enum status momentum_step_f32(const struct momentum_form *f, float *v, float *w, const float *g, size_t n,
                              const struct step_info *s);
enum status momentum_step_f64(const struct momentum_form *f, double *v, double *w, const double *g, size_t n,
                              const struct step_info *s);

#endif
