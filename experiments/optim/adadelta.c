/* adadelta.c: steps in the unit of the weights: the ratio of two running root mean squares. */
#ifndef REAL
#include "experiments/optim/rule.h"

struct conf {
  double b2, eps, weight_decay;
};

struct constants {
  double b2, b, eps, rate, shrink;
};

static const struct param params[] = {
  RULE_MEMORY_PARAM(struct conf, b2, 0.9, "memory of both mean squares (torch: rho)"),
  {.id = "eps", .type = PARAM_REAL, .at = offsetof(struct conf, eps), .def = 1e-6, .min = 0, .max = 1,
   .flags = PARAM_LOG | PARAM_MIN_OPEN, .doc = "added inside both roots; sets the length of the first steps", .example = "1e-6"},
  RULE_DECAY_PARAM(struct conf, 0),
  {0},
};

static enum status prepare(const struct update *u, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  double lr = u->s->lr;
  (void)e;
  *c = (struct constants){.b2 = f->b2, .b = 1.0 - f->b2, .eps = f->eps, .rate = lr, .shrink = 1.0 - lr * f->weight_decay};
  return STATUS_OK;
}

#define SELF "experiments/optim/adadelta.c"
#define VECTORS 2
#include "experiments/optim/rule.inc.c"

const struct optimizer optimizer_adadelta = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "adadelta",
        .name = "Adadelta",
        .summary = "steps in the unit of the weights, from two running mean squares",
        .formula = "s <- b2 s + (1 - b2) g^2;  d = sqrt(u + eps)/sqrt(s + eps) g;  u <- b2 u + (1 - b2) d^2;\n"
                   "w <- (1 - lr weight_decay) w - lr d",
        .cite = "Zeiler 2012, ADADELTA: an adaptive learning rate method",
        .notes = "The usual peak rate is 1. Epsilon stands inside the roots and is no mere guard: the first steps are about "
                 "sqrt(eps/(1 - b2)) long, 0.003 by default, and grow from there.",
        .example = "assay.optimizer(\"adadelta\", {b2 = 0.95})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
};

#else
static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, REAL s[])
{
  s[0] = FMA(K(b2), s[0], K(b) * g * g);
  REAL top = s[1] + K(eps), bottom = s[0] + K(eps), step = SQRT(top) / SQRT(DIVISOR(bottom)) * g;
  s[1] = FMA(K(b2), s[1], K(b) * step * step);
  return FMA(-K(rate), step, K(shrink) * w);
}
#endif
