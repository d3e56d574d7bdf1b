/* Schedules with phases: wsd, one-cycle (against torch's way of computing it) and sgdr (against counting
 * the cycles one update at a time). */
#include "tests/unit/schedules/rates.h"

#define ULPS 1e-15

/* --- wsd -------------------------------------------------------------------------------------- */

static void test_wsd_shapes(void)
{
  const int64_t T = 1000, D = 200, W = 50;
  const struct { const char *id; double at_quarter, at_last, end; } shape[] = {
    {"linear", 0.75, 1 - 199.0 / 200, 0},
    {"1-sqrt", 0.5, 1 - sqrt(199.0 / 200), 0},
    {"cosine", (1 + cos(M_PI / 4)) / 2, (1 + cos(M_PI * 199 / 200)) / 2, 0},
    {"1-square", 1 - 1.0 / 16, 1 - 199.0 * 199 / 40000, 0},
    {"exponential", pow(0.01, 0.25), pow(0.01, 199.0 / 200), 0.01},
  };
  for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
    struct object o = UNIT(schedule_wsd, T, V_INT("warmup", W), V_INT("cooldown", D), V_TEXT("shape", shape[i].id));
    bool flat = true;
    for (int64_t t = W; t <= T - D; t++)
      flat = flat && rate_at(o, t) == 1;
    tap_ok(flat, "wsd %s: the peak from t = W to t = T - D, the first update of the cool-down", shape[i].id);
    tap_near(rate_at(o, T - D + D / 4), shape[i].at_quarter, ULPS, 0, "wsd %s: s(1/4)", shape[i].id);
    tap_near(rate_at(o, T - 1), shape[i].at_last, 1e-13, 0, "wsd %s: s((D-1)/D) at T - 1", shape[i].id);
    object_free(&o);
    o = UNIT(schedule_wsd, T, V_INT("cooldown", D), V_TEXT("shape", shape[i].id), INCLUSIVE);
    tap_ok(rate_at(o, T - D) == 1 && rate_at(o, T - 1) == shape[i].end, "wsd %s, inclusive: from the peak to exactly end", shape[i].id);
    object_free(&o);
  }
}

static void test_wsd_length(void)
{
  struct object o = UNIT_PLAIN(schedule_wsd, 1000);
  tap_ok(rate_at(o, 800) == 1 && rate_at(o, 801) < 1, "wsd: the cool-down is a fifth of T by default, with the shape 1-sqrt");
  tap_near(rate_at(o, 850), 0.5, ULPS, 0, "wsd: 1-sqrt is half way down after a quarter of the cool-down");
  object_free(&o);
  o = UNIT(schedule_wsd, 1000, V_INT("cooldown", 0));
  tap_ok(rate_at(o, 999) == 1, "wsd without a cool-down is constant");
  object_free(&o);
  o = UNIT(schedule_wsd, 100, V_INT("warmup", 95), V_REAL("cooldown_fraction", 0.5));
  tap_ok(rate_at(o, 95) == 1 && rate_at(o, 99) < 1, "wsd: a fraction never takes more than the warm-up leaves");
  object_free(&o);
  o = UNIT(schedule_wsd, 100, V_INT("cooldown", 1), INCLUSIVE);
  tap_ok(rate_at(o, 98) == 1 && rate_at(o, 99) == 0, "wsd, inclusive: a cool-down of one update has the rate end");
  object_free(&o);
  o = MAKE(&schedule_wsd.m, V_INT("steps", 100), V_INT("warmup", 60), V_INT("cooldown", 41));
  struct err e = {0};
  tap_ok(schedule_check(&o, PARAM_AUTO_INT, &e) == STATUS_BAD_ARG, "wsd: W + D > T is refused");
  tap_is_str(e.message, "schedule \"wsd\": warmup + cooldown must be at most steps (100), got 60 + 41", "and the message says so");
  object_free(&o);
  tap_has(REFUSED(&schedule_wsd.m, V_TEXT("shape", "exponential"), V_REAL("end", 0)), "end must be a number > 0",
          "wsd: an exponential cool-down to 0 is refused");
}

