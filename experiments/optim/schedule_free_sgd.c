/* schedule_free_sgd.c: SGD on z, evaluated at an average x, the gradient taken between them at y: no horizon needed.
 *
 * The weights of the training are y. z and x are kept apart: recovering x from y and z, as the authors' code does, divides by
 * beta and loses digits over a long run in float32. */
#ifndef REAL
#include "experiments/optim/schedule_free.h"

struct conf {
  double beta, r, weight_decay;
};

struct constants {
  double beta, average, rate, decay;
};

static const struct param params[] = {
  SCHEDULE_FREE_PARAMS(struct conf),
  {.id = "weight_decay", .type = PARAM_REAL, .at = offsetof(struct conf, weight_decay), .def = 0, .min = 0, .max = 1e6,
   .flags = PARAM_LOG | PARAM_TUNED, .doc = "adds weight_decay y to the gradient", .example = "0.0001"},
  {0},
};

static enum status prepare(const struct update *u, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  double share = schedule_free_share(u->scalars, u->s, f->r);
  (void)e;
  *c = (struct constants){.beta = f->beta, .average = share, .rate = u->s->lr, .decay = f->weight_decay};
  return STATUS_OK;
}

#define AT_RATE(c, m) ((c)->rate *= (m))
#define SELF "experiments/optim/schedule_free_sgd.c"
#define SCALARS struct schedule_free_weights
#define VECTORS 2
#define COPIES 3u
#define EVALUATED 0
#include "experiments/optim/rule.inc.c"

const struct optimizer optimizer_schedule_free_sgd = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "schedule-free-sgd",
        .name = "Schedule-free SGD",
        .summary = "an average in place of a decaying rate: no horizon needed",
        .formula = "y = (1 - beta) z + beta x, where the gradient g is taken;  z <- z - lr (g + weight_decay y);\n"
                   "x <- (1 - c) x + c z,  c = a_k/(a_1 + .. + a_k),  a_k = k^r max(lr_1 .. lr_k)^2;  evaluated at x",
        .cite = "Defazio, Yang, Mehta, Mishchenko, Khaled and Cutkosky 2024, The road less scheduled",
        .notes = "Use a constant schedule, with a warm-up if wanted; peak 1, or 10 to 50 times a tuned rate of sgd. beta 0.98 for long "
                 "runs. beta = 0 is sgd with a plain average of its iterates, beta = 1 takes the gradient at the average itself. x_1 = z_1. "
                 "The weights while training are y; x is what is evaluated and saved.",
        .example = "assay.optimizer(\"schedule-free-sgd\", {beta = 0.95})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
  RULE_EVALUATION,
};

#else
static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, REAL s[])
{
  s[1] = FMA(-K(rate), FMA(K(decay), w, g), s[1]);
  s[0] = FMA(K(average), s[1] - s[0], s[0]);
  return FMA(K(beta), s[0] - s[1], s[1]);
}
#endif
