/* smb.h: what the forms of stochastic model building share: the model step, and the schedule of the trial step by how often it was
 * needed. Birbil, Martin, Onay and Oztoprak 2021; both follow the authors' code (sibirbil/SMB). */
#ifndef ASSAY_OPTIM_SMB_H
#define ASSAY_OPTIM_SMB_H

#include "experiments/optim/around.h"

/* First members of the conf. */
struct smb_conf {
  double eta_model, c, share, shrink, lr_max;
  int64_t period;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define SMB_PARAMS(owner, member, usual_share)                                                                         \
  {.id = "eta_model", .type = PARAM_REAL, .at = offsetof(owner, member.eta_model), .def = 0.99, .min = 0, .max = 1,    \
   .flags = PARAM_MIN_OPEN, .doc = "with no curvature the model step is this part of the trial step", .example = "0.9"}, \
  {.id = "c", .type = PARAM_REAL, .at = offsetof(owner, member.c), .def = 0.1, .min = 0, .max = 1, .flags = PARAM_MAX_OPEN, \
   .doc = "part of the predicted decrease that a trial step must reach", .example = "0.1"},                            \
  {.id = "period", .type = PARAM_INT, .at = offsetof(owner, member.period), .def = 0, .min = 0, .max = 1e12, .unit = "updates", \
   .doc = "after so many updates the trial step is multiplied by shrink if more than share of them took a model step, else divided; " \
          "0: never", .example = "500"},                                                                               \
  {.id = "share", .type = PARAM_REAL, .at = offsetof(owner, member.share), .def = usual_share, .min = 0, .max = 1,     \
   .flags = PARAM_ADVANCED, .doc = "see period", .example = "0.1"},                                                    \
  {.id = "shrink", .type = PARAM_REAL, .at = offsetof(owner, member.shrink), .def = 0.9, .min = 0, .max = 1,           \
   .flags = PARAM_ADVANCED | PARAM_MIN_OPEN, .doc = "see period", .example = "0.5"},                                   \
  {.id = "lr_max", .type = PARAM_REAL, .at = offsetof(owner, member.lr_max), .def = 20, .min = 0, .max = 1e6,          \
   .flags = PARAM_ADVANCED | PARAM_MIN_OPEN | PARAM_LOG, .doc = "the trial step grows to this at most", .example = "1"}
/* NOLINTEND(bugprone-macro-parentheses) */

#define SMB_GRAD_NORM_MIN 1e-8 /* below it a trial is accepted unseen */

/* The first of around_numbers(); the rest are the owner's. */
enum smb_number { SMB_FACTOR, SMB_UPDATES, SMB_MODELS, SMB_OWN };

/* The trial step of this update: lr times what the schedule made of it. */
double smb_trial(const struct around *a);
/* Count an update, and change the trial step where a period ends. */
void smb_count(const struct smb_conf *c, const struct around *a, double trial, bool model);
/* Is f_B(w - trial g) = loss low enough? */
bool smb_accepts(const struct smb_conf *c, const struct around *a, double trial, double norm, double loss);

/* s = -trial g, y = grad f_B(w + s) - g: w + c_s s + c_g from + c_y y, tensor by tensor, w in place: the minimizer of the model whose gradient
 * is `from` (g itself, or that of the batch before). */
void smb_model_steps(const struct smb_conf *c, const struct around *a, double trial, void *w, const void *g, const void *from, const void *y);

#endif
