/* second_order.c: methods that use the Hessian, on small functions of which everything is known: one step on quadratics, the formulas of
 * dampings and regularizations, invariance under linear maps, saddle points, eigenvectors. */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/minimize/krylov.h"
#include "experiments/optim/optimizer.h"
#include "tests/unit/objects.h"

extern const struct minimizer minimizer_newton, minimizer_newton_aicn, minimizer_newton_rn, minimizer_grad_norm_newton, minimizer_lazy_newton_reg,
  minimizer_lazy_cubic_newton, minimizer_saddle_free_newton, minimizer_fosi, minimizer_poly_gd;
extern const struct optimizer optimizer_sgd, optimizer_heavy_ball;

enum { D_MOST = 12 };

/* f(w) = q(Tw), T = I unless mapped; q one of the functions below, with its Hessian. */
struct function {
  double (*value)(const struct function *f, const double *x, double *g, double *h); /* g (d), h (d x d) of x */
  double a[D_MOST][D_MOST], b[D_MOST], t[D_MOST][D_MOST];
  size_t d;
};

static double through_map(const struct objective *o, const double *w, double *g, double *h)
{
  const struct function *f = o->state;
  double x[D_MOST] = {0}, gx[D_MOST], hx[D_MOST * D_MOST];
  size_t d = f->d;
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < d; j++)
      x[i] += f->t[i][j] * w[j];
  double value = f->value(f, x, gx, hx);
  for (size_t i = 0; i < d && g; i++) {
    g[i] = 0;
    for (size_t j = 0; j < d; j++)
      g[i] += f->t[j][i] * gx[j];
  }
  for (size_t i = 0; i < d && h; i++)
    for (size_t j = 0; j < d; j++) {
      h[i * d + j] = 0;
      for (size_t k = 0; k < d; k++)
        for (size_t l = 0; l < d; l++)
          h[i * d + j] += f->t[k][i] * hx[k * d + l] * f->t[l][j];
    }
  return value;
}

static double value_of(const struct objective *o, const double *w) { return through_map(o, w, NULL, NULL); }
static double gradient_of(const struct objective *o, const double *w, double *g) { return through_map(o, w, g, NULL); }
static void hessian_of(const struct objective *o, const double *w, double *h) { (void)through_map(o, w, NULL, h); }

static void hvp_of(const struct objective *o, const double *w, const double *v, double *out)
{
  double h[D_MOST * D_MOST];
  (void)through_map(o, w, NULL, h);
  for (size_t i = 0; i < o->d; i++)
    out[i] = vec_dot_f64(h + i * o->d, v, o->d);
}

static const struct objective_method local = {.m = {.kind = KIND_OBJECTIVE, .id = "local"}, .value = value_of, .gradient = gradient_of,
                                              .hvp = hvp_of, .hessian = hessian_of};

/* x'Ax/2 - b'x */
static double quadratic(const struct function *f, const double *x, double *g, double *h)
{
  double value = 0;
  for (size_t i = 0; i < f->d; i++) {
    g[i] = -f->b[i];
    for (size_t j = 0; j < f->d; j++) {
      g[i] += f->a[i][j] * x[j];
      h[i * f->d + j] = f->a[i][j];
      value += 0.5 * x[i] * f->a[i][j] * x[j];
    }
    value -= f->b[i] * x[i];
  }
  return value;
}

/* sum_i log cosh(a_i.x) + |x|^2/20 - b'x: strongly convex; its Hessian is Lipschitz. */
static double log_cosh(const struct function *f, const double *x, double *g, double *h)
{
  double value = 0;
  size_t d = f->d;
  for (size_t i = 0; i < d; i++) {
    g[i] = 0.1 * x[i] - f->b[i];
    value += 0.05 * x[i] * x[i] - f->b[i] * x[i];
    for (size_t j = 0; j < d; j++)
      h[i * d + j] = 0.1 * (i == j);
  }
  for (size_t k = 0; k < d; k++) {
    double z = vec_dot_f64(f->a[k], x, d), t = tanh(z), curvature = 1 - t * t;
    value += fabs(z) + log1p(exp(-2 * fabs(z))) - log(2);
    for (size_t i = 0; i < d; i++) {
      g[i] += t * f->a[k][i];
      for (size_t j = 0; j < d; j++)
        h[i * d + j] += curvature * f->a[k][i] * f->a[k][j];
    }
  }
  return value;
}

