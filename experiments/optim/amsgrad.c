/* amsgrad.c: Adam whose second moment never falls. */
#ifndef REAL
#include "experiments/optim/adam.h"
#include "experiments/optim/rule.h"

struct conf {
  double b1, b2, eps, weight_decay;
  bool bias_correction;
};

struct constants {
  double b1, a, b2, b, eps, shrink, rate, root;
};

static const struct param params[] = {
  ADAM_PARAMS(struct conf),
  {.id = "bias_correction", .type = PARAM_BOOL, .at = offsetof(struct conf, bias_correction), .def = 1,
   .doc = "divide the moments by 1 - b1^k and 1 - b2^k, as torch does; the paper does not", .example = "false"},
  RULE_DECAY_PARAM(struct conf, 0),
  {0},
};

static enum status prepare(const struct update *u, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  double k = (double)u->s->k, lr = u->s->lr;
  double first = f->bias_correction ? 1.0 - pow(f->b1, k) : 1, second = f->bias_correction ? 1.0 - pow(f->b2, k) : 1;
  (void)e;
  *c = (struct constants){.b1 = f->b1, .a = 1.0 - f->b1, .b2 = f->b2, .b = 1.0 - f->b2, .eps = f->eps,
                          .shrink = 1.0 - lr * f->weight_decay, .rate = lr / first, .root = 1.0 / sqrt(second)};
  return STATUS_OK;
}

#define SELF "experiments/optim/amsgrad.c"
#define VECTORS 3
#include "experiments/optim/rule.inc.c"

const struct optimizer optimizer_amsgrad = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "amsgrad",
        .name = "AMSGrad",
        .summary = "Adam whose second moment never falls",
        .formula = "m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;  u <- max(u, v);\n"
                   "w <- (1 - lr weight_decay) w - lr (m/(1 - b1^k)) / (sqrt(u/(1 - b2^k)) + eps)",
        .cite = "Reddi, Kale and Kumar 2018, On the convergence of Adam and beyond",
        .notes = "The usual peak rate is 0.001. The largest v is taken before the bias correction, as in torch; the paper has no correction "
                 "at all (bias_correction = false). Repairs the online problem of the paper on which Adam goes to the wrong end.",
        .example = "assay.optimizer(\"amsgrad\", {b2 = 0.99})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
};

#else
static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, REAL s[])
{
  s[0] = FMA(K(b1), s[0], K(a) * g);
  s[1] = FMA(K(b2), s[1], K(b) * g * g);
  s[2] = s[1] > s[2] ? s[1] : s[2];
  REAL root = FMA(SQRT(s[2]), K(root), K(eps));
  return FMA(-K(rate), s[0] / DIVISOR(root), K(shrink) * w);
}
#endif
