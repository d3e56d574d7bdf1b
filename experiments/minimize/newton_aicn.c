/* newton_aicn.c: affine-invariant cubic Newton: a damping that is a function of the Newton decrement alone. */
#include <math.h>

#include "experiments/minimize/newton_frame.h"

struct conf {
  double smoothness;
};

static const struct param params[] = {
  {.id = "smoothness", .type = PARAM_REAL, .at = offsetof(struct conf, smoothness), .def = 1, .min = 0, .max = 1e9, .flags = PARAM_LOG | PARAM_TUNED,
   .doc = "L: Lipschitz constant of the Hessian in the norm that the Hessian itself makes (semi-strong self-concordance); 0: full steps",
   .example = "10"},
  {0},
};

static enum status iterate(const void *conf, struct newton *k, uint64_t i, double *step, bool *moved, struct err *e)
{
  const struct conf *c = conf;
  (void)i;
  enum status s = newton_step(k, e);
  if (s != STATUS_OK)
    return s;
  double d = newton_decrement(k);
  *step = 2 / (1 + sqrt(1 + 2 * c->smoothness * d));
  *moved = d > 0;
  newton_try(k, *step);
  if (*moved)
    newton_accept(k);
  return STATUS_OK;
}

static enum status run(const void *conf, struct minimize *m, struct err *e) { return newton_run(conf, m, iterate, e); }

const struct minimizer minimizer_newton_aicn = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "newton-aicn",
        .name = "Affine-invariant cubic Newton",
        .summary = "Newton steps damped by their own length in the metric of the Hessian",
        .formula = "h = H^-1 g;  d = sqrt(g.h);  w <- w - a h,  a = (sqrt(1 + 2 L d) - 1)/(L d) = 2/(1 + sqrt(1 + 2 L d))",
        .cite = "Hanzely, Kamzolov, Pasechnyuk, Gasnikov, Richtarik and Takac 2022, A damped Newton method achieves global O(1/k^2) and local "
                "quadratic convergence rate",
        .notes = "For convex f. A linear change of variables changes nothing. Near the minimum a goes to 1: quadratic convergence. Where H is "
                 "singular in float64 the least shift that makes it positive definite is added.",
        .example = "assay.minimizer(\"newton-aicn\", {smoothness = 10})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .accepts = newton_accepts,
  .run = run,
};
