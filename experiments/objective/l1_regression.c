/* l1_regression.c: mean absolute error of a linear model: convex, not smooth, robust against outliers. */
#include <math.h>
#include <string.h>

#include "experiments/kernel/rng.h"
#include "experiments/objective/design.h"

struct conf {
  int64_t d, n, seed;
  double outliers, size;
};

static const struct param params[] = {
  {.id = "d", .type = PARAM_INT, .at = offsetof(struct conf, d), .def = 10, .min = 1, .max = 1e6, .unit = "weights", .doc = "weights",
   .example = "20"},
  DESIGN_COUNT_PARAM(struct conf, n, 100),
  {.id = "outliers", .type = PARAM_REAL, .at = offsetof(struct conf, outliers), .def = 0, .min = 0, .max = 1, .unit = "share of the answers",
   .doc = "answers that are off, each with this probability; 0: every answer can be met, and the minimum is 0", .example = "0.1"},
  {.id = "size", .type = PARAM_REAL, .at = offsetof(struct conf, size), .def = 10, .min = 0, .max = 1e9, .flags = PARAM_LOG,
   .doc = "standard deviation of what they are off by", .example = "100"},
  DESIGN_SEED_PARAM(struct conf, seed),
  {0},
};

/* |z - y|; 0 is taken of the subgradients in the kink. */
static double loss(double z, double y, double *slope)
{
  *slope = (z > y) - (z < y);
  return fabs(z - y);
}

static enum status make(const void *conf, const struct objective_env *env, struct objective *out, struct err *e)
{
  const struct conf *c = conf;
  (void)env;
  out->d = (size_t)c->d, out->n = (size_t)c->n;
  enum status s = design_new(&out->state, out->n, out->d, loss, c->seed, e);
  if (s == STATUS_OK)
    s = objective_new_start(out, c->outliers == 0, e);
  if (s != STATUS_OK)
    return s;
  struct design *k = out->state;
  struct rng teacher = rng_make((uint64_t)c->seed, RNG_TEACHER, 0), noise = rng_make((uint64_t)c->seed, RNG_LABEL_NOISE, 0);
  rng_fill_normal_f64(&teacher, k->scratch, out->d, 0, 1);
  for (size_t i = 0; i < k->n; i++) {
    bool off = rng_uniform(&noise) < c->outliers;
    double by = c->size * rng_normal(&noise);
    k->y[i] = design_dot(k, i, k->scratch) + (off ? by : 0);
  }
  if (out->optimum) {
    memcpy(out->optimum, k->scratch, out->d * sizeof *out->optimum);
    out->minimum = 0;
  }
  out->smoothness = out->smoothness_max = INFINITY;
  out->strong_convexity = 0;
  return STATUS_OK;
}

const struct objective_method objective_l1_regression = {
  .m = {.kind = KIND_OBJECTIVE,
        .id = "l1-regression",
        .name = "Least absolute deviations",
        .summary = "mean absolute error of a linear model: convex, not smooth",
        .formula = "f(w) = (1/n) sum_i |a_i.w - y_i|, y = A w* (+ outliers), a_i ~ N(0, I)",
        .cite = "Bloomfield and Steiger 1983, Least absolute deviations: theory, applications, and algorithms",
        .notes = "gradient gives a subgradient, 0 in a kink. Without outliers the minimum is 0 at w*; with some it is not known, but w* is often "
                 "still the minimum's place. Steps of a fixed length do not converge; prox-linear and falling rates do.",
        .example = "assay.objective(\"l1-regression\", {d = 10, n = 100, outliers = 0.1})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .make = make,
  .release = design_release,
  .value = design_value,
  .gradient = design_gradient,
  .component = design_component,
};
