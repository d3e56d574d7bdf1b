/* glm.c: linear models: the links against libm, the instruction sets against each other, sparse against dense, exact minima. */
#include "experiments/kernel/blas.h"
#include "experiments/kernel/cpu.h"
#include "experiments/objective/glm_math.h"
#include "tests/unit/objective/local.h"

static void check_links(void)
{
  double worst_exp = 0, worst_log = 0, worst_slope = 0;
  for (int k = 0; k <= 70000; k++) {
    double a = k * 0.01, t = k / 70000.0, m = (k - 35000) * 0.002;
    worst_exp = fmax(worst_exp, fabs(exp_minus(a) / exp(-a) - 1));
    worst_log = fmax(worst_log, k ? fabs(log_one_plus(t) / log1p(t) - 1) : fabs(log_one_plus(0)));
    struct glm_link_at at = glm_link_at(GLM_LOGISTIC, m, 1);
    worst_slope = fmax(worst_slope, fabs(at.slope * (1 + exp(m)) + 1));
  }
  tap_ok(worst_exp < 4e-16, "e^-a on [0, 700]: within 4e-16 of libm (%.2g)", worst_exp);
  tap_ok(worst_log < 5e-16, "ln(1 + t) on [0, 1]: within 5e-16 of libm (%.2g)", worst_log);
  tap_ok(worst_slope < 1e-15, "the logistic slope is -1/(1 + e^m) (%.2g)", worst_slope);
  struct glm_link_at far = glm_link_at(GLM_LOGISTIC, 1e6, -1), safe = glm_link_at(GLM_LOGISTIC, 1e6, 1);
  tap_ok(far.value == 1e6 && far.slope == 1 && safe.value < 1e-300 && isnan(glm_link_at(GLM_LOGISTIC, (double)NAN, 1).value),
         "a margin of a million overflows nothing; NaN stays NaN");
  for (enum glm_link link = GLM_LOGISTIC; link <= GLM_SQUARED_HINGE; link++) {
    double worst = 0, h = 1e-4;
    for (int k = -20; k <= 20; k++) {
      double z = 0.21 * k, y = k % 2 ? 1 : -1;
      struct glm_link_at a = glm_link_at(link, z - h, y), b = glm_link_at(link, z, y), c = glm_link_at(link, z + h, y);
      worst = fmax(worst, fabs((c.value - a.value) / (2 * h) - b.slope));
      worst = fmax(worst, fabs((c.slope - a.slope) / (2 * h) - b.curve));
    }
    tap_ok(worst < 1e-7, "link %d: slope and curve are its derivatives (h^2 = 1e-8: %.2g)", (int)link, worst);
  }
}

enum { ROWS = 21, D = 56 };

struct outcome { double z[ROWS], slope[ROWS], value[ROWS], to[D], w[D], mean[D]; };

static void run_set(const struct glm_rows *s, struct outcome *o)
{
  static float x[ROWS][D];
  const float *row[ROWS];
  double y[ROWS], w[D];
  struct rng r = rng_make(5, RNG_TEST, 0);
  memset(o, 0, sizeof *o);
  for (size_t i = 0; i < ROWS; i++) {
    rng_fill_normal_f32(&r, x[i], D, 0, 1);
    row[i] = x[i];
    y[i] = i % 2 ? 1 : -1;
  }
  rng_fill_normal_f64(&r, w, D, 0, 0.3);
  memcpy(o->w, w, sizeof w);
  struct glm_move by = {.keep = 0.99, .step = 0.1, .pull = 0.2, .share = 0.05};
  s->dot(row, ROWS, w, D, o->z);
  s->logistic(o->z, y, ROWS, o->slope, o->value);
  s->add(row, ROWS, o->slope, o->to, D);
  s->move(row, ROWS, o->slope, &by, o->w, o->mean, D);
  s->move(row, 1, o->slope, &by, o->w, o->mean, D);
}

static void check_sets(void)
{
  const struct glm_rows *sets[] = {&glm_rows_generic, &glm_rows_avx2, &glm_rows_avx512};
  static struct outcome one, other;
  run_set(sets[0], &one);
  for (int k = 1; k < 3; k++) {
    if ((int)cpu_best_isa() < k) {
      tap_skip(1, "this machine has no %s", isa_name((enum isa)k));
      continue;
    }
    run_set(sets[k], &other);
    tap_ok(same_bits(&one, &other, sizeof one), "%s gives the bits of plain C", isa_name((enum isa)k));
  }
  double z = 0;
  for (int j = 0; j < D; j++)
    z += one.mean[j]; /* only to see that the move did something */
  tap_ok(z != 0 && one.value[0] > 0, "of numbers that are not all zero");
}

