/* newton_rn.c: root Newton: damped steps with global rates up to O(1/k^3), and a form that finds its constant by backtracking. */
#include <math.h>

#include "experiments/kernel/vec.h"
#include "experiments/minimize/newton_frame.h"

struct conf {
  double q, smoothness;
  bool backtrack;
};

static const struct param params[] = {
  {.id = "q", .type = PARAM_REAL, .at = offsetof(struct conf, q), .def = 4, .min = 2, .max = 4, .flags = PARAM_MIN_OPEN,
   .doc = "2 plus the degree of smoothness: 3 for a Lipschitz Hessian, 4 for a Lipschitz third derivative", .example = "3"},
  {.id = "smoothness", .type = PARAM_REAL, .at = offsetof(struct conf, smoothness), .def = 1, .min = 0, .max = 1e9, .flags = PARAM_LOG | PARAM_TUNED,
   .doc = "M_q, the constant of that smoothness in the norm of the Hessian; 0: full steps; with backtrack the first guess",
   .example = "0.1"},
  {.id = "backtrack", .type = PARAM_BOOL, .at = offsetof(struct conf, backtrack),
   .doc = "find M_q: double it until the step decreases f by half of what its model says, halve it after each success", .example = "true"},
  {0},
};

/* a = 1/(1 + (9 M)^(1/(q-1)) d^((q-2)/(q-1))) */
static double damping(double q, double smoothness, double d)
{
  return 1 / (1 + pow(9 * smoothness, 1 / (q - 1)) * pow(d, (q - 2) / (q - 1)));
}

/* The quadratic model falls by a (1 - a/2) d^2; half of that is asked for. Below the rounding of f every step passes. */
static bool falls(struct newton *k, double a, double d, double value)
{
  double asked = 0.5 * a * (1 - a / 2) * d * d;
  return value <= k->value - asked || asked < 1e-13 * fmax(1, fabs(k->value));
}

static enum status iterate(const void *conf, struct newton *k, uint64_t i, double *step, bool *moved, struct err *e)
{
  const struct conf *c = conf;
  double *guess = &k->memory;
  enum status s = newton_step(k, e);
  if (s != STATUS_OK)
    return s;
  double d = newton_decrement(k);
  *guess = i == 0 || !c->backtrack ? c->smoothness : *guess / 2;
  *moved = d > 0;
  for (int trial = 0; *moved; trial++) {
    *step = damping(c->q, *guess, d);
    newton_try(k, *step);
    if (!c->backtrack || trial == 100 || falls(k, *step, d, minimize_value(k->m, k->trial)))
      break;
    *guess = *guess > 0 ? 2 * *guess : 1e-12;
  }
  if (*moved)
    newton_accept(k);
  return STATUS_OK;
}

static enum status run(const void *conf, struct minimize *m, struct err *e) { return newton_run(conf, m, iterate, e); }

const struct minimizer minimizer_newton_rn = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "newton-rn",
        .name = "Root Newton",
        .summary = "damped Newton with a global rate of O(1/k^3) where the third derivative is Lipschitz",
        .formula = "h = H^-1 g;  d = sqrt(g.h);  w <- w - a h,  a = 1/(1 + (9 M_q)^(1/(q-1)) d^((q-2)/(q-1)))\n"
                   "q = 3: a = 1/(1 + sqrt(9 M d)), rate O(1/k^2);  q = 4: a = 1/(1 + (9 M)^(1/3) d^(2/3)), rate O(1/k^3)",
        .cite = "Hanzely, Abdukhakimov and Takac 2024, Damped Newton method with near-optimal global O(k^-3) convergence rate",
        .notes = "For convex f. The paper's own backtracking test is not public in exact form: here M is doubled until the step reaches half of the "
                 "decrease of the quadratic model, and halved after each success. A linear change of variables changes nothing.",
        .example = "assay.minimizer(\"newton-rn\", {q = 4, smoothness = 1})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .accepts = newton_accepts,
  .run = run,
};
