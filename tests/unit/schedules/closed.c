/* Closed forms: milestones, inverse time, noam, rex, triangular cycles, untuned warm-ups. Expected values are the formulas
 * where they can be told by heart, and torch's own way of computing a rate where it has one; 4 ulp allow for one pow. */
#include "tests/unit/schedules/rates.h"

#define ULPS 1e-15

static void test_multi_step(void)
{
  struct object o = UNIT(schedule_multi_step, 100, V_LIST("milestones", 30, 80));
  tap_ok(rate_at(o, 0) == 1 && rate_at(o, 29) == 1, "multi-step stays at the peak until the first milestone");
  tap_ok(rate_at(o, 30) == 0.1 && rate_at(o, 79) == 0.1, "multi-step drops to exactly gamma at t = m_1");
  tap_near(rate_at(o, 99), 0.01, ULPS, 0, "multi-step ends with gamma^2");
  double rate = 1;
  bool same = true;
  for (int64_t t = 0; t < 100; t++) { /* torch 1.13 MultiStepLR: each rate from the one before */
    rate *= t == 30 || t == 80 ? 0.1 : 1;
    same = same && fabs(rate_at(o, t) / rate - 1) < ULPS;
  }
  tap_ok(same, "multi-step agrees with the recursion of MultiStepLR");
  object_free(&o);
  o = UNIT_PLAIN(schedule_multi_step, 200);
  tap_ok(rate_at(o, 99) == 1 && rate_at(o, 100) == 0.1 && rate_at(o, 149) == 0.1 && rate_at(o, 150) < 0.011,
         "multi-step drops at a half and three quarters by default");
  object_free(&o);
  o = UNIT(schedule_multi_step, 220, V_INT("warmup", 20));
  tap_ok(rate_at(o, 119) == 1 && rate_at(o, 120) == 0.1, "fractions are of what follows the warm-up");
  object_free(&o);
  tap_has(REFUSED(&schedule_multi_step.m, V_LIST("milestones", 30, 30)), "milestones must increase, got 30 after 30",
          "milestones that do not increase are refused");
  tap_has(REFUSED(&schedule_multi_step.m, V_LIST("milestones", 0.5, 30)), "all updates or all fractions", "updates and fractions do not mix");
  tap_has(REFUSED(&schedule_multi_step.m, V_LIST("milestones", 30.5)), "whole numbers", "half updates are refused");
  o = UNIT(schedule_multi_step, 50, V_NUMBERS("milestones", 0, NULL));
  tap_ok(rate_at(o, 49) == 1, "without milestones it is constant");
  object_free(&o);
}

static void test_inverse_time(void)
{
  struct object o = UNIT(schedule_inverse_time, 1000, V_REAL("k", 0.25));
  tap_ok(rate_at(o, 0) == 1 && rate_at(o, 4) == 0.5, "inverse-time starts at the peak and is half of it at t = 1/k");
  tap_near(rate_at(o, 999), 1 / (1 + 0.25 * 999), ULPS, 0, "inverse-time ends with 1/(1 + k(T-1))");
  object_free(&o);
  o = UNIT_PLAIN(schedule_inverse_time, 900);
  tap_near(rate_at(o, 100), 0.5, ULPS, 0, "with an auto k of 9/T, half the peak comes at T/9");
  tap_near(1 / rate_at(o, 899) - 1, 9 * 899.0 / 900, 4 * ULPS, 0, "and a tenth at T");
  object_free(&o);
}

static void test_noam(void)
{
  const int64_t W = 400, T = 3000;
  struct object o = UNIT(schedule_noam, T, V_INT("knee", W), V_INT("width", 512));
  double top = 0, rising = 0, falling = 0;
  int64_t at = -1;
  for (int64_t t = 0; t < T; t++) {
    double k = (double)t + 1, r = rate_at(o, t);
    if (r > top)
      top = r, at = t;
    if (k <= (double)W) /* both branches, each as a ratio to the largest rate */
      rising = fmax(rising, fabs(r * sqrt(512.0 * (double)W) - k / (double)W));
    else
      falling = fmax(falling, fabs(r * r * 512 * k - 1));
  }
  tap_is_int(at + 1, W, "noam is largest at k = W");
  tap_near(top, 1 / sqrt(512.0 * (double)W), ULPS, 0, "where it is (d W)^-1/2");
  tap_near(rising, 0, 0, ULPS, "it rises linearly to there");
  tap_near(falling, 0, 0, 4 * ULPS, "and then falls as (d k)^-1/2");
  object_free(&o);
  struct object noam = MAKE(&schedule_noam.m, V_INT("steps", T), V_INT("knee", W), V_INT("width", 512), V_REAL("peak", 2));
  struct object peaked = MAKE(&schedule_inverse_sqrt.m, V_INT("steps", T), V_INT("warmup", W), V_REAL("peak", 2 / sqrt(512.0 * (double)W)));
  double worst = 0;
  for (int64_t t = 0; t < T; t++)
    worst = fmax(worst, fabs(rate_at(noam, t) / rate_at(peaked, t) - 1));
  tap_near(worst, 0, 0, ULPS, "noam is inverse-sqrt with the peak 2 (d W)^-1/2, everywhere");
  object_free(&noam);
  object_free(&peaked);
  o = UNIT_PLAIN(schedule_noam, 10);
  tap_near(rate_at(o, 9) / rate_at(o, 4), 2, ULPS, 0, "a training shorter than the rise is all rise");
  object_free(&o);
}

