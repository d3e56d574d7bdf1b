/* smb_i.c: stochastic model building with an independent batch: a trial step that fails is taken back, and the model is built on the next
 * mini-batch, around the gradient of the failed one. Follows the authors' code (sibirbil/SMB). */
#include "experiments/optim/smb.h"

enum { OWN_TRIAL, OWN_THERE, OWN_BEFORE, N_OWN };
enum { NUMBER_FAILED = SMB_OWN }; /* 1: the last trial failed */

struct conf {
  struct smb_conf smb;
};

static const struct param params[] = {SMB_PARAMS(struct conf, smb, 0.025), {0}};

static enum status try_step(const struct conf *c, const struct around *a, double trial, void *w, const void *g, struct err *e)
{
  void *at = around_own(a, OWN_TRIAL);
  double loss;
  enum status s = around_loss(a, at, &loss, e);
  if (s)
    return s;
  if (smb_accepts(&c->smb, a, trial, around_norm(a, g), loss))
    around_copy(a, w, at);
  else {
    around_copy(a, around_own(a, OWN_BEFORE), g);
    around_numbers(a)[NUMBER_FAILED] = 1;
  }
  return STATUS_OK;
}

static enum status model(const struct conf *c, const struct around *a, double trial, void *w, const void *g, struct err *e)
{
  void *there = around_own(a, OWN_THERE);
  double loss;
  enum status s = around_gradient(a, around_own(a, OWN_TRIAL), &loss, there, e);
  if (s)
    return s;
  around_add(a, there, there, -1, g);
  smb_model_steps(&c->smb, a, trial, w, g, around_own(a, OWN_BEFORE), there);
  around_numbers(a)[NUMBER_FAILED] = 0;
  return STATUS_OK;
}

static enum status step(const struct conf *c, const struct around *a, void *w, const void *g, struct err *e)
{
  double trial = smb_trial(a);
  bool failed = around_numbers(a)[NUMBER_FAILED] > 0;
  around_add(a, around_own(a, OWN_TRIAL), w, -trial, g);
  enum status s = failed ? model(c, a, trial, w, g, e) : try_step(c, a, trial, w, g, e);
  if (!s)
    smb_count(&c->smb, a, trial, failed);
  return s;
}

AROUND_FUNCTIONS(N_OWN, NULL)

static const char *const needs[] = {"oracle", NULL};

const struct optimizer optimizer_smb_i = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "smb-i",
        .name = "Stochastic model building, independent batch",
        .summary = "a trial step; where it fails nothing moves, and the next mini-batch builds the model",
        .formula = "s = -lr g;  if f_B(w + s) <= f_B(w) - c lr |g|^2: w <- w + s;  else w stays and h = g\n"
                   "after a failure, on the next batch: s = -lr g, y = grad f_B(w + s) - g and, per tensor,\n"
                   "2 sigma = |s|(|y| + |g|/eta_model) - y.s;  w <- w - |s|^2 (2 sigma I + y s' + s y')^-1 h",
        .cite = "Birbil, Martin, Onay and Oztoprak 2021, Bolstering stochastic gradient descent with model building",
        .notes = "As smb, but the curvature comes from a batch that did not choose the direction. A failed trial costs a forward pass and moves "
                 "nothing; the update after it costs two gradients. period turns on the authors' schedule, with 500 in their code; a failed trial "
                 "does not count as a model step, the update after it does.",
        .example = "assay.optimizer(\"smb-i\", {c = 0.1})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .needs = needs},
  AROUND_MEMBERS,
};
