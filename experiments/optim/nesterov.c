/* nesterov.c: accelerated gradient in the form that torch uses: the stored weights are the look-ahead point. */
#include "experiments/optim/momentum.h"

struct conf {
  double momentum, l2, weight_decay;
};

static const struct param params[] = {
  MOMENTUM_PARAM(struct conf),
  MOMENTUM_DECAY_PARAMS(struct conf),
  {0},
};

static bool form(const void *conf, struct momentum_form *out)
{
  const struct conf *c = conf;
  *out = (struct momentum_form){.mu = c->momentum, .l2 = c->l2, .decay = c->weight_decay, .nesterov = true};
  return true;
}

const struct optimizer optimizer_nesterov = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "nesterov",
        .name = "Nesterov momentum",
        .summary = "momentum with a look ahead",
        .formula = "g1 = g + l2 w;  v <- g1 at the first update, then momentum v + g1;\n"
                   "w <- (1 - lr weight_decay) w - lr (g1 + momentum v)",
        .cite = "Nesterov 1983, A method for solving the convex programming problem with convergence rate O(1/k^2); Sutskever, "
                "Martens, Dahl and Hinton 2013, On the importance of initialization and momentum in deep learning",
        .notes = "The classical form evaluates g at y = x + momentum (x - x_prev); the weights here are that y. Stable on a quadratic "
                 "for lr * curvature < (2 + 2 momentum)/(1 + 2 momentum): less than plain gradient descent.",
        .example = "assay.optimizer(\"nesterov\", {momentum = 0.9})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .state_size = momentum_state_size,
  .init = momentum_init,
  .momentum_form = form,
};
