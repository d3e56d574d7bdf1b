/* Moments, quantiles, t intervals, the paired t test, Holm's adjustment, the bootstrap. */
#include "experiments/kernel/stats.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "experiments/kernel/rng.h"
#include "tests/tap.h"

#define SEED 31ull

static struct err e;

static void test_mean_and_sd(void)
{
  double x[] = {2, 4, 4, 4, 5, 5, 7, 9}, m, s; /* mean 5, sum of squared deviations 32 */
  tap_is_int(stats_mean(x, 8, &m, &e) + stats_sd(x, 8, &s, &e), STATUS_OK, "eight numbers");
  tap_near(m, 5.0, 0, 0, "have mean 5");
  tap_near(s, sqrt(32.0 / 7.0), DBL_EPSILON, 0, "and sd sqrt(32/7)");
  double far[] = {1e9 + 1, 1e9 + 2, 1e9 + 3};
  tap_ok(stats_sd(far, 3, &s, &e) == STATUS_OK && s == 1.0, "a large offset does not spoil an sd");
  double outlier[] = {1e16, 1, 2, 3};
  tap_ok(stats_mean(outlier, 4, &m, &e) == STATUS_OK && m == 2.5e15 + 1.5, "a large first value does not spoil a mean");
  double same[] = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1};
  tap_ok(!stats_mean(same, 7, &m, &e) && !stats_sd(same, 7, &s, &e) && m == 0.1 && s == 0.0, "a constant has that mean and sd 0 exactly");
  tap_ok(stats_mean(x, 1, &m, &e) == STATUS_OK && m == 2.0, "one number is its own mean");
  tap_is_int(stats_mean(x, 0, &m, &e), STATUS_BAD_ARG, "nothing has no mean");
  tap_is_int(stats_sd(x, 1, &s, &e), STATUS_BAD_ARG, "one number has no sd");
  tap_has(e.message, "at least 2", "and the message says how many are needed");
  x[3] = NAN;
  tap_is_int(stats_mean(x, 8, &m, &e), STATUS_BAD_ARG, "a NaN is refused");
  tap_has(e.message, "value 4 of 8 is nan", "with its place");
  double huge[] = {-DBL_MAX, DBL_MAX};
  tap_is_int(stats_sd(huge, 2, &s, &e), STATUS_BAD_ARG, "an sd that overflows is refused");
}

static void test_quantiles(void)
{
  double x[] = {40, 10, 30, 20}, q; /* type 7: h = 3 q */
  static const double cases[][2] = {{0, 10}, {0.25, 17.5}, {0.5, 25}, {0.9, 37}, {1, 40}};
  for (size_t i = 0; i < 5; i++) {
    if (stats_quantile(x, 4, cases[i][0], &q, &e))
      tap_bail("%s", e.message);
    tap_near(q, cases[i][1], 2 * DBL_EPSILON, 0, "the %g quantile of 10, 20, 30, 40 is %g", cases[i][0], cases[i][1]);
  }
  tap_ok(x[0] == 40, "the input keeps its order");
  tap_ok(stats_median(x, 3, &q, &e) == STATUS_OK && q == 30.0, "an odd median is the middle value");
  tap_ok(stats_median(x, 1, &q, &e) == STATUS_OK && q == 40.0, "the median of one is that one");
  tap_is_int(stats_median(x, 0, &q, &e), STATUS_BAD_ARG, "nothing has no median");
  tap_is_int(stats_quantile(x, 4, 1.5, &q, &e), STATUS_BAD_ARG, "quantile 1.5 is refused");
  tap_is_int(stats_quantile(x, 4, NAN, &q, &e), STATUS_BAD_ARG, "and quantile NaN");
}

