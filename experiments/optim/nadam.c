/* nadam.c: Adam with Nesterov's look ahead in the first moment. */
#ifndef REAL
#include "experiments/optim/adam.h"
#include "experiments/optim/rule.h"

struct conf {
  double b1, b2, eps, momentum_decay, weight_decay;
};

struct constants {
  double b1, a, b2, b, eps, shrink, of_g, of_m, root;
};

static const struct param params[] = {
  ADAM_PARAMS(struct conf),
  {.id = "momentum_decay", .type = PARAM_REAL, .at = offsetof(struct conf, momentum_decay), .def = 4e-3, .min = 0, .max = 1,
   .flags = PARAM_ADVANCED, .doc = "psi: mu_k = b1 (1 - 0.96^(k psi)/2) warms the momentum up", .example = "0.004"},
  RULE_DECAY_PARAM(struct conf, 0),
  {0},
};

/* The product of mu_1 .. mu_k has no closed form. */
struct scalars {
  double product;
};

static void begin(const void *conf, struct scalars *x)
{
  (void)conf;
  x->product = 1;
}

static double momentum_at(const struct conf *f, double k) { return f->b1 * (1.0 - 0.5 * pow(0.96, k * f->momentum_decay)); }

static enum status prepare(const struct update *u, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  struct scalars *x = u->scalars;
  double k = (double)u->s->k, lr = u->s->lr, mu = momentum_at(f, k), next = momentum_at(f, k + 1);
  (void)e;
  x->product *= mu;
  *c = (struct constants){.b1 = f->b1, .a = 1.0 - f->b1, .b2 = f->b2, .b = 1.0 - f->b2, .eps = f->eps,
                          .shrink = 1.0 - lr * f->weight_decay, .of_g = lr * (1.0 - mu) / (1.0 - x->product),
                          .of_m = lr * next / (1.0 - x->product * next), .root = 1.0 / sqrt(1.0 - pow(f->b2, k))};
  return STATUS_OK;
}

#define AT_RATE(c, m) ((c)->of_g *= (m), (c)->of_m *= (m), (c)->shrink = 1.0 - (m) * (1.0 - (c)->shrink))
#define SELF "experiments/optim/nadam.c"
#define VECTORS 2
#define SCALARS struct scalars
#define BEGIN begin
#include "experiments/optim/rule.inc.c"

const struct optimizer optimizer_nadam = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "nadam",
        .name = "NAdam",
        .summary = "Adam with Nesterov's look ahead",
        .formula = "mu_k = b1 (1 - 0.96^(k momentum_decay)/2);  m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;\n"
                   "w <- (1 - lr weight_decay) w - lr ((1 - mu_k) g/(1 - mu_1..mu_k) + mu_{k+1} m/(1 - mu_1..mu_{k+1}))\n"
                   "     / (sqrt(v/(1 - b2^k)) + eps)",
        .cite = "Dozat 2016, Incorporating Nesterov momentum into Adam",
        .notes = "The usual peak rate is 0.002. Torch's form, with the warm-up of the momentum; torch 1.13 itself counts mu_k twice in the second "
                 "product, which later versions mend. Decay is decoupled.",
        .example = "assay.optimizer(\"nadam\", {b2 = 0.99})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
};

#else
static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, REAL s[])
{
  s[0] = FMA(K(b1), s[0], K(a) * g);
  s[1] = FMA(K(b2), s[1], K(b) * g * g);
  REAL root = FMA(SQRT(s[1]), K(root), K(eps)), top = FMA(K(of_m), s[0], K(of_g) * g);
  return FMA(K(shrink), w, -(top / DIVISOR(root)));
}
#endif