static void check_sparse(const struct method *m)
{
  char *path = sparse_file(90, 37, 3);
  struct named_value v[] = {V_TEXT("file", path), V_REAL("l2", 0.01)};
  struct objective *a = objective_of(m, v, 2, find_data), *b = objective_of(m, v, 2, find_data);
  struct err e;
  double w[37], p[37], g[37], h[37], worst = 0, top, products;
  static double ha[37 * 37], hb[37 * 37];
  make_dense(b);
  struct rng r = rng_make(8, RNG_TEST, 0);
  rng_fill_normal_f64(&r, w, 37, 0, 0.5);
  rng_fill_normal_f64(&r, p, 37, 0, 1);
  worst = fabs(objective_gradient(a, w, g) - objective_gradient(b, w, h));
  for (int j = 0; j < 37; j++)
    worst = fmax(worst, fabs(g[j] - h[j]));
  if (objective_hvp(a, w, p, g, &e) || objective_hvp(b, w, p, h, &e) || objective_hessian(a, w, ha, &e) || objective_hessian(b, w, hb, &e))
    tap_bail("%s", e.message);
  for (int j = 0; j < 37; j++)
    worst = fmax(worst, fabs(g[j] - h[j]));
  for (int j = 0; j < 37 * 37; j++)
    worst = fmax(worst, fabs(ha[j] - hb[j]));
  tap_ok(worst < 1e-13, "%s: sparse and dense rows give the same but for rounding (%.2g)", m->id, worst);
  /* X'X/n is the Hessian of least squares. */
  if (m == &objective_least_squares.m && glm_top_eigenvalue(a->glm, NULL, 1e-9, &top, &products, &e) == STATUS_OK) {
    static double values[37];
    if (blas_syevd_f64(37, ha, 37, values) != 0)
      tap_bail("no eigenvalues");
    tap_ok(top >= values[36] - 0.01 - 1e-12 && top <= (values[36] - 0.01) * (1 + 2e-9), "Lanczos finds the largest eigenvalue, from above (%.2g)",
           top / (values[36] - 0.01) - 1);
    tap_ok(products <= 37, "in no more products than there are weights (%g)", products);
  }
  unlink(path);
  free(path);
  objective_release(a);
  objective_release(b);
}

static void refused(const char *text, const struct named_value *more, const char *part, const char *name)
{
  char path[] = "/tmp/assay-refused-XXXXXX";
  int at = mkstemp(path);
  if (at < 0 || write(at, text, strlen(text)) != (ssize_t)strlen(text) || close(at))
    tap_bail("cannot write %s", path);
  struct named_value v[] = {V_TEXT("file", path), more ? *more : (struct named_value)V_REAL("l2", 0.01)};
  struct object o;
  struct objective *f;
  struct err e = {0};
  struct data_env data = {0};
  struct objective_env env = {.data = &data};
  if (params_parse(&o, &objective_logistic_regression.m, v, 2, find_data, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  tap_ok(objective_make(&f, &o, &env, &e) != STATUS_OK && !f && strstr(e.message, part), "%s: %s", name, e.message);
  object_free(&o);
  unlink(path);
}

static void check_refusals(void)
{
  struct named_value seven = V_REAL("positive", 7);
  refused("1 1:1\n2 1:2\n3 1:3\n", NULL, "not two labels but more", "three labels");
  refused("1 1:1\n1 1:2\n", NULL, "not two labels but one", "one label");
  refused("1 1:1\n2 1:2\n", &seven, "none of the 2 examples", "a positive label that is not there");
  refused("", NULL, "no rows", "no rows");
  refused("1\n2\n", NULL, "no entries", "no entries");
}

/* Exact minima found elsewhere: the gradient at our weights bounds the gap, |g|^2/(2 l2). Newton's steps by hessian(). */
static void check_exact(const char *name, size_t n, double minimum, double l, double l_max, double tolerance)
{
  char *path = xasprintf("%s/%s", "../shared/data/libsvm", name);
  if (access(path, R_OK) != 0) {
    tap_skip(3, "%s is not here", path);
    free(path);
    return;
  }
  struct named_value v[] = {V_TEXT("file", path), V_REAL("l2", 1 / (double)n), V_REAL("positive", 1)};
  struct objective *f = objective_of(&objective_logistic_regression.m, v, 3, find_data);
  struct err e;
  double *w = xcalloc(f->d, sizeof *w), *g = xcalloc(f->d, sizeof *g), *h = xcalloc(f->d * f->d, sizeof *h), value = 0, norm = 1;
  for (int k = 0; k < 12 && norm > 1e-13; k++) {
    value = objective_gradient(f, w, g);
    norm = vec_norm2_f64(g, f->d);
    if (objective_hessian(f, w, h, &e) != STATUS_OK || blas_getrf_solve_f64(f->d, 1, h, f->d, g, 1) != 0)
      tap_bail("no Newton step");
    for (size_t j = 0; j < f->d; j++)
      w[j] -= g[j];
  }
  tap_ok(fabs(value - minimum) <= tolerance && norm * norm * (double)n / 2 < tolerance, "%s: the minimum is %.15g (error %.2g, gradient %.2g)", name,
         minimum, value - minimum, norm);
  if (objective_constants(f, NULL, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  tap_ok(fabs(f->smoothness / l - 1) < 2e-6, "%s: L = %.9g (ours within 1e-6 from above: %.9g)", name, l, f->smoothness);
  tap_ok(fabs(f->smoothness_max / l_max - 1) < 2e-6, "%s: L_max = %.9g", name, l_max);
  free(w);
  free(g);
  free(h);
  free(path);
  objective_release(f);
}

int main(void)
{
  check_links();
  check_sets();
  check_sparse(&objective_logistic_regression.m);
  check_sparse(&objective_least_squares.m);
  check_sparse(&objective_squared_hinge.m);
  check_refusals();
  /* ../shared/data/libsvm/optima.json. The others have inputs 0 and 1, this one decimals that float32 rounds by 6e-8 relative. */
  check_exact("heart_scale", 270, 0.363802961141248, 0.697318386, 2.705674, 1e-8);
  check_exact("a9a.gz", 32561, 0.323379582464847, 1.571950411, 3.500031, 1e-13);
  check_exact("mushrooms.gz", 8124, 0.014485866128334, 2.586337326, 5.250123, 1e-13);
  return tap_done();
}
