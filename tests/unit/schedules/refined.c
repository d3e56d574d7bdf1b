/* Refined schedules: the facts that follow from the formula, every step of it again the plain way, and the bounds. */
#include <stdlib.h>

#include "experiments/kernel/rng.h"
#include "experiments/schedules/last_iterate_bound.h"
#include "experiments/schedules/running_median.h"
#include "tests/unit/schedules/rates.h"

extern const struct schedule schedule_refined;

#define ULPS 1e-15
#define N 400
#define SEED 20231011u

static struct object refined(const double *norms, size_t n, double tau, const char *kind)
{
  return MAKE(&schedule_refined.m, V_REAL("peak", 1), V_NUMBERS("norms", n, norms), V_REAL("tau", tau), V_TEXT("norm", kind));
}

static int by_size(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The median of a window, by writing the padded series down and sorting. */
static double plain_median(const double *x, size_t n, size_t half, size_t t)
{
  double window[2 * N + 1], padded[3 * N];
  for (size_t k = 0; k < n + 2 * half; k++) {
    size_t i = k < half ? 0 : k - half; /* first value repeated */
    while (n > 1 && i > n - 1)          /* last value a mirror; far out, the first is one, too */
      i = i >= 2 * (n - 1) ? i - 2 * (n - 1) : 2 * (n - 1) - i;
    padded[k] = x[n > 1 ? i : 0];
  }
  memcpy(window, padded + t, (2 * half + 1) * sizeof *window);
  qsort(window, 2 * half + 1, sizeof *window, by_size);
  return window[half];
}

static void noisy_norms(double *x, size_t n, uint64_t stream)
{
  struct rng r = rng_make(SEED, RNG_TEST, stream);
  for (size_t t = 0; t < n; t++)
    x[t] = exp(rng_normal(&r)) * (1 + 3 * exp(-(double)t / 30)) + (double)(t % 3 == 0); /* ties of the added 1 are none, so: */
  for (size_t t = 5; t + 1 < n; t += 11)
    x[t + 1] = x[t];
}

static void test_median(void)
{
  double x[N], out[N];
  bool same = true;
  for (size_t n = 1; n <= N; n = n * 2 + 1) {
    noisy_norms(x, n, n);
    for (size_t half = 0; half <= n; half = half * 2 + 1) {
      if (running_median(out, x, n, half, NULL) != STATUS_OK)
        tap_bail("no memory");
      for (size_t t = 0; t < n; t++)
        same = same && out[t] == plain_median(x, n, half, t);
    }
  }
  tap_ok(same, "the running median is the median of each window, written down and sorted");
  tap_ok(running_median(out, x, 0, 3, NULL) == STATUS_OK, "of nothing it is nothing");
}

/* Rates from the smoothed norms as the authors' closed form has them: weights, cumulative sums, normalise. */
static void check_rates(const double *norms, size_t n, double tau, const char *kind)
{
  double w[N] = {0}, later[N + 1] = {0}, rate[N], top = 0, worst = 0;
  size_t half = (size_t)floor(floor(tau * (double)n) / 2);
  for (size_t t = 0; t < n; t++)
    w[t] = pow(plain_median(norms, n, half, t), strcmp(kind, "l1") == 0 ? -1 : -2);
  for (size_t t = n; t-- > 0;)
    later[t] = later[t + 1] + w[t];
  for (size_t t = 0; t < n; t++) {
    rate[t] = w[t] * later[t + 1] / later[0];
    top = fmax(top, rate[t]);
  }
  struct object o = refined(norms, n, tau, kind);
  for (size_t t = 0; t < n; t++)
    worst = fmax(worst, fabs(schedule_at(&o, (int64_t)t, (int64_t)n) - rate[t] / top));
  object_free(&o);
  tap_near(worst, 0, 0, 4 * ULPS, "%s norms, tau %g: the rates are w_t times the later weights, over the largest", kind, tau);
}

static void test_formula(void)
{
  double norms[N];
  noisy_norms(norms, N, 0);
  check_rates(norms, N, 0.1, "l2");
  check_rates(norms, N, 0.1, "l1");
  check_rates(norms, N, 0, "l2");
  check_rates(norms, N - 1, 0.6, "l2");
  check_rates(norms, 2, 0.1, "l1");
}

static void test_facts(void)
{
  double constant[N], norms[N], scaled[N], rising[N];
  for (size_t t = 0; t < N; t++)
    constant[t] = 0.3, rising[t] = 1 + floor((double)t / 7);
  noisy_norms(norms, N, 1);
  for (size_t t = 0; t < N; t++)
    scaled[t] = 1e-200 * norms[t];
  double worst = 0, moved = 0;
  bool falls = true;
  struct object flat = refined(constant, N, 0.1, "l2"), o = refined(norms, N, 0.1, "l2"), s = refined(scaled, N, 0.1, "l2");
  struct object up = refined(rising, N, 0.1, "l2");
  for (int64_t t = 0; t < N; t++) {
    worst = fmax(worst, fabs(schedule_at(&flat, t, N) - (double)(N - 1 - t) / (N - 1)));
    moved = fmax(moved, fabs(schedule_at(&o, t, N) - schedule_at(&s, t, N)));
    falls = falls && (t == 0 || schedule_at(&up, t, N) < schedule_at(&up, t - 1, N));
  }
  tap_near(worst, 0, 0, ULPS, "constant norms give exactly (T-1-t)/(T-1), linear decay");
  tap_near(moved, 0, 0, 4 * ULPS, "the unit of the norms does not matter, even where its square vanishes");
  tap_ok(falls, "norms that never fall give rates that always do");
  tap_ok(schedule_at(&o, N - 1, N) == 0, "the last rate is 0");
  object_free(&flat), object_free(&o), object_free(&s), object_free(&up);
  for (size_t t = 0; t < N; t++)
    norms[t] = t < N / 10 ? 5 : t < N / 2 ? 1 : 1 - 1.6 * ((double)t / N - 0.5);
  o = refined(norms, N, 0.02, "l2");
  tap_ok(schedule_at(&o, 0, N) < 0.1 && schedule_at(&o, N / 10 + 4, N) > 5 * schedule_at(&o, 0, N), "large early norms give a warm-up");
  int64_t top = 0;
  for (int64_t t = 1; t < N; t++)
    top = schedule_at(&o, t, N) > schedule_at(&o, top, N) ? t : top;
  tap_ok(top > 7 * N / 10 && schedule_at(&o, 9 * N / 10, N) > 0.8, "norms that fall toward the end hold the rate up to there");
  object_free(&o);
}

static void test_edges(void)
{
  double norms[] = {3, 0, 2, 1}, zeros[] = {0, 0}, odd[] = {1, NAN, 2}, one[] = {7};
  struct object o = refined(norms, 4, 0, "l2"), copy;
  bool finite = true;
  for (int64_t t = 0; t < 4; t++)
    finite = finite && isfinite(schedule_at(&o, t, 4));
  tap_ok(finite && schedule_at(&o, 1, 4) == 1, "a norm of 0 has a large weight, not an infinite one");
  if (object_copy(&copy, &o, NULL) != STATUS_OK)
    tap_bail("no copy");
  double before = schedule_at(&o, 2, 4);
  object_free(&o);
  tap_ok(schedule_at(&copy, 2, 4) == before, "a copy outlives what it was copied from");
  object_free(&copy);
  tap_has(REFUSED(&schedule_refined.m, V_NUMBERS("norms", 2, zeros)), "at least one number > 0, got 2 numbers", "norms that are all 0 are refused");
  tap_has(REFUSED(&schedule_refined.m, V_NUMBERS("norms", 0, zeros)), "got 0 numbers", "and none at all");
  tap_has(REFUSED(&schedule_refined.m, V_NUMBERS("norms", 3, odd)), "got nan at position 2", "a norm that is no number is reported with its place");
  o = refined(one, 1, 0.1, "l2");
  tap_ok(schedule_at(&o, 0, 1) == 1 && schedule_at(&o, 5, 9) == 1, "one norm is a constant rate");
  object_free(&o);
}

/* A record of n norms of a smooth curve, refined and then stretched to T, against the curve recorded at T places: both are
 * the same integral formula, sums in the place of integrals, so they differ by O(1/n + 1/T); the slope of the rate is
 * below 3 and the curve's within a factor 2, which gives a constant below 4. */
static void test_stretch(void)
{
  enum { FEW = 100, MANY = 399 };
  double few[FEW], many[MANY], worst = 0;
  for (int t = 0; t < FEW; t++)
    few[t] = 1 + sin(3.0 * t / (FEW - 1)) / 3;
  for (int t = 0; t < MANY; t++)
    many[t] = 1 + sin(3.0 * t / (MANY - 1)) / 3;
  struct object a = refined(few, FEW, 0, "l2"), b = refined(many, MANY, 0, "l2");
  for (int64_t t = 0; t < MANY; t++)
    worst = fmax(worst, fabs(schedule_at(&a, t, MANY) - schedule_at(&b, t, MANY)));
  tap_near(worst, 0, 0, 4.0 / FEW, "a record serves a training of another length");
  tap_ok(schedule_at(&a, MANY - 1, MANY) == 0 && schedule_at(&a, 0, MANY) == schedule_at(&a, 0, FEW), "with its ends on the ends");
  object_free(&a), object_free(&b);
}

/* f(x) = sum |x_i| from a random point by random rates: a deterministic run, so that the bound holds for it alone. */
static void test_bound(void)
{
  enum { T = 40, D = 3, RUNS = 300 };
  bool below = true, tight = false;
  for (uint64_t run = 0; run < RUNS; run++) {
    struct rng r = rng_make(SEED, RNG_TEST, 1000 + run);
    double x[D], rates[T], norms[T], norm2 = 0, scale = exp(3 * rng_normal(&r) - 3);
    for (int i = 0; i < D; i++)
      x[i] = rng_normal(&r), norm2 += x[i] * x[i];
    double last = 0;
    for (int t = 0; t < T; t++) {
      double g2 = last = 0;
      rates[t] = scale * (0.1 + rng_uniform(&r)) * (run % 2 ? 1 : 1 - t / (double)T);
      for (int i = 0; i < D; i++)
        g2 += x[i] != 0, last += fabs(x[i]);
      norms[t] = sqrt(g2);
      for (int i = 0; i < D; i++)
        x[i] -= rates[t] * (double)((x[i] > 0) - (x[i] < 0));
    }
    double bound = last_iterate_bound(rates, norms, T, sqrt(norm2));
    below = below && last <= bound;
    tight = tight || last > bound / 4;
  }
  tap_ok(below, "the bound holds for the last iterate of 300 deterministic runs");
  tap_ok(tight, "and is within a factor 4 in some of them");
  double rates[T], norms[T], harmonic = 0, scale;
  for (int t = 0; t < T; t++)
    rates[t] = 0.2, norms[t] = 3, harmonic += t ? 1.0 / t : 0;
  tap_near(last_iterate_bound(rates, norms, T, 2), 4 / (2 * T * 0.2) + 0.2 * 9 / 2 * (1 + harmonic), 1e-14, 0,
           "for a constant rate it is D^2/(2 T eta) + eta G^2 (1 + 1 + 1/2 + … + 1/(T-1))/2");
  tap_near(last_iterate_bound(rates, norms, 1, 2), (4 + 0.36) / 0.4, ULPS, 0, "for one update it is (D^2 + eta^2 G^2)/(2 eta)");
  tap_near(refined_bound(norms, T, 2, &scale), 2 * 3 / sqrt(T), ULPS, 0, "for constant norms the refined bound is D G/sqrt(T)");
}

/* |x| has norms of 1, so the refined rates are known in advance: eta_t = c (T-1-t)/T with c = D/sqrt(T). */
static void test_refined_run(void)
{
  enum { T = 50 };
  double norms[T], scale, worst = 0, optimum = 0;
  for (int t = 0; t < T; t++)
    norms[t] = 1;
  double bound = refined_bound(norms, T, 1, &scale);
  for (int start = 0; start <= 1000; start++) {
    double x = start / 1000.0;
    for (int t = 0; t < T; t++)
      x -= scale * (T - 1 - t) / T * (double)((x > 0) - (x < 0));
    worst = fmax(worst, fabs(x));
  }
  tap_ok(worst <= bound, "every start within D ends below D/sqrt(T): %.3g against %.3g", worst, bound);
  /* no other weights have a smaller bound (D^2 + sum w^2 G^2)/(2 sum w) */
  noisy_norms(norms, T, 2);
  bound = refined_bound(norms, T, 1.7, &scale);
  optimum = INFINITY;
  for (uint64_t trial = 0; trial < 1000; trial++) {
    struct rng r = rng_make(SEED, RNG_TEST, 5000 + trial);
    double energy = 1.7 * 1.7, sum = 0, spread = trial ? pow(10, -4 + 4 * rng_uniform(&r)) : 0;
    for (int t = 0; t < T; t++) {
      double w = scale / (norms[t] * norms[t]) * exp(spread * rng_normal(&r));
      energy += w * w * norms[t] * norms[t], sum += w;
    }
    optimum = fmin(optimum, energy / (2 * sum));
  }
  tap_near(optimum, bound, 4 * ULPS, 0, "the weights c G^-2 have the least bound of 1000 sets around them, and c leads to it");
}

int main(void)
{
  tap_diag("seed %u", SEED);
  test_median();
  test_formula();
  test_facts();
  test_edges();
  test_stretch();
  test_bound();
  test_refined_run();
  return tap_done();
}
