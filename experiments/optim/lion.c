/* lion.c: the sign of an interpolated momentum, found by a search over programs. */
#ifndef REAL
#include "experiments/optim/rule.h"

struct conf {
  double b1, b2, weight_decay;
};

struct constants {
  double b1, a, b2, b, rate, shrink;
};

static const struct param params[] = {
  RULE_MEMORY_PARAM(struct conf, b1, 0.9, "share of the memory in the direction of the step"),
  RULE_MEMORY_PARAM(struct conf, b2, 0.99, "memory of the momentum"),
  RULE_DECAY_PARAM(struct conf, 0),
  {0},
};

static enum status prepare(const struct update *u, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  double lr = u->s->lr;
  (void)e;
  *c = (struct constants){.b1 = f->b1, .a = 1.0 - f->b1, .b2 = f->b2, .b = 1.0 - f->b2, .rate = lr,
                          .shrink = 1.0 - lr * f->weight_decay};
  return STATUS_OK;
}

#define SELF "experiments/optim/lion.c"
#define VECTORS 1
#include "experiments/optim/rule.inc.c"

const struct optimizer optimizer_lion = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "lion",
        .name = "Lion",
        .summary = "the sign of an interpolated momentum",
        .formula = "u = sign(b1 m + (1 - b1) g), sign(0) = 0;  w <- (1 - lr weight_decay) w - lr u;  m <- b2 m + (1 - b2) g",
        .cite = "Chen, Liang, Huang et al. 2023, Symbolic discovery of optimization algorithms",
        .notes = "The usual peak rate is 1e-4: 3 to 10 times below AdamW's, with a weight_decay as many times above. Every coordinate "
                 "moves by lr, so the rate must fall for the weights to come to rest. With decay it minimises the loss under "
                 "|w|_inf <= 1/weight_decay (see lion-k).",
        .example = "assay.optimizer(\"lion\", {weight_decay = 0.1})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
};

#else
static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, REAL s[])
{
  REAL u = FMA(K(b1), s[0], K(a) * g);
  s[0] = FMA(K(b2), s[0], K(b) * g);
  return FMA(-K(rate), SIGN(u), K(shrink) * w);
}
#endif
