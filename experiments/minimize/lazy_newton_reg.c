/* lazy_newton_reg.c: gradient-regularized Newton with a Hessian that is renewed every so many iterations. */
#include <math.h>

#include "experiments/kernel/vec.h"
#include "experiments/minimize/newton_frame.h"

struct conf {
  int64_t period;
  double smoothness;
};

static const struct param params[] = {
  {.id = "period", .type = PARAM_INT, .at = offsetof(struct conf, period), .def = 1, .min = 1, .max = 1e9, .unit = "iterations",
   .doc = "m: iterations between two Hessians; 1 is gradient-regularized Newton, d the cheapest by theory", .example = "10"},
  {.id = "smoothness", .type = PARAM_REAL, .at = offsetof(struct conf, smoothness), .def = 1, .min = 0, .max = 1e9,
   .flags = PARAM_LOG | PARAM_TUNED | PARAM_MIN_OPEN, .doc = "L: Lipschitz constant of the Hessian; the method takes M = 3 m L", .example = "0.1"},
  {0},
};

/* One eigen-decomposition serves a whole period: only the shift changes. */
static enum status iterate(const void *conf, struct newton *k, uint64_t i, double *step, bool *moved, struct err *e)
{
  const struct conf *c = conf;
  enum status s = STATUS_OK;
  if (i % (uint64_t)c->period == 0) {
    s = newton_hessian(k, e);
    s = s ? s : newton_eigen(k, e);
  }
  double shift = sqrt(3 * (double)c->period * c->smoothness * vec_norm2_f64(k->g, k->d));
  *step = shift;
  *moved = shift > 0;
  if (s != STATUS_OK || !*moved)
    return s;
  for (size_t j = 0; j < k->d; j++) /* convex: negative eigenvalues are rounding */
    k->next[j] = 1 / (fmax(k->eigenvalue[j], 0) + shift);
  newton_spectral_step(k, k->next);
  newton_try(k, 1);
  newton_accept(k);
  return STATUS_OK;
}

static enum status run(const void *conf, struct minimize *m, struct err *e) { return newton_run(conf, m, iterate, e); }

const struct minimizer minimizer_lazy_newton_reg = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "lazy-newton-reg",
        .name = "Gradient-regularized Newton with lazy Hessians",
        .summary = "(H + sqrt(M |g|) I)^-1 g with an old H, renewed every m iterations",
        .formula = "w <- w - (H_z + sqrt(M |g|) I)^-1 g,  H_z of the last iterate whose number is a multiple of m,  M = 3 m L",
        .cite = "Doikov, Chayti and Jaggi 2023, Second-order optimization with lazy Hessians; m = 1: Mishchenko 2023 and Doikov and Nesterov 2023",
        .notes = "For convex f. m = d makes the arithmetic of d solves equal to that of one Hessian: in theory sqrt(d) times cheaper than m = 1. "
                 "The step in the trace is the shift.",
        .example = "assay.minimizer(\"lazy-newton-reg\", {period = 5, smoothness = 0.1})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .accepts = newton_accepts,
  .run = run,
};
