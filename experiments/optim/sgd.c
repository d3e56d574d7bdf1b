/* sgd.c: plain stochastic gradient descent. */
#include "experiments/optim/momentum.h"

struct conf {
  double l2, weight_decay;
};

static const struct param params[] = {
  MOMENTUM_DECAY_PARAMS(struct conf),
  {0},
};

static bool form(const void *conf, struct momentum_form *out)
{
  const struct conf *c = conf;
  *out = (struct momentum_form){.l2 = c->l2, .decay = c->weight_decay};
  return true;
}

const struct optimizer optimizer_sgd = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "sgd",
        .name = "Stochastic gradient descent",
        .summary = "a step against the mini-batch gradient",
        .formula = "w <- (1 - lr weight_decay) w - lr (g + l2 w)",
        .cite = "Robbins and Monro 1951, A stochastic approximation method",
        .notes = "Without noise on a quadratic, stable for lr * curvature < 2. For this rule l2 and weight_decay are the same "
                 "thing up to rounding; with momentum they are not.",
        .example = "assay.optimizer(\"sgd\", {weight_decay = 0.0005})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .state_size = momentum_state_size,
  .init = momentum_init,
  .momentum_form = form,
};
