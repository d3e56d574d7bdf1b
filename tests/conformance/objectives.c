/* Every objective: derivatives against differences, components against the whole, the optimum, the constants, the same bits twice. */
#include <math.h>

#include "experiments/kernel/rng.h"
#include "experiments/kernel/vec.h"
#include "experiments/objective/objective.h"
#include "tests/conformance/walk.h"

#define SEED 11u
#define PAIRS 20

struct place {
  struct objective *f;
  double *w, *v, *g, *h, *x, *y;
};

static double *numbers(size_t n)
{
  void *p;
  if (mem_new(&p, n, sizeof(double), "test", NULL) != STATUS_OK)
    tap_bail("no memory");
  return p;
}

static struct objective *made(const struct method *m)
{
  struct object o;
  struct err e = {0};
  struct objective *f;
  struct data_env data = {.share_dir = source_dir()};
  struct objective_env env = {.data = &data};
  if (base_object(&o, m, NULL, 0, &e) != STATUS_OK || objective_make(&f, &o, &env, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  object_free(&o);
  return f;
}

static void place_make(struct place *p, const struct method *m)
{
  p->f = made(m);
  double **all[] = {&p->w, &p->v, &p->g, &p->h, &p->x, &p->y};
  for (size_t k = 0; k < 6; k++)
    *all[k] = numbers(p->f->d);
}

static void place_free(struct place *p)
{
  double *all[] = {p->w, p->v, p->g, p->h, p->x, p->y};
  for (size_t k = 0; k < 6; k++)
    free(all[k]);
  objective_release(p->f);
}

/* A random point around the start. */
static void draw(const struct objective *f, double *w, uint64_t stream, double spread)
{
  struct rng r = rng_make(SEED, RNG_TEST, stream);
  for (size_t j = 0; j < f->d; j++)
    w[j] = f->start[j] + spread * rng_normal(&r);
}

static void direction(const struct objective *f, double *v, uint64_t stream)
{
  struct rng r = rng_make(SEED, RNG_PROBE, stream);
  rng_fill_normal_f64(&r, v, f->d, 0, 1);
  double norm = vec_norm2_f64(v, f->d);
  for (size_t j = 0; j < f->d; j++)
    v[j] /= norm;
}

static const double *moved(const struct place *p, double h)
{
  for (size_t j = 0; j < p->f->d; j++)
    p->x[j] = p->w[j] + h * p->v[j];
  return p->x;
}

/* Fourth-order differences along unit vectors v; h = 1e-3, so the rest is h^4 f^(5) and rounding eps |f| / h: the tolerance is 1e-7 of the
 * sizes met. Without second derivatives: h = 1e-7, first order, and a kink in between spoils at most one try in ten. */
static void check_gradient(const struct method *m)
{
  struct place p;
  place_make(&p, m);
  const struct objective *f = p.f;
  bool smooth = f->method->hvp != NULL;
  double h = smooth ? 1e-3 : 1e-7;
  int bad = 0;
  for (uint64_t k = 0; k < 10; k++) {
    draw(f, p.w, k, 0.5);
    direction(f, p.v, k);
    double value = objective_gradient(f, p.w, p.g), slope = vec_dot_f64(p.g, p.v, f->d);
    double near = objective_value(f, moved(&p, h)) - objective_value(f, moved(&p, -h));
    double far = objective_value(f, moved(&p, 2 * h)) - objective_value(f, moved(&p, -2 * h));
    double by_difference = smooth ? (8 * near - far) / (12 * h) : near / (2 * h);
    double size = fabs(value) + vec_norm2_f64(p.g, f->d) + 1;
    bad += !(fabs(slope - by_difference) <= (smooth ? 1e-7 : 1e-5) * size);
    bad += !(fabs(value - objective_value(f, p.w)) <= 1e-12 * size);
  }
  tap_ok(bad <= (smooth ? 0 : 1), "%s: the gradient agrees with differences of the value, and its value with the value (%d differ)", m->id, bad);
  place_free(&p);
}

/* The same differences of gradients with h = 1e-5: rounding is eps |g| / h, and a Hessian that jumps is seldom met in between. */
static void check_hvp(const struct method *m)
{
  struct place p;
  struct err e = {0};
  place_make(&p, m);
  const struct objective *f = p.f;
  double h = 1e-5, worst = 0, asymmetry = 0;
  for (uint64_t k = 0; k < 5; k++) {
    draw(f, p.w, k, 0.5);
    direction(f, p.v, k);
    if (objective_hvp(f, p.w, p.v, p.h, &e) != STATUS_OK) {
      tap_ok(!f->method->hvp && strstr(e.message, m->id), "%s: it has no second derivatives, and says so", m->id);
      place_free(&p);
      return;
    }
    double size = 1 + vec_norm2_f64(p.h, f->d);
    memset(p.y, 0, f->d * sizeof *p.y);
    for (int s = 0; s < 4; s++) {
      static const double at[] = {-2, -1, 1, 2}, weight[] = {1, -8, 8, -1};
      objective_gradient(f, moved(&p, at[s] * h), p.g);
      for (size_t j = 0; j < f->d; j++)
        p.y[j] += weight[s] * p.g[j] / (12 * h);
    }
    for (size_t j = 0; j < f->d; j++)
      worst = fmax(worst, fabs(p.y[j] - p.h[j]) / size);
    double one = 0, other;
    direction(f, p.y, 100 + k);
    one = vec_dot_f64(p.y, p.h, f->d);
    memcpy(p.x, p.v, f->d * sizeof *p.x);
    if (objective_hvp(f, p.w, p.y, p.h, &e) != STATUS_OK)
      tap_bail("%s", e.message);
    other = vec_dot_f64(p.x, p.h, f->d);
    asymmetry = fmax(asymmetry, fabs(one - other) / size);
  }
  tap_ok(worst <= 1e-7, "%s: Hessian products agree with differences of gradients (%.1g)", m->id, worst);
  tap_ok(asymmetry <= 1e-11, "%s: they are symmetric (%.1g)", m->id, asymmetry);
  place_free(&p);
}

static void check_hessian(const struct method *m)
{
  struct place p;
  struct err e = {0};
  place_make(&p, m);
  const struct objective *f = p.f;
  if (f->method->hvp && f->d <= 400) {
    double *h = numbers(f->d * f->d), worst = 0, size = 1;
    draw(f, p.w, 3, 0.5);
    direction(f, p.v, 3);
    if (objective_hessian(f, p.w, h, &e) != STATUS_OK || objective_hvp(f, p.w, p.v, p.g, &e) != STATUS_OK)
      tap_bail("%s", e.message);
    for (size_t j = 0; j < f->d; j++)
      size = fmax(size, fabs(p.g[j]));
    for (size_t j = 0; j < f->d; j++)
      worst = fmax(worst, fabs(vec_dot_f64(h + j * f->d, p.v, f->d) - p.g[j]));
    tap_ok(worst <= 1e-10 * size, "%s: the Hessian gives the products (%.1g)", m->id, worst);
    free(h);
  }
  place_free(&p);
}

static void check_components(const struct method *m)
{
  struct place p;
  place_make(&p, m);
  const struct objective *f = p.f;
  tap_ok((f->n > 1) <= (f->method->component != NULL), "%s: a sum of %zu has components", m->id, f->n);
  draw(f, p.w, 5, 0.5);
  double whole = objective_gradient(f, p.w, p.g), sum = 0, worst = 0, size = 1;
  for (size_t i = 0; i < f->n; i++) {
    sum += objective_component(f, i, p.w, p.x);
    size = fmax(size, vec_norm2_f64(p.x, f->d));
    for (size_t j = 0; j < f->d; j++)
      p.y[j] += p.x[j];
  }
  for (size_t j = 0; j < f->d; j++)
    worst = fmax(worst, fabs(p.y[j] / (double)f->n - p.g[j]));
  tap_ok(fabs(sum / (double)f->n - whole) <= 1e-10 * (1 + fabs(whole)) && worst <= 1e-11 * size,
         "%s: the mean of the components is the whole (%.1g)", m->id, worst);
  uint32_t index[] = {0, (uint32_t)(f->n / 2), (uint32_t)(f->n - 1), (uint32_t)(f->n / 2)};
  double value = objective_batch(f, index, 4, p.w, p.g), expected = 0;
  memset(p.y, 0, f->d * sizeof *p.y);
  for (int k = 0; k < 4; k++) {
    expected += objective_component(f, index[k], p.w, p.x) / 4;
    for (size_t j = 0; j < f->d; j++)
      p.y[j] += p.x[j] / 4;
  }
  tap_ok(fabs(objective_batch_value(f, index, 4, p.w, p.x) - value) <= 1e-14 * (1 + fabs(value)), "%s: a batch has the same value alone", m->id);
  worst = fabs(value - expected);
  for (size_t j = 0; j < f->d; j++)
    worst = fmax(worst, fabs(p.y[j] - p.g[j]));
  tap_ok(worst <= 1e-11 * size, "%s: a batch is the mean of its components, the repeated one twice (%.1g)", m->id, worst);
  place_free(&p);
}

static void check_optimum(const struct method *m)
{
  struct place p;
  place_make(&p, m);
  const struct objective *f = p.f;
  bool below = false;
  for (uint64_t k = 0; k < PAIRS; k++) {
    draw(f, p.w, k, k < 10 ? 0.3 : 3);
    below = below || objective_value(f, p.w) < f->minimum - 1e-12 * (1 + fabs(f->minimum));
  }
  tap_ok(!below, "%s: no random point lies below the minimum", m->id);
  if (f->optimum) {
    double scale = 1 + vec_norm2_f64(f->optimum, f->d), value = objective_gradient(f, f->optimum, p.g);
    double tolerance = 1e-10 * scale * (isfinite(f->smoothness) ? 1 + f->smoothness : 1);
    tap_ok(fabs(value - f->minimum) <= 1e-12 * (1 + fabs(f->minimum)), "%s: the optimum has the least value", m->id);
    if (f->method->hvp)
      tap_ok(vec_norm2_f64(p.g, f->d) <= tolerance, "%s: and no gradient (%.1g)", m->id, vec_norm2_f64(p.g, f->d));
  }
  tap_ok(vec_finite_f64(f->start, f->d) && isfinite(objective_value(f, f->start)), "%s: the start is finite, and f there", m->id);
  place_free(&p);
}

/* L, L_max and mu hold on random pairs, near and far. */
static void check_constants(const struct method *m)
{
  struct place p;
  struct err e = {0};
  place_make(&p, m);
  struct objective *f = p.f;
  const struct exec exec = {.threads = 1};
  if (objective_constants(f, &exec, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  double l = isnan(f->smoothness) ? INFINITY : f->smoothness, l_max = isnan(f->smoothness_max) ? INFINITY : f->smoothness_max;
  double mu = isnan(f->strong_convexity) ? -INFINITY : f->strong_convexity, slack = 1 + 1e-9;
  bool holds = true, holds_each = true;
  for (uint64_t k = 0; k < PAIRS; k++) {
    size_t i = (size_t)(k * 7919 % f->n);
    draw(f, p.x, 2 * k, 1);
    draw(f, p.y, 2 * k + 1, k % 2 ? 1 : 0.01);
    objective_gradient(f, p.x, p.g);
    objective_gradient(f, p.y, p.h);
    double apart = 0, change = 0, along = 0, change_each = 0;
    for (size_t j = 0; j < f->d; j++) {
      double dx = p.x[j] - p.y[j], dg = p.g[j] - p.h[j];
      apart += dx * dx, change += dg * dg, along += dx * dg;
    }
    objective_component(f, i, p.x, p.g);
    objective_component(f, i, p.y, p.h);
    for (size_t j = 0; j < f->d; j++)
      change_each += (p.g[j] - p.h[j]) * (p.g[j] - p.h[j]);
    holds = holds && sqrt(change) <= l * sqrt(apart) * slack && along >= mu * apart / slack - 1e-12 * sqrt(apart * change);
    holds_each = holds_each && sqrt(change_each) <= l_max * sqrt(apart) * slack;
  }
  tap_ok(holds, "%s: L (%.4g) and mu (%.4g) hold on random pairs", m->id, l, mu);
  tap_ok(holds_each && !(l_max < l / slack), "%s: L_max (%.4g) holds for components and is no less than L", m->id, l_max);
  place_free(&p);
}

static void check_same(const struct method *m)
{
  struct place a, b;
  place_make(&a, m);
  place_make(&b, m);
  draw(a.f, a.w, 9, 0.5);
  double one = objective_gradient(a.f, a.w, a.g), other = objective_gradient(b.f, a.w, b.g);
  tap_ok(same_bits(&one, &other, sizeof one) && same_bits(a.g, b.g, a.f->d * sizeof *a.g) &&
             same_bits(a.f->start, b.f->start, a.f->d * sizeof *a.g),
         "%s: made twice, it is the same to the bit", m->id);
  struct objective *kept = objective_retain(a.f);
  objective_release(a.f);
  tap_ok(objective_value(kept, a.w) == one, "%s: one of two references keeps it", m->id);
  place_free(&a);
  place_free(&b);
}

static void check(const struct method *m)
{
  check_gradient(m);
  check_hvp(m);
  check_hessian(m);
  check_components(m);
  check_optimum(m);
  check_constants(m);
  check_same(m);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  if (!source_dir()) {
    tap_skip(1, "the source is not here: run from its folder or set ASSAY_SOURCE");
    return tap_done();
  }
  size_t n = walk(KIND_OBJECTIVE, check);
  tap_ok(n > 0, "the registry holds objectives (%zu)", n);
  return tap_done();
}