/* (x0^2 - x1^2)/2 + x1^4/4: a saddle at 0, minima at x1 = -1 and 1. */
static double saddle(const struct function *f, const double *x, double *g, double *h)
{
  (void)f;
  g[0] = x[0], g[1] = -x[1] + x[1] * x[1] * x[1];
  h[0] = 1, h[1] = h[2] = 0, h[3] = -1 + 3 * x[1] * x[1];
  return 0.5 * (x[0] * x[0] - x[1] * x[1]) + 0.25 * pow(x[1], 4);
}

static struct function make(double (*value)(const struct function *, const double *, double *, double *), size_t d)
{
  struct function f = {.value = value, .d = d};
  struct rng r = rng_make(3, RNG_TEST, d);
  double root[D_MOST][D_MOST];
  for (size_t i = 0; i < d; i++) {
    f.t[i][i] = 1;
    f.b[i] = rng_normal(&r);
    for (size_t j = 0; j < d; j++)
      root[i][j] = f.a[i][j] = rng_normal(&r);
  }
  for (size_t i = 0; i < d && value == quadratic; i++)
    for (size_t j = 0; j < d; j++) {
      f.a[i][j] = 0.1 * (i == j);
      for (size_t k = 0; k < d; k++)
        f.a[i][j] += root[k][i] * root[k][j];
    }
  return f;
}

/* Eigenvalues of a quadratic, along the axes. */
static struct function diagonal(const double *eigenvalues, size_t d)
{
  struct function f = make(quadratic, d);
  memset(f.a, 0, sizeof f.a);
  for (size_t i = 0; i < d; i++)
    f.a[i][i] = eigenvalues[i];
  return f;
}

struct run {
  struct objective f;
  struct minimize m;
  double w[D_MOST];
};

static void go(struct run *r, struct function *f, const struct object *o, const double *start, double iterations)
{
  struct err e = {0};
  r->f = (struct objective){.method = &local, .of = {.method = &local.m}, .d = f->d, .n = 1, .minimum = NAN, .smoothness = NAN,
                            .smoothness_max = NAN, .strong_convexity = NAN, .state = f, .references = 1};
  memset(r->w, 0, sizeof r->w);
  if (start)
    memcpy(r->w, start, f->d * sizeof(double));
  minimize_init(&r->m, NULL, &r->f, r->w, INFINITY);
  r->m.iterations = iterations;
  r->m.every = 0;
  if (minimize_run(o, &r->m, &e) != STATUS_OK)
    tap_bail("%s: %s", o->method->id, e.message);
}

static double slope(struct run *r)
{
  double g[D_MOST];
  (void)gradient_of(&r->f, r->w, g);
  return vec_norm2_f64(g, r->f.d);
}

static const double far[D_MOST] = {3, -2, 1, 4, -1, 2, -3, 0.5, 1.5, -2.5, 1, 1};

static void test_one_step(void)
{
  struct function f = make(quadratic, 8);
  const struct object methods[] = {MAKE_DEFAULT(&minimizer_newton.m), MAKE(&minimizer_newton_aicn.m, V_REAL("smoothness", 0)),
                                   MAKE(&minimizer_newton_rn.m, V_REAL("smoothness", 0)), MAKE_DEFAULT(&minimizer_saddle_free_newton.m)};
  for (size_t i = 0; i < 4; i++) {
    struct run r;
    struct object o = methods[i];
    go(&r, &f, &o, far, 1);
    tap_ok(slope(&r) < 1e-11, "%s: one undamped step minimizes a quadratic (gradient %.1e)", o.method->id, slope(&r));
    tap_near(r.m.count.hessians, 1, 0, 0, "%s: with one Hessian", o.method->id);
    minimize_free(&r.m);
    object_free(&o);
  }
}

