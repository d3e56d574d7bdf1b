/* noisy_quadratic.c: the quadratic as a sum: its noise cancels, does not depend on the weights, has the law asked for, and SGD on it the
 * variance of the textbook. */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/stats.h"
#include "experiments/kernel/vec.h"
#include "tests/unit/objective/local.h"

static struct objective *noisy(int64_t n, int64_t d, const char *law, double alpha, double noise)
{
  const struct named_value v[] = {V_INT("n", n), V_INT("d", d), V_TEXT("law", law), V_REAL("alpha", alpha), V_REAL("noise", noise),
                                  V_REAL("condition", 10)};
  return objective_of(&objective_quadratic.m, v, 6, find_data);
}

/* The noise of component i: what its gradient has more than that of f, at w. */
static void noise_at(const struct objective *f, size_t i, const double *w, double *out)
{
  double *g = xcalloc(f->d, sizeof *g);
  objective_component(f, i, w, out);
  objective_gradient(f, w, g);
  for (size_t j = 0; j < f->d; j++)
    out[j] -= g[j];
  free(g);
}

static void check_sum(void)
{
  enum { N = 20, D = 4 };
  struct objective *f = noisy(N, D, "student", 1.2, 3);
  double here[D], there[D], opposite[D], moved[D], g[D], mean[D] = {0}, off = 0, pairs = 0, largest = 0, sum = 0;
  for (size_t j = 0; j < D; j++)
    moved[j] = f->start[j] + 5 - (double)j;
  for (size_t i = 0; i < N; i++) {
    noise_at(f, i, f->start, here);
    noise_at(f, i, moved, there);
    noise_at(f, i ^ 1, f->start, opposite);
    sum += objective_component(f, i, moved, g) / N;
    for (size_t j = 0; j < D; j++) {
      off = fmax(off, fabs(here[j] - there[j]));
      pairs = fmax(pairs, fabs(here[j] + opposite[j]));
      largest = fmax(largest, fabs(here[j]));
      mean[j] += g[j] / N;
    }
  }
  double value = objective_gradient(f, moved, g), apart = fabs(sum - value);
  for (size_t j = 0; j < D; j++)
    apart = fmax(apart, fabs(mean[j] - g[j]));
  double tolerance = 1e-14 * (largest + 100); /* rounding of sums of numbers up to the largest noise, and gradients up to some 50 */
  tap_ok(largest > 3 && off < tolerance, "the noise of a component is the same everywhere (%.1g of %.3g)", off, largest);
  tap_ok(pairs < tolerance, "components come in pairs of opposite noise (%.1g)", pairs);
  tap_ok(apart < 100 * tolerance, "and their mean is f, with its gradient (%.1g)", apart);
  objective_release(f);
}

static void check_batch(void)
{
  struct objective *f = noisy(6, 3, "pareto", 2.5, 1);
  const uint32_t index[] = {4, 1, 1, 5, 0};
  double g[3], one[3], mean[3] = {0}, value = 0, off = 0;
  double seen = objective_batch(f, index, 5, f->start, g);
  for (int k = 0; k < 5; k++) {
    value += objective_component(f, index[k], f->start, one) / 5;
    for (int j = 0; j < 3; j++)
      mean[j] += one[j] / 5;
  }
  for (int j = 0; j < 3; j++)
    off = fmax(off, fabs(mean[j] - g[j]));
  tap_ok(off < 1e-13 && fabs(seen - value) < 1e-13, "a batch is the mean of its components, one of them twice (%.1g)", off);
  objective_release(f);
}

/* All noise of a sum, one of each pair. */
static double *all_noise(const struct objective *f, size_t *count)
{
  size_t pairs = f->n / 2;
  double *out = xcalloc(pairs * f->d, sizeof *out);
  for (size_t k = 0; k < pairs; k++)
    noise_at(f, 2 * k, f->optimum, out + k * f->d);
  *count = pairs * f->d;
  return out;
}

