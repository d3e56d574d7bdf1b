/* adam.h: the update that adam and adamw share. */
#ifndef ASSAY_OPTIM_ADAM_H
#define ASSAY_OPTIM_ADAM_H

#include "experiments/optim/optimizer.h"

/* The conf of both. */
struct adam_form {
  double b1, b2, eps, l2, decay;
};

/* Rows of the two memories and of epsilon, for all of Adam's kin; `owner` has double b1, b2, eps. where: of epsilon. */
#define ADAM_PARAMS(owner) ADAM_PARAMS_EPS(owner, "added to the bias-corrected root")
#define ADAM_PARAMS_EPS(owner, where)                                                                                           \
  {.id = "b1", .type = PARAM_REAL, .at = offsetof(owner, b1), .def = 0.9, .min = 0, .max = 1,                          \
   .flags = PARAM_MAX_OPEN | PARAM_TUNED, .doc = "memory of the first moment", .example = "0.9"},                      \
  {.id = "b2", .type = PARAM_REAL, .at = offsetof(owner, b2), .def = 0.999, .min = 0, .max = 1,                        \
   .flags = PARAM_MAX_OPEN | PARAM_TUNED, .doc = "memory of the second moment", .example = "0.999"},                   \
  {.id = "eps", .type = PARAM_REAL, .at = offsetof(owner, eps), .def = 1e-8, .min = 0, .max = 1,                       \
   .flags = PARAM_LOG | PARAM_ADVANCED, .doc = (where), .example = "1e-8"}

/* Members of struct optimizer for a conf that is a struct adam_form. The state is m, then v. */
size_t adam_state_size(const void *conf, const struct net *net, size_t n, enum dtype type);
void adam_init(const void *conf, const struct net *net, void *state, const void *w, size_t n, enum dtype type);
enum status adam_step_f32(const void *conf, void *state, float *w, const float *g, size_t n, const struct step_info *s, struct err *e);
enum status adam_step_f64(const void *conf, void *state, double *w, const double *g, size_t n, const struct step_info *s, struct err *e);

#endif
