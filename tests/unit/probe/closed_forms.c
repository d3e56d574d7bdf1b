/* closed_forms.c: curvature probes where the Hessian is known: least squares (X'X/n), softmax regression, and a small
 * net whose Hessian is made column by column. */
#include <math.h>

#include "experiments/models/derivatives.h"
#include "tests/unit/probe/subject.h"

static double number(const struct probe_value *v, const char *name) { return probe_number(v, name, PROBE_WHOLE); }

/* The Hessian in logical order, a column per product with a unit vector. */
static void full_hessian(const struct probe_subject *s, struct mat *out)
{
  size_t n = s->net->n_logical;
  struct batch b = probe_batch(s);
  double *w, *unit = xcalloc(n, sizeof *unit), *v = xcalloc(s->net->n_params, sizeof *v), *hv = xcalloc(s->net->n_params, sizeof *hv);
  struct err e;
  if (probe_weights(s, &w, &e) || mat_new(out, DTYPE_F64, n, n, &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < n; i++) {
    unit[i] = 1;
    net_pack_f64(s->net, unit, v);
    unit[i] = 0;
    if (net_curvature_f64(NULL, s->net, s->loss, w, &b, CURVATURE_HESSIAN, v, hv, NULL, &e))
      tap_bail("%s", e.message);
    net_unpack_f64(s->net, hv, mat_row_f64(out, i));
  }
  free(w), free(unit), free(v), free(hv);
}

struct spectrum { double trace, frobenius2, top, second, bottom, off_diagonal2; };

static struct spectrum spectrum_of(const struct mat *h)
{
  struct spectrum s = {0};
  struct mat values, vectors;
  struct err e;
  if (mat_eigh(&values, &vectors, h, &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < h->rows; i++)
    for (size_t j = 0; j < h->rows; j++) {
      double v = mat_get(h, i, j);
      s.trace += i == j ? v : 0;
      s.frobenius2 += v * v;
      s.off_diagonal2 += i == j ? 0 : v * v;
    }
  s.top = mat_get(&values, h->rows - 1, 0);
  s.second = mat_get(&values, h->rows - 2, 0);
  s.bottom = mat_get(&values, 0, 0);
  mat_free(&values), mat_free(&vectors);
  return s;
}

/* Lanczos with as many steps as it likes against the full decomposition. Residuals bound the error: r^2 / gap. */
static void check_lanczos(struct subject *t, const struct spectrum *truth, const char *name)
{
  struct probe_value v = subject_measure(t, &probe_hessian_top, 3, set_real("count", 2), set_real("steps", 300), set_real("tolerance", 1e-9));
  const struct mat *top = &probe_find(&v, "top", PROBE_WHOLE)->value;
  double scale = fmax(fabs(truth->top), fabs(truth->bottom));
  tap_near(mat_get(top, 0, 0), truth->top, 0, 1e-10 * scale, "%s: the largest eigenvalue is that of the full decomposition", name);
  tap_near(mat_get(top, 1, 0), truth->second, 0, 1e-10 * scale, "%s: and so is the second", name);
  tap_near(number(&v, "bottom"), truth->bottom, 0, 2 * number(&v, "bottom_residual") + 1e-10 * scale, "%s: the smallest, within its residual", name);
  probe_value_free(&v);
}

/* z = (estimate - truth) / (true standard deviation of the mean) must look normal; and so must the standard errors:
 * 95 % intervals over 200 seeds cover the truth 190 +- 3.1 times; 4.5 deviations to either side are accepted. */
static void check_trace(struct subject *t, const struct spectrum *truth, const char *name)
{
  const double draws = 20, quantile = 2.093; /* Student, 19 degrees of freedom */
  int covered = 0;
  double sum = 0, spread = sqrt(2 * truth->off_diagonal2 / draws);
  for (uint64_t seed = 0; seed < 200; seed++) {
    t->s.seed = seed;
    struct probe_value v = subject_measure(t, &probe_hessian_trace, 1, set_real("draws", draws));
    const struct probe_array *a = probe_find(&v, "trace", PROBE_WHOLE);
    double z = (mat_get(&a->value, 0, 0) - truth->trace);
    covered += fabs(z) <= quantile * a->standard_error;
    sum += z / spread;
    probe_value_free(&v);
  }
  tap_ok(fabs(sum / sqrt(200)) < 4.5, "%s: the estimate of the trace has no bias (%.2f standard deviations)", name, sum / sqrt(200));
  tap_ok(covered >= 176 && covered <= 200, "%s: its 95 %% interval covers the trace (%d of 200 seeds)", name, covered);
  t->s.seed = 1;
  struct probe_value v = subject_measure(t, &probe_hessian_trace, 1, set_real("draws", 400));
  const struct probe_array *f = probe_find(&v, "frobenius2", PROBE_WHOLE);
  tap_near(mat_get(&f->value, 0, 0), truth->frobenius2, 0, 4.5 * f->standard_error, "%s: the squared Frobenius norm is met", name);
  probe_value_free(&v);
}

/* Hutch++: with a sketch the standard errors are as honest. */
static void check_sketch(struct subject *t, const struct spectrum *truth, const char *name)
{
  const double draws = 12, quantile = 2.201; /* Student, 11 degrees of freedom */
  int covered = 0;
  for (uint64_t seed = 0; seed < 100; seed++) {
    t->s.seed = seed;
    struct probe_value v = subject_measure(t, &probe_hessian_trace, 2, set_real("draws", draws), set_real("sketch", 4));
    const struct probe_array *a = probe_find(&v, "trace", PROBE_WHOLE), *f = probe_find(&v, "frobenius2", PROBE_WHOLE);
    covered += fabs(mat_get(&a->value, 0, 0) - truth->trace) <= quantile * a->standard_error;
    if (seed == 0)
      tap_near(mat_get(&f->value, 0, 0), truth->frobenius2, 0, 5 * f->standard_error, "%s: with a sketch the Frobenius norm is met too", name);
    probe_value_free(&v);
  }
  /* 95 of 100, standard deviation 2.2 */
  tap_ok(covered >= 85, "%s: with a sketch the 95 %% interval covers the trace (%d of 100 seeds)", name, covered);
}

/* Inputs that share a mean of 5: one eigenvalue is some 150 times the others, and a sketch takes it out. */
static void test_decay(void)
{
  struct subject t;
  struct named_value values[] = {set_bool("bias", false)};
  subject_make(&t, &model_linear, values, 1, &loss_squared, 60, 6, 0, 1);
  float *x = (float *)t.f.data.train.x;
  double exact = 0;
  for (size_t i = 0; i < 360; i++) {
    x[i / 6 * t.f.data.train.stride + i % 6] += 5;
    exact += pow((double)x[i / 6 * t.f.data.train.stride + i % 6], 2) / 60;
  }
  struct probe_value with = subject_measure(&t, &probe_hessian_trace, 2, set_real("draws", 16), set_real("sketch", 2)),
                     without = subject_measure(&t, &probe_hessian_trace, 1, set_real("draws", 20));
  const struct probe_array *a = probe_find(&with, "trace", PROBE_WHOLE), *b = probe_find(&without, "trace", PROBE_WHOLE);
  tap_ok(a->standard_error < 0.05 * b->standard_error, "for as many products, a sketch leaves a twentieth of the error (%.2g, %.2g)",
         a->standard_error, b->standard_error);
  tap_near(mat_get(&a->value, 0, 0), exact, 0, 4.5 * a->standard_error, "and the trace is met within it");
  probe_value_free(&with), probe_value_free(&without);
  subject_free(&t);
}

/* Three examples of six inputs: H = X'X/3 has rank 3, so a sketch of 3 or more leaves nothing to chance. */
static void test_low_rank(void)
{
  struct subject t;
  struct named_value values[] = {set_bool("bias", false)};
  subject_make(&t, &model_linear, values, 1, &loss_squared, 3, 6, 0, 1);
  double exact = 0;
  for (size_t i = 0; i < 18; i++)
    exact += pow((double)t.f.data.train.x[i / 6 * t.f.data.train.stride + i % 6], 2) / 3;
  for (int sketch = 3; sketch <= 5; sketch += 2) {
    struct probe_value v = subject_measure(&t, &probe_hessian_trace, 2, set_real("draws", 2), set_real("sketch", sketch));
    tap_near(number(&v, "trace"), exact, 1e-12, 0, "a sketch of %d finds the trace of a Hessian of rank 3 exactly", sketch);
    tap_near(probe_find(&v, "trace", PROBE_WHOLE)->standard_error, 0, 0, 1e-12 * exact, "and knows it");
    probe_value_free(&v);
  }
  subject_free(&t);
}

/* Least squares without bias: H = X'X/n, trace = mean |x|^2. */
static void test_least_squares(void)
{
  struct subject t;
  struct named_value values[] = {set_bool("bias", false)};
  subject_make(&t, &model_linear, values, 1, &loss_squared, 60, 6, 0, 1);
  struct mat gram;
  struct err e;
  struct mat x = mat_wrap(DTYPE_F32, (void *)t.f.data.train.x, 60, 6, t.f.data.train.stride), x64;
  if (mat_copy(&x64, &x, DTYPE_F64, &e) || mat_mul(&gram, &x64, true, &x64, false, &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < 36; i++)
    ((double *)gram.data)[i] /= 60;
  struct spectrum truth = spectrum_of(&gram);
  check_lanczos(&t, &truth, "least squares");
  check_trace(&t, &truth, "least squares");
  /* At the optimum the largest rise in a ball is rho^2 top / 2. */
  struct probe_value v = subject_measure(&t, &probe_sharpness, 3, set_real("rho", 0.1), set_real("steps", 200), set_real("starts", 4));
  double start = number(&v, "sharpness");
  probe_value_free(&v);
  subject_solve(&t);
  v = subject_measure(&t, &probe_sharpness, 3, set_real("rho", 0.1), set_real("steps", 200), set_real("starts", 4));
  double bound = 0.005 * truth.top, seen = number(&v, "sharpness");
  tap_ok(seen <= bound * (1 + 1e-5) && seen >= 0.999 * bound && start > seen,
         "least squares: at the optimum the sharpness is rho^2 top / 2 (%.6g of %.6g)", seen, bound);
  probe_value_free(&v);
  mat_free(&gram), mat_free(&x64);
  subject_free(&t);
}

/* Softmax regression: trace of mean (diag p - p p') x (x) x' is mean (1 - |p|^2) |x|^2 (+ 1 with the bias). */
static void test_softmax(void)
{
  struct subject t;
  struct named_value init[] = {set_string("init", "torch")};
  subject_make(&t, &model_softmax, init, 1, &loss_cross_entropy, 50, 4, 3, 0);
  struct probe_value m = subject_measure(&t, &probe_margins, 0);
  const struct mat *out = &probe_find(&m, "output", PROBE_WHOLE)->value;
  double exact = 0;
  for (size_t i = 0; i < 50; i++) {
    double p[3], sum = 0, p2 = 0, x2 = 1;
    for (size_t j = 0; j < 3; j++)
      sum += p[j] = exp(mat_get(out, i, j));
    for (size_t j = 0; j < 3; j++)
      p2 += p[j] / sum * (p[j] / sum);
    for (size_t j = 0; j < 4; j++)
      x2 += pow((double)t.f.data.train.x[i * t.f.data.train.stride + j], 2);
    exact += (1 - p2) * x2 / 50;
  }
  probe_value_free(&m);
  struct mat h;
  full_hessian(&t.s, &h);
  struct spectrum truth = spectrum_of(&h);
  tap_near(truth.trace, exact, 1e-12, 0, "softmax regression: the trace is the mean of (1 - |p|^2)(|x|^2 + 1)");
  check_lanczos(&t, &truth, "softmax regression");
  check_trace(&t, &truth, "softmax regression");
  mat_free(&h);
  subject_free(&t);
}

/* --- the density of the spectrum ---------------------------------------------------------------------- */

/* Sum over nodes of weight times node^power, of the nodes below `limit`. */
static double moment(const struct probe_value *v, int power, double limit)
{
  const struct mat *node = &probe_find(v, "node", PROBE_WHOLE)->value, *weight = &probe_find(v, "weight", PROBE_WHOLE)->value;
  double sum = 0;
  for (size_t i = 0; i < node->rows; i++)
    sum += mat_get(node, i, 0) < limit ? mat_get(weight, i, 0) * pow(mat_get(node, i, 0), power) : 0;
  return sum;
}

/* Area, and mean, under the density, by trapezoids. */
static double area(const struct probe_value *v, int power)
{
  const struct mat *at = &probe_find(v, "at", PROBE_WHOLE)->value, *density = &probe_find(v, "density", PROBE_WHOLE)->value;
  double sum = 0;
  for (size_t i = 1; i < at->rows; i++)
    for (size_t j = i - 1; j <= i; j++)
      sum += (mat_get(at, i, 0) - mat_get(at, i - 1, 0)) / 2 * mat_get(density, j, 0) * pow(mat_get(at, j, 0), power);
  return sum;
}

/* X = sqrt(6) I: H = X'X/6 = I, so that the first product says all. */
static void test_point_mass(void)
{
  struct subject t;
  struct named_value values[] = {set_bool("bias", false)};
  subject_make(&t, &model_linear, values, 1, &loss_squared, 6, 6, 0, 1);
  float *x = (float *)t.f.data.train.x;
  for (size_t i = 0; i < 36; i++)
    x[i / 6 * t.f.data.train.stride + i % 6] = i / 6 == i % 6 ? sqrtf(6) : 0;
  struct probe_value v = subject_measure(&t, &probe_hessian_density, 1, set_real("starts", 3));
  tap_ok(probe_find(&v, "node", PROBE_WHOLE)->value.rows == 3, "of a multiple of the identity each start finds one node");
  tap_near(moment(&v, 1, 2), 1, 1e-6, 0, "which is the eigenvalue"); /* the inputs are float32 */
  tap_near(number(&v, "trace"), 6, 1e-6, 0, "so the trace is exact");
  tap_near(area(&v, 0), 1, 1e-4, 0, "the area under the density is 1"); /* but for what lies beyond four deviations */
  probe_value_free(&v);
  subject_free(&t);
}

/* As many steps as parameters: each start's nodes are all eigenvalues, its weights the squared components of a uniform unit
 * vector. The share of k of n eigenvalues is then Beta(k/2, (n - k)/2), variance 2k(n - k)/(n^2 (n + 2)). */
static void check_density(struct subject *t, const struct mat *h, const struct spectrum *truth)
{
  const double starts = 60, n = (double)h->rows;
  struct probe_value v = subject_measure(t, &probe_hessian_density, 2, set_real("starts", starts), set_real("steps", 200)),
                     few = subject_measure(t, &probe_hessian_density, 2, set_real("starts", starts), set_real("steps", 3));
  struct mat values, vectors;
  struct err e;
  if (mat_eigh(&values, &vectors, h, &e))
    tap_bail("%s", e.message);
  double worst = 0, negative = 0;
  for (size_t k = 1; k < h->rows; k++) {
    double a = mat_get(&values, k - 1, 0), b = mat_get(&values, k, 0), below = (double)k;
    if (b - a > 1e-6 * truth->top)
      worst = fmax(worst, fabs(moment(&v, 0, (a + b) / 2) - below / n) / sqrt(2 * below * (n - below) / (n * n * (n + 2)) / starts));
    negative += a < 0 ? 1 / n : 0;
  }
  tap_ok(worst < 5, "a net: the shares of the spectrum are those of the eigenvalues (off by %.1f standard deviations at most)", worst);
  tap_near(number(&v, "negative"), negative, 0, 5 * sqrt(2 * negative * (1 - negative) / (n + 2) / starts), "the negative ones too");
  const struct probe_array *a = probe_find(&v, "trace", PROBE_WHOLE);
  tap_near(mat_get(&a->value, 0, 0), truth->trace, 0, 4.5 * a->standard_error, "and the trace, within 4.5 standard errors");
  for (int power = 0; power <= 5; power++)
    tap_near(moment(&few, power, INFINITY), moment(&v, power, INFINITY), 1e-9, 0, "three steps give moment %d as all steps do", power);
  tap_ok(fabs(moment(&few, 6, INFINITY) / moment(&v, 6, INFINITY) - 1) > 1e-6, "but not moment 6");
  tap_near(area(&v, 0), 1, 1e-4, 0, "the area under the density is 1");
  tap_near(area(&v, 1), moment(&v, 1, INFINITY), 0, 2e-4 * truth->top, "and its mean that of the nodes");
  mat_free(&values), mat_free(&vectors);
  probe_value_free(&v), probe_value_free(&few);
}

static void test_net(void)
{
  static const double hidden[] = {5, 4};
  struct subject t;
  struct named_value values[] = {set_list("hidden", hidden, 2), set_string("activation", "gelu")};
  subject_make(&t, &model_mlp, values, 2, &loss_cross_entropy, 40, 3, 3, 0);
  struct mat h;
  full_hessian(&t.s, &h);
  struct spectrum truth = spectrum_of(&h);
  tap_ok(truth.bottom < 0, "the net is not at a minimum: its Hessian has both signs (smallest %.3g)", truth.bottom);
  check_lanczos(&t, &truth, "a net");
  check_trace(&t, &truth, "a net");
  check_sketch(&t, &truth, "a net");
  t.s.seed = 3;
  check_density(&t, &h, &truth);
  mat_free(&h);
  subject_free(&t);
}

int main(void)
{
  tap_diag("seeds 31 and 0 to 199");
  test_least_squares();
  test_softmax();
  test_point_mass();
  test_decay();
  test_low_rank();
  test_net();
  return tap_done();
}
