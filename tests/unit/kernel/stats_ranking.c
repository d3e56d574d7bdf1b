/* Granulated Kendall and robust sign error: limits, a grid worked by hand, another way to the same numbers. */
#include <math.h>

#include "experiments/kernel/rng.h"
#include "experiments/kernel/stats.h"
#include "tests/tap.h"

#define SEED 20261122u

/* A full grid of 3 x 2 settings and so many seeds; x and y to be filled. */
enum { MAX_RUNS = 60 };
struct runs { double x[MAX_RUNS], y[MAX_RUNS], setting[3 * MAX_RUNS]; struct stats_grid g; };

static void grid(struct runs *r, size_t seeds)
{
  size_t n = 0, all = 6 * seeds;
  for (size_t a = 0; a < 3; a++)
    for (size_t b = 0; b < 2; b++)
      for (size_t s = 0; s < seeds; s++, n++) {
        r->setting[n] = (double)a;
        r->setting[all + n] = 10 * (double)b;
        r->setting[2 * all + n] = (double)s;
      }
  r->g = (struct stats_grid){.n = n, .axes = 2, .blocks = 1, .x = r->x, .y = r->y, .setting = r->setting};
}

static double psi_of(const struct runs *r, double axis[2])
{
  struct err e = {0};
  double psi;
  if (stats_granulated(&r->g, axis, &psi, &e))
    tap_bail("%s", e.message);
  return psi;
}

static struct stats_sign_error error_of(const struct runs *r, double n_test, double ess, struct stats_sign_error axis[2])
{
  struct err e = {0};
  struct stats_sign_error all;
  if (stats_sign_error(&r->g, n_test, ess, axis, &all, &e))
    tap_bail("%s", e.message);
  return all;
}

static void test_limits(void)
{
  struct runs r;
  struct stats_sign_error by[2], all;
  double axis[2];
  struct rng g = rng_make(SEED, RNG_TEST, 0);
  grid(&r, 4);
  for (size_t i = 0; i < r.g.n; i++)
    r.x[i] = r.y[i] = rng_uniform(&g);
  tap_near(psi_of(&r, axis), 1, 0, 0, "a measure that is the gap has Psi 1");
  all = error_of(&r, 1000, 0, by);
  tap_ok(all.mean == 0 && all.max == 0 && by[0].max == 0, "and sign error 0");
  tap_is_int((long long)all.environments, 2 * 3 + 3, "3 values of one axis, 2 of the other: 6 + 3 environments");
  for (size_t i = 0; i < r.g.n; i++)
    r.x[i] = -r.y[i];
  tap_near(psi_of(&r, axis), -1, 0, 0, "its negative has -1");
  all = error_of(&r, 1000, 0, by);
  tap_ok(all.mean == 1 && all.p90 == 1 && all.max == 1, "and sign error 1");
  for (size_t i = 0; i < r.g.n; i++)
    r.x[i] = 7;
  tap_near(psi_of(&r, axis), 0, 0, 0, "a constant ranks nothing");
  all = error_of(&r, 1000, 0, by);
  tap_near(all.mean, 0.5, 1e-15, 0, "and is a coin");
  all = error_of(&r, 1000, 17, by);
  tap_ok(all.kept == 0 && isnan(all.mean) && isnan(all.max), "4 x 4 pairs of runs are never 17 effective ones: nothing is kept");
  all = error_of(&r, 1, 0.1, by);
  tap_is_int((long long)all.kept, 0, "gaps measured on one point order nothing");
}

/* x follows axis 0 and runs against y on axis 1. */
static void test_axes(void)
{
  struct runs r;
  struct stats_sign_error by[2], all;
  double axis[2];
  grid(&r, 3);
  for (size_t i = 0; i < r.g.n; i++) {
    double a = r.setting[i], b = r.setting[r.g.n + i] / 10;
    r.y[i] = 0.1 * a + 0.2 * b;
    r.x[i] = 0.1 * a - 0.2 * b;
  }
  tap_near(psi_of(&r, axis), 0, 1e-15, 1e-15, "right on one axis and wrong on the other: Psi 0");
  tap_ok(axis[0] == 1 && axis[1] == -1, "the axes say which");
  all = error_of(&r, 1e6, 9, by);
  tap_ok(by[0].max == 0 && by[1].mean == 1 && by[0].kept == 6 && by[1].kept == 3, "and so does the sign error");
  tap_near(all.mean, 3.0 / 9, 1e-15, 0, "over all, 3 of 9 environments are wrong");
  tap_near(all.max, 1, 0, 0, "and the worst shows it");
}