static void test_rex(void)
{
  struct object o = UNIT_PLAIN(schedule_rex, 1000);
  tap_ok(rate_at(o, 0) == 1, "rex starts at the peak");
  tap_near(rate_at(o, 500), 2.0 / 3, ULPS, 0, "rex is two thirds at half time");
  tap_near(rate_at(o, 999), 2.0 / 1001, ULPS, 0, "rex, exclusive, ends with 2/(T+1)");
  struct object line = UNIT_PLAIN(schedule_linear_decay, 1000);
  bool above = true;
  for (int64_t t = 1; t < 1000; t++)
    above = above && rate_at(o, t) > rate_at(line, t);
  tap_ok(above, "rex lies above linear decay between the ends");
  object_free(&line);
  object_free(&o);
  tap_ok(rate_once(UNIT(schedule_rex, 1000, INCLUSIVE), 999) == 0, "rex, inclusive, ends with 0");
}

/* torch 1.13 CyclicLR.get_lr, written from its description. */
static double torch_cyclic(double base, double max, double step_size, const char *mode, double gamma, double t)
{
  double total = 2 * step_size, cycle = floor(1 + t / total), x = 1 + t / total - cycle, ratio = 0.5;
  double height = x <= ratio ? x / ratio : (x - 1) / (ratio - 1), scale = 1;
  if (strcmp(mode, "triangular2") == 0)
    scale = 1 / pow(2, cycle - 1);
  else if (strcmp(mode, "exp_range") == 0)
    scale = pow(gamma, t);
  return base + (max - base) * height * scale;
}

static void test_cyclical(void)
{
  static const char *const modes[] = {"triangular", "triangular2", "exp_range"};
  const int64_t half[] = {1, 7, 100}, T = 1000;
  for (size_t m = 0; m < 3; m++)
    for (size_t h = 0; h < 3; h++) {
      struct object o = UNIT(schedule_cyclical, T, V_INT("half", half[h]), V_TEXT("mode", modes[m]), V_REAL("base", 0.1), V_REAL("gamma", 0.999));
      double worst = 0;
      for (int64_t t = 0; t < T; t++)
        worst = fmax(worst, fabs(rate_at(o, t) - torch_cyclic(0.1, 1, (double)half[h], modes[m], 0.999, (double)t)));
      /* torch subtracts the cycle number, up to 500, from 1 + t/(2h): 500 ulp */
      tap_near(worst, 0, 0, 2e-13, "cyclical agrees with torch's algorithm: %s, half %lld", modes[m], (long long)half[h]);
      tap_ok(rate_at(o, 0) == 0.1, "cyclical starts at the base");
      double amplitude = m == 2 ? 0.9 * pow(0.999, (double)half[h]) : 0.9;
      tap_near(rate_at(o, half[h]), 0.1 + amplitude, ULPS, 0, "and is at the top at half");
      object_free(&o);
    }
  struct object o = UNIT_PLAIN(schedule_cyclical, 800);
  tap_ok(rate_at(o, 100) == 1 && rate_at(o, 200) == 0.25 && rate_at(o, 700) == 1, "an auto half fits four cycles");
  object_free(&o);
}

/* The warm-ups, and the sum of rates that Ma and Yarats matched: both hold back about 1/(1 - beta2) - 1/2 full updates. */
static void test_untuned(void)
{
  const double beta2 = 0.999, tau = 1 / (1 - beta2);
  const int64_t T = 30000;
  struct object line = UNIT(schedule_untuned_linear, T, V_REAL("beta2", beta2)), curve = UNIT(schedule_untuned_exponential, T, V_REAL("beta2", beta2));
  tap_near(rate_at(line, 0), (1 - beta2) / 2, ULPS, 0, "untuned-linear starts at (1 - beta2)/2");
  tap_near(rate_at(line, 999), 0.5, 1e-13, 0, "and is half way after 1/(1 - beta2) updates");
  tap_ok(rate_at(line, 2000) == 1 && rate_at(line, 1990) < 1, "it ends after 2/(1 - beta2) updates");
  tap_near(rate_at(curve, 0), 1 - exp(-(1 - beta2)), 1e-12, 0, "untuned-exponential starts at 1 - exp(-(1 - beta2))");
  tap_near(rate_at(curve, 999), 1 - exp(-1), 1e-12, 0, "and has risen to 1 - 1/e after 1/(1 - beta2) updates");
  double lost_line = 0, lost_curve = 0, geometric = exp(-1 / tau) / (1 - exp(-1 / tau));
  for (int64_t t = 0; t < T; t++) {
    lost_line += 1 - rate_at(line, t);
    lost_curve += 1 - rate_at(curve, t);
  }
  tap_near(lost_curve, geometric * (1 - exp(-(double)T / tau)), 1e-12, 0, "what untuned-exponential holds back is the geometric sum");
  tap_near(lost_line, tau - 0.5, 1e-12, 0, "what untuned-linear holds back is 1/(1 - beta2) - 1/2 updates");
  /* 1/(exp(d) - 1) = 1/d - 1/2 + d/12 - d^3/720 + …; sums of 30000 rates round to 1e-9 */
  tap_near(lost_curve - lost_line, 1 / (12 * tau), 0, 1e-9, "so that both hold back the same, to (1 - beta2)/12 of an update");
  object_free(&line);
  object_free(&curve);
  tap_ok(rate_once(UNIT(schedule_untuned_linear, 10, V_REAL("beta2", 0)), 1) == 1, "with beta2 = 0 it takes two updates");
}

int main(void)
{
  test_multi_step();
  test_inverse_time();
  test_noam();
  test_rex();
  test_cyclical();
  test_untuned();
  return tap_done();
}
