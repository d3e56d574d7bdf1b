/* Tail inverses against bisection in long double, GSL's beta distribution, and the relations between them. */
#include "experiments/kernel/tail.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

#include "experiments/kernel/rng.h"
#include "tests/tap.h"

#define SEED 20261122u

static long double kl_long(long double q, long double p)
{
  long double a = q > 0 ? q * logl(q / p) : 0, b = q < 1 ? (1 - q) * (log1pl(-q) - log1pl(-p)) : 0;
  return a + b;
}

/* The same inverse the plain way, in long double; side +1 above q, -1 below. */
static long double kl_inv_long(long double q, long double c, int side)
{
  long double in = q, out = side > 0 ? 1 : 0;
  for (int i = 0; i < 200; i++) {
    long double mid = (in + out) / 2;
    if (kl_long(q, mid) <= c)
      in = mid;
    else
      out = mid;
  }
  return in;
}

static void test_kl_closed_forms(void)
{
  tap_near(kl_bernoulli(0.25, 0.75), 0.5 * log(3), 1e-15, 0, "kl(1/4||3/4) = ln(3)/2");
  tap_ok(kl_bernoulli(0.3, 0.3) == 0 && kl_bernoulli(0, 0) == 0 && kl_bernoulli(1, 1) == 0, "kl(p||p) = 0");
  tap_ok(isinf(kl_bernoulli(0.5, 0)) && isinf(kl_bernoulli(0.5, 1)), "kl is infinite where p excludes an outcome");
  tap_near(kl_bernoulli(0.3, 0.3 + 1e-9), 1e-18 / (2 * 0.3 * 0.7), 1e-6, 0, "kl keeps its digits for p near q");
  tap_ok(isnan(kl_bernoulli(-0.1, 0.5)) && isnan(kl_inv(0.5, -1)) && isnan(kl_inv(NAN, 1)) && isnan(kl_inv_lower(2, 1)),
         "outside their range there is no value");
  tap_near(kl_inv(0, 0.1), -expm1(-0.1), 2e-15, 0, "kl_inv(0, c) = 1 - exp(-c)");
  tap_near(kl_inv_lower(1, 0.1), exp(-0.1), 2e-15, 0, "kl_inv_lower(1, c) = exp(-c)");
  tap_ok(kl_inv(1, 3) == 1 && kl_inv(0.2, 0) == 0.2 && kl_inv_lower(0.2, 0) == 0.2 && kl_inv_lower(0, 3) == 0, "the ends are exact");
  tap_ok(kl_inv(0.2, INFINITY) == 1 && kl_inv_lower(0.2, INFINITY) == 0, "an infinite budget allows everything");
  tap_near(kl_inv(0.2, 1e-20), 0.2, 0, 1e-9, "c -> 0 gives q");
}

static void test_kl_random(void)
{
  struct rng r = rng_make(SEED, RNG_TEST, 1);
  double back = 0, off = 0;
  int below = 0, above_lower = 0, beyond_pinsker = 0, not_monotone = 0;
  for (int i = 0; i < 3000; i++) {
    double q = rng_uniform(&r), c = pow(10, -8 + 9 * rng_uniform(&r)) / 2;
    if (i % 3 == 0)
      q = pow(10, -9 * q);
    double up = kl_inv(q, c), low = kl_inv_lower(q, c);
    long double exact_up = kl_inv_long(q, c, 1), exact_low = kl_inv_long(q, c, -1);
    below += (long double)up < exact_up;
    above_lower += (long double)low > exact_low;
    beyond_pinsker += up > q + sqrt(c / 2) + 1e-15;
    not_monotone += kl_inv(q, c * 1.01) < up || kl_inv(fmin(1, q * 1.01), c) < up;
    off = fmax(off, (double)fmaxl(up - exact_up, exact_low - low));
    if (up < 1 - 1e-6)
      back = fmax(back, fabs(kl_bernoulli(q, up) - c) / fmax(1, c));
  }
  tap_is_int(below, 0, "3000 random (q, c): the inverse is never below the one in long double");
  tap_is_int(above_lower, 0, "nor the lower inverse above");
  tap_near(off, 0, 0, 1e-13, "and neither is further than 1e-13 from it");
  tap_near(back, 0, 0, 1e-9, "kl(q||kl_inv(q, c)) = c");
  tap_is_int(beyond_pinsker, 0, "kl_inv(q, c) <= q + sqrt(c/2)");
  tap_is_int(not_monotone, 0, "it grows with q and with c");
}

/* The log-CDF by adding up all terms in long double. */
static double slow_log_cdf(int64_t k, int64_t n, double p)
{
  long double sum = 0;
  for (int64_t j = 0; j <= k; j++)
    sum += expl(lgammal((long double)n + 1) - lgammal((long double)j + 1) - lgammal((long double)(n - j) + 1) +
                (long double)j * logl(p) + (long double)(n - j) * log1pl(-(long double)p));
  return (double)logl(sum);
}

