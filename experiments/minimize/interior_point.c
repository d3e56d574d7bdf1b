/* interior_point.c: path following with a logarithmic barrier of a box or a ball: Newton's method on f + barrier/t, t growing.
 *
 * A barrier phi of parameter nu: nu = 2 d of the box (a logarithm a side), 1 of the ball. At the minimum w(t) of t f + phi the gap is at most
 * nu/t. Whenever the decrement of Newton's method on t f + phi is at most 1/4, t grows; an iteration is a Newton step. With growth
 * 1 + 1/(13 sqrt nu) one full step is enough for each t where f is linear or quadratic (Bubeck 2015, section 5.3). */
#include <math.h>
#include <string.h>

#include "experiments/kernel/vec.h"
#include "experiments/minimize/newton_frame.h"

enum { REGION_BOX, REGION_BALL };
static const char *const regions[] = {"box", "ball", NULL};

struct conf {
  int region;
  double radius, growth, tolerance;
};

static const struct param params[] = {
  {.id = "region", .type = PARAM_CHOICE, .at = offsetof(struct conf, region), .choices = regions,
   .doc = "box: |w|_inf <= radius; ball: |w|_2 <= radius", .example = "ball"},
  {.id = "radius", .type = PARAM_REAL, .at = offsetof(struct conf, radius), .def = 10, .min = 0, .max = 1e9, .flags = PARAM_LOG | PARAM_MIN_OPEN,
   .doc = "size of the set; the start must lie within", .example = "2"},
  {.id = "growth", .type = PARAM_REAL, .at = offsetof(struct conf, growth), .def = 10, .min = 1, .max = 1e6,
   .flags = PARAM_AUTO | PARAM_LOG | PARAM_MIN_OPEN, .doc = "factor of t; auto: the short steps of theory, 1 + 1/(13 sqrt nu)", .example = "3"},
  {.id = "tolerance", .type = PARAM_REAL, .at = offsetof(struct conf, tolerance), .def = 1e-10, .min = 0, .max = 1,
   .flags = PARAM_LOG | PARAM_MIN_OPEN, .doc = "ends as converged at nu/t <= tolerance max(1, |f|)", .example = "1e-6"},
  {0},
};

static double parameter_of(const struct conf *c, size_t d) { return c->region == REGION_BOX ? 2 * (double)d : 1; }

/* phi(w): infinite outside. */
static double barrier(const struct conf *c, const double *w, size_t d)
{
  double r = c->radius, norm = vec_norm2_f64(w, d), inside = (r - norm) * (r + norm), sum = 0;
  if (c->region == REGION_BALL)
    return inside > 0 ? -log(inside) : (double)INFINITY;
  for (size_t j = 0; j < d; j++) {
    if (!(fabs(w[j]) < r))
      return (double)INFINITY;
    sum -= log(r - w[j]) + log(r + w[j]);
  }
  return sum;
}

/* g += phi'/t, h += phi''/t */
static void add_barrier(const struct conf *c, const double *w, double t, size_t d, double *g, double *h)
{
  double r = c->radius, norm = vec_norm2_f64(w, d), inside = (r - norm) * (r + norm);
  for (size_t i = 0; i < d; i++) {
    double low = 1 / (r + w[i]), high = 1 / (r - w[i]);
    if (c->region == REGION_BOX) {
      g[i] += (high - low) / t;
      h[i * d + i] += (high * high + low * low) / t;
      continue;
    }
    g[i] += 2 * w[i] / (inside * t);
    h[i * d + i] += 2 / (inside * t);
    for (size_t j = 0; j < d; j++)
      h[i * d + j] += 4 * w[i] * w[j] / (inside * inside * t);
  }
}

/* k->trial = w + a s with the first a of 1, 1/2, … that keeps to the set and brings a tenth of the predicted decrease of f + phi/t; or with no
 * more than rounding of decrease to gain. false: there is none. */
static bool search(const struct conf *c, struct newton *k, double t, double slope, double *a)
{
  double from = k->value + barrier(c, k->m->w, k->d) / t;
  for (*a = 1; *a > 1e-12; *a *= 0.5) {
    newton_try(k, *a);
    double phi = barrier(c, k->trial, k->d);
    if (!isfinite(phi))
      continue;
    double value = minimize_value(k->m, k->trial) + phi / t;
    if (value <= from + 0.1 * *a * slope || (value <= from + 1e-15 * fabs(from) && -slope < 1e-14 * fabs(from)))
      return true;
  }
  return false;
}

/* k->memory is t. */
static enum status iterate(const void *conf, struct newton *k, uint64_t iteration, double *step, bool *moved, struct err *e)
{
  const struct conf *c = conf;
  double nu = parameter_of(c, k->d), size = vec_norm2_f64(k->g, k->d);
  if (iteration == 0)
    k->memory = size > 0 ? nu / (size * c->radius) : 1;
  double t = k->memory;
  enum status s = newton_hessian(k, e);
  if (s != STATUS_OK)
    return s;
  memcpy(k->next, k->g, k->d * sizeof *k->g);
  add_barrier(c, k->m->w, t, k->d, k->g, k->h);
  if (!newton_solve(k, 0))
    return err_set(e, STATUS_UNSUPPORTED, "the Hessian with that of the barrier is not positive definite: the objective is not convex");
  double slope = vec_dot_f64(k->g, k->s, k->d), decrement = sqrt(fmax(-slope * t, 0));
  memcpy(k->g, k->next, k->d * sizeof *k->g);
  *moved = (nu / t > c->tolerance * fmax(1, fabs(k->value)) || decrement > 0.25) && search(c, k, t, slope, step);
  if (!*moved)
    return STATUS_OK;
  newton_accept(k);
  if (decrement <= 0.25)
    k->memory = t * (isnan(c->growth) ? 1 + 1 / (13 * sqrt(nu)) : c->growth);
  return STATUS_OK;
}

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  if (!isfinite(barrier(c, m->w, m->f->d)))
    return err_set(e, STATUS_BAD_ARG, "the start does not lie within the %s of radius %g", regions[c->region], c->radius);
  return newton_run(conf, m, iterate, e);
}

const struct minimizer minimizer_interior_point = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "interior-point",
        .name = "Interior point method",
        .summary = "Newton steps on the objective with a logarithmic barrier of a box or a ball that fades",
        .formula = "w(t) = argmin f(w) + phi(w)/t, by Newton's method; t <- growth t where the decrement of t f + phi is at most 1/4\n"
                   "box: phi = -sum_j [ln(r - w_j) + ln(r + w_j)], nu = 2 d;  ball: phi = -ln(r^2 - |w|^2), nu = 1;  f(w(t)) - f* <= nu/t",
        .cite = "Nesterov and Nemirovskii 1994, Interior-point polynomial algorithms in convex programming; Bubeck 2015, Convex optimization: "
                "algorithms and complexity, section 5.3",
        .notes = "Convex objectives with a Hessian. Values and gradients reported are those of f alone: at a minimum on the border the gradient does "
                 "not vanish. O(sqrt nu ln(nu/gap)) short steps; long ones (growth 10) are faster in practice.",
        .example = "assay.minimizer(\"interior-point\", {region = \"box\", radius = 1})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .accepts = newton_accepts,
  .run = run,
};