/* The decrement at the start, by elimination of H x = g with Cramer's rule on 2 x 2. */
static void test_damping(void)
{
  struct function f = make(log_cosh, 2);
  double g[2], h[4];
  (void)f.value(&f, far, g, h);
  double det = h[0] * h[3] - h[1] * h[2], x = (h[3] * g[0] - h[1] * g[1]) / det, y = (h[0] * g[1] - h[2] * g[0]) / det;
  double d = sqrt(x * g[0] + y * g[1]), L = 7;
  struct run r;
  struct object o = MAKE(&minimizer_newton_aicn.m, V_REAL("smoothness", L));
  go(&r, &f, &o, far, 1);
  tap_near(r.m.trace.step[1], (sqrt(1 + 2 * L * d) - 1) / (L * d), 1e-14, 0, "newton-aicn: the damping is that of the paper");
  tap_near(r.w[0], far[0] - r.m.trace.step[1] * x, 1e-13, 0, "newton-aicn: of the Newton step");
  minimize_free(&r.m);
  object_free(&o);
  static const double q[] = {3, 4, 2.5};
  for (size_t i = 0; i < 3; i++) {
    o = MAKE(&minimizer_newton_rn.m, V_REAL("smoothness", L), V_REAL("q", q[i]));
    go(&r, &f, &o, far, 1);
    double expected = q[i] == 3 ? 1 / (1 + sqrt(9 * L * d)) : q[i] == 4 ? 1 / (1 + cbrt(9 * L) * cbrt(d * d))
                                                                        : 1 / (1 + pow(9 * L, 2.0 / 3) * cbrt(d));
    tap_near(r.m.trace.step[1], expected, 1e-14, 0, "newton-rn: the damping for q = %g", q[i]);
    minimize_free(&r.m);
    object_free(&o);
  }
}

/* g(v) = f(Tv) from T^-1 w: the iterates are T^-1 of those of f. T is triangular. */
static void test_invariance(void)
{
  const struct object methods[] = {MAKE(&minimizer_newton_aicn.m, V_REAL("smoothness", 3)), MAKE(&minimizer_newton_rn.m, V_REAL("smoothness", 3)),
                                   MAKE(&minimizer_newton_rn.m, V_BOOL("backtrack", true))};
  for (size_t i = 0; i < 3; i++) {
    struct function f = make(log_cosh, 3), g = f;
    struct object o = methods[i];
    struct run a, b;
    g.t[0][0] = 2, g.t[1][1] = 0.1, g.t[2][2] = 30, g.t[0][1] = 0.5, g.t[1][2] = -1;
    double mapped[3];
    mapped[2] = far[2] / g.t[2][2];
    mapped[1] = (far[1] - g.t[1][2] * mapped[2]) / g.t[1][1];
    mapped[0] = (far[0] - g.t[0][1] * mapped[1]) / g.t[0][0];
    go(&a, &f, &o, far, 6);
    go(&b, &g, &o, mapped, 6);
    double off = 0;
    for (size_t k = 0; k < 3; k++) {
      double x = 0;
      for (size_t j = 0; j < 3; j++)
        x += g.t[k][j] * b.w[j];
      off = fmax(off, fabs(x - a.w[k]));
    }
    tap_ok(off < 1e-11, "%s: a linear change of variables changes nothing (%.1e)", o.method->id, off);
    minimize_free(&a.m), minimize_free(&b.m);
    object_free(&o);
  }
}

static void test_convergence(void)
{
  struct function f = make(log_cosh, 8);
  const struct object methods[] = {
    MAKE_DEFAULT(&minimizer_newton.m), MAKE(&minimizer_newton_aicn.m, V_REAL("smoothness", 4)), MAKE(&minimizer_newton_rn.m, V_REAL("smoothness", 4)),
    MAKE(&minimizer_newton_rn.m, V_BOOL("backtrack", true)), MAKE_DEFAULT(&minimizer_grad_norm_newton.m),
    MAKE(&minimizer_lazy_newton_reg.m, V_REAL("smoothness", 1)), MAKE(&minimizer_lazy_newton_reg.m, V_REAL("smoothness", 1), V_INT("period", 3)),
    MAKE(&minimizer_lazy_cubic_newton.m, V_REAL("smoothness", 4)), MAKE_DEFAULT(&minimizer_saddle_free_newton.m)};
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
    struct run r;
    struct object o = methods[i];
    go(&r, &f, &o, far, 60);
    char *text = object_text(&o);
    tap_ok(slope(&r) < 1e-9, "%s: converges from far (gradient %.1e after %.0f iterations)", text, slope(&r), r.m.iteration);
    free(text);
    minimize_free(&r.m);
    object_free(&o);
  }
}

