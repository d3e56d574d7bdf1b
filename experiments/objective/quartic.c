/* quartic.c: a chain of fourth powers: convex, third derivatives Lipschitz, no strong convexity: what methods of second and third order are
 * compared on. */
#include <math.h>
#include <string.h>

#include "experiments/objective/objective.h"

struct conf {
  int64_t d;
};

static const struct param params[] = {
  {.id = "d", .type = PARAM_INT, .at = offsetof(struct conf, d), .def = 20, .min = 1, .max = 1e7, .unit = "weights", .doc = "weights",
   .example = "50"},
  {0},
};

/* (w_j - w_{j+1})^3 = 1 in each link of the chain: w_j = d - j + 1, and d/4 - d. */
static enum status make(const void *conf, const struct objective_env *env, struct objective *out, struct err *e)
{
  const struct conf *c = conf;
  (void)env;
  out->d = (size_t)c->d;
  enum status s = objective_new_start(out, true, e);
  if (s != STATUS_OK)
    return s;
  for (size_t j = 0; j < out->d; j++)
    out->optimum[j] = (double)(out->d - j);
  out->minimum = -0.75 * (double)out->d;
  out->smoothness = out->smoothness_max = INFINITY;
  out->strong_convexity = 0;
  return STATUS_OK;
}

/* w_j - w_{j+1}, w_{d+1} = 0 */
static double step_at(const struct objective *f, const double *w, size_t j) { return w[j] - (j + 1 < f->d ? w[j + 1] : 0); }

static double value(const struct objective *f, const double *w)
{
  double sum = 0;
  for (size_t j = 0; j < f->d; j++) {
    double s = step_at(f, w, j);
    sum += 0.25 * s * s * s * s;
  }
  return sum - w[0];
}

static double gradient(const struct objective *f, const double *w, double *g)
{
  memset(g, 0, f->d * sizeof *g);
  g[0] = -1;
  for (size_t j = 0; j < f->d; j++) {
    double s = step_at(f, w, j), cube = s * s * s;
    g[j] += cube;
    if (j + 1 < f->d)
      g[j + 1] -= cube;
  }
  return value(f, w);
}

static void hvp(const struct objective *f, const double *w, const double *v, double *out)
{
  memset(out, 0, f->d * sizeof *out);
  for (size_t j = 0; j < f->d; j++) {
    double s = step_at(f, w, j), t = 3 * s * s * step_at(f, v, j);
    out[j] += t;
    if (j + 1 < f->d)
      out[j + 1] -= t;
  }
}

const struct objective_method objective_quartic = {
  .m = {.kind = KIND_OBJECTIVE,
        .id = "quartic",
        .name = "Chain of fourth powers",
        .summary = "a convex quartic that reveals one coordinate a step: the worst case of third-order methods",
        .formula = "f(w) = (1/4) sum_{j<d} (w_j - w_{j+1})^4 + w_d^4/4 - w_1; minimum -3 d/4 at w_j = d - j + 1",
        .cite = "Nesterov 2021, Implementable tensor methods in unconstrained convex optimization",
        .notes = "At the start 0 the Hessian is 0: Newton's method needs regularisation there.",
        .example = "assay.objective(\"quartic\", {d = 20})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .make = make,
  .value = value,
  .gradient = gradient,
  .hvp = hvp,
};
