/* ellipsoid.c: the ellipsoid method: each subgradient cuts the ellipsoid that holds the minimum in half; the smallest ellipsoid around the
 * half is the next. P is kept as J J': as a matrix of its own it would lose its definiteness to rounding after some 20 d^2 cuts. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/minimize/minimize.h"

enum { D_MAX = 4096 };

struct conf {
  double radius;
};

static const struct param params[] = {
  {.id = "radius", .type = PARAM_REAL, .at = offsetof(struct conf, radius), .def = 10, .min = 0, .max = 1e9, .flags = PARAM_LOG | PARAM_MIN_OPEN,
   .doc = "of the ball around the start in which the minimum lies", .example = "2"},
  {0},
};

struct work {
  size_t d;
  double *j;               /* d x d: the ellipsoid {x + J v: |v| <= 1} */
  double *x, *g;           /* its centre, a subgradient there */
  double *v, *jv;          /* J'g/|J'g|, and J times that */
  double *best_g, best;    /* of the best centre so far, which stands in m->w */
};

static enum status work_new(struct work *k, const struct conf *c, const struct minimize *m, struct err *e)
{
  size_t d = m->f->d;
  void *memory;
  enum status s = mem_new(&memory, d + 5, d * sizeof(double), "the ellipsoid method", e);
  if (s != STATUS_OK)
    return s;
  memset(memory, 0, (d + 5) * d * sizeof(double));
  *k = (struct work){.d = d, .j = memory};
  k->x = k->j + d * d, k->g = k->x + d, k->v = k->g + d, k->jv = k->v + d, k->best_g = k->jv + d;
  memcpy(k->x, m->w, d * sizeof(double));
  for (size_t j = 0; j < d; j++)
    k->j[j * d + j] = c->radius;
  return s;
}

/* The value at the centre; where it is the least so far, the centre is the result. */
static double look_at_centre(struct work *k, struct minimize *m)
{
  double value = minimize_gradient(m, k->x, k->g);
  if (value < k->best) {
    k->best = value;
    memcpy(m->w, k->x, k->d * sizeof(double));
    memcpy(k->best_g, k->g, k->d * sizeof(double));
  }
  return value;
}

/* |J'g|, the half width of the ellipsoid along g: by so much at most f may be less in it than at its centre. */
static double half_width(struct work *k)
{
  memset(k->v, 0, k->d * sizeof(double));
  for (size_t i = 0; i < k->d; i++)
    for (size_t l = 0; l < k->d; l++)
      k->v[l] += k->j[i * k->d + l] * k->g[i];
  double width = vec_norm2_f64(k->v, k->d);
  for (size_t l = 0; l < k->d && width > 0; l++)
    k->v[l] /= width;
  return width;
}

/* The smallest ellipsoid around the half {y: g.(y - x) <= 0}: J <- (J - (1 - sqrt((d-1)/(d+1))) J v v') d/sqrt(d^2 - 1). */
static void cut(struct work *k)
{
  double d = (double)k->d, grow = k->d > 1 ? d / sqrt(d * d - 1) : 0.5, shrink = k->d > 1 ? 1 - sqrt((d - 1) / (d + 1)) : 0;
  for (size_t i = 0; i < k->d; i++)
    k->jv[i] = vec_dot_f64(k->j + i * k->d, k->v, k->d);
  for (size_t i = 0; i < k->d; i++) {
    k->x[i] -= k->jv[i] / (d + 1);
    for (size_t l = 0; l < k->d; l++)
      k->j[i * k->d + l] = grow * (k->j[i * k->d + l] - shrink * k->jv[i] * k->v[l]);
  }
}

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  struct work k;
  enum status s = work_new(&k, conf, m, e);
  if (s != STATUS_OK)
    return s;
  k.best = INFINITY;
  double value = look_at_centre(&k, m);
  struct minimize_point p = {.w = m->w, .gradient = k.best < INFINITY ? k.best_g : k.g, .value = value, .step = NAN};
  while (minimize_go_on(m, &p)) {
    double width = half_width(&k);
    if (!(width > 1e-15 * fabs(k.best)) || !isfinite(width)) {
      p.iterations = 0;
      minimize_converged(m, &p);
      break;
    }
    cut(&k);
    look_at_centre(&k, m);
    p.value = k.best;
    p.step = width;
    p.iterations = 1;
  }
  free(k.j);
  return m->status;
}

static enum status accepts(const void *conf, const struct objective *f, struct err *e)
{
  (void)conf;
  if (f->d <= D_MAX)
    return STATUS_OK;
  return err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" has %zu weights; the matrix of an ellipsoid is held for at most %d", f->of.method->id, f->d,
                 D_MAX);
}

const struct minimizer minimizer_ellipsoid = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "ellipsoid",
        .name = "Ellipsoid method",
        .summary = "cuts through the centre of a shrinking ellipsoid: linear convergence for few weights",
        .formula = "u = P g/sqrt(g'Pg);  x <- x - u/(d + 1);  P <- d^2/(d^2 - 1) (P - 2/(d + 1) u u');  P_0 = radius^2 I\n"
                   "d = 1: P <- P/4, bisection;  result: the best x so far",
        .cite = "Yudin and Nemirovski 1976, Informational complexity and efficient methods for the solution of convex extremal problems; Bubeck 2015, "
                "Convex optimization: algorithms and complexity, theorem 2.4",
        .notes = "Any convex objective, smooth or not, whose minimum lies within `radius` of the start. The gap falls like exp(-t/(2 d^2)): good for few "
                 "weights. sqrt(g'Pg), the step of the trace, bounds the gap of the centre. O(d^2) an iteration.",
        .example = "assay.minimizer(\"ellipsoid\", {radius = 5})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .accepts = accepts,
  .run = run,
};
