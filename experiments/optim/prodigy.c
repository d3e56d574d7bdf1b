/* prodigy.c: D-Adaptation with weights that grow with d, so that it finds the distance faster. */
#ifndef REAL
#include "experiments/optim/rule.h"

struct conf {
  double d0, d_coef, growth, b1, b2, eps, weight_decay;
  bool safeguard_warmup;
};

struct scalars {
  double d, largest, numerator; /* largest: the largest estimate so far, before growth is bounded */
};

/* b3 = sqrt(b2); a, b: of g in m and of g^2 in v, times d and d^2; of_s: of g in s; guard: epsilon times d */
struct constants {
  double b1, a, b2, b, b3, of_s, guard, rate, shrink;
};

static const struct param params[] = {
  {.id = "d0", .type = PARAM_REAL, .at = offsetof(struct conf, d0), .def = 1e-6, .min = 0, .max = 1e6, .flags = PARAM_LOG | PARAM_MIN_OPEN,
   .doc = "first guess of the distance to the solution; should be too small", .example = "1e-6"},
  {.id = "d_coef", .type = PARAM_REAL, .at = offsetof(struct conf, d_coef), .def = 1, .min = 0, .max = 1e6,
   .flags = PARAM_LOG | PARAM_TUNED | PARAM_MIN_OPEN, .doc = "factor of the estimate: the one knob worth turning", .example = "0.5"},
  {.id = "growth", .type = PARAM_REAL, .at = offsetof(struct conf, growth), .def = 1e300, .min = 1, .max = 1e300,
   .flags = PARAM_LOG | PARAM_MIN_OPEN | PARAM_ADVANCED, .doc = "largest factor by which d grows in an update", .example = "1.02"},
  RULE_MEMORY_PARAM(struct conf, b1, 0.9, "memory of the first moment"),
  RULE_MEMORY_PARAM(struct conf, b2, 0.999, "memory of the second moment; its root is that of the estimate"),
  RULE_EPS_PARAM(struct conf, 1e-8, "added to the root, times d"),
  {.id = "safeguard_warmup", .type = PARAM_BOOL, .at = offsetof(struct conf, safeguard_warmup), .def = 0, .flags = PARAM_ADVANCED,
   .doc = "leave the schedule out of s, so that a long warm-up does not inflate the estimate", .example = "true"},
  RULE_DECAY_PARAM(struct conf, 0),
  {0},
};

static void begin(const void *conf, struct scalars *x) { x->d = x->largest = ((const struct conf *)conf)->d0; }

static enum status prepare(const struct update *u, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  double d = ((const struct scalars *)u->scalars)->d, rate = d * u->s->lr;
  (void)e;
  *c = (struct constants){.b1 = f->b1, .a = d * (1.0 - f->b1), .b2 = f->b2, .b = d * d * (1.0 - f->b2), .b3 = sqrt(f->b2),
                          .of_s = d / f->d0 * (f->safeguard_warmup ? d : rate), .rate = rate, .shrink = 1.0 - rate * f->weight_decay};
  return STATUS_OK;
}

/* sum: g.(x0 - w), |s|_1 with the new gradient. The step takes the old d in its rate, the new one beside epsilon. */
static enum status settle(const struct update *u, const double *sum, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  struct scalars *x = u->scalars;
  if (!isfinite(sum[0]) || !isfinite(sum[1]))
    return rule_overflowed(u->s, e);
  x->numerator = c->b3 * x->numerator + x->d / f->d0 * c->rate * sum[0];
  double found = sum[1] > 0 ? f->d_coef * x->numerator / sum[1] : 0;
  x->largest = fmax(x->largest, found);
  if (x->d <= f->d0) /* the first estimate is taken whole */
    x->d = fmax(x->d, found);
  x->d = fmin(x->largest, x->d * f->growth);
  c->guard = x->d * f->eps;
  return STATUS_OK;
}

#define ONE_RATE /* the estimate of the distance is one for all weights */
#define SELF "experiments/optim/prodigy.c"
#define SCALARS struct scalars
#define BEGIN begin
#define VECTORS 4
#define COPIES 8u
#define SUMS 2
#include "experiments/optim/rule.inc.c"

const struct optimizer optimizer_prodigy = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "prodigy",
        .name = "Prodigy",
        .summary = "Adam that finds its own rate, faster than D-Adaptation",
        .formula = "a = d lr, b3 = sqrt(b2);  r <- b3 r + (d/d0) a g.(x0 - w);  m <- b1 m + (1 - b1) d g;\n"
                   "v <- b2 v + (1 - b2) d^2 g^2;  s <- b3 s + (d/d0) a g;  d' = max(d, d_coef r/|s|_1), at most growth d;\n"
                   "w <- (1 - a weight_decay) w - a m/(sqrt(v) + d' eps);  d <- d'",
        .cite = "Mishchenko and Defazio 2023, Prodigy: an expeditiously adaptive parameter-free learner",
        .notes = "Peak 1, with a constant or cosine schedule, which multiplies the rate that is found. With eps 0 the path does not depend "
                 "on the scale of the loss. Keeps four vectors: m, v, s and the first weights.",
        .example = "assay.optimizer(\"prodigy\", {d_coef = 0.5})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
};

#else
static inline void MEASURE(const struct constants *c, REAL w, REAL g, REAL s[], double term[])
{
  term[0] = (double)g * (double)(s[3] - w);
  s[2] = FMA(K(b3), s[2], K(of_s) * g);
  term[1] = (double)FABS(s[2]);
}

static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, REAL s[])
{
  s[0] = FMA(K(b1), s[0], K(a) * g);
  s[1] = FMA(K(b2), s[1], K(b) * g * g);
  REAL root = SQRT(s[1]) + K(guard);
  return FMA(-K(rate), s[0] / DIVISOR(root), K(shrink) * w);
}
#endif
