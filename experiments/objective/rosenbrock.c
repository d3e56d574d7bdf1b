/* rosenbrock.c: the banana valley, in any dimension: steep walls, a curved floor, and a single minimum at (1, …, 1).
 *
 * As a sum: component i is the term of the pair (i, i + 1) times n = d - 1, so that the mean of the components is f. */
#include <math.h>
#include <string.h>

#include "experiments/objective/objective.h"

struct conf {
  int64_t d;
  double steepness;
};

static const struct param params[] = {
  {.id = "d", .type = PARAM_INT, .at = offsetof(struct conf, d), .def = 2, .min = 2, .max = 1e7, .unit = "weights",
   .doc = "weights", .example = "10"},
  {.id = "steepness", .type = PARAM_REAL, .at = offsetof(struct conf, steepness), .def = 100, .min = 0, .max = 1e8,
   .flags = PARAM_LOG | PARAM_MIN_OPEN, .doc = "steepness a of the walls: the condition number grows with it", .example = "10"},
  {0},
};

static double steepness(const struct objective *f) { return ((const struct conf *)f->of.conf)->steepness; }

static enum status make(const void *conf, const struct objective_env *env, struct objective *out, struct err *e)
{
  const struct conf *c = conf;
  (void)env;
  out->d = (size_t)c->d;
  out->n = out->d - 1;
  enum status s = objective_new_start(out, true, e);
  if (s != STATUS_OK)
    return s;
  for (size_t j = 0; j < out->d; j++) {
    out->start[j] = j % 2 ? 1 : -1.2; /* the classical starting point */
    out->optimum[j] = 1;
  }
  out->minimum = 0;
  out->smoothness = out->smoothness_max = INFINITY; /* fourth degree */
  return STATUS_OK;
}

/* a (y - x^2)^2 + (1 - x)^2, and scale times its gradient added to g (if any). */
static double term(double a, double x, double y, double scale, double *g)
{
  double wall = y - x * x, floor = 1 - x;
  if (g) {
    g[0] += scale * (-4 * a * x * wall - 2 * floor);
    g[1] += scale * (2 * a * wall);
  }
  return a * wall * wall + floor * floor;
}

static double value(const struct objective *f, const double *w)
{
  double sum = 0;
  for (size_t j = 0; j + 1 < f->d; j++)
    sum += term(steepness(f), w[j], w[j + 1], 1, NULL);
  return sum;
}

static double gradient(const struct objective *f, const double *w, double *g)
{
  double sum = 0;
  memset(g, 0, f->d * sizeof *g);
  for (size_t j = 0; j + 1 < f->d; j++)
    sum += term(steepness(f), w[j], w[j + 1], 1, g + j);
  return sum;
}

static double component(const struct objective *f, size_t i, const double *w, double *g)
{
  double n = (double)f->n;
  memset(g, 0, f->d * sizeof *g);
  return n * term(steepness(f), w[i], w[i + 1], n, g + i);
}

static void hvp(const struct objective *f, const double *w, const double *v, double *out)
{
  double a = steepness(f);
  memset(out, 0, f->d * sizeof *out);
  for (size_t j = 0; j + 1 < f->d; j++) {
    double x = w[j], y = w[j + 1], cross = -4 * a * x;
    out[j] += (12 * a * x * x - 4 * a * y + 2) * v[j] + cross * v[j + 1];
    out[j + 1] += cross * v[j] + 2 * a * v[j + 1];
  }
}

const struct objective_method objective_rosenbrock = {
  .m = {.kind = KIND_OBJECTIVE,
        .id = "rosenbrock",
        .name = "Rosenbrock's valley",
        .summary = "a curved, narrow valley: not convex, one minimum at (1, …, 1) for d = 2 and 3",
        .formula = "f(w) = sum_{j<d} a (w_{j+1} - w_j^2)^2 + (1 - w_j)^2; f(1, …, 1) = 0",
        .cite = "Rosenbrock 1960, An automatic method for finding the greatest or least value of a function; "
                "Shang and Qiu 2006, A note on the extended Rosenbrock function",
        .notes = "From d = 4 on there is a second, local minimum near (-1, 1, …, 1) (with a = 100). The start is "
                 "(-1.2, 1, -1.2, 1, …). As a sum it has d - 1 components, one for each pair of neighbours.",
        .example = "assay.objective(\"rosenbrock\", {d = 2, steepness = 100})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .make = make,
  .value = value,
  .gradient = gradient,
  .component = component,
  .hvp = hvp,
};