/* --- one-cycle: the algorithm of torch 1.13 OneCycleLR.get_lr, written from its description -------- */

struct torch_phase { double end_step, from, to; };

static double torch_anneal(bool cosine, double from, double to, double pct)
{
  return cosine ? to + (from - to) / 2.0 * (1.0 + cos(M_PI * pct)) : (to - from) * pct + from;
}

static double torch_one_cycle(double T, double pct, double div, double final_div, bool cosine, bool three, double step)
{
  double first = 1.0 / div, last = first / final_div, start = 0;
  struct torch_phase two_phases[] = {{pct * T - 1, first, 1}, {T - 1, 1, last}};
  struct torch_phase three_phases[] = {{pct * T - 1, first, 1}, {2 * pct * T - 2, 1, first}, {T - 1, first, last}};
  const struct torch_phase *phase = three ? three_phases : two_phases;
  int n = three ? 3 : 2;
  for (int i = 0; i < n; i++) {
    if (step <= phase[i].end_step || i == n - 1)
      return torch_anneal(cosine, phase[i].from, phase[i].to, (step - start) / (phase[i].end_step - start));
    start = phase[i].end_step;
  }
  return NAN;
}

static void compare_one_cycle(int64_t T, double pct, bool cosine, bool three)
{
  struct object o = UNIT(schedule_one_cycle, T, V_REAL("pct", pct), V_TEXT("anneal", cosine ? "cos" : "linear"), V_BOOL("three_phase", three));
  double worst = 0;
  for (int64_t t = 0; t < T; t++)
    worst = fmax(worst, fabs(rate_at(o, t) - torch_one_cycle((double)T, pct, 25, 1e4, cosine, three, (double)t)));
  tap_near(worst, 0, 0, 1e-15, "one-cycle agrees with torch's algorithm: T %lld, pct %g, %s, %d phases", (long long)T, pct,
           cosine ? "cos" : "linear", three ? 3 : 2);
  object_free(&o);
}

static void test_one_cycle(void)
{
  struct object o = UNIT_PLAIN(schedule_one_cycle, 1000);
  tap_near(rate_at(o, 0), 0.04, ULPS, 0, "one-cycle starts at peak/25");
  tap_ok(rate_at(o, 299) == 1, "one-cycle is at the peak at t = pct T - 1");
  tap_near(rate_at(o, 999), 4e-6, ULPS, 0, "one-cycle ends at 4e-6 of the peak");
  object_free(&o);
  o = UNIT(schedule_one_cycle, 1000, V_BOOL("three_phase", true));
  tap_ok(rate_at(o, 299) == 1, "three phases: the peak at pct T - 1");
  tap_near(rate_at(o, 598), 0.04, ULPS, 0, "three phases: back at the first rate at 2 pct T - 2");
  tap_near(rate_at(o, 999), 4e-6, ULPS, 0, "three phases: the last rate at T - 1");
  object_free(&o);
  for (int cosine = 0; cosine < 2; cosine++)
    for (int three = 0; three < 2; three++) {
      compare_one_cycle(1000, 0.3, cosine, three);
      compare_one_cycle(97, 0.37, cosine, three);
      compare_one_cycle(7, 0.2, cosine, three);
    }
  tap_ok(rate_once(UNIT(schedule_one_cycle, 10, V_REAL("pct", 0.1)), 0) == 1, "one-cycle: a rise of no length starts at the peak");
  tap_ok(rate_once(UNIT(schedule_one_cycle, 10, V_REAL("pct", 1)), 9) == 1, "one-cycle: pct 1 only rises");
  tap_has(REFUSED(&schedule_one_cycle.m, V_BOOL("three_phase", true), V_REAL("pct", 0.6)), "pct must be at most 0.5",
          "one-cycle: three phases with pct above a half are refused");
  o = MAKE(&schedule_one_cycle.m, V_INT("steps", 100), V_INT("warmup", 5));
  struct err e = {0};
  tap_ok(schedule_check(&o, PARAM_AUTO_INT, &e) == STATUS_BAD_ARG, "one-cycle refuses a second warm-up");
  tap_has(e.message, "contains its own warm-up", "and says why");
  object_free(&o);
}

