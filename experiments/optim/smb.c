/* smb.c: stochastic model building: where a plain trial step does not decrease the mini-batch loss enough, each parameter tensor
 * takes the minimizer of a quadratic model built from the gradients at both ends. Follows the authors' code (sibirbil/SMB). */
#include "experiments/optim/smb.h"

enum { OWN_TRIAL, OWN_THERE, N_OWN };

struct conf {
  struct smb_conf smb;
};

static const struct param params[] = {SMB_PARAMS(struct conf, smb, 0.05), {0}};

static enum status step(const struct conf *c, const struct around *a, void *w, const void *g, struct err *e)
{
  void *there = around_own(a, OWN_THERE), *at = around_own(a, OWN_TRIAL);
  double trial = smb_trial(a), loss;
  around_add(a, at, w, -trial, g);
  enum status s = around_loss(a, at, &loss, e);
  if (s)
    return s;
  bool accepted = smb_accepts(&c->smb, a, trial, around_norm(a, g), loss);
  if (accepted)
    around_copy(a, w, at);
  else {
    s = around_gradient(a, at, &loss, there, e);
    if (s)
      return s;
    around_add(a, there, there, -1, g);
    smb_model_steps(&c->smb, a, trial, w, g, g, there);
  }
  smb_count(&c->smb, a, trial, !accepted);
  return STATUS_OK;
}

AROUND_FUNCTIONS(N_OWN, NULL)

static const char *const needs[] = {"oracle", NULL};

const struct optimizer optimizer_smb = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "smb",
        .name = "Stochastic model building",
        .summary = "a trial step; where it fails, the minimizer of a quadratic model per parameter tensor",
        .formula = "s = -lr g;  if f_B(w + s) <= f_B(w) - c lr |g|^2: w <- w + s;  else y = grad f_B(w + s) - g and, per tensor,\n"
                   "2 sigma = |s|(|y| + |g|/eta_model) - y.s;  theta = (y.s + 2 sigma)^2 - |s|^2 |y|^2;  c_g = -|s|^2/(2 sigma);\n"
                   "c_s = (c_g/theta)(-(y.s + 2 sigma) y.g + |y|^2 s.g);  c_y = (c_g/theta)(-(y.s + 2 sigma) s.g + |s|^2 y.g);\n"
                   "w <- w + c_s s + c_g g + c_y y,  which is -|s|^2 (2 sigma I + y s' + s y')^-1 g",
        .cite = "Birbil, Martin, Onay and Oztoprak 2021, Bolstering stochastic gradient descent with model building",
        .notes = "lr is the trial step: a constant near 1 is usual. An accepted trial costs a forward pass more than SGD, a model step a "
                 "gradient more: compare at equal cost. Where the loss after the trial is not finite the update fails: begin with a smaller lr. "
                 "period turns on the authors' schedule, with 500 in their code.",
        .example = "assay.optimizer(\"smb\", {c = 0.1})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .needs = needs},
  AROUND_MEMBERS,
};
