/* radam.c: Adam whose division waits until the second moment has been seen often enough. */
#ifndef REAL
#include "experiments/optim/adam.h"
#include "experiments/optim/rule.h"

struct conf {
  double b1, b2, eps, weight_decay;
};

struct constants {
  double b1, a, b2, b, eps, shrink, rate, of_root, one;
};

static const struct param params[] = {
  ADAM_PARAMS_EPS(struct conf, "added to the root, before the bias correction"),
  RULE_DECAY_PARAM(struct conf, 0),
  {0},
};

static enum status prepare(const struct update *u, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  double k = (double)u->s->k, lr = u->s->lr, p = pow(f->b2, k);
  double largest = 2.0 / (1.0 - f->b2) - 1.0, length = largest - 2.0 * k * p / (1.0 - p);
  double rate = lr / (1.0 - pow(f->b1, k));
  (void)e;
  *c = (struct constants){.b1 = f->b1, .a = 1.0 - f->b1, .b2 = f->b2, .b = 1.0 - f->b2, .eps = f->eps,
                          .shrink = 1.0 - lr * f->weight_decay, .rate = rate, .of_root = 0, .one = 1};
  if (length > 5) {
    c->of_root = 1, c->one = 0;
    c->rate = rate * sqrt(1.0 - p) *
              sqrt((length - 4) * (length - 2) * largest / ((largest - 4) * (largest - 2) * length));
  }
  return STATUS_OK;
}

#define SELF "experiments/optim/radam.c"
#define VECTORS 2
#include "experiments/optim/rule.inc.c"

const struct optimizer optimizer_radam = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "radam",
        .name = "RAdam",
        .summary = "Adam that divides only once its second moment can be trusted",
        .formula = "m, v as Adam;  r_inf = 2/(1 - b2) - 1;  r_k = r_inf - 2 k b2^k/(1 - b2^k);  mhat = m/(1 - b1^k);\n"
                   "r_k <= 5: w <- (1 - lr weight_decay) w - lr mhat;  else\n"
                   "w <- (1 - lr weight_decay) w - lr sqrt((r_k - 4)(r_k - 2) r_inf/((r_inf - 4)(r_inf - 2) r_k)) mhat sqrt(1 - b2^k)/(sqrt(v) + eps)",
        .cite = "Liu, Jiang, He, Chen, Liu, Gao and Han 2020, On the variance of the adaptive learning rate and beyond",
        .notes = "The usual peak rate is 0.001. With b2 0.999 the first five updates are momentum steps, whose length depends on the "
                 "scale of the loss. Epsilon stands before the bias correction, as in torch. Acts like Adam with a warm-up of "
                 "about 2/(1 - b2) updates.",
        .example = "assay.optimizer(\"radam\", {b2 = 0.99})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
};

#else
static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, REAL s[])
{
  s[0] = FMA(K(b1), s[0], K(a) * g);
  s[1] = FMA(K(b2), s[1], K(b) * g * g);
  REAL root = SQRT(s[1]) + K(eps), divisor = FMA(K(of_root), root, K(one)); /* the root, or 1 */
  return FMA(-K(rate), s[0] / DIVISOR(divisor), K(shrink) * w);
}
#endif