/* Hill's estimator on the largest 1000 of 100000: standard error alpha/sqrt(1000), and 2 % for what the law is not yet a power there. */
static void check_tails(void)
{
  static const char *const laws[] = {"student", "pareto"};
  for (int law = 0; law < 2; law++)
    for (double alpha = 1.2; alpha < 3; alpha += 0.7) {
      struct objective *f = noisy(40000, 5, laws[law], alpha, 0.3);
      struct err e;
      size_t count;
      double *x = all_noise(f, &count), index;
      for (size_t i = 0; i < count; i++)
        x[i] = fabs(x[i]);
      if (stats_hill(x, count, 1000, &index, &e) != STATUS_OK)
        tap_bail("%s", e.message);
      tap_near(index, alpha, 4 / sqrt(1000.0) + 0.02, 0, "%s: the tail index is %g", laws[law], alpha);
      free(x);
      objective_release(f);
    }
  struct objective *f = noisy(40000, 5, "normal", 1, 0.3);
  size_t count;
  double *x = all_noise(f, &count), second = 0, fourth = 0;
  for (size_t i = 0; i < count; i++)
    second += x[i] * x[i] / (double)count, fourth += pow(x[i], 4) / (double)count;
  /* standard errors of the moments of N(0, 1): sqrt(2/n), sqrt(96/n) */
  tap_near(second, 0.09, 4 * sqrt(2 / (double)count), 0, "normal: the variance is that of the factor");
  tap_near(fourth / (second * second), 3, 0, 4 * sqrt(24 / (double)count), "and the fourth moment three times its square");
  free(x);
  objective_release(f);
}

/* One eigenvalue lambda = 1, rate eta: x <- (1 - eta) x - eta b has the variance eta s^2/(2 - eta) in the long run, s^2 the mean of the b^2
 * in hand. 200000 updates, correlated over some 1/eta: a relative standard error of about sqrt(2 (1/eta) / 200000) = 1 %. */
static void check_variance(void)
{
  struct objective *f = noisy(1000, 1, "normal", 1, 2);
  struct rng r = rng_make(3, RNG_TEST, 0);
  double eta = 0.1, w = f->optimum[0], g, noise, square = 0, seen = 0;
  enum { UPDATES = 200000, BEFORE = 200 };
  for (size_t i = 0; i < f->n; i++) {
    noise_at(f, i, f->optimum, &noise);
    square += noise * noise / (double)f->n;
  }
  for (int t = 0; t < UPDATES + BEFORE; t++) {
    objective_component(f, rng_below(&r, f->n), &w, &g);
    w -= eta * g;
    if (t >= BEFORE)
      seen += (w - f->optimum[0]) * (w - f->optimum[0]) / UPDATES;
  }
  tap_near(seen, eta * square / (2 - eta), 0, 0.04, "SGD keeps the variance eta s^2/(lambda (2 - eta lambda))");
  objective_release(f);
}

static void check_refused(void)
{
  const struct named_value odd[] = {V_INT("n", 7)};
  struct object o;
  struct err e = {0};
  tap_ok(params_parse(&o, &objective_quadratic.m, odd, 1, find_data, &e) == STATUS_BAD_ARG && strstr(e.message, "1 or even"),
         "an odd number of components is refused (%s)", e.message);
  struct objective *f = objective_of(&objective_quadratic.m, NULL, 0, find_data);
  double *g = xcalloc(f->d, sizeof *g), *h = xcalloc(f->d, sizeof *h);
  double value = objective_gradient(f, f->start, g);
  tap_ok(f->n == 1 && objective_component(f, 0, f->start, h) == value && memcmp(g, h, f->d * sizeof *g) == 0, "one component has no noise");
  free(g);
  free(h);
  objective_release(f);
}

int main(void)
{
  check_sum();
  check_batch();
  check_tails();
  check_variance();
  check_refused();
  return tap_done();
}
