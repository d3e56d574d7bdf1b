/* saddle_free_newton.c: Newton's method with the absolute value of the Hessian: directions of negative curvature are left, not sought. */
#include <math.h>

#include "experiments/kernel/vec.h"
#include "experiments/minimize/newton_frame.h"

struct conf {
  struct param_list damping;
  double rate;
};

static const struct param params[] = {
  {.id = "damping", .type = PARAM_LIST, .at = offsetof(struct conf, damping), .def_text = "0,0.001,0.01,0.1,1,10", .min = 0, .max = 1e9,
   .doc = "values of a tried at each iteration; that with the least f is taken", .example = "{0.1}"},
  {.id = "rate", .type = PARAM_REAL, .at = offsetof(struct conf, rate), .def = 1, .min = 0, .max = 10, .flags = PARAM_MIN_OPEN,
   .doc = "part of the step that is taken", .example = "0.5"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  return ((const struct conf *)conf)->damping.n ? STATUS_OK : err_set(e, STATUS_BAD_ARG, "damping must have at least one value");
}

/* trial = w - rate (|H| + a I)^-1 g; false where |H| + a I is singular in float64. */
static bool damped_trial(const struct conf *c, struct newton *k, double a)
{
  double largest = fmax(fabs(k->eigenvalue[0]), fabs(k->eigenvalue[k->d - 1]));
  for (size_t j = 0; j < k->d; j++) {
    double size = fabs(k->eigenvalue[j]) + a;
    if (!(size > 1e-14 * largest))
      return false;
    k->next[j] = c->rate / size;
  }
  newton_spectral_step(k, k->next);
  newton_try(k, 1);
  return true;
}

static enum status iterate(const void *conf, struct newton *k, uint64_t i, double *step, bool *moved, struct err *e)
{
  const struct conf *c = conf;
  (void)i;
  enum status s = newton_hessian(k, e);
  s = s ? s : newton_eigen(k, e);
  if (s != STATUS_OK)
    return s;
  double least = (double)INFINITY, best = NAN;
  for (size_t t = 0; t < c->damping.n; t++) {
    double value = damped_trial(c, k, c->damping.v[t]) ? minimize_value(k->m, k->trial) : (double)INFINITY;
    if (value < least) {
      least = value;
      best = c->damping.v[t];
    }
  }
  *step = best;
  *moved = !isnan(best) && vec_norm2_f64(k->g, k->d) > 0;
  if (*moved && damped_trial(c, k, best))
    newton_accept(k);
  return STATUS_OK;
}

static enum status run(const void *conf, struct minimize *m, struct err *e) { return newton_run(conf, m, iterate, e); }

const struct minimizer minimizer_saddle_free_newton = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "saddle-free-newton",
        .name = "Saddle-free Newton",
        .summary = "Newton steps with |H|: saddle points push away instead of attracting",
        .formula = "|H| = V |Lambda| V';  w <- w - rate (|H| + a I)^-1 g, with the a of the list that gives the least f",
        .cite = "Pascanu, Dauphin, Ganguli and Bengio 2014, On the saddle point problem for non-convex optimization",
        .notes = "Where H is positive definite and a = 0 it is Newton's method. The value may rise: the best of the list is taken even so. A whole "
                 "eigen-decomposition an iteration. The step in the trace is a.",
        .example = "assay.minimizer(\"saddle-free-newton\", {damping = {0.1}})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = resolve},
  .accepts = newton_accepts,
  .run = run,
};
