/* diffgrad.c: Adam with a friction that slows coordinates whose gradient hardly changes. */
#ifndef REAL
#include "experiments/optim/adam.h"
#include "experiments/optim/rule.h"

struct conf {
  double b1, b2, eps, weight_decay;
  bool aliased;
};

struct constants {
  double b1, a, b2, b, eps, shrink, rate, aliased;
};

static const struct param params[] = {
  ADAM_PARAMS_EPS(struct conf, "added to the root, before the bias correction"),
  {.id = "aliased", .type = PARAM_BOOL, .at = offsetof(struct conf, aliased), .def = 0,
   .doc = "the defect of the published experiments: the stored gradient is the present one, so xi = 1/2 always", .example = "true"},
  RULE_DECAY_PARAM(struct conf, 0),
  {0},
};

static enum status prepare(const struct update *u, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  double k = (double)u->s->k, lr = u->s->lr;
  (void)e;
  *c = (struct constants){.b1 = f->b1, .a = 1.0 - f->b1, .b2 = f->b2, .b = 1.0 - f->b2, .eps = f->eps,
                          .shrink = 1.0 - lr * f->weight_decay, .rate = lr * sqrt(1.0 - pow(f->b2, k)) / (1.0 - pow(f->b1, k)),
                          .aliased = f->aliased ? 1 : 0};
  return STATUS_OK;
}

static size_t vectors_of(const struct conf *f) { return f->aliased ? 2 : 3; }

#define SELF "experiments/optim/diffgrad.c"
#define VECTORS 3
#define LEAST_VECTORS 2
#define COUNT_VECTORS(conf) vectors_of(conf)
#include "experiments/optim/rule.inc.c"

const struct optimizer optimizer_diffgrad = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "diffgrad",
        .name = "diffGrad",
        .summary = "Adam slowed where the gradient hardly changes",
        .formula = "m, v as Adam;  xi = 1/(1 + exp(-|g_{k-1} - g_k|)), g_0 = 0;\n"
                   "w <- (1 - lr weight_decay) w - lr sqrt(1 - b2^k)/(1 - b1^k) xi m/(sqrt(v) + eps)",
        .cite = "Dubey, Chakraborty, Roy, Mukherjee, Singh and Chaudhuri 2020, diffGrad: an optimization method for convolutional "
                "neural networks",
        .notes = "The usual peak rate is 0.001. The code behind the published figures stored a reference to the gradient instead of a copy, "
                 "so that xi was always 1/2: Adam at half the rate; aliased = true does the same, and a claim should be "
                 "tried both ways. xi compares differences with 1, so the rule depends on the scale of the loss.",
        .example = "assay.optimizer(\"diffgrad\", {aliased = false})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
};

#else
/* 1/(1 + e^-x) for x >= 0 to a few roundings: e^-x = 2^n e^r, |r| <= ln 2 / 2, e^r by its Taylor series. From 40 on it is 1. */
static inline REAL NAME(friction)(REAL x)
{
  const REAL round = (REAL)1.5 * (REAL)((BITS)1 << MANTISSA), one = 1;
  REAL t = x < 40 ? -x : (REAL)-40;
  REAL shifted = FMA(t, (REAL)1.44269504088896341, round), n = shifted - round; /* n is in the low bits of `shifted` */
  REAL r = FMA(-n, (REAL)1.42860682030941723e-6, FMA(-n, (REAL)0.69314575195312500, t)), power;
  REAL e = (REAL)(1.0 / 87178291200);
  e = FMA(e, r, (REAL)(1.0 / 6227020800));
  e = FMA(e, r, (REAL)(1.0 / 479001600));
  e = FMA(e, r, (REAL)(1.0 / 39916800));
  e = FMA(e, r, (REAL)(1.0 / 3628800));
  e = FMA(e, r, (REAL)(1.0 / 362880));
  e = FMA(e, r, (REAL)(1.0 / 40320));
  e = FMA(e, r, (REAL)(1.0 / 5040));
  e = FMA(e, r, (REAL)(1.0 / 720));
  e = FMA(e, r, (REAL)(1.0 / 120));
  e = FMA(e, r, (REAL)(1.0 / 24));
  e = FMA(e, r, (REAL)(1.0 / 6));
  e = FMA(e, r, (REAL)(1.0 / 2));
  e = FMA(FMA(e, r, one), r, one);
  BITS bits, bits_of_one;
  memcpy(&bits, &shifted, sizeof bits);
  memcpy(&bits_of_one, &one, sizeof bits_of_one);
  bits = (bits << MANTISSA) + bits_of_one;
  memcpy(&power, &bits, sizeof power);
  return one / FMA(e, power, one);
}

static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, REAL s[])
{
  REAL friction = NAME(friction)(FABS(s[2] - g)), xi = K(aliased) != 0 ? (REAL)0.5 : friction;
  s[0] = FMA(K(b1), s[0], K(a) * g);
  s[1] = FMA(K(b2), s[1], K(b) * g * g);
  s[2] = g;
  REAL root = SQRT(s[1]) + K(eps);
  return FMA(-K(rate), xi * s[0] / DIVISOR(root), K(shrink) * w);
}
#endif
