/* dadapt_adam.c: Adam that finds its own rate from a running bound d on the distance to go. */
#ifndef REAL
#include "experiments/optim/rule.h"

struct conf {
  double d0, growth, b1, b2, eps, weight_decay;
};

struct scalars {
  double d, numerator;
};

/* b3 = sqrt(b2): the memory of the bound */
struct constants {
  double b1, a, b2, b, b3, of_s, eps, rate, shrink;
};

static const struct param params[] = {
  {.id = "d0", .type = PARAM_REAL, .at = offsetof(struct conf, d0), .def = 1e-6, .min = 0, .max = 1e6, .flags = PARAM_LOG | PARAM_MIN_OPEN,
   .doc = "first guess of the distance to the solution; should be too small", .example = "1e-6"},
  {.id = "growth", .type = PARAM_REAL, .at = offsetof(struct conf, growth), .def = 1e300, .min = 1, .max = 1e300,
   .flags = PARAM_LOG | PARAM_MIN_OPEN | PARAM_ADVANCED, .doc = "largest factor by which d grows in an update", .example = "1.02"},
  RULE_MEMORY_PARAM(struct conf, b1, 0.9, "memory of the first moment"),
  RULE_MEMORY_PARAM(struct conf, b2, 0.999, "memory of the second moment; its root is that of the bound"),
  RULE_EPS_PARAM(struct conf, 1e-8, "added to the root"),
  RULE_DECAY_PARAM(struct conf, 0),
  {0},
};

static void begin(const void *conf, struct scalars *x) { x->d = ((const struct conf *)conf)->d0; }

static enum status prepare(const struct update *u, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  double rate = ((const struct scalars *)u->scalars)->d * u->s->lr, b3 = sqrt(f->b2);
  (void)e;
  *c = (struct constants){.b1 = f->b1, .a = rate * (1.0 - f->b1), .b2 = f->b2, .b = 1.0 - f->b2, .b3 = b3, .of_s = rate * (1.0 - b3),
                          .eps = f->eps, .rate = rate, .shrink = 1.0 - rate * f->weight_decay};
  return STATUS_OK;
}

/* sum: g.(s/(sqrt(v) + eps)) before the moments change, |s|_1 after */
static enum status settle(const struct update *u, const double *sum, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  struct scalars *x = u->scalars;
  if (!isfinite(sum[0]) || !isfinite(sum[1]))
    return rule_overflowed(u->s, e);
  x->numerator = c->b3 * x->numerator + (1.0 - c->b3) * c->rate * sum[0];
  double found = sum[1] > 0 ? x->numerator / ((1.0 - c->b3) * sum[1]) : 0;
  x->d = fmax(x->d, fmin(found, f->growth * x->d));
  return STATUS_OK;
}

#define ONE_RATE /* the estimate of the distance is one for all weights */
#define SELF "experiments/optim/dadapt_adam.c"
#define SCALARS struct scalars
#define BEGIN begin
#define VECTORS 3
#define SUMS 2
#include "experiments/optim/rule.inc.c"

const struct optimizer optimizer_dadapt_adam = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "dadapt-adam",
        .name = "D-Adaptation Adam",
        .summary = "Adam that finds its own rate from a bound on the distance to go",
        .formula = "a = d lr, b3 = sqrt(b2);  N <- b3 N + (1 - b3) a g.(s/(sqrt(v) + eps));  m <- b1 m + (1 - b1) a g;\n"
                   "v <- b2 v + (1 - b2) g^2;  s <- b3 s + (1 - b3) a g;  d <- max(d, min(N/((1 - b3) |s|_1), growth d));\n"
                   "w <- (1 - a weight_decay) w - m/(sqrt(v) + eps)",
        .cite = "Defazio and Mishchenko 2023, Learning-rate-free learning by D-adaptation",
        .notes = "Peak 1: the schedule is a multiplier of the rate that is found. d never falls. No bias correction, as in the authors' code.",
        .example = "assay.optimizer(\"dadapt-adam\", {growth = 1.02})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
};

#else
static inline void MEASURE(const struct constants *c, REAL w, REAL g, REAL s[], double term[])
{
  (void)w;
  REAL root = SQRT(s[1]) + K(eps);
  term[0] = (double)g * (double)(s[2] / DIVISOR(root));
  s[0] = FMA(K(b1), s[0], K(a) * g);
  s[1] = FMA(K(b2), s[1], K(b) * g * g);
  s[2] = FMA(K(b3), s[2], K(of_s) * g);
  term[1] = (double)FABS(s[2]);
}

static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, const REAL s[])
{
  (void)g;
  REAL root = SQRT(s[1]) + K(eps);
  return FMA(K(shrink), w, -(s[0] / DIVISOR(root)));
}
#endif
