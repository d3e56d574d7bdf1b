/* dadapt_sgd.c: SGD that finds its own rate from a lower bound d on the distance |x0 - x*|.
 *
 * Convexity gives sum lam_k g_k.(x_k - x*) >= 0, so |s| |x0 - x*| >= s.(x0 - x*) >= sum lam_k g_k.s_k = N with s_k = x0 - z_k:
 * d >= N/|s| is safe. The authors' code takes 2N/|s|, as here. */
#ifndef REAL
#include "experiments/optim/rule.h"

struct conf {
  double d0, growth, momentum;
};

struct scalars {
  double d, numerator, first_norm;
};

struct constants {
  double lambda, mu, take;
};

static const struct param params[] = {
  {.id = "d0", .type = PARAM_REAL, .at = offsetof(struct conf, d0), .def = 1e-6, .min = 0, .max = 1e6, .flags = PARAM_LOG | PARAM_MIN_OPEN,
   .doc = "first guess of the distance to the solution; should be too small", .example = "1e-6"},
  {.id = "growth", .type = PARAM_REAL, .at = offsetof(struct conf, growth), .def = 1e300, .min = 1, .max = 1e300,
   .flags = PARAM_LOG | PARAM_MIN_OPEN | PARAM_ADVANCED, .doc = "largest factor by which d grows in an update", .example = "1.02"},
  RULE_MEMORY_PARAM(struct conf, momentum, 0, "x moves by 1 - momentum of the way to z"),
  {0},
};

static void begin(const void *conf, struct scalars *x) { x->d = ((const struct conf *)conf)->d0; }

static enum status prepare(const struct update *u, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  struct scalars *x = u->scalars;
  (void)e;
  if (x->first_norm <= 0) /* of the first gradient that is not zero */
    x->first_norm = update_gradient_norm(u);
  *c = (struct constants){.lambda = x->first_norm > 0 ? x->d * u->s->lr / x->first_norm : 0, .mu = f->momentum, .take = 1.0 - f->momentum};
  return STATUS_OK;
}

/* sum: g.s before, |s|^2 after the gradient is added to s */
static enum status settle(const struct update *u, const double *sum, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  struct scalars *x = u->scalars;
  if (!isfinite(sum[0]) || !isfinite(sum[1]))
    return rule_overflowed(u->s, e);
  x->numerator += c->lambda * sum[0];
  double found = sum[1] > 0 ? 2.0 * x->numerator / sqrt(sum[1]) : 0;
  x->d = fmax(x->d, fmin(found, f->growth * x->d));
  return STATUS_OK;
}

#define ONE_RATE /* the estimate of the distance is one for all weights */
#define SELF "experiments/optim/dadapt_sgd.c"
#define SCALARS struct scalars
#define BEGIN begin
#define VECTORS 2
#define COPIES 2u
#define SUMS 2
#include "experiments/optim/rule.inc.c"

const struct optimizer optimizer_dadapt_sgd = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "dadapt-sgd",
        .name = "D-Adaptation SGD",
        .summary = "SGD that finds its own rate from a bound on the distance to go",
        .formula = "lam = d lr/|g_1|;  N <- N + lam g.s;  s <- s + lam g;  d <- max(d, min(2N/|s|, growth d)), d_1 = d0;\n"
                   "w <- momentum w + (1 - momentum) (x0 - s)",
        .cite = "Defazio and Mishchenko 2023, Learning-rate-free learning by D-adaptation",
        .notes = "Peak 1: the schedule is a multiplier of the rate that is found. d never falls. N/|s| is a proven lower bound of the "
                 "distance for a convex loss; the factor 2 is the authors', so that only d/2 is safe. "
                 "Under noise d can grow far beyond the distance: bound growth.",
        .example = "assay.optimizer(\"dadapt-sgd\", {growth = 1.02})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
};

#else
static inline void MEASURE(const struct constants *c, REAL w, REAL g, REAL s[], double term[])
{
  (void)w;
  term[0] = (double)g * (double)s[0];
  s[0] = FMA(K(lambda), g, s[0]);
  term[1] = (double)s[0] * (double)s[0];
}

static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, const REAL s[])
{
  (void)g;
  return FMA(K(mu), w, K(take) * (s[1] - s[0]));
}
#endif
