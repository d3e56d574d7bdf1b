/* heavy_ball.c: Polyak's momentum in the velocity form that torch uses. */
#include "experiments/optim/momentum.h"

struct conf {
  double momentum, damp, l2, weight_decay;
};

static const struct param params[] = {
  MOMENTUM_PARAM(struct conf),
  {.id = "damp", .type = PARAM_REAL, .at = offsetof(struct conf, damp), .def = 0, .min = 0, .max = 1,
   .flags = PARAM_MAX_OPEN | PARAM_ADVANCED, .doc = "dampening: later gradients enter the velocity times 1 - damp",
   .example = "0.9"},
  MOMENTUM_DECAY_PARAMS(struct conf),
  {0},
};

static bool form(const void *conf, struct momentum_form *out)
{
  const struct conf *c = conf;
  *out = (struct momentum_form){.mu = c->momentum, .damp = c->damp, .l2 = c->l2, .decay = c->weight_decay};
  return true;
}

const struct optimizer optimizer_heavy_ball = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "heavy-ball",
        .name = "Heavy-ball momentum",
        .summary = "a velocity that remembers past gradients",
        .formula = "g1 = g + l2 w;  v <- g1 at the first update, then momentum v + (1 - damp) g1;\n"
                   "w <- (1 - lr weight_decay) w - lr v",
        .cite = "Polyak 1964, Some methods of speeding up the convergence of iteration methods; Sutskever, Martens, Dahl and "
                "Hinton 2013, On the importance of initialization and momentum in deep learning",
        .notes = "Equal to w_next = w - lr g + momentum (w - w_prev) only while lr is constant. Stable on a quadratic for "
                 "lr * curvature < 2 (1 + momentum), with damp = momentum < 2 (1 + momentum)/(1 - momentum). The first gradient "
                 "is never dampened. In the long run a step counts 1/(1 - momentum) times: lower a rate tuned for sgd accordingly.",
        .example = "assay.optimizer(\"heavy-ball\", {momentum = 0.9})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .state_size = momentum_state_size,
  .init = momentum_init,
  .momentum_form = form,
};
