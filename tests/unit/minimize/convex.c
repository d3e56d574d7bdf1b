/* convex.c: methods for convex functions with constraints or without gradients: projections by their optimality, steps against textbook
 * loops, minima against closed forms, and the bounds of theory at every iteration. */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/minimize/feasible.h"
#include "tests/unit/objects.h"

extern const struct objective_method objective_quadratic, objective_max_affine, objective_l1_regression;
extern const struct minimizer minimizer_subgradient, minimizer_mirror_descent, minimizer_dual_averaging, minimizer_mirror_prox,
  minimizer_frank_wolfe, minimizer_fista, minimizer_ellipsoid, minimizer_interior_point;

enum { D = 8, STEPS = 60 };

/* --- sets -------------------------------------------------------------------------------------- */

/* How far a projection lies outside the set, and how far from its optimality: (x - p).(v - p) <= 0 for all v of the set, the worst of which is
 * the vertex where (p - x).v is least. */
static void check_sets(void)
{
  struct rng r = rng_make(1, RNG_TEST, 0);
  for (int region = REGION_BALL; region <= REGION_SIMPLEX; region++) {
    double outside = 0, wrong = 0, moved = 0, worse = 0;
    for (int trial = 0; trial < 200; trial++) {
      struct feasible c = {region, exp(rng_normal(&r))};
      double x[D], p[D], q[D], g[D], v[D], norm[4], scale = exp(2 * rng_normal(&r));
      for (int j = 0; j < D; j++) {
        p[j] = x[j] = scale * rng_normal(&r);
        if (trial % 3 == 0 && j > 4) /* ties */
          p[j] = x[j] = x[0];
      }
      feasible_project(&c, p, D);
      double sum = 0, least = 0, largest = 0;
      for (int j = 0; j < D; j++) {
        sum += p[j], least = fmin(least, p[j]), largest = fmax(largest, fabs(p[j]));
        g[j] = p[j] - x[j];
      }
      norm[REGION_BALL] = vec_norm2_f64(p, D), norm[REGION_BOX] = largest, norm[REGION_L1_BALL] = vec_norm1_f64(p, D);
      norm[REGION_SIMPLEX] = c.radius + fabs(sum - c.radius) - least;
      double rounding = c.radius + scale; /* sums of entries of about this size */
      outside = fmax(outside, (norm[region] - c.radius) / rounding);
      feasible_vertex(&c, g, v, D);
      double advantage = 0, size = vec_norm2_f64(g, D) * c.radius + 1e-300;
      for (int j = 0; j < D; j++)
        advantage -= g[j] * (v[j] - p[j]);
      wrong = fmax(wrong, advantage / size);
      memcpy(q, p, sizeof q);
      feasible_project(&c, q, D);
      for (int j = 0; j < D; j++)
        moved = fmax(moved, fabs(q[j] - p[j]) / rounding);
      /* a vertex is no worse than random points of the set */
      for (int k = 0; k < 20; k++) {
        double y[D];
        for (int j = 0; j < D; j++)
          y[j] = 3 * c.radius * rng_normal(&r);
        feasible_project(&c, y, D);
        worse = fmax(worse, (vec_dot_f64(g, v, D) - vec_dot_f64(g, y, D)) / size);
      }
    }
    const char *name = feasible_any[region];
    tap_ok(outside < 1e-14, "%s: projections lie in the set (%.2g)", name, outside);
    tap_ok(wrong < 1e-13, "%s: and are nearest: no vertex lies ahead of them (%.2g)", name, wrong);
    tap_ok(moved < 1e-14, "%s: what lies in the set stays (%.2g)", name, moved);
    tap_ok(worse < 1e-14, "%s: no random point of the set is below its vertex (%.2g)", name, worse);
  }
}

/* --- runs -------------------------------------------------------------------------------------- */

