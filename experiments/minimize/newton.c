/* newton.c: Newton's method with a fixed damping or backtracking. */
#include <math.h>

#include "experiments/kernel/vec.h"
#include "experiments/minimize/newton_frame.h"

enum rule { RULE_ARMIJO, RULE_FIXED };
static const char *const rules[] = {"armijo", "fixed", NULL};

struct conf {
  int rule;
  double rate, c, beta;
};

static const struct param params[] = {
  {.id = "rule", .type = PARAM_CHOICE, .at = offsetof(struct conf, rule), .choices = rules,
   .doc = "armijo: backtracking from a full step; fixed: always rate", .example = "fixed"},
  {.id = "rate", .type = PARAM_REAL, .at = offsetof(struct conf, rate), .def = 1, .min = 0, .max = 10, .flags = PARAM_MIN_OPEN,
   .doc = "part of the Newton step that is taken, or tried first", .example = "0.5"},
  {.id = "c", .type = PARAM_REAL, .at = offsetof(struct conf, c), .def = 1e-4, .min = 0, .max = 0.5, .flags = PARAM_MIN_OPEN | PARAM_MAX_OPEN,
   .doc = "armijo: share of the predicted decrease that is asked for", .example = "0.1"},
  {.id = "beta", .type = PARAM_REAL, .at = offsetof(struct conf, beta), .def = 0.5, .min = 0, .max = 1, .flags = PARAM_MIN_OPEN | PARAM_MAX_OPEN,
   .doc = "armijo: factor between two trials", .example = "0.8"},
  {0},
};

/* The decrease asked for may lie below the rounding of f near the minimum: there a full step that lowers the gradient is taken. */
static bool near_enough(struct newton *k, double slope, double value)
{
  return fabs(slope) < 1e-10 * fmax(1, fabs(k->value)) && value <= k->value + 1e-12 * fmax(1, fabs(k->value));
}

static enum status iterate(const void *conf, struct newton *k, uint64_t i, double *step, bool *moved, struct err *e)
{
  const struct conf *c = conf;
  (void)i;
  enum status s = newton_step(k, e);
  if (s != STATUS_OK)
    return s;
  double slope = vec_dot_f64(k->g, k->s, k->d), a = c->rate;
  newton_try(k, a);
  *moved = c->rule == RULE_FIXED;
  for (int trial = 0; trial < 60 && !*moved; trial++) {
    newton_try(k, a);
    double value = minimize_value(k->m, k->trial);
    *moved = value <= k->value + c->c * a * slope || (trial == 0 && near_enough(k, slope, value));
    if (!*moved)
      a *= c->beta;
  }
  *moved = *moved && slope < 0;
  *step = a;
  if (*moved)
    newton_accept(k);
  return STATUS_OK;
}

static enum status run(const void *conf, struct minimize *m, struct err *e) { return newton_run(conf, m, iterate, e); }

const struct minimizer minimizer_newton = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "newton",
        .name = "Newton's method",
        .summary = "steps to the minimum of the quadratic model, with a fixed damping or backtracking",
        .formula = "w <- w - a H^-1 grad f(w); armijo: the largest a = rate beta^k with f(w + a s) <= f(w) + c a g.s",
        .cite = "Boyd and Vandenberghe 2004, Convex optimization, section 9.5",
        .notes = "Where H is not positive definite in float64 the least shift that makes it so is added (Levenberg). One Cholesky factor an "
                 "iteration. A fixed full step may diverge far from the minimum.",
        .example = "assay.minimizer(\"newton\")",
        .conf_size = sizeof(struct conf),
        .params = params},
  .accepts = newton_accepts,
  .run = run,
};