static void test_bin_cdf(void)
{
  static const int64_t n[] = {1, 2, 7, 50, 400, 3000};
  double worst = 0;
  for (size_t i = 0; i < 6; i++)
    for (int64_t k = 0; k < n[i]; k += 1 + n[i] / 9)
      for (double p = 0.003; p < 1; p += 0.0713) {
        double exact = slow_log_cdf(k, n[i], p);
        worst = fmax(worst, fabs(bin_log_cdf(k, n[i], p) - exact) / fmax(1, fabs(exact)));
      }
  tap_near(worst, 0, 0, 1e-12, "the log-CDF agrees with adding up all terms in long double");
  tap_ok(bin_log_cdf(5, 5, 0.3) == 0 && bin_log_cdf(3, 5, 0) == 0 && isinf(bin_log_cdf(3, 5, 1)), "its ends are exact");
  tap_ok(isnan(bin_log_cdf(6, 5, 0.5)) && isnan(bin_log_cdf(-1, 5, 0.5)) && isnan(bin_inv(1, 0, 0.5)) && isnan(bin_inv(1, 5, 0)),
         "impossible counts have no value");
}

static void test_bin_inv(void)
{
  struct rng r = rng_make(SEED, RNG_TEST, 2);
  double worst = 0;
  int below = 0, over_chernoff = 0, bad_lower = 0;
  for (int i = 0; i < 2000; i++) {
    int64_t n = 1 + (int64_t)pow(10, 5 * rng_uniform(&r)), k = (int64_t)(rng_uniform(&r) * (double)n);
    double delta = pow(10, -12 * rng_uniform(&r)), p = bin_inv(k, n, delta);
    double log_delta = log(delta), cdf = gsl_cdf_beta_Q(p, (double)k + 1, (double)(n - k));
    if (p < 0.9999) /* nearer to 1 the next number is too far away */
      worst = fmax(worst, fabs(cdf / delta - 1));
    below += bin_log_cdf(k, n, p) > log_delta + 1e-14 * fabs(log_delta) + 1e-15;
    over_chernoff += p > kl_inv((double)k / (double)n, -log_delta / (double)n);
    double low = bin_inv_lower(k, n, delta), low_cdf = k ? gsl_cdf_beta_P(low, (double)k, (double)(n - k + 1)) : delta;
    bad_lower += k && low > 1e-6 ? fabs(low_cdf / delta - 1) > 1e-7 : low_cdf > delta * (1 + 1e-7);
  }
  tap_near(worst, 0, 0, 1e-8, "2000 random (k, n, delta): GSL's beta distribution has delta above the inverse");
  tap_is_int(below, 0, "P(X <= k) is not above delta at the inverse");
  tap_is_int(over_chernoff, 0, "it is never above Chernoff's");
  tap_is_int(bad_lower, 0, "and delta below the lower limit");
  tap_near(bin_inv(0, 100, 0.05), 1 - pow(0.05, 0.01), 1e-13, 0, "no error in n: 1 - delta^(1/n)");
  tap_ok(bin_inv(7, 7, 0.05) == 1, "all wrong: 1");
  double tiny = bin_inv_log(10, 5000, -2000);
  tap_near(bin_log_cdf(10, 5000, tiny), -2000, 1e-12, 0, "delta = exp(-2000) is inverted");
  double union_log = log(0.05) - 1225 * M_LN2, chernoff = kl_inv(30 / 5e4, -union_log / 5e4);
  tap_near(chernoff, 0.0196, 0, 5e-5, "30 errors in 50000 and 1225 bits of a prefix code: 0.0196 by Chernoff");
  tap_near(bin_log_cdf(30, 50000, bin_inv_log(30, 50000, union_log)), union_log, 1e-11, 0, "and delta = 2^-1225/20 is inverted exactly");
}

static void test_others(void)
{
  tap_near(log_choose(2000, 150) / M_LN2, 764, 0, 1, "the mask of 150 of 2000 weights costs 764 bits, rounded up");
  tap_near(exp(log_choose(10, 3)), 120, 1e-13, 0, "10 choose 3");
  tap_near(kl_gaussian(1, 1, 0, 1), 0.5, 1e-15, 0, "KL of two normals one deviation apart is 1/2");
  tap_near(kl_gaussian(0, 2, 0, 1), 1.5 - log(2), 1e-14, 0, "KL(N(0, 4)||N(0, 1)) = 3/2 - ln 2");
  tap_near(kl_gaussian(0, 1 + 1e-6, 0, 1), 1e-12, 1e-4, 0, "KL keeps its digits for nearly equal deviations");
}

int main(void)
{
  tap_diag("seed %u", SEED);
  test_kl_closed_forms();
  test_kl_random();
  test_bin_cdf();
  test_bin_inv();
  test_others();
  return tap_done();
}
