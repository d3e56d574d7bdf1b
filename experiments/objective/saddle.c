/* saddle.c: two saddle points in the plane, bounded below: the strict one that Newton's method runs into, and the monkey saddle, where the
 * Hessian says nothing. */
#include <math.h>

#include "experiments/objective/objective.h"

enum shape { SHAPE_STRICT, SHAPE_MONKEY };
static const char *const shapes[] = {"strict", "monkey", NULL};

struct conf {
  int shape;
  double c, start;
};

static const struct param params[] = {
  {.id = "shape", .type = PARAM_CHOICE, .at = offsetof(struct conf, shape), .choices = shapes,
   .doc = "strict: a negative eigenvalue at the saddle; monkey: a zero Hessian there", .example = "monkey"},
  {.id = "c", .type = PARAM_REAL, .at = offsetof(struct conf, c), .def = 1, .min = 0, .max = 1e6, .flags = PARAM_LOG | PARAM_MIN_OPEN,
   .doc = "size of the fourth powers that bound it below", .example = "0.5"},
  {.id = "start", .type = PARAM_REAL, .at = offsetof(struct conf, start), .def = 1e-3, .min = -1e6, .max = 1e6,
   .doc = "how far off the saddle's stable line it starts: at (1, start)", .example = "0.01"},
  {0},
};

static enum status make(const void *conf, const struct objective_env *env, struct objective *out, struct err *e)
{
  const struct conf *c = conf;
  (void)env;
  out->d = 2;
  enum status s = objective_new_start(out, false, e);
  if (s != STATUS_OK)
    return s;
  out->start[0] = 1;
  out->start[1] = c->start;
  /* strict: y^2 = 1/c, -1/(4c). monkey, in polar coordinates r^3 cos 3t + c r^4/4: r = 3/c, -27/(4 c^3). */
  out->minimum = c->shape == SHAPE_STRICT ? -1 / (4 * c->c) : -6.75 / (c->c * c->c * c->c);
  out->smoothness = out->smoothness_max = INFINITY;
  return STATUS_OK;
}

static double gradient(const struct objective *f, const double *w, double *g)
{
  const struct conf *k = f->of.conf;
  double x = w[0], y = w[1], c = k->c, r2 = x * x + y * y;
  if (k->shape == SHAPE_STRICT) {
    g[0] = x;
    g[1] = -y + c * y * y * y;
    return 0.5 * (x * x - y * y) + 0.25 * c * y * y * y * y;
  }
  g[0] = 3 * x * x - 3 * y * y + c * r2 * x;
  g[1] = -6 * x * y + c * r2 * y;
  return x * x * x - 3 * x * y * y + 0.25 * c * r2 * r2;
}

static double value(const struct objective *f, const double *w)
{
  double g[2];
  return gradient(f, w, g);
}

static void hvp(const struct objective *f, const double *w, const double *v, double *out)
{
  const struct conf *k = f->of.conf;
  double x = w[0], y = w[1], c = k->c, r2 = x * x + y * y;
  if (k->shape == SHAPE_STRICT) {
    out[0] = v[0];
    out[1] = (-1 + 3 * c * y * y) * v[1];
    return;
  }
  double xy = -6 * y + 2 * c * x * y;
  out[0] = (6 * x + c * (r2 + 2 * x * x)) * v[0] + xy * v[1];
  out[1] = xy * v[0] + (-6 * x + c * (r2 + 2 * y * y)) * v[1];
}

const struct objective_method objective_saddle = {
  .m = {.kind = KIND_OBJECTIVE,
        .id = "saddle",
        .name = "Saddle points",
        .summary = "a strict saddle or a monkey saddle at 0, bounded below by fourth powers",
        .formula = "strict: (x^2 - y^2)/2 + c y^4/4, minimum -1/(4c) at (0, +-1/sqrt c)\n"
                   "monkey: x^3 - 3 x y^2 + c (x^2 + y^2)^2/4, minimum -27/(4 c^3) at three points of norm 3/c",
        .cite = "Pascanu, Dauphin, Ganguli and Bengio 2014, On the saddle point problem for non-convex optimization",
        .notes = "From (1, start) Newton's method runs into the strict saddle, gradient descent leaves it slowly, saddle-free Newton at once.",
        .example = "assay.objective(\"saddle\", {shape = \"monkey\"})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .make = make,
  .value = value,
  .gradient = gradient,
  .hvp = hvp,
};