/* t quantiles from printed tables: 0.975 at 4 degrees 2.776445105, at 1 degree tan(0.475 pi) = 12.706204736. */
static void test_mean_interval(void)
{
  double x[] = {1, 2, 3, 4, 5}, y[] = {0, 2}, level = 0.95;
  struct interval i;
  if (stats_mean_interval(x, 5, level, &i, &e))
    tap_bail("%s", e.message);
  tap_near(i.high - 3.0, 2.776445105 * sqrt(2.5 / 5.0), 1e-9, 0, "the interval of 1 … 5 has the table's t for 4 degrees");
  tap_near(3.0 - i.low, i.high - 3.0, 1e-15, 0, "and is symmetric");
  if (stats_mean_interval(y, 2, level, &i, &e))
    tap_bail("%s", e.message);
  tap_near(i.high - 1.0, 12.706204736, 1e-9, 0, "two values have the t of 1 degree");
  y[1] = 0;
  tap_ok(stats_mean_interval(y, 2, level, &i, &e) == STATUS_OK && i.low == 0.0 && i.high == 0.0, "a constant gives that point");
  tap_is_int(stats_mean_interval(x, 1, level, &i, &e), STATUS_BAD_ARG, "one value has no interval");
  const double levels[] = {0.0, 1.0, -0.5, 95.0, NAN};
  int refused = 0;
  for (int l = 0; l < 5; l++)
    refused += stats_mean_interval(x, 5, levels[l], &i, &e) == STATUS_BAD_ARG;
  tap_is_int(refused, 5, "levels outside (0, 1) are refused");
  bool finite = true; /* GSL's inverse must neither abort nor fail at the ends */
  for (size_t n = 2; n <= 5; n++) {
    finite = finite && !stats_mean_interval(x, n, 1.0 - 0x1p-53, &i, &e) && isfinite(i.high) && i.high > x[n - 1];
    finite = finite && !stats_mean_interval(x, n, 1e-300, &i, &e) && i.high >= i.low;
  }
  tap_ok(finite, "extreme levels give finite intervals");
}

static void test_coverage(void)
{
  enum { ROUNDS = 4000 };
  struct rng r = rng_make(SEED, RNG_TEST, 0);
  int inside = 0;
  for (int k = 0; k < ROUNDS; k++) {
    double x[5];
    struct interval i;
    rng_fill_normal_f64(&r, x, 5, 2.0, 3.0);
    if (stats_mean_interval(x, 5, 0.9, &i, &e))
      tap_bail("%s", e.message);
    inside += i.low <= 2.0 && 2.0 <= i.high;
  }
  tap_near((double)inside / ROUNDS, 0.9, 0, 4.0 * sqrt(0.09 / ROUNDS), "nine of ten 90 %% intervals hold the mean (within 4 standard errors)");
}

/* Student 1908: hours of sleep gained with two drugs. R's documentation of t.test prints t = -4.0621, df = 9,
 * p = 0.002833, interval [-2.4598858, -0.7001142], mean -1.58. */
static void test_paired_t(void)
{
  double a[] = {0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0}, b[] = {1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4};
  struct stats_t_test t;
  if (stats_paired_t(a, b, 10, 0.95, &t, &e))
    tap_bail("%s", e.message);
  tap_near(t.t, -4.0621, 0, 5e-5, "Student's sleep data: t");
  tap_near(t.p, 0.002833, 0, 5e-7, "p");
  tap_near(t.df, 9, 0, 0, "degrees of freedom");
  tap_near(t.mean_difference, -1.58, 4 * DBL_EPSILON, 0, "mean difference");
  tap_near(t.interval.low, -2.4598858, 0, 5e-8, "lower end");
  tap_near(t.interval.high, -0.7001142, 0, 5e-8, "upper end");
  struct stats_t_test u;
  if (stats_paired_t(b, a, 10, 0.95, &u, &e))
    tap_bail("%s", e.message);
  tap_ok(u.p == t.p && u.t == -t.t, "exchanging the samples changes the sign only");
  double x[] = {0.3, 0.4, 0.8}, y[] = {0.1, 0.2, 0.6}; /* all differences 0.2, but for rounding */
  tap_is_int(stats_paired_t(x, y, 3, 0.95, &t, &e), STATUS_BAD_ARG, "differences that are constant up to rounding have no t");
  tap_has(e.message, "0.2", "and the message shows the difference");
  tap_is_int(stats_paired_t(x, x, 3, 0.95, &t, &e), STATUS_BAD_ARG, "equal samples have none either");
  tap_is_int(stats_paired_t(x, y, 1, 0.95, &t, &e), STATUS_BAD_ARG, "nor has one pair");
  y[1] = INFINITY;
  tap_is_int(stats_paired_t(x, y, 3, 0.95, &t, &e), STATUS_BAD_ARG, "an infinity is refused");
  tap_has(e.message, "second sample", "naming the sample");
  /* at 1 degree of freedom Student's law is Cauchy's: p = 1 - 2 atan|t| / pi; differences 1 and 3 have t = 2 */
  double one[] = {1, 3}, zero[] = {0, 0};
  if (stats_paired_t(one, zero, 2, 0.95, &t, &e))
    tap_bail("%s", e.message);
  tap_near(t.p, 1.0 - 2.0 * atan(2.0) / acos(-1.0), 1e-14, 0, "two pairs: p by the Cauchy distribution");
}