/* torch's momentum runs through the same phases the other way. */
static void test_cycled_momentum(void)
{
  for (int three = 0; three < 2; three++) {
    struct object o = UNIT(schedule_one_cycle, 97, V_REAL("pct", 0.37), V_BOOL("three_phase", three), V_BOOL("cycle_momentum", true));
    struct object plain = UNIT(schedule_one_cycle, 97, V_REAL("pct", 0.37), V_BOOL("three_phase", three));
    double worst = 0, T = 97, up = 0.37 * T - 1, down = three ? 2 * 0.37 * T - 2 : T - 1;
    bool same = true;
    for (int64_t t = 0; t < 97; t++) {
      double at = (double)t, v = at <= up ? torch_anneal(true, 0.95, 0.85, at / up) : at <= down ? torch_anneal(true, 0.85, 0.95, (at - up) / (down - up)) : 0.95;
      worst = fmax(worst, fabs(schedule_momentum_at(&o, t, PARAM_AUTO_INT) - v));
      same = same && rate_at(o, t) == rate_at(plain, t) && isnan(schedule_momentum_at(&plain, t, PARAM_AUTO_INT));
    }
    tap_near(worst, 0, 0, 1e-15, "one-cycle, %d phases: the momentum goes from 0.95 to 0.85 and back", three ? 3 : 2);
    tap_ok(same, "with the same rates; without cycle_momentum it is left alone");
    object_free(&o), object_free(&plain);
  }
}

/* --- sgdr --------------------------------------------------------------------------------------- */

static void compare_sgdr(int64_t T, int64_t t0, int64_t mult, double end)
{
  struct object o = UNIT(schedule_sgdr, T, V_INT("t0", t0), V_INT("mult", mult), V_REAL("end", end));
  double worst = 0;
  int64_t c = 0, length = t0;
  for (int64_t t = 0; t < T; t++) {
    double expected = end + (1 - end) * (1 + cos(M_PI * (double)c / (double)length)) / 2;
    worst = fmax(worst, fabs(rate_at(o, t) - expected));
    if (++c == length) {
      c = 0;
      length *= mult;
    }
  }
  tap_near(worst, 0, 0, 1e-15, "sgdr agrees with counting: T %lld, T_0 %lld, mult %lld", (long long)T, (long long)t0, (long long)mult);
  object_free(&o);
}

static void test_sgdr(void)
{
  struct object o = UNIT(schedule_sgdr, 700, V_INT("t0", 100), V_INT("mult", 2));
  tap_ok(rate_at(o, 0) == 1 && rate_at(o, 100) == 1 && rate_at(o, 300) == 1, "sgdr is at exactly the peak at every restart");
  double s = sin(M_PI / 400);
  tap_near(rate_at(o, 299), s * s, ULPS, 0, "sgdr is lowest just before a restart");
  tap_near(rate_at(o, 200), 0.5, ULPS, 0, "sgdr is half the peak in the middle of a cycle");
  object_free(&o);
  compare_sgdr(1000, 64, 1, 0);
  compare_sgdr(1000, 10, 2, 0.01);
  compare_sgdr(5000, 7, 3, 0.1);
  compare_sgdr(50, 1, 1, 0);
  o = UNIT(schedule_sgdr, 700, V_INT("mult", 2));
  tap_ok(rate_at(o, 99) < 0.01 && rate_at(o, 100) == 1 && rate_at(o, 300) == 1, "an auto T_0 fills T with three whole cycles");
  object_free(&o);
  o = UNIT(schedule_sgdr, 300, V_INT("t0", 100), V_REAL("end", 0.125), INCLUSIVE);
  tap_ok(rate_at(o, 99) == 0.125 && rate_at(o, 100) == 1 && rate_at(o, 299) == 0.125, "sgdr, inclusive, ends each cycle with exactly end");
  object_free(&o);
}

int main(void)
{
  test_wsd_shapes();
  test_wsd_length();
  test_one_cycle();
  test_cycled_momentum();
  test_sgdr();
  return tap_done();
}