static struct objective *made(const struct objective_method *m, const struct named_value *v, size_t n)
{
  struct object o = object_made(&m->m, v, n);
  struct err e = {0};
  struct objective *f;
  struct objective_env env = {0};
  if (objective_make(&f, &o, &env, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  object_free(&o);
  return f;
}

/* A diagonal quadratic with eigenvalues from 1 to 1/condition, in D weights. */
static struct objective *diagonal(double condition)
{
  const struct named_value v[] = {V_INT("d", D), V_REAL("condition", condition), V_BOOL("rotate", false)};
  return made(&objective_quadratic, v, 3);
}

/* Its eigenvalue j, from the gradient. */
static double eigenvalue(const struct objective *f, int j)
{
  double w[D], g[D];
  memcpy(w, f->optimum, sizeof w);
  w[j] += 1;
  objective_gradient(f, w, g);
  return g[j];
}

/* So many iterations from w; the trace, if wanted, has an entry for each. */
static enum minimize_stop go(const struct minimizer *method, struct objective *f, const struct named_value *v, size_t n, double iterations, double *w,
                             struct minimize *keep)
{
  struct object o = object_made(&method->m, v, n);
  struct err e = {0};
  struct minimize m;
  minimize_init(&m, NULL, f, w, INFINITY);
  m.iterations = iterations;
  m.every = 0;
  if (minimize_run(&o, &m, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  enum minimize_stop stop = m.stop;
  object_free(&o);
  if (keep)
    *keep = m;
  else
    minimize_free(&m);
  return stop;
}

static double distance(const double *a, const double *b)
{
  double worst = 0;
  for (int j = 0; j < D; j++)
    worst = fmax(worst, fabs(a[j] - b[j]));
  return worst;
}

static double distance2(const double *a, const double *b)
{
  double sum = 0;
  for (int j = 0; j < D; j++)
    sum += (a[j] - b[j]) * (a[j] - b[j]);
  return sum;
}

/* The largest (value - least)/bound over the trace, bound(k, size) for iteration k. */
static double worst_ratio(const struct minimize *m, double least, double (*bound)(double k, double size), double size)
{
  double worst = 0;
  for (size_t i = 0; i < m->trace.n; i++)
    if (m->trace.iteration[i] > 0)
      worst = fmax(worst, (m->trace.value[i] - least) / bound(m->trace.iteration[i], size));
  return worst;
}

/* --- subgradients ------------------------------------------------------------------------------ */

/* Projected steps and their mean, by hand; dual averaging without constraint takes the same steps where the rate is fixed. */
static void check_subgradient(void)
{
  const struct named_value of[] = {V_INT("d", D), V_INT("n", 40)};
  struct objective *f = made(&objective_l1_regression, of, 2);
  double w[D], x[D], mean[D] = {0}, g[D], c = 0.4;
  const struct named_value ball[] = {V_TEXT("region", "ball"), V_REAL("radius", 0.8), V_REAL("rate", c)};
  memcpy(w, f->start, sizeof w);
  go(&minimizer_subgradient, f, ball, 3, STEPS, w, NULL);
  memcpy(x, f->start, sizeof x);
  for (int t = 0; t < STEPS; t++) {
    objective_gradient(f, x, g);
    for (int j = 0; j < D; j++) {
      mean[j] += x[j] / STEPS;
      x[j] -= c / sqrt(t + 1) * g[j];
    }
    double norm = vec_norm2_f64(x, D);
    for (int j = 0; j < D && norm > 0.8; j++)
      x[j] *= 0.8 / norm;
  }
  tap_ok(distance(w, mean) < 1e-14, "subgradient: the mean of projected steps of c/sqrt(t + 1) (%.2g)", distance(w, mean));
  double a[D], b[D], e[D];
  const struct named_value fixed[] = {V_REAL("rate", c), V_BOOL("horizon", true)};
  memcpy(a, f->start, sizeof a), memcpy(b, a, sizeof b), memcpy(e, a, sizeof e);
  go(&minimizer_subgradient, f, fixed, 2, STEPS, a, NULL);
  go(&minimizer_mirror_descent, f, fixed, 2, STEPS, b, NULL);
  go(&minimizer_dual_averaging, f, fixed, 2, STEPS, e, NULL);
  tap_ok(distance(a, b) == 0, "mirror-descent: in the Euclidean geometry it is the subgradient method");
  tap_ok(distance(a, e) < 1e-13, "dual-averaging: without constraint and at a fixed rate, too (%.2g)", distance(a, e));
  objective_release(f);
}

static double strong_bound(double k, double size) { return size / (k + 1); }

/* 2/(mu (t + 2)): f(mean) - f* <= 2 G^2/(mu (T + 1)) on max_j w_j + mu |w|^2/2, |g| <= 1 + mu |w| and |w| <= 2/mu: G = 3. */
static void check_strong(void)
{
  const struct named_value of[] = {V_INT("d", D), V_REAL("mu", 0.5)}, rule[] = {V_TEXT("rule", "strong")};
  struct objective *f = made(&objective_max_affine, of, 2);
  struct minimize m;
  double w[D];
  memcpy(w, f->start, sizeof w);
  go(&minimizer_subgradient, f, rule, 1, 500, w, &m);
  double worst = worst_ratio(&m, f->minimum, strong_bound, 2 * 3 * 3 / 0.5), last = m.value - f->minimum;
  tap_ok(worst <= 1 && last > 0 && last < 0.02, "subgradient, strong: below its bound at every t (%.2g), and near the minimum in the end (%.2g)", worst,
         last);
  minimize_free(&m);
  objective_release(f);
}

/* --- the simplex ------------------------------------------------------------------------------- */

static void normalize(double *x)
{
  double sum = vec_sum_f64(x, D);
  for (int j = 0; j < D; j++)
    x[j] /= sum;
}

/* Multiplicative weights by hand: mirror descent from a point, dual averaging from the centre, mirror prox. */
static void check_entropy(void)
{
  struct objective *f = diagonal(10);
  double from[D], x[D], y[D], g[D], w[D], mean[D] = {0}, sum[D] = {0};
  const struct named_value v[] = {V_TEXT("region", "simplex"), V_TEXT("geometry", "entropy"), V_REAL("rate", 0.7)};
  for (int j = 0; j < D; j++)
    from[j] = j + 1;
  normalize(from);
  memcpy(x, from, sizeof x), memcpy(w, from, sizeof w);
  go(&minimizer_mirror_descent, f, v, 3, STEPS, w, NULL);
  for (int t = 0; t < STEPS; t++) {
    objective_gradient(f, x, g);
    for (int j = 0; j < D; j++) {
      mean[j] += x[j] / STEPS;
      x[j] *= exp(-0.7 / sqrt(t + 1) * g[j]);
    }
    normalize(x);
  }
  tap_ok(distance(w, mean) < 1e-13, "mirror-descent: under entropy, multiplicative weights (%.2g)", distance(w, mean));
  memset(mean, 0, sizeof mean);
  memcpy(w, from, sizeof w);
  go(&minimizer_dual_averaging, f, v, 3, STEPS, w, NULL);
  for (int t = 0; t < STEPS; t++) {
    for (int j = 0; j < D; j++)
      x[j] = exp(-0.7 / sqrt(t + 1) * sum[j]);
    normalize(x);
    objective_gradient(f, x, g);
    for (int j = 0; j < D; j++)
      mean[j] += x[j] / STEPS, sum[j] += g[j];
  }
  tap_ok(distance(w, mean) < 1e-13, "dual-averaging: under entropy, weights from the sum of gradients (%.2g)", distance(w, mean));
  memset(mean, 0, sizeof mean);
  memcpy(w, from, sizeof w), memcpy(x, from, sizeof x);
  go(&minimizer_mirror_prox, f, v, 3, STEPS, w, NULL);
  for (int t = 0; t < STEPS; t++) {
    objective_gradient(f, x, g);
    for (int j = 0; j < D; j++)
      y[j] = x[j] * exp(-0.7 * g[j]);
    normalize(y);
    objective_gradient(f, y, g);
    for (int j = 0; j < D; j++)
      mean[j] += y[j] / STEPS, x[j] *= exp(-0.7 * g[j]);
    normalize(x);
  }
  tap_ok(distance(w, mean) < 1e-13, "mirror-prox: a step with the gradient of where a step leads (%.2g)", distance(w, mean));
  tap_ok(strstr(REFUSED(&minimizer_mirror_prox.m, V_TEXT("geometry", "entropy")), "simplex") != NULL, "mirror-prox: entropy is of the simplex");
  objective_release(f);
}

static double per_iteration(double k, double size) { return size / (k + 2); }
static double per_square(double k, double size) { return size / ((k + 1) * (k + 1)); }

/* (w - o)'(w - o)/2 over the simplex: the minimum is the projection of o. */
static void check_frank_wolfe(void)
{
  struct objective *f = diagonal(1);
  static const char *const rules[] = {"open-loop", "short"};
  double best[D], w[D];
  struct feasible c = {REGION_SIMPLEX, 1};
  memcpy(best, f->optimum, sizeof best);
  feasible_project(&c, best, D);
  double least = 0.5 * distance2(best, f->optimum);
  for (int rule = 0; rule < 2; rule++) {
    struct minimize m;
    const struct named_value v[] = {V_TEXT("region", "simplex"), V_REAL("radius", 1), V_TEXT("step", rules[rule])};
    memcpy(w, f->start, sizeof w);
    go(&minimizer_frank_wolfe, f, v, 3, 400, w, &m);
    double worst = worst_ratio(&m, least, per_iteration, 2 * 2), low = 0; /* L = 1, diameter sqrt 2 */
    for (int j = 0; j < D; j++)
      low = fmin(low, w[j]);
    tap_ok(worst <= 1 && m.value - least < 1e-2 && low >= 0 && fabs(vec_sum_f64(w, D) - 1) < 1e-13,
           "frank-wolfe, %s: below 2 L R^2/(t + 2) at every t (%.2g), within the simplex", rules[rule], worst);
    minimize_free(&m);
  }
  objective_release(f);
}

/* --- fast gradients ---------------------------------------------------------------------------- */

/* f + l1 |w|_1 of a diagonal quadratic: w_j is o_j moved to 0 by l1/lambda_j. */
static void check_fista(void)
{
  struct objective *f = diagonal(50);
  double best[D], w[D], least = 0, l1 = 0.1;
  for (int j = 0; j < D; j++) {
    double lambda = eigenvalue(f, j), o = f->optimum[j];
    best[j] = copysign(fmax(fabs(o) - l1 / lambda, 0), o);
    least += 0.5 * lambda * (best[j] - o) * (best[j] - o) + l1 * fabs(best[j]);
  }
  struct minimize m;
  const struct named_value v[] = {V_REAL("l1", l1)};
  memcpy(w, f->start, sizeof w);
  go(&minimizer_fista, f, v, 1, 3000, w, &m);
  double worst = worst_ratio(&m, least, per_square, 2 * distance2(f->start, best));
  tap_ok(worst <= 1, "fista: below 2 L R^2/(k + 1)^2 at every k (%.2g)", worst);
  tap_ok(distance(w, best) < 1e-6 && fabs(m.value - least) < 1e-12 && m.gradient_norm < 1e-6,
         "fista: its minimum is the closed form's (%.2g), where the gradient mapping vanishes (%.2g)", distance(w, best), m.gradient_norm);
  minimize_free(&m);
  const struct named_value box[] = {V_TEXT("region", "box"), V_REAL("radius", 0.5)};
  memcpy(w, f->start, sizeof w);
  go(&minimizer_fista, f, box, 2, 3000, w, NULL);
  for (int j = 0; j < D; j++)
    best[j] = fmin(fmax(f->optimum[j], -0.5), 0.5);
  tap_ok(distance(w, best) < 1e-7, "fista: over a box, the optimum of a diagonal quadratic is cut to it (%.2g)", distance(w, best));
  tap_ok(strstr(REFUSED(&minimizer_fista.m, V_REAL("l1", 1), V_TEXT("region", "box")), "together") != NULL, "fista: one of penalty and constraint");
  objective_release(f);
}

static double linear(double k, double size) { return size * pow(1 - sqrt(1.0 / 50), k); }

/* The two sequences by hand, and the rates. */
static void check_nesterov(void)
{
  struct objective *f = diagonal(50);
  double w[D], x[D], last[D], y[D], g[D], t = 1, b = 0;
  memcpy(w, f->start, sizeof w), memcpy(x, f->start, sizeof x), memcpy(last, x, sizeof x);
  go(&minimizer_fista, f, NULL, 0, STEPS, w, NULL);
  for (int k = 0; k < STEPS; k++) {
    for (int j = 0; j < D; j++)
      y[j] = x[j] + b * (x[j] - last[j]);
    memcpy(last, x, sizeof x);
    objective_gradient(f, y, g);
    for (int j = 0; j < D; j++)
      x[j] = y[j] - g[j];
    double next = (1 + sqrt(1 + 4 * t * t)) / 2;
    b = (t - 1) / next, t = next;
  }
  tap_ok(distance(w, x) < 1e-14, "fista: without penalty it is Nesterov's method (%.2g)", distance(w, x));
  struct minimize m;
  const struct named_value strong[] = {V_TEXT("momentum", "strong")}, none[] = {V_TEXT("momentum", "none")};
  memcpy(w, f->start, sizeof w);
  go(&minimizer_fista, f, strong, 1, 100, w, &m);
  double worst = worst_ratio(&m, 0, linear, 0.5 * (1 + 0.02) * distance2(f->start, f->optimum));
  tap_ok(worst <= 1, "fista, strong: below (L + mu)/2 R^2 (1 - sqrt(mu/L))^k at every k (%.2g)", worst);
  minimize_free(&m);
  memcpy(w, f->start, sizeof w);
  go(&minimizer_fista, f, none, 1, 1, w, NULL);
  objective_gradient(f, f->start, g);
  for (int j = 0; j < D; j++)
    x[j] = f->start[j] - g[j];
  tap_ok(distance(w, x) < 1e-15, "fista, none: a gradient step of 1/L");
  objective_release(f);
}

/* --- cuts and barriers ------------------------------------------------------------------------- */

/* In one weight it is bisection: |w - o| <= radius 2^-k. In more, sqrt(g'Pg) bounds the gap, and falls like exp(-k/(2 d^2)). */
static void check_ellipsoid(void)
{
  const struct named_value one[] = {V_INT("d", 1)}, radius[] = {V_REAL("radius", 4)};
  struct objective *f = made(&objective_quadratic, one, 1);
  double w[D] = {f->start[0]}, x = f->start[0], low = x - 4, high = x + 4;
  double nearest = x;
  go(&minimizer_ellipsoid, f, radius, 1, 20, w, NULL);
  for (int k = 0; k < 20; k++) {
    if (x < f->optimum[0])
      low = x;
    else
      high = x;
    x = (low + high) / 2;
    nearest = fabs(x - f->optimum[0]) < fabs(nearest - f->optimum[0]) ? x : nearest;
  }
  tap_ok(fabs(w[0] - nearest) < 1e-12, "ellipsoid: in one weight it is bisection (%.2g)", fabs(w[0] - nearest));
  objective_release(f);
  const struct named_value of[] = {V_INT("d", D), V_INT("n", 40)};
  f = made(&objective_l1_regression, of, 2);
  struct minimize m;
  const struct named_value ten[] = {V_REAL("radius", 10)};
  memcpy(w, f->start, sizeof w);
  go(&minimizer_ellipsoid, f, ten, 1, 3000, w, &m);
  double above = -INFINITY;
  for (size_t k = 1; k < m.trace.n; k++)
    above = fmax(above, m.trace.value[k] - f->minimum - m.trace.step[k]);
  tap_ok(above <= 1e-14, "ellipsoid: the gap is below sqrt(g'Pg) at every k (%.2g above)", above);
  /* exp(-k/(2 d^2)) of the variation of f in the ball: its slope is at most the mean norm of the rows, about sqrt d */
  double allowed = 20 * sqrt(D) * exp(-m.iteration / (2.0 * D * D));
  tap_ok(m.iteration == 3000 && m.value - f->minimum <= allowed, "ellipsoid: after %g cuts it is below %.2g (%.2g)", m.iteration, allowed,
         m.value - f->minimum);
  minimize_free(&m);
  objective_release(f);
}

static void check_interior_point(void)
{
  struct objective *f = diagonal(50);
  double best[D], w[D], other[D];
  static const char *const regions[] = {"box", "ball"};
  for (int r = 0; r < 2; r++)
    for (int quick = 0; quick < 2; quick++) {
      const struct named_value set[] = {V_TEXT("region", regions[r]), V_REAL("radius", 0.5)};
      struct named_value v[] = {set[0], set[1], V_REAL("tolerance", 1e-9), V_REAL("growth", 10)};
      struct minimize m;
      memset(w, 0, sizeof w), memset(other, 0, sizeof other);
      double nu = r == 0 ? 2 * D : 1, g[D], least;
      objective_gradient(f, w, g);
      double ratio = log(nu / 1e-9 / (nu / (vec_norm2_f64(g, D) * 0.5))), each = log1p(1 / (13 * sqrt(nu)));
      enum minimize_stop stop = go(&minimizer_interior_point, f, v, quick ? 4 : 3, 1e5, w, &m);
      if (!quick) { /* growth = auto: short steps */
        struct object o;
        struct err e = {0};
        struct named_value text[] = {set[0], set[1], V_REAL("tolerance", 1e-9), V_TEXT("growth", "auto")};
        minimize_free(&m);
        memset(w, 0, sizeof w);
        minimize_init(&m, NULL, f, w, INFINITY);
        m.iterations = 1e5;
        if (params_parse(&o, &minimizer_interior_point.m, text, 4, NULL, &e) != STATUS_OK || minimize_run(&o, &m, &e) != STATUS_OK)
          tap_bail("%s", e.message);
        stop = m.stop;
        object_free(&o);
      }
      go(&minimizer_fista, f, set, 2, 5000, other, NULL); /* another road */
      for (int j = 0; j < D; j++)
        best[j] = r == 0 ? fmin(fmax(f->optimum[j], -0.5), 0.5) : other[j];
      least = objective_value(f, best);
      tap_ok(stop == MINIMIZE_CONVERGED && m.value >= least - 1e-12 && m.value - least <= 1.1e-9 * fmax(1, least),
             "interior-point, %s, %s steps: within nu/t of the minimum (%.2g above, %g steps)", regions[r], quick ? "long" : "short", m.value - least,
             m.iteration);
      tap_ok(quick ? m.iteration < 60 : m.iteration <= ratio / each + 12, "… in %g steps: %s", m.iteration,
             quick ? "a few for each factor of 10" : "one for each t, after a dozen to come near the path");
      minimize_free(&m);
    }
  struct minimize m;
  struct err e = {0};
  struct object o = MAKE(&minimizer_interior_point.m, V_REAL("radius", 0.1));
  memcpy(w, f->start, sizeof w);
  minimize_init(&m, NULL, f, w, 10);
  tap_ok(minimize_run(&o, &m, &e) == STATUS_BAD_ARG && strstr(e.message, "radius 0.1"), "interior-point: a start outside is refused");
  minimize_free(&m);
  object_free(&o);
  objective_release(f);
}

int main(void)
{
  check_sets();
  check_subgradient();
  check_strong();
  check_entropy();
  check_frank_wolfe();
  check_fista();
  check_nesterov();
  check_ellipsoid();
  check_interior_point();
  return tap_done();
}
