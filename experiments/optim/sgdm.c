/* sgdm.c: generalised momentum: one family with plain SGD, heavy ball and Nesterov as cases.
 *
 * The unified form of Yan et al. keeps a second sequence, ys' = x - s lr g, x' = x - lr g + beta (ys' - ys). Eliminating ys at a
 * constant rate gives the velocity form below, which for s = 0 and 1 is this program's heavy-ball and nesterov under any schedule. */
#ifndef REAL
#include "experiments/optim/momentum.h"
#include "experiments/optim/rule.h"

struct conf {
  double momentum, s, l2, weight_decay;
};

struct constants {
  double mu, l2, shrink, of_v, of_g;
};

static const struct param params[] = {
  RULE_MEMORY_PARAM(struct conf, momentum, 0.9, "momentum beta; 0 is plain SGD"),
  {.id = "s", .type = PARAM_REAL, .at = offsetof(struct conf, s), .def = 1, .min = 0, .max = 1e6, .flags = PARAM_TUNED,
   .doc = "share of the look ahead: 0 heavy ball, 1 Nesterov, 1/(1 - momentum) SGD with lr/(1 - momentum)", .example = "0.5"},
  MOMENTUM_DECAY_PARAMS(struct conf),
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *f = conf;
  if (f->s * (1.0 - f->momentum) > 1.0 + 1e-9)
    return err_set(e, STATUS_BAD_ARG, "s is %g, it may be at most 1/(1 - momentum) = %g", f->s, 1.0 / (1.0 - f->momentum));
  return STATUS_OK;
}

static enum status prepare(const struct update *u, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  double lr = u->s->lr;
  (void)e;
  *c = (struct constants){.mu = f->momentum, .l2 = f->l2, .shrink = 1.0 - lr * f->weight_decay,
                          .of_v = lr * (1.0 - f->s * (1.0 - f->momentum)), .of_g = lr * f->s};
  return STATUS_OK;
}

#define AT_RATE(c, m) ((c)->of_v *= (m), (c)->of_g *= (m), (c)->shrink = 1.0 - (m) * (1.0 - (c)->shrink))
#define SELF "experiments/optim/sgdm.c"
#define VECTORS 1
#include "experiments/optim/rule.inc.c"

const struct optimizer optimizer_sgdm = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "sgdm",
        .name = "Generalised momentum",
        .summary = "one family from plain SGD over heavy ball to Nesterov",
        .formula = "g1 = g + l2 w;  v <- momentum v + g1;\n"
                   "w <- (1 - lr weight_decay) w - lr ((1 - s (1 - momentum)) v + s g1)",
        .cite = "Yan, Yang, Li, Lin and Yang 2018, A unified analysis of stochastic momentum methods for deep learning; Lei, Wang "
                "and Yuan 2026, Stochastic gradient descent with momentum is algorithmically stable",
        .notes = "At a constant rate these are the iterates of y' = x - lr g, ys' = x - s lr g, x' = y' + momentum (ys' - ys). The 2026 "
                 "paper's own parametrisation could not be retrieved. Its claim: stability and excess risk stay optimal for every "
                 "momentum in [0, 1), and instability grows at most by about (1 - momentum)^-1.5.",
        .example = "assay.optimizer(\"sgdm\", {momentum = 0.9, s = 0.5})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = resolve},
  RULE_FUNCTIONS,
};

#else
static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, REAL s[])
{
  REAL g1 = K(l2) != 0 ? FMA(K(l2), w, g) : g;
  s[0] = FMA(K(mu), s[0], g1);
  return FMA(-K(of_v), s[0], FMA(-K(of_g), g1, K(shrink) * w));
}
#endif
