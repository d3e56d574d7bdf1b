/* schedule_free_adamw.c: schedule-free averaging around AdamW's step without first moment. See schedule_free_sgd.c. */
#ifndef REAL
#include "experiments/optim/schedule_free.h"

struct conf {
  double beta, r, b2, eps, weight_decay;
};

struct constants {
  double beta, average, rate, decay, b2, b, root, eps;
};

static const struct param params[] = {
  SCHEDULE_FREE_PARAMS(struct conf),
  RULE_MEMORY_PARAM(struct conf, b2, 0.999, "memory of the second moment"),
  RULE_EPS_PARAM(struct conf, 1e-8, "added to the bias-corrected root"),
  {.id = "weight_decay", .type = PARAM_REAL, .at = offsetof(struct conf, weight_decay), .def = 0, .min = 0, .max = 1e6,
   .flags = PARAM_LOG | PARAM_TUNED, .doc = "adds weight_decay y to the divided gradient", .example = "0.01"},
  {0},
};

static enum status prepare(const struct update *u, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  double share = schedule_free_share(u->scalars, u->s, f->r);
  (void)e;
  *c = (struct constants){.beta = f->beta, .average = share, .rate = u->s->lr, .decay = f->weight_decay,
                          .b2 = f->b2, .b = 1.0 - f->b2, .root = 1.0 / sqrt(1.0 - pow(f->b2, (double)u->s->k)), .eps = f->eps};
  return STATUS_OK;
}

#define AT_RATE(c, m) ((c)->rate *= (m))
#define SELF "experiments/optim/schedule_free_adamw.c"
#define SCALARS struct schedule_free_weights
#define VECTORS 3
#define COPIES 3u
#define EVALUATED 0
#include "experiments/optim/rule.inc.c"

const struct optimizer optimizer_schedule_free_adamw = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "schedule-free-adamw",
        .name = "Schedule-free AdamW",
        .summary = "AdamW with an average in place of a decaying rate",
        .formula = "y = (1 - beta) z + beta x, where the gradient g is taken;  v <- b2 v + (1 - b2) g^2;\n"
                   "z <- z - lr (g/(sqrt(v/(1 - b2^k)) + eps) + weight_decay y);\n"
                   "x <- (1 - c) x + c z,  c = a_k/(a_1 + .. + a_k),  a_k = k^r max(lr_1 .. lr_k)^2;  evaluated at x",
        .cite = "Defazio, Yang, Mehta, Mishchenko, Khaled and Cutkosky 2024, The road less scheduled",
        .notes = "Use a constant schedule with a warm-up; the usual peak is 0.0025. beta takes the part of Adam's b1; 0.98 for long runs. "
                 "The weights while training are y; x is what is evaluated and saved.",
        .example = "assay.optimizer(\"schedule-free-adamw\", {weight_decay = 0.05})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
  RULE_EVALUATION,
};

#else
static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, REAL s[])
{
  s[2] = FMA(K(b2), s[2], K(b) * g * g);
  REAL root = FMA(SQRT(s[2]), K(root), K(eps));
  s[1] = FMA(-K(rate), FMA(K(decay), w, g / DIVISOR(root)), s[1]);
  s[0] = FMA(K(average), s[1] - s[0], s[0]);
  return FMA(K(beta), s[0] - s[1], s[1]);
}
#endif