static void test_holm(void)
{
  double p[] = {0.01, 0.04, 0.03, 0.005}, q[4]; /* sorted: 4 x .005, 3 x .01, 2 x .03, 1 x .04 raised to .06 */
  static const double want[] = {0.03, 0.06, 0.06, 0.02};
  tap_is_int(stats_holm(p, 4, q, &e), STATUS_OK, "Holm's adjustment of four p-values");
  for (int i = 0; i < 4; i++)
    tap_near(q[i], want[i], 2 * DBL_EPSILON, 0, "p-value %d becomes %g", i, want[i]);
  double large[] = {0.6, 0.5, 0.9};
  tap_ok(!stats_holm(large, 3, large, &e) && large[0] == 1.0 && large[2] == 1.0, "in place, and never above 1");
  tap_is_int(stats_holm(p, 0, q, &e), STATUS_OK, "nothing needs no adjustment");
  p[2] = NAN;
  tap_is_int(stats_holm(p, 4, q, &e), STATUS_BAD_ARG, "NaN is no p-value");
  p[2] = 1.1;
  tap_is_int(stats_holm(p, 4, q, &e), STATUS_BAD_ARG, "nor is 1.1");
}

/* The distribution of the mean over all 6^6 resamples of six numbers. */
enum { N = 6, ALL = 46656 };
static const double six[N] = {0.21, 0.93, 1.47, 2.18, 3.75, 9.12};
static double all_means[ALL];

static double mean_of_six(void)
{
  double mean = 0;
  for (int i = 0; i < N; i++)
    mean += six[i] / N;
  return mean;
}

/* Share of all resamples with mean <= x. */
static double share_up_to(double x)
{
  double count = 0;
  for (int k = 0; k < ALL; k++)
    count += all_means[k] <= x;
  return count / ALL;
}

/* An end estimated from B resamples is right where its place in the whole distribution is the level wanted, up to
 * `allowed` and the jump of the distribution at that point. */
static void test_end(double end, double level, double allowed, const char *name)
{
  double below = share_up_to(end - 1e-9), upto = share_up_to(end + 1e-9);
  tap_ok(level >= below - allowed && level <= upto + allowed, "%s (level %.4f, place %.4f to %.4f, allowed %.4f)", name, level, below,
         upto, allowed);
}

