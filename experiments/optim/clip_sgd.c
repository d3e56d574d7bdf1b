/* clip_sgd.c: SGD whose mini-batch gradient is cut to a largest length. */
#ifndef REAL
#include "experiments/optim/rule.h"

struct conf {
  double clip, weight_decay;
};

struct constants {
  double rate, shrink;
};

static const struct param params[] = {
  {.id = "clip", .type = PARAM_REAL, .at = offsetof(struct conf, clip), .def = 1, .min = 0, .max = 1e300,
   .flags = PARAM_LOG | PARAM_TUNED | PARAM_MIN_OPEN, .doc = "largest Euclidean norm c of the whole gradient", .example = "5"},
  RULE_DECAY_PARAM(struct conf, 0),
  {0},
};

static enum status prepare(const struct update *u, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  (void)e;
  *c = (struct constants){.rate = u->s->lr, .shrink = 1.0 - u->s->lr * f->weight_decay};
  return STATUS_OK;
}

static enum status settle(const struct update *u, const double *sum, struct constants *c, struct err *e)
{
  double clip = ((const struct conf *)u->conf)->clip, norm = isfinite(sum[0]) ? sqrt(sum[0]) : update_gradient_norm(u);
  (void)e;
  if (norm > clip)
    c->rate *= clip / norm;
  return STATUS_OK;
}

#define SELF "experiments/optim/clip_sgd.c"
#define VECTORS 0
#define SUMS 1
#include "experiments/optim/rule.inc.c"

const struct optimizer optimizer_clip_sgd = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "clip-sgd",
        .name = "Clipped SGD",
        .summary = "plain steps, the gradient cut to a largest norm",
        .formula = "w <- (1 - lr weight_decay) w - lr min(1, clip/|g|) g",
        .cite = "Pascanu, Mikolov and Bengio 2013, On the difficulty of training recurrent neural networks; Zhang, Karimireddy, "
                "Veit, Kim, Reddi, Kumar and Sra 2020, Why are adaptive methods good for attention models?",
        .notes = "The norm is that of the averaged mini-batch gradient; cutting each example's gradient is another method. A step is at "
                 "most lr clip long. Torch's helper adds 1e-6 to |g|; this rule does not. Under noise with p finite moments, "
                 "1 < p <= 2, theory lets clip grow like T^(1/(3p - 2)).",
        .example = "assay.optimizer(\"clip-sgd\", {clip = 0.5})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
};

#else
static inline void MEASURE(const struct constants *c, REAL w, REAL g, REAL s[], double term[])
{
  (void)c, (void)w, (void)s;
  term[0] = (double)g * (double)g;
}

static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, const REAL s[])
{
  (void)s;
  return FMA(-K(rate), g, K(shrink) * w);
}
#endif
