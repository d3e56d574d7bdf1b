/* normalized_sgdm.c: steps of length lr along an average of the gradients. */
#ifndef REAL
#include "experiments/optim/rule.h"

struct conf {
  double momentum, weight_decay;
};

struct constants {
  double keep, take, rate, shrink;
};

static const struct param params[] = {
  RULE_MEMORY_PARAM(struct conf, momentum, 0.9, "memory of the average direction"),
  RULE_DECAY_PARAM(struct conf, 0),
  {0},
};

static enum status prepare(const struct update *u, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  bool first = u->s->k == 1;
  (void)e;
  *c = (struct constants){.keep = first ? 0 : f->momentum, .take = first ? 1 : 1.0 - f->momentum,
                          .shrink = 1.0 - u->s->lr * f->weight_decay};
  return STATUS_OK;
}

static enum status settle(const struct update *u, const double *sum, struct constants *c, struct err *e)
{
  if (!isfinite(sum[0]))
    return rule_overflowed(u->s, e);
  c->rate = sum[0] > 0 ? u->s->lr / sqrt(sum[0]) : 0;
  return STATUS_OK;
}

#define SELF "experiments/optim/normalized_sgdm.c"
#define VECTORS 1
#define SUMS 1
#include "experiments/optim/rule.inc.c"

const struct optimizer optimizer_normalized_sgdm = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "normalized-sgdm",
        .name = "Normalised SGD with momentum",
        .summary = "steps of length lr along the average gradient",
        .formula = "v <- g at the first update, then momentum v + (1 - momentum) g;\n"
                   "w <- (1 - lr weight_decay) w - lr v/|v|   (no move where |v| = 0)",
        .cite = "Cutkosky and Mehta 2020, Momentum improves normalized SGD",
        .notes = "Every step has the length lr, so the rate must fall for the weights to come to rest. Under noise with p finite "
                 "moments theory sets 1 - momentum = T^(-p/(3p - 2)).",
        .example = "assay.optimizer(\"normalized-sgdm\", {momentum = 0.9})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
};

#else
static inline void MEASURE(const struct constants *c, REAL w, REAL g, REAL s[], double term[])
{
  (void)w;
  s[0] = FMA(K(keep), s[0], K(take) * g);
  term[0] = (double)s[0] * (double)s[0];
}

static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, const REAL s[])
{
  (void)g;
  return FMA(-K(rate), s[0], K(shrink) * w);
}
#endif
