/* Rank statistics against their definitions: all sign patterns, all orders, all pairs. */
#include "experiments/kernel/stats.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "experiments/kernel/rng.h"
#include "tests/tap.h"

#define SEED 32ull

static struct err e;

static void test_ranks(void)
{
  const double x[] = {3, 1, 3, 2, 3, 1}, want[] = {5, 1.5, 5, 3, 5, 1.5};
  double rank[6], ties;
  tap_is_int(stats_ranks(x, 6, rank, &ties, &e), STATUS_OK, "ranks with ties");
  tap_same_bits(rank, want, sizeof want, "share their average");
  tap_near(ties, 24 + 6, 0, 0, "a group of 3 and one of 2 give 24 + 6");
  tap_is_int(stats_ranks(x, 0, rank, NULL, &e), STATUS_OK, "nothing has no ranks");
}

/* Two-sided p over all 2^n sign patterns of the ranks of |d|. */
static double wilcoxon_by_enumeration(const double *d, size_t n)
{
  double size[16] = {0}, rank[16], plus = 0, all = 0;
  for (size_t i = 0; i < n; i++)
    size[i] = fabs(d[i]);
  if (stats_ranks(size, n, rank, NULL, &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < n; i++) {
    plus += d[i] > 0 ? rank[i] : 0;
    all += rank[i];
  }
  long extreme = 0;
  for (unsigned pattern = 0; pattern < 1u << n; pattern++) {
    double w = 0;
    for (size_t i = 0; i < n; i++)
      w += pattern >> i & 1 ? rank[i] : 0;
    extreme += fabs(w - all / 2) >= fabs(plus - all / 2);
  }
  return fmin(1.0, (double)extreme / (double)(1u << n));
}

static void test_wilcoxon(void)
{
  static const double zero[60];
  struct rng r = rng_make(SEED, RNG_TEST, 0);
  struct stats_wilcoxon w;
  double d[60], worst = 0, worst_ties = 0;
  for (int round = 0; round < 60; round++) {
    size_t n = 1 + (size_t)rng_below(&r, 12);
    rng_fill_normal_f64(&r, d, n, 0.5, 1.0);
    if (stats_wilcoxon(d, zero, n, &w, &e))
      tap_bail("%s", e.message);
    worst = fmax(worst, fabs(w.p - wilcoxon_by_enumeration(d, n)));
    for (size_t i = 0; i < n; i++)
      d[i] = (double)(1 + rng_below(&r, 3)) * rng_sign(&r);
    if (stats_wilcoxon(d, zero, n, &w, &e))
      tap_bail("%s", e.message);
    worst_ties = fmax(worst_ties, fabs(w.p - wilcoxon_by_enumeration(d, n)));
  }
  tap_near(worst, 0, 0, 0, "the exact p equals the count over all sign patterns");
  tap_near(worst_ties, 0, 0, 0, "with ties as well");

  /* Darwin's maize (Fisher 1935), as in Conover's and SciPy's examples: W = 24, p = 0.041259765625 */
  const double maize[] = {6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75};
  if (stats_wilcoxon(maize, zero, 15, &w, &e))
    tap_bail("%s", e.message);
  tap_ok(w.w_minus == 24.0 && w.w_plus == 96.0 && w.exact, "Darwin's maize: rank sums 96 and 24");
  tap_near(w.p, 0.041259765625, 0, 0, "and the published p");
  const double some[] = {0, 1, 0, 2, -3, 0};
  if (stats_wilcoxon(some, zero, 6, &w, &e))
    tap_bail("%s", e.message);
  tap_ok(w.used == 3 && w.zeros == 3 && w.p == 1.0, "zeros are dropped and counted");
  tap_is_int(stats_wilcoxon(zero, zero, 5, &w, &e), STATUS_BAD_ARG, "all differences 0 are refused");
  tap_is_int(stats_wilcoxon(zero, zero, 0, &w, &e), STATUS_BAD_ARG, "and so are none");
}

/* Beyond 50 differences: the formula written out, and its nearness to the exact tail at 50. */
static void test_wilcoxon_normal(void)
{
  static const double zero[60];
  double d[60];
  struct stats_wilcoxon w, x;
  for (int i = 0; i < 60; i++)
    d[i] = (i % 3 ? 1.0 : -1.0) * (i + 1) + 0.0;
  if (stats_wilcoxon(d, zero, 60, &w, &e))
    tap_bail("%s", e.message);
  double small = 0; /* signs are negative at 1, 4, 7, …, 58 */
  for (int i = 1; i <= 58; i += 3)
    small += i;
  double want = 2 * gsl_cdf_ugaussian_P((small + 0.5 - 60.0 * 61 / 4) / sqrt(60.0 * 61 * 121 / 24));
  tap_ok(!w.exact && w.w_minus == small, "60 differences take the normal approximation");
  tap_near(w.p, want, 1e-13, 0, "with continuity correction");
  for (int i = 0; i < 60; i++)
    d[i] = i % 4 ? 2.0 : -1.0; /* 45 twos of rank 38, 15 ones of rank 8 */
  if (stats_wilcoxon(d, zero, 60, &w, &e))
    tap_bail("%s", e.message);
  double variance = 60.0 * 61 * 121 / 24 - (45.0 * 45 * 45 - 45 + 15.0 * 15 * 15 - 15) / 48;
  tap_near(w.p, 2 * gsl_cdf_ugaussian_P((15 * 8 + 0.5 - 915) / sqrt(variance)), 1e-13, 0, "and correction for ties");
  struct rng r = rng_make(SEED, RNG_TEST, 1);
  rng_fill_normal_f64(&r, d, 51, 0.25, 1.0);
  if (stats_wilcoxon(d, zero, 50, &w, &e) || stats_wilcoxon(d, zero, 51, &x, &e))
    tap_bail("%s", e.message);
  /* The next term of Edgeworth's series explains the difference: kurtosis - sum r^4 / 8 / variance^2, Hermite z^3 - 3z */
  double z = (50.0 * 51 / 4 - fmin(w.w_minus, w.w_plus) - 0.5) / sqrt(50.0 * 51 * 101 / 24), kurtosis = 0;
  for (int rank = 1; rank <= 50; rank++)
    kurtosis -= pow(rank, 4) / 8 / pow(50.0 * 51 * 101 / 24, 2);
  double approx = 2 * gsl_cdf_ugaussian_Q(z) + 2 * kurtosis / 24 * (z * z * z - 3 * z) * exp(-z * z / 2) / sqrt(2 * acos(-1.0));
  tap_ok(w.exact && !x.exact, "the change is at 50");
  tap_near(w.p, approx, 0, 5e-5, "where the exact p is the normal one and Edgeworth's next term");
}

/* tau-b and the variance by their definitions over all pairs. */
struct pairs { double s, n0, n1, n2; };

static struct pairs count_pairs(const double *x, const double *y, size_t n)
{
  struct pairs p = {0};
  for (size_t i = 0; i < n; i++)
    for (size_t j = i + 1; j < n; j++) {
      int a = (x[i] > x[j]) - (x[i] < x[j]), b = (y[i] > y[j]) - (y[i] < y[j]);
      p.s += a * b;
      p.n0++;
      p.n1 += a == 0;
      p.n2 += b == 0;
    }
  return p;
}

static void test_kendall_definition(void)
{
  struct rng r = rng_make(SEED, RNG_TEST, 2);
  static double x[500], y[500];
  struct stats_kendall k;
  double worst = 0;
  for (int round = 0; round < 300; round++) {
    size_t n = 2 + (size_t)rng_below(&r, 499);
    uint64_t values = round % 3 == 0 ? 1000000 : 2 + rng_below(&r, 20); /* without, and with many ties */
    for (size_t i = 0; i < n; i++) {
      x[i] = (double)rng_below(&r, values);
      y[i] = rng_uniform(&r) < 0.4 ? x[i] : (double)rng_below(&r, values);
    }
    x[0] = y[0] = -1; /* never constant */
    struct pairs p = count_pairs(x, y, n);
    if (stats_kendall(x, y, n, 0.95, &k, &e))
      tap_bail("%s", e.message);
    worst = fmax(worst, fabs(k.tau - p.s / sqrt((p.n0 - p.n1) * (p.n0 - p.n2))));
  }
  tap_near(worst, 0, 0, 4 * DBL_EPSILON, "tau-b by sorting equals the definition over all pairs in 300 random cases");
}

/* Calls visit for each order of p[0..n). */
static void for_all_orders(double *p, size_t i, size_t n, void (*visit)(const double *p, size_t n, void *to), void *to)
{
  if (i == n)
    visit(p, n, to);
  for (size_t j = i; j < n; j++) {
    double kept = p[i];
    p[i] = p[j], p[j] = kept;
    for_all_orders(p, i + 1, n, visit, to);
    kept = p[i];
    p[i] = p[j], p[j] = kept;
  }
}

struct tally { const double *x; double s, variance; long extreme, all; };

static void tally_kendall(const double *y, size_t n, void *to)
{
  struct tally *t = to;
  double s = count_pairs(t->x, y, n).s;
  t->extreme += fabs(s) >= fabs(t->s);
  t->variance += s * s;
  t->all++;
}

static void test_kendall_p(void)
{
  double x[7] = {1, 2, 3, 4, 5, 6, 7}, y[7];
  struct rng r = rng_make(SEED, RNG_TEST, 3);
  struct stats_kendall k;
  double worst = 0;
  for (int round = 0; round < 20; round++) {
    rng_fill_normal_f64(&r, y, 7, 0.0, 1.0);
    struct tally t = {.x = x, .s = count_pairs(x, y, 7).s};
    if (stats_kendall(x, y, 7, 0.95, &k, &e))
      tap_bail("%s", e.message);
    for_all_orders(y, 0, 7, tally_kendall, &t);
    worst = fmax(worst, fabs(k.p - (double)t.extreme / (double)t.all));
  }
  tap_near(worst, 0, 0, 1e-15, "the exact p of tau equals the count over all orders of 7");

  /* With ties the variance of S over all orders is Kendall's (4.4); the p follows from it. */
  double a[7] = {1, 1, 1, 2, 2, 3, 4}, b[7] = {2, 1, 5, 5, 5, 5, 7};
  struct tally t = {.x = a, .s = count_pairs(a, b, 7).s};
  if (stats_kendall(a, b, 7, 0.95, &k, &e))
    tap_bail("%s", e.message);
  double s = t.s;
  for_all_orders(b, 0, 7, tally_kendall, &t);
  tap_ok(!k.exact, "ties take the normal approximation");
  tap_near(k.p, 2 * gsl_cdf_ugaussian_Q(s / sqrt(t.variance / (double)t.all)), 1e-13, 0, "with the variance of S over all orders");

  /* SciPy's documented example: tau = -0.47140452079103173, p = 0.2827454599327748 */
  const double u[] = {12, 2, 1, 12, 2}, v[] = {1, 4, 7, 1, 0};
  if (stats_kendall(u, v, 5, 0.95, &k, &e))
    tap_bail("%s", e.message);
  tap_near(k.tau, -0.47140452079103173, 2 * DBL_EPSILON, 0, "SciPy's example: tau");
  tap_near(k.p, 0.2827454599327748, 1e-13, 0, "and p");

  /* 50 values in order: only one order of 50! is as far on either side */
  double up[50], log_p = log(2.0);
  for (int i = 1; i <= 50; i++) {
    up[i - 1] = i;
    log_p -= log(i);
  }
  if (stats_kendall(up, up, 50, 0.95, &k, &e))
    tap_bail("%s", e.message);
  tap_near(log(k.p), log_p, 1e-13, 0, "perfect agreement of 50 has p = 2/50!");
  tap_ok(k.tau == 1.0 && k.exact && k.interval.low == 1.0, "and tau 1, whose interval is that point");
}

/* For normal pairs of correlation c, tau = 2/pi asin c (Kendall 1970, 9.3). */
static void test_kendall_interval(void)
{
  enum { ROUNDS = 2000, N = 30 };
  struct rng r = rng_make(SEED, RNG_TEST, 4);
  double c = 0.6, truth = 2 / acos(-1.0) * asin(c), x[N], y[N];
  int inside = 0;
  struct stats_kendall k;
  for (int round = 0; round < ROUNDS; round++) {
    rng_fill_normal_f64(&r, x, N, 0.0, 1.0);
    rng_fill_normal_f64(&r, y, N, 0.0, 1.0);
    for (int i = 0; i < N; i++)
      y[i] = c * x[i] + sqrt(1 - c * c) * y[i];
    if (stats_kendall(x, y, N, 0.95, &k, &e))
      tap_bail("%s", e.message);
    inside += k.interval.low <= truth && truth <= k.interval.high;
  }
  /* Fieller, Hartley and Pearson's is an approximation: 1 % for it, and 4 standard errors */
  tap_near((double)inside / ROUNDS, 0.95, 0, 0.01 + 4 * sqrt(0.95 * 0.05 / ROUNDS), "95 %% intervals hold the true tau of normal pairs");
  if (stats_kendall(x, y, 4, 0.95, &k, &e))
    tap_bail("%s", e.message);
  tap_ok(k.interval.low == -1.0 && k.interval.high == 1.0, "four pairs say nothing about tau");
}

static double pearson(const double *x, const double *y, size_t n)
{
  long double mx = 0, my = 0, xy = 0, xx = 0, yy = 0;
  for (size_t i = 0; i < n; i++)
    mx += x[i] / (long double)n, my += y[i] / (long double)n;
  for (size_t i = 0; i < n; i++)
    xy += (x[i] - mx) * (y[i] - my), xx += (x[i] - mx) * (x[i] - mx), yy += (y[i] - my) * (y[i] - my);
  return (double)(xy / sqrtl(xx * yy));
}

static void tally_spearman(const double *y, size_t n, void *to)
{
  struct tally *t = to;
  t->extreme += fabs(pearson(t->x, y, n)) >= fabs(t->s) - 1e-12;
  t->all++;
}

static void test_spearman(void)
{
  struct rng r = rng_make(SEED, RNG_TEST, 5);
  struct stats_spearman s;
  double x[7], y[7], a[7], b[7], worst_rho = 0, worst_p = 0;
  for (int round = 0; round < 20; round++) {
    for (int i = 0; i < 7; i++) {
      x[i] = (double)rng_below(&r, round % 2 ? 4 : 1000) - (i == 0 ? 5 : 0);
      y[i] = (double)rng_below(&r, round % 2 ? 3 : 1000) - (i == 3 ? 5 : 0);
    }
    if (stats_spearman(x, y, 7, &s, &e) || stats_ranks(x, 7, a, NULL, &e) || stats_ranks(y, 7, b, NULL, &e))
      tap_bail("%s", e.message);
    struct tally t = {.x = a, .s = pearson(a, b, 7)};
    worst_rho = fmax(worst_rho, fabs(s.rho - t.s));
    for_all_orders(b, 0, 7, tally_spearman, &t);
    worst_p = fmax(worst_p, fabs(s.p - (double)t.extreme / (double)t.all));
  }
  tap_near(worst_rho, 0, 0, 4 * DBL_EPSILON, "rho is Pearson's correlation of the ranks");
  tap_near(worst_p, 0, 0, 0, "its exact p is the count over all orders, with and without ties");

  /* Without ties rho = 1 - 6 sum d^2 / (n^3 - n); 10 values, d^2 summing to 2: rho = 1 - 12/990 */
  double u[10], v[10];
  for (int i = 0; i < 10; i++)
    u[i] = v[i] = i;
  v[4] = 5, v[5] = 4;
  if (stats_spearman(u, v, 10, &s, &e))
    tap_bail("%s", e.message);
  double rho = 1.0 - 12.0 / 990.0;
  tap_near(s.rho, rho, 4 * DBL_EPSILON, 0, "ten values, one swap");
  tap_ok(!s.exact, "ten values take Student's t");
  tap_near(s.p, 2 * gsl_cdf_tdist_Q(rho * sqrt(8.0 / (1 - rho * rho)), 8), 1e-12, 0, "with 8 degrees of freedom");
  if (stats_spearman(u, u, 10, &s, &e))
    tap_bail("%s", e.message);
  tap_ok(s.rho == 1.0 && s.p == 0.0, "perfect agreement beyond the exact range has p 0 by t");
  if (stats_spearman(u, v, 3, &s, &e))
    tap_bail("%s", e.message);
  tap_near(s.p, 2.0 / 6.0, DBL_EPSILON, 0, "perfect agreement of 3 has p = 2/3!");
}

static void test_refusals(void)
{
  const double x[] = {1, 2, 3}, same[] = {5, 5, 5}, bad[] = {1, NAN, 2};
  struct stats_kendall k;
  struct stats_spearman s;
  tap_is_int(stats_kendall(same, x, 3, 0.95, &k, &e), STATUS_BAD_ARG, "tau with a constant is refused");
  tap_has(e.message, "first input is constant", "naming which");
  tap_is_int(stats_kendall(x, same, 3, 0.95, &k, &e), STATUS_BAD_ARG, "on either side");
  tap_is_int(stats_spearman(x, same, 3, &s, &e), STATUS_BAD_ARG, "rho with a constant is refused");
  tap_has(e.message, "second input is constant", "naming which");
  tap_is_int(stats_kendall(x, bad, 3, 0.95, &k, &e) + stats_spearman(bad, x, 3, &s, &e), 2 * STATUS_BAD_ARG, "NaN is refused");
  tap_is_int(stats_kendall(x, x, 1, 0.95, &k, &e) + stats_spearman(x, x, 0, &s, &e), 2 * STATUS_BAD_ARG, "one pair or none is refused");
  tap_is_int(stats_kendall(x, x, 3, 1.0, &k, &e), STATUS_BAD_ARG, "level 1 is refused");
  if (stats_kendall(x, x, 2, 0.95, &k, &e) || stats_spearman(x, x, 2, &s, &e))
    tap_bail("%s", e.message);
  tap_ok(k.tau == 1 && k.p == 1 && s.rho == 1 && s.p == 1, "two pairs always agree or disagree: p = 1");
}

int main(void)
{
  tap_diag("seed %llu", SEED);
  test_ranks();
  test_wilcoxon();
  test_wilcoxon_normal();
  test_kendall_definition();
  test_kendall_p();
  test_kendall_interval();
  test_spearman();
  test_refusals();
  return tap_done();
}
