/* adagrad.c: steps divided by the root of the sum of all squared gradients. */
#ifndef REAL
#include "experiments/optim/rule.h"

struct conf {
  double eps, s0, weight_decay;
};

struct constants {
  double rate, shrink, eps, start;
};

static const struct param params[] = {
  RULE_EPS_PARAM(struct conf, 1e-10, "added to the root"),
  {.id = "s0", .type = PARAM_REAL, .at = offsetof(struct conf, s0), .def = 0, .min = 0, .max = 1e6, .flags = PARAM_ADVANCED,
   .doc = "what the sum starts from", .example = "0.1"},
  RULE_DECAY_PARAM(struct conf, 0),
  {0},
};

static enum status prepare(const struct update *u, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  double lr = u->s->lr;
  (void)e;
  *c = (struct constants){.rate = lr, .shrink = 1.0 - lr * f->weight_decay, .eps = f->eps, .start = u->s->k == 1 ? f->s0 : 0};
  return STATUS_OK;
}

#define SELF "experiments/optim/adagrad.c"
#define VECTORS 1
#include "experiments/optim/rule.inc.c"

const struct optimizer optimizer_adagrad = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "adagrad",
        .name = "AdaGrad",
        .summary = "steps divided by the root of the sum of squared gradients",
        .formula = "s <- s + g^2 (from s0);  w <- (1 - lr weight_decay) w - lr g/(sqrt(s) + eps)",
        .cite = "Duchi, Hazan and Singer 2011, Adaptive subgradient methods for online learning and stochastic optimization",
        .notes = "The usual peak rate is 0.01 or more. Under a constant gradient step k is lr/sqrt(k): the rule brings its own decay, "
                 "so a constant schedule suits it. The first step is lr sign(g) however small g is; s0 > 0 tames that.",
        .example = "assay.optimizer(\"adagrad\", {eps = 1e-10})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
};

#else
static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, REAL s[])
{
  s[0] = FMA(g, g, s[0] + K(start));
  REAL root = SQRT(s[0]) + K(eps);
  return FMA(-K(rate), g / DIVISOR(root), K(shrink) * w);
}
#endif