static void test_grad_norm(void)
{
  struct function f = make(log_cosh, 4);
  struct run r;
  double g[D_MOST];
  struct object o = MAKE(&minimizer_grad_norm_newton.m, V_TEXT("model", "none"), V_REAL("gamma", 0.01));
  go(&r, &f, &o, far, 1);
  (void)gradient_of(&r.f, far, g);
  tap_near(r.w[0], far[0] - (0.01 + 1e-8) / vec_norm2_f64(g, 4) * g[0], 1e-14, 0, "grad-norm-newton: without H a gradient step of length gamma");
  minimize_free(&r.m);
  object_free(&o);
  struct function q = make(quadratic, 4);
  o = MAKE_DEFAULT(&minimizer_grad_norm_newton.m);
  go(&r, &q, &o, far, 6);
  bool doubles = true;
  for (size_t k = 2; k < r.m.trace.n; k++)
    doubles = doubles && r.m.trace.step[k] == 2 * r.m.trace.step[k - 1];
  tap_ok(doubles && r.m.trace.n == 7, "grad-norm-newton: on a quadratic gamma doubles at each step");
  double ratio = r.m.trace.grad_norm[6] / r.m.trace.grad_norm[5], before = r.m.trace.grad_norm[3] / r.m.trace.grad_norm[2];
  tap_ok(ratio < 0.1 * before, "grad-norm-newton: and convergence is superlinear (%.1e, then %.1e)", before, ratio);
  minimize_free(&r.m);
  object_free(&o);
}

/* (H + (M r/2) I) s = -g, r = |s|, and that matrix is positive semidefinite; f falls. */
static void test_cubic(void)
{
  static const double starts[][2] = {{1, 0.3}, {0.5, -0.2}, {2, 1e-3}, {0.1, 0}};
  for (size_t i = 0; i < 4; i++) {
    struct function f = make(saddle, 2);
    struct object o = MAKE(&minimizer_lazy_cubic_newton.m, V_REAL("smoothness", 8));
    struct run r;
    double g[2], h[4];
    go(&r, &f, &o, starts[i], 1);
    double s[2] = {r.w[0] - starts[i][0], r.w[1] - starts[i][1]}, length = vec_norm2_f64(s, 2), shift = 4 * length;
    double before = f.value(&f, starts[i], g, h);
    double off = fmax(fabs((h[0] + shift) * s[0] + g[0]), fabs((h[3] + shift) * s[1] + g[1]));
    tap_ok(off < 1e-7, "lazy-cubic-newton: the step from (%g, %g) is a stationary point of its model (%.1e)", starts[i][0], starts[i][1], off);
    tap_ok(h[0] + shift >= 0 && h[3] + shift >= -1e-7, "lazy-cubic-newton: the lowest one");
    tap_ok(value_of(&r.f, r.w) < before, "lazy-cubic-newton: the value falls");
    if (i == 3)
      tap_ok(fabs(r.w[1]) > 0.01, "lazy-cubic-newton: also where the gradient does not see the way out (y = %g)", r.w[1]);
    minimize_free(&r.m);
    object_free(&o);
  }
}

static void test_lazy(void)
{
  struct function f = make(log_cosh, 6);
  struct run r;
  struct object o = MAKE(&minimizer_lazy_newton_reg.m, V_INT("period", 4), V_REAL("smoothness", 0.5));
  go(&r, &f, &o, far, 10);
  tap_near(r.m.count.hessians, 3, 0, 0, "lazy-newton-reg: ten iterations of period 4 take three Hessians");
  minimize_free(&r.m);
  object_free(&o);
  o = MAKE(&minimizer_lazy_cubic_newton.m, V_INT("period", 5), V_REAL("smoothness", 0.5));
  go(&r, &f, &o, far, 10);
  tap_near(r.m.count.hessians, 2, 0, 0, "lazy-cubic-newton: ten iterations of period 5 take two");
  minimize_free(&r.m);
  object_free(&o);
  /* By elimination in one dimension: (h + sqrt(3 L |g|)) s = -g. */
  struct function one = make(log_cosh, 1);
  double g[1], h[1];
  (void)one.value(&one, far, g, h);
  o = MAKE(&minimizer_lazy_newton_reg.m, V_REAL("smoothness", 0.5));
  go(&r, &one, &o, far, 1);
  tap_near(r.w[0], far[0] - g[0] / (h[0] + sqrt(1.5 * fabs(g[0]))), 1e-14, 0, "lazy-newton-reg: the step of the formula");
  minimize_free(&r.m);
  object_free(&o);
}

