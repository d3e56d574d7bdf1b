/* smb.c: stochastic model building: where a plain trial step does not decrease the mini-batch loss enough, each parameter tensor
 * takes the minimizer of a quadratic model built from the gradients at both ends. Follows the authors' code (sibirbil/SMB). */
#include "experiments/optim/around.h"

#include <math.h>

enum { OWN_TRIAL, OWN_THERE, N_OWN };
#define GRAD_NORM_MIN 1e-8

struct conf {
  double eta_model, c;
};

static const struct param params[] = {
  {.id = "eta_model", .type = PARAM_REAL, .at = offsetof(struct conf, eta_model), .def = 0.99, .min = 0, .max = 1, .flags = PARAM_MIN_OPEN,
   .doc = "with no curvature the model step is this part of the trial step", .example = "0.9"},
  {.id = "c", .type = PARAM_REAL, .at = offsetof(struct conf, c), .def = 0.1, .min = 0, .max = 1, .flags = PARAM_MAX_OPEN,
   .doc = "part of the predicted decrease that a trial step must reach", .example = "0.1"},
  {0},
};

/* s = -lr g, y = g+ - g: the model step c_s s + c_g g + c_y y for elements [from, to), one parameter tensor. */
static void model_step(const struct conf *c, const struct around *a, size_t from, size_t to, void *w, const void *g, const void *y)
{
  struct around part = around_part(a, from, to);
  size_t at = around_offset(a, from);
  void *wt = (char *)w + at;
  const void *gt = (const char *)g + at, *yt = (const char *)y + at;
  double lr = a->info->lr, gg = around_dot(&part, gt, gt), yy = around_dot(&part, yt, yt), yg = around_dot(&part, yt, gt);
  double ss = lr * lr * gg, sg = -lr * gg, ys = -lr * yg;
  if (!(ss > 0)) /* a tensor that rests: frozen, or lr = 0 */
    return;
  double two_sigma = sqrt(ss) * (sqrt(yy) + sqrt(gg) / c->eta_model) - ys, along = ys + two_sigma;
  double theta = along * along - ss * yy, c_g = -ss / two_sigma;
  double c_s = c_g / theta * (-along * yg + yy * sg), c_y = c_g / theta * (-along * sg + ss * yg);
  around_add(&part, wt, wt, c_g - lr * c_s, gt);
  around_add(&part, wt, wt, c_y, yt);
}

/* A bare matrix is one tensor. */
static void model_steps(const struct conf *c, const struct around *a, void *w, const void *g, const void *y)
{
  const struct net *net = a->info->net;
  if (!net)
    model_step(c, a, 0, a->n, w, g, y);
  for (size_t l = 0; net && l < net->n_layers; l++) {
    const struct layer *layer = &net->layer[l];
    if (layer->rows == 0)
      continue;
    model_step(c, a, layer->w_at, layer->w_at + layer->rows * layer->w_stride, w, g, y);
    if (layer->b_at < a->n) /* a bare matrix in a net's clothes has no biases */
      model_step(c, a, layer->b_at, layer->b_at + (layer->rows + 15) / 16 * 16, w, g, y);
  }
}

static enum status step(const struct conf *c, const struct around *a, void *w, const void *g, struct err *e)
{
  void *trial = around_own(a, OWN_TRIAL), *there = around_own(a, OWN_THERE);
  double norm = around_norm(a, g), lr = a->info->lr, loss;
  around_add(a, trial, w, -lr, g);
  enum status s = around_loss(a, trial, &loss, e);
  if (s)
    return s;
  if (norm < GRAD_NORM_MIN || loss <= a->info->oracle->loss - c->c * lr * norm * norm) {
    around_copy(a, w, trial);
    return STATUS_OK;
  }
  s = around_gradient(a, trial, &loss, there, e);
  if (s)
    return s;
  around_add(a, there, there, -1, g);
  model_steps(c, a, w, g, there);
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
                 "gradient more: compare at equal cost. Where the loss after the trial is not finite the update fails: begin with a smaller lr.",
        .example = "assay.optimizer(\"smb\", {c = 0.1})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .needs = needs},
  AROUND_MEMBERS,
};
