/* tail.c: see tail.h. kl in terms of p - q, so that it is accurate for p near q; one binomial probability by the
 * saddle-point form of Loader 2000, Fast and accurate computation of binomial probabilities. */
#include "experiments/kernel/tail.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

#define HALF_LOG_2PI 0.91893853320467274178

/* A value and a bound on its own rounding error. */
struct rounded { double value, error; };

/* a ln(a/b), given d = b - a: by log1p where a and b are near. */
static double part(double a, double b, double d)
{
  if (a == 0)
    return 0;
  return b < a / 2 ? a * log(a / b) : -a * log1p(d / a);
}

static struct rounded kl_rounded(double q, double p)
{
  double d = p - q, first = part(q, p, d), second = part(1 - q, 1 - p, -d);
  if (isinf(first) || isinf(second))
    return (struct rounded){INFINITY, 0};
  /* The logarithms feel the rounding of their arguments most as p nears 0 or 1. */
  double steep = p < 1 ? fabs(d) / (1 - p) : 0, shallow = p > 0 ? fabs(d) / p : 0;
  double error = 8 * DBL_EPSILON * (fabs(first) + fabs(second) + (1 - q) * steep + q * shallow);
  return (struct rounded){fmax(first + second, 0), error};
}

double kl_bernoulli(double q, double p)
{
  if (!(q >= 0 && q <= 1 && p >= 0 && p <= 1))
    return NAN;
  return kl_rounded(q, p).value;
}

/* Bisection between q (inside) and `out` (outside, towards 0 or 1): the outermost point that may be inside. */
static double kl_edge(double q, double c, double out)
{
  double in = q;
  for (;;) {
    double mid = in + (out - in) / 2;
    if (mid == in || mid == out)
      return out;
    struct rounded kl = kl_rounded(q, mid);
    if (kl.value - kl.error > c)
      out = mid;
    else
      in = mid;
  }
}

double kl_inv(double q, double c)
{
  if (!(q >= 0 && q <= 1 && c >= 0))
    return NAN;
  if (c == 0 || q == 1)
    return q;
  if (q == 0) /* 1 - exp(-c), and a little more than its rounding */
    return fmin(1, -expm1(-c) * (1 + 4 * DBL_EPSILON));
  double pinsker = (q + sqrt(c / 2)) * (1 + 4 * DBL_EPSILON);
  return kl_edge(q, c, fmin(1, pinsker));
}

double kl_inv_lower(double q, double c)
{
  if (!(q >= 0 && q <= 1 && c >= 0))
    return NAN;
  if (c == 0 || q == 0)
    return q;
  if (q == 1)
    return exp(-c) * (1 - 4 * DBL_EPSILON);
  return kl_edge(q, c, 0);
}

/* ln x! - (x ln x - x + ln(2 pi x)/2), the error of Stirling's formula. */
static double stirling_error(double x)
{
  if (x == 0)
    return 0; /* never asked for: the ends are handled apart */
  if (x < 16)
    return lgamma(x + 1) - (x + 0.5) * log(x) + x - HALF_LOG_2PI;
  double y = 1 / (x * x);
  return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - y / 1188) * y) * y) * y) / x;
}

/* ln P(X = k), 0 < p < 1. */
static struct rounded log_probability(double k, double n, double p)
{
  if (k == 0)
    return (struct rounded){n * log1p(-p), 4 * DBL_EPSILON * (n * (p / (1 - p)) - n * log1p(-p))};
  if (k == n) {
    double all = n * log(p);
    return (struct rounded){all, -4 * DBL_EPSILON * all};
  }
  struct rounded kl = kl_rounded(k / n, p);
  double corrections = stirling_error(n) - stirling_error(k) - stirling_error(n - k);
  double width = HALF_LOG_2PI + 0.5 * (log(k) + log1p(-k / n));
  /* k/n is itself rounded: kl changes by |ln(q(1-p)/(p(1-q)))| per unit of q. */
  double slope = fabs(log(k / n) - log(p)) + fabs(log1p(-k / n) - log1p(-p));
  double error = n * kl.error + DBL_EPSILON * (k * slope + 8 * fabs(width) + 64);
  return (struct rounded){corrections - n * kl.value - width, error};
}

/* ln of the sum of P(X = j) over j <= k (down) or j >= k (up), starting on the falling side of the mode. */
static struct rounded log_tail(int64_t k, int64_t n, double p, bool down)
{
  struct rounded first = log_probability((double)k, (double)n, p);
  double term = 1, sum = 1, odds = down ? (1 - p) / p : p / (1 - p);
  int64_t terms = 1;
  for (int64_t j = k; down ? j > 0 : j < n; j += down ? -1 : 1, terms++) {
    term *= odds * (down ? (double)j / (double)(n - j + 1) : (double)(n - j) / (double)(j + 1));
    sum += term;
    if (term < 1e-17 * sum)
      break;
  }
  return (struct rounded){first.value + log(sum), first.error + 4 * DBL_EPSILON * ((double)terms + 4)};
}

static struct rounded log_cdf(int64_t k, int64_t n, double p)
{
  if (p <= 0 || k == n)
    return (struct rounded){0, 0};
  if (p >= 1)
    return (struct rounded){-INFINITY, 0};
  if ((double)k < (double)n * p)
    return log_tail(k, n, p, true);
  struct rounded above = log_tail(k + 1, n, p, false);
  double outside = exp(above.value), inside = -expm1(above.value);
  return (struct rounded){log1p(-outside), 4 * DBL_EPSILON + (above.error + 4 * DBL_EPSILON) * outside / inside};
}

static bool count_ok(int64_t k, int64_t n) { return n >= 1 && n <= BIN_N_MAX && k >= 0 && k <= n; }

double bin_log_cdf(int64_t k, int64_t n, double p)
{
  return count_ok(k, n) && p >= 0 && p <= 1 ? log_cdf(k, n, p).value : NAN;
}

double bin_inv_log(int64_t k, int64_t n, double log_delta)
{
  if (!count_ok(k, n) || !(log_delta <= 0))
    return NAN;
  if (k == n)
    return 1;
  if (k == 0)
    return fmin(1, -expm1(log_delta / (double)n) * (1 + 4 * DBL_EPSILON));
  /* Chernoff's bound is never below the answer. */
  double in = 0, out = kl_inv((double)k / (double)n, -log_delta / (double)n);
  for (;;) {
    double mid = in + (out - in) / 2;
    if (mid == in || mid == out)
      return out;
    struct rounded cdf = log_cdf(k, n, mid);
    if (cdf.value + cdf.error < log_delta)
      out = mid;
    else
      in = mid;
  }
}

double bin_inv(int64_t k, int64_t n, double delta)
{
  return delta > 0 && delta <= 1 ? bin_inv_log(k, n, log(delta)) : NAN;
}

double bin_inv_lower(int64_t k, int64_t n, double delta)
{
  if (!count_ok(k, n) || !(delta > 0 && delta <= 1))
    return NAN;
  return fmax(0, nextafter(1 - bin_inv(n - k, n, delta), -1));
}

double log_choose(double n, double k)
{
  return k >= 0 && k <= n ? lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) : NAN;
}

double kl_gaussian(double mean_q, double sd_q, double mean_p, double sd_p)
{
  double shift = (mean_q - mean_p) / sd_p, ratio = (sd_q - sd_p) / sd_p;
  /* With r = sd_q/sd_p - 1: ln(sd_p/sd_q) + sd_q^2/(2 sd_p^2) - 1/2 = (r - ln(1+r)) + r^2/2. */
  return ratio - log1p(ratio) + ratio * ratio / 2 + shift * shift / 2;
}