/* f = x^2 - y^2, nearly: a unit step doubles y, and takes x to 0. */
static void test_saddle_free(void)
{
  struct function f = make(saddle, 2);
  double start[] = {1, 1e-3};
  static const double undamped[] = {0};
  struct named_value none = {"damping", {.kind = VALUE_LIST, .as.list = {1, undamped}}};
  struct object o = object_made(&minimizer_saddle_free_newton.m, &none, 1);
  struct run r;
  go(&r, &f, &o, start, 3);
  tap_ok(fabs(r.w[0]) < 1e-15, "saddle-free-newton: the curved direction is minimized");
  /* y^4/4 changes a step by 3 y^2 of itself, 5e-5 at most here */
  tap_near(r.w[1], 8e-3, 1e-4, 0, "saddle-free-newton: the distance from the saddle doubles at each step");
  minimize_free(&r.m);
  go(&r, &f, &o, start, 40);
  tap_near(fabs(r.w[1]), 1, 1e-9, 0, "saddle-free-newton: and it ends in a minimum");
  minimize_free(&r.m);
  object_free(&o);
}

static void test_krylov(void)
{
  static const double eigenvalues[] = {-2, 1, 3, 3, 7, 10, 10, 1};
  static const double distinct[] = {-2, 1, 3, 7, 10};
  struct function f = diagonal(eigenvalues, 8);
  struct objective o = {.method = &local, .of = {.method = &local.m}, .d = 8, .n = 1, .state = &f, .references = 1};
  struct minimize m;
  struct krylov k;
  struct err e;
  double w[8] = {0}, off = 0;
  minimize_init(&m, NULL, &o, w, INFINITY);
  if (krylov_new(&k, 8, 8, &e) || krylov_run(&k, &m, w, 0, &e))
    tap_bail("%s", e.message);
  tap_is_int((long long)k.n, 5, "Lanczos ends after as many steps as there are distinct eigenvalues");
  for (size_t i = 0; i < k.n && i < 5; i++)
    off = fmax(off, fabs(k.value[i] - distinct[i]));
  tap_ok(off < 1e-12, "and has them all (%.1e)", off);
  const double *v = krylov_vector(&k, 0);
  tap_near(fabs(v[0]), 1, 1e-12, 0, "with their vectors");
  tap_near(m.count.hvps, 5, 0, 0, "for one product a step");
  krylov_free(&k);
  minimize_free(&m);
}

static const struct method *find(enum kind kind, const char *id)
{
  return kind != KIND_OPTIMIZER ? NULL : strcmp(id, "sgd") == 0 ? &optimizer_sgd.m : &optimizer_heavy_ball.m;
}

static struct object fosi_of(double largest, double alpha, double rate, double scale)
{
  const struct named_value v[] = {V_TEXT("base", "sgd"), V_INT("largest", (int64_t)largest), V_REAL("alpha", alpha), V_REAL("rate", rate),
                                  V_REAL("momentum", 0), V_REAL("scale_max", scale)};
  struct object o;
  struct err e;
  if (params_parse(&o, &minimizer_fosi.m, v, sizeof v / sizeof *v, find, &e))
    tap_bail("%s", e.message);
  return o;
}

static void test_fosi(void)
{
  static const double eigenvalues[] = {1000, 100, 10, 1, 0.5, 0.4};
  struct function f = diagonal(eigenvalues, 6);
  struct object o = fosi_of(6, 1, 0.1, 1);
  struct run r;
  go(&r, &f, &o, far, 1);
  tap_ok(slope(&r) < 1e-9, "fosi: with all eigenvectors and alpha 1 one step minimizes a quadratic (%.1e)", slope(&r));
  minimize_free(&r.m);
  object_free(&o);
  /* Three eigenvectors held: the others do w <- w - rate g alone, and what lies along the three shrinks by 1 - alpha. */
  o = fosi_of(3, 0.5, 0.2, 1);
  go(&r, &f, &o, far, 1);
  double g[6], off = 0;
  (void)gradient_of(&r.f, far, g);
  for (size_t i = 0; i < 6; i++)
    off = fmax(off, fabs(r.w[i] - (far[i] - (i < 3 ? 0.5 / eigenvalues[i] : 0.2) * g[i])));
  tap_ok(off < 1e-9, "fosi: Newton along the eigenvectors, the base in the rest (%.1e)", off);
  minimize_free(&r.m);
  object_free(&o);
  /* The rate of the rest may be near 2 over the fourth eigenvalue, a thousandth of what gradient descent bears. */
  o = fosi_of(3, 1, 1, 1);
  go(&r, &f, &o, far, 60);
  tap_ok(slope(&r) < 1e-10, "fosi: the base sees the condition number of the rest (%.1e)", slope(&r));
  minimize_free(&r.m);
  object_free(&o);
  o = fosi_of(2, 1, 0.1, 3);
  go(&r, &f, &o, far, 1);
  off = fabs(r.w[3] - (far[3] - 3 * 0.1 * (far[3] - f.b[3])));
  tap_ok(off < 1e-9, "fosi: the base's steps grow by lambda_1/lambda_k, cut to scale_max (%.1e)", off);
  minimize_free(&r.m);
  object_free(&o);
}

