/* adamax.c: Adam with the largest recent gradient in place of the root mean square. */
#ifndef REAL
#include "experiments/optim/rule.h"

struct conf {
  double b1, b2, eps, weight_decay;
};

struct constants {
  double b1, a, b2, eps, shrink, rate;
};

static const struct param params[] = {
  RULE_MEMORY_PARAM(struct conf, b1, 0.9, "memory of the first moment"),
  RULE_MEMORY_PARAM(struct conf, b2, 0.999, "memory of the largest gradient"),
  RULE_EPS_PARAM(struct conf, 1e-8, "added to |g| before the maximum is taken"),
  RULE_DECAY_PARAM(struct conf, 0),
  {0},
};

static enum status prepare(const struct update *u, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  double lr = u->s->lr;
  (void)e;
  *c = (struct constants){.b1 = f->b1, .a = 1.0 - f->b1, .b2 = f->b2, .eps = f->eps, .shrink = 1.0 - lr * f->weight_decay,
                          .rate = lr / (1.0 - pow(f->b1, (double)u->s->k))};
  return STATUS_OK;
}

#define SELF "experiments/optim/adamax.c"
#define VECTORS 2
#include "experiments/optim/rule.inc.c"

const struct optimizer optimizer_adamax = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "adamax",
        .name = "AdaMax",
        .summary = "Adam with the largest recent gradient as divisor",
        .formula = "m <- b1 m + (1 - b1) g;  u <- max(b2 u, |g| + eps);\n"
                   "w <- (1 - lr weight_decay) w - lr (m/(1 - b1^k))/u",
        .cite = "Kingma and Ba 2015, Adam: a method for stochastic optimization",
        .notes = "The usual peak rate is 0.002. The maximum starts at 0 and needs no bias correction. No step is longer than "
                 "lr/(1 - b1).",
        .example = "assay.optimizer(\"adamax\", {b2 = 0.99})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
};

#else
static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, REAL s[])
{
  REAL old = K(b2) * s[1], size = FABS(g) + K(eps);
  s[0] = FMA(K(b1), s[0], K(a) * g);
  s[1] = old > size ? old : size;
  return FMA(-K(rate), s[0] / DIVISOR(s[1]), K(shrink) * w);
}
#endif