static void test_bootstrap_by_enumeration(void)
{
  enum { B = 200000 };
  double mean = mean_of_six(), squares = 0, cubes = 0, level[2];
  for (int k = 0; k < ALL; k++)
    for (int i = 0, rest = k; i < N; i++, rest /= N)
      all_means[k] += six[rest % N] / N;
  for (int i = 0; i < N; i++) {
    squares += pow(six[i] - mean, 2);
    cubes += pow(six[i] - mean, 3);
  }
  double z0 = gsl_cdf_ugaussian_Pinv(0.5 * (share_up_to(mean - 1e-9) + share_up_to(mean + 1e-9))), a = cubes / (6 * pow(squares, 1.5));
  for (int side = 0; side < 2; side++) {
    double z = z0 + gsl_cdf_ugaussian_Pinv(side ? 0.95 : 0.05);
    level[side] = gsl_cdf_ugaussian_P(z0 + z / (1 - a * z));
  }
  struct interval i;
  double error = 4.0 * sqrt(0.05 * 0.95 / B); /* 4 standard errors of a quantile's level */
  if (stats_bootstrap_mean(NULL, six, N, STATS_PERCENTILE, 0.9, B, SEED, &i, &e))
    tap_bail("%s", e.message);
  test_end(i.low, 0.05, error, "the percentile interval starts at the 5 % point of all resamples");
  test_end(i.high, 0.95, error, "and ends at the 95 % point");
  if (stats_bootstrap_mean(NULL, six, N, STATS_BCA, 0.9, B, SEED, &i, &e))
    tap_bail("%s", e.message);
  /* z0 is estimated too, with standard error 1.25/sqrt(B), and moves a level by at most 2 phi(1.2) of that */
  double more = error + 4.0 * 1.25 / sqrt(B) * 2 * 0.194;
  tap_ok(fabs(level[0] - 0.05) > 2 * more && fabs(level[1] - 0.95) > 2 * more, "the BCa levels of these numbers are far from 5 %% and 95 %%");
  test_end(i.low, level[0], more, "the BCa interval starts where the formula over all resamples says");
  test_end(i.high, level[1], more, "and ends there");
}

static void test_bootstrap_rules(void)
{
  double x[20], same[] = {3, 3, 3};
  struct rng r = rng_make(SEED, RNG_TEST, 1);
  struct interval i, j, k;
  rng_fill_normal_f64(&r, x, 20, 0.0, 1.0);
  if (stats_bootstrap_mean(NULL, x, 20, STATS_PERCENTILE, 0.95, 1000, 1, &i, &e) ||
      stats_bootstrap_mean(NULL, x, 20, STATS_PERCENTILE, 0.95, 1000, 1, &j, &e) ||
      stats_bootstrap_mean(NULL, x, 20, STATS_PERCENTILE, 0.95, 1000, 2, &k, &e))
    tap_bail("%s", e.message);
  tap_same_bits(&i, &j, sizeof i, "the same seed gives the same interval");
  tap_ok(i.low != k.low && i.high != k.high, "another seed another one");
  for (int kind = STATS_PERCENTILE; kind <= STATS_BCA; kind++) {
    enum status status = stats_bootstrap_mean(NULL, same, 3, (enum stats_bootstrap)kind, 0.95, 100, 1, &i, &e);
    tap_ok(status == STATUS_OK && i.low == 3.0 && i.high == 3.0, "a constant gives that point (kind %d)", kind);
    status = stats_bootstrap_mean(NULL, x, 20, (enum stats_bootstrap)kind, 1.0 - 0x1p-53, 100, 1, &i, &e);
    tap_ok(status == STATUS_OK && i.low < i.high && isfinite(i.low) && isfinite(i.high), "an extreme level is no accident (kind %d)", kind);
  }
  tap_is_int(stats_bootstrap_mean(NULL, x, 20, STATS_BCA, 0.95, 99, 1, &i, &e), STATUS_BAD_ARG, "99 resamples are too few");
  tap_is_int(stats_bootstrap_mean(NULL, x, 20, STATS_BCA, 0.95, SIZE_MAX, 1, &i, &e), STATUS_BAD_ARG, "2^64 are too many");
  tap_is_int(stats_bootstrap_mean(NULL, x, 1, STATS_BCA, 0.95, 100, 1, &i, &e), STATUS_BAD_ARG, "one value cannot be resampled");
  atomic_int stop = 1;
  struct exec exec = {.cancel = &stop, .threads = 1};
  tap_is_int(stats_bootstrap_mean(&exec, x, 20, STATS_BCA, 0.95, 1000, 1, &i, &e), STATUS_CANCELLED, "the cancel flag is obeyed");
}

int main(void)
{
  tap_diag("seed %llu", SEED);
  test_mean_and_sd();
  test_quantiles();
  test_mean_interval();
  test_coverage();
  test_paired_t();
  test_holm();
  test_bootstrap_by_enumeration();
  test_bootstrap_rules();
  return tap_done();
}
