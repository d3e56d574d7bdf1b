/* phase_retrieval.c: a vector from the squares of its products: not convex, minima at w* and -w*, a saddle at 0; smooth with squared errors,
 * weakly convex with absolute ones. */
#include <math.h>
#include <string.h>

#include "experiments/kernel/rng.h"
#include "experiments/kernel/vec.h"
#include "experiments/objective/design.h"

enum { LOSS_SQUARED, LOSS_ABSOLUTE };
static const char *const loss_names[] = {"squared", "absolute", NULL};

struct conf {
  int64_t d, n, seed;
  int loss;
};

static const struct param params[] = {
  {.id = "d", .type = PARAM_INT, .at = offsetof(struct conf, d), .def = 10, .min = 1, .max = 1e6, .unit = "weights", .doc = "weights",
   .example = "20"},
  DESIGN_COUNT_PARAM(struct conf, n, 60),
  {.id = "loss", .type = PARAM_CHOICE, .at = offsetof(struct conf, loss), .choices = loss_names,
   .doc = "squared: r^2/4; absolute: |r|, not smooth, sharp at the minima", .example = "absolute"},
  DESIGN_SEED_PARAM(struct conf, seed),
  {0},
};

/* (z^2 - y)^2/4 */
static double squared(double z, double y, double *slope)
{
  double r = z * z - y;
  *slope = r * z;
  return 0.25 * r * r;
}

/* |z^2 - y|; 0 in the kink */
static double absolute(double z, double y, double *slope)
{
  double r = z * z - y;
  *slope = r > 0 ? 2 * z : r < 0 ? -2 * z : 0;
  return fabs(r);
}

/* The truth has norm 1; the start is a random point of norm 1. */
static enum status make(const void *conf, const struct objective_env *env, struct objective *out, struct err *e)
{
  const struct conf *c = conf;
  (void)env;
  out->d = (size_t)c->d, out->n = (size_t)c->n;
  enum status s = design_new(&out->state, out->n, out->d, c->loss == LOSS_SQUARED ? squared : absolute, c->seed, e);
  if (s == STATUS_OK)
    s = objective_new_start(out, false, e);
  if (s != STATUS_OK)
    return s;
  struct design *k = out->state;
  struct rng teacher = rng_make((uint64_t)c->seed, RNG_TEACHER, 0), start = rng_make((uint64_t)c->seed, RNG_INIT, 0);
  double *w = k->scratch;
  rng_fill_normal_f64(&teacher, w, out->d, 0, 1);
  rng_fill_normal_f64(&start, out->start, out->d, 0, 1);
  double norm = vec_norm2_f64(w, out->d), from = vec_norm2_f64(out->start, out->d);
  for (size_t j = 0; j < out->d; j++) {
    w[j] /= norm;
    out->start[j] /= from;
  }
  for (size_t i = 0; i < k->n; i++)
    k->y[i] = design_dot(k, i, w) * design_dot(k, i, w);
  out->minimum = 0;
  out->smoothness = out->smoothness_max = INFINITY;
  return STATUS_OK;
}

/* The second derivative of the loss in z, beside kinks. */
static double curvature(const struct design *k, double z, double y)
{
  if (k->loss == squared)
    return 3 * z * z - y;
  return z * z > y ? 2 : z * z < y ? -2 : 0;
}

static void hvp(const struct objective *f, const double *w, const double *v, double *out)
{
  const struct design *k = f->state;
  memset(out, 0, f->d * sizeof *out);
  for (size_t i = 0; i < f->n; i++) {
    double z = design_dot(k, i, w);
    design_add(k, i, curvature(k, z, k->y[i]) * design_dot(k, i, v) / (double)f->n, out);
  }
}

const struct objective_method objective_phase_retrieval = {
  .m = {.kind = KIND_OBJECTIVE,
        .id = "phase-retrieval",
        .name = "Phase retrieval",
        .summary = "a vector from squares of its products: not convex, two minima of value 0",
        .formula = "squared:  f(w) = (1/(4n)) sum_i ((a_i.w)^2 - y_i)^2, y_i = (a_i.w*)^2, a_i ~ N(0, I), |w*| = 1\n"
                   "absolute: f(w) = (1/n) sum_i |(a_i.w)^2 - y_i|",
        .cite = "Candes, Li and Soltanolkotabi 2015, Phase retrieval via Wirtinger flow: theory and algorithms; "
                "Davis and Drusvyatskiy 2019, Stochastic model-based minimization of weakly convex functions",
        .notes = "Real-valued. Minima at w* and -w*; for n above some multiple of d ln d no other local minima. The start is a random unit vector. "
                 "absolute is the robust form of Davis and Drusvyatskiy, convex but for a multiple of |w|^2; its gradient is a subgradient, 0 in a kink.",
        .example = "assay.objective(\"phase-retrieval\", {d = 10, n = 60})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .make = make,
  .release = design_release,
  .value = design_value,
  .gradient = design_gradient,
  .component = design_component,
  .hvp = hvp,
};