/* Psi again, by tau over lists; the sign error of one pair of settings, written out. */
static void test_second_way(void)
{
  struct runs r;
  struct stats_sign_error by[2];
  double axis[2], first = 0, second = 0, sum = 0, weight = 0;
  struct rng g = rng_make(SEED, RNG_TEST, 1);
  grid(&r, 5);
  for (size_t i = 0; i < r.g.n; i++)
    r.x[i] = rng_normal(&g), r.y[i] = 0.3 * rng_normal(&g);
  for (size_t b = 0; b < 2; b++)
    for (size_t s = 0; s < 5; s++) {
      double x[3], y[3];
      struct stats_kendall k;
      struct err e = {0};
      for (size_t a = 0; a < 3; a++)
        x[a] = r.x[a * 10 + b * 5 + s], y[a] = r.y[a * 10 + b * 5 + s];
      if (stats_kendall(x, y, 3, 0.95, &k, &e))
        tap_bail("%s", e.message);
      first += k.tau / 10; /* without ties tau-b is tau-a */
    }
  for (size_t a = 0; a < 3; a++)
    for (size_t s = 0; s < 5; s++) {
      size_t i = a * 10 + s, j = i + 5;
      second += ((r.x[i] < r.x[j]) == (r.y[i] < r.y[j]) ? 1 : -1) / 15.0;
    }
  double psi = psi_of(&r, axis);
  tap_near(axis[0], first, 1e-14, 1e-14, "axis by axis it is the mean of Kendall's tau");
  tap_near(axis[1], second, 1e-14, 1e-14, "of two values: a mean of signs");
  tap_near(psi, (first + second) / 2, 1e-14, 1e-14, "Psi is their mean");
  r.g.axes = 1, r.g.blocks = 2; /* one axis: settings 0, 1, 2, of which 0 and 1 are compared here */
  r.g.n = 20;
  double setting[60];
  for (size_t i = 0; i < 20; i++)
    setting[i] = r.setting[i], setting[20 + i] = r.setting[30 + i], setting[40 + i] = r.setting[60 + i];
  r.g.setting = setting;
  for (size_t i = 0; i < 10; i++)
    for (size_t j = 10; j < 20; j++) {
      double p = fmax(0, 1 - 2 * exp(-50 * pow(r.y[i] - r.y[j], 2))), w = fmax(0, p * p - 0.5);
      weight += w;
      sum += (r.x[i] < r.x[j]) == (r.y[i] < r.y[j]) ? 0 : w;
    }
  tap_near(error_of(&r, 100, 0, by).mean, sum / weight, 1e-14, 0, "the sign error of one environment, written out");
  r.y[3] = NAN;
  struct err e = {0};
  tap_ok(stats_granulated(&r.g, axis, &psi, &e) == STATUS_BAD_ARG && stats_sign_error(&r.g, 100, 0, by, by, &e) == STATUS_BAD_ARG, "a NaN is refused");
}

/* Independent measure and gap: Psi is 0 on average; with 10 groups of 3 and 15 pairs its standard deviation is
 * sqrt((1/10) (11/27) + 1/15)/2 (tau of 3 has variance 2(2n+5)/(9n(n-1)) = 11/27). */
static void test_independence(void)
{
  struct runs r;
  double axis[2], sum = 0;
  struct rng g = rng_make(SEED, RNG_TEST, 2);
  grid(&r, 5);
  for (int t = 0; t < 400; t++) {
    for (size_t i = 0; i < r.g.n; i++)
      r.x[i] = rng_uniform(&g), r.y[i] = rng_uniform(&g);
    sum += psi_of(&r, axis) / 400;
  }
  double sd = sqrt(11.0 / 270 + 1.0 / 15) / 2 / sqrt(400);
  tap_ok(fabs(sum) < 4 * sd, "the mean Psi of 400 independent pairs is %.4f, within 4 x %.4f of 0", sum, sd);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  test_limits();
  test_axes();
  test_second_way();
  test_independence();
  return tap_done();
}
