/* rmsprop.c: steps divided by a running root mean square, optionally centred and with momentum. */
#ifndef REAL
#include "experiments/optim/rule.h"

struct conf {
  double b2, eps, momentum, weight_decay;
  bool centered;
};

struct constants {
  double b2, b, eps, mu, rate, shrink, centered;
};

static const struct param params[] = {
  RULE_MEMORY_PARAM(struct conf, b2, 0.99, "memory of the mean square (torch: alpha)"),
  RULE_EPS_PARAM(struct conf, 1e-8, "added to the root"),
  {.id = "centered", .type = PARAM_BOOL, .at = offsetof(struct conf, centered), .def = 0,
   .doc = "divide by the running standard deviation, not the root mean square", .example = "true"},
  RULE_MEMORY_PARAM(struct conf, momentum, 0, "heavy-ball momentum on the divided gradient; 0: none"),
  RULE_DECAY_PARAM(struct conf, 0),
  {0},
};

static enum status prepare(const struct update *u, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  double lr = u->s->lr;
  (void)e;
  *c = (struct constants){.b2 = f->b2, .b = 1.0 - f->b2, .eps = f->eps, .mu = f->momentum, .rate = lr,
                          .shrink = 1.0 - lr * f->weight_decay, .centered = f->centered ? 1 : 0};
  return STATUS_OK;
}

static size_t vectors_of(const struct conf *f) { return (size_t)1 + f->centered + (f->momentum > 0); }

#define SELF "experiments/optim/rmsprop.c"
#define VECTORS 3
#define LEAST_VECTORS 1
#define COUNT_VECTORS(conf) vectors_of(conf)
#include "experiments/optim/rule.inc.c"

const struct optimizer optimizer_rmsprop = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "rmsprop",
        .name = "RMSProp",
        .summary = "steps divided by a running root mean square of the gradient",
        .formula = "s <- b2 s + (1 - b2) g^2;  centered: m <- b2 m + (1 - b2) g, and s - m^2 in place of s below;\n"
                   "u <- momentum u + g/(sqrt(s) + eps);  w <- (1 - lr weight_decay) w - lr u",
        .cite = "Tieleman and Hinton 2012, Lecture 6.5: RMSProp; Graves 2013, Generating sequences with recurrent neural networks",
        .notes = "The usual peak rate is 0.01 or less. No bias correction: the first step is lr/sqrt(1 - b2) = 10 lr long in every "
                 "coordinate, so warm up. s - m^2 is cut at 0. Keeps one vector, and one more each for centered and for momentum.",
        .example = "assay.optimizer(\"rmsprop\", {b2 = 0.9, centered = true})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
};

#else
static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, REAL s[])
{
  REAL centre = FMA(K(b2), s[1], K(b) * g), mean = K(centered) != 0 ? centre : 0, before = K(centered) != 0 ? s[2] : s[1];
  s[0] = FMA(K(b2), s[0], K(b) * g * g);
  REAL variance = FMA(-mean, mean, s[0]); /* can come out slightly negative */
  REAL root = SQRT(variance > 0 ? variance : 0) + K(eps);
  REAL step = FMA(K(mu), before, g / DIVISOR(root));
  s[1] = K(centered) != 0 ? centre : step;
  s[2] = step;
  return FMA(-K(rate), step, K(shrink) * w);
}
#endif