static void test_polynomial(void)
{
  static const double eigenvalues[] = {400, 90, 4, 3, 2, 1};
  struct function f = diagonal(eigenvalues, 6);
  /* Symmetric polynomials of high degree cancel: a spectrum of one size for this one. */
  static const double alike[] = {3, 2.5, 2, 1.5, 1.2, 1};
  struct function even = diagonal(alike, 6);
  struct object o = MAKE(&minimizer_poly_gd.m, V_INT("degree", 5));
  struct run r;
  go(&r, &even, &o, far, 1);
  tap_ok(slope(&r) < 1e-9, "poly-gd: degree d - 1 is one Newton step (%.1e)", slope(&r));
  minimize_free(&r.m);
  object_free(&o);
  for (int degree = 0; degree <= 3; degree++) {
    /* The eigenvalue of P along axis i: the elementary symmetric polynomial of the other eigenvalues. */
    double p[6], largest = 0, off = 0, g[6], seen[6];
    for (size_t i = 0; i < 6; i++) {
      double s[6] = {1, 0, 0, 0, 0, 0};
      for (size_t j = 0; j < 6; j++)
        for (int t = degree; t > 0 && j != i; t--)
          s[t] += eigenvalues[j] * s[t - 1];
      p[i] = s[degree];
      largest = fmax(largest, p[i] * eigenvalues[i]);
    }
    o = MAKE(&minimizer_poly_gd.m, V_INT("degree", degree));
    go(&r, &f, &o, far, 1);
    (void)gradient_of(&r.f, far, g);
    for (size_t i = 0; i < 6; i++) {
      off = fmax(off, fabs(r.w[i] - (far[i] - p[i] / largest * g[i])));
      seen[i] = eigenvalues[i] * (far[i] - r.w[i]) / g[i];
    }
    tap_ok(off < 1e-8, "poly-gd: degree %d scales each axis by the symmetric polynomial of the other eigenvalues (%.1e)", degree, off);
    tap_near(seen[0] / seen[5], eigenvalues[0] / eigenvalues[5] * p[0] / p[5], 0, 1e-9, "poly-gd: and the condition number is that of its page");
    minimize_free(&r.m);
    object_free(&o);
  }
  double passes[2];
  for (int degree = 0; degree <= 2; degree += 2) {
    o = MAKE(&minimizer_poly_gd.m, V_INT("degree", degree));
    go(&r, &f, &o, far, 100);
    passes[degree / 2] = slope(&r);
    minimize_free(&r.m);
    object_free(&o);
  }
  tap_ok(passes[1] < 1e-5 * passes[0], "poly-gd: two eigenvalues above the gap are cut off by degree 2 (%.1e, degree 0 %.1e)", passes[1], passes[0]);
  o = MAKE(&minimizer_poly_gd.m, V_INT("degree", 0), V_TEXT("method", "fast"));
  go(&r, &f, &o, far, 100);
  tap_ok(slope(&r) < 0.1 * passes[0], "poly-gd: the fast method is faster (%.1e)", slope(&r));
  minimize_free(&r.m);
  object_free(&o);
}

int main(void)
{
  test_one_step();
  test_damping();
  test_invariance();
  test_convergence();
  test_grad_norm();
  test_cubic();
  test_lazy();
  test_saddle_free();
  test_krylov();
  test_fosi();
  test_polynomial();
  return tap_done();
}
