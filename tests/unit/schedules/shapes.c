/* Values of every schedule at the places where its formula can be told by heart, and of the recursions
 * that torch uses where those exist. Expected values are closed forms; 4 ulp allow for one pow or sin. */
#include "tests/unit/schedules/rates.h"

#define ULPS 1e-15

static void test_every_schedule(void)
{
  /* those of which peak is the largest rate: all but those with a scale that may exceed 1 (last-iterate-strong) */
  enum { ALL = 19 };
  const struct schedule *const all[ALL] = {
    &schedule_constant, &schedule_cosine, &schedule_cyclical, &schedule_exponential, &schedule_halving, &schedule_inverse_sqrt,
    &schedule_inverse_time, &schedule_last_iterate, &schedule_linear_decay, &schedule_multi_step, &schedule_noam, &schedule_one_cycle,
    &schedule_polynomial, &schedule_rex, &schedule_sgdr, &schedule_step, &schedule_untuned_exponential, &schedule_untuned_linear,
    &schedule_wsd};
  const int64_t lengths[] = {1, 2, 3, 7, 10, 100, 1001};
  for (size_t s = 0; s < ALL; s++)
    for (int last = 0; last < 2; last++) {
      bool fine = true, one = false;
      for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
        struct object o = MAKE(&all[s]->m, V_REAL("peak", 0.3), V_INT("steps", lengths[l]), V_TEXT("last", schedule_last_names[last]));
        for (int64_t t = 0; t < lengths[l]; t++) {
          double r = rate_at(o, t);
          fine = fine && isfinite(r) && r >= 0 && r <= 0.3 * (1 + ULPS);
        }
        one = one || (lengths[l] == 1 && isfinite(rate_at(o, 0)));
        object_free(&o);
      }
      tap_ok(fine, "%s (%s): every rate is finite and between 0 and peak", all[s]->m.id, schedule_last_names[last]);
      tap_ok(one, "%s (%s): a schedule of one update has a rate", all[s]->m.id, schedule_last_names[last]);
    }
}

static void test_auto_steps(void)
{
  struct object given = MAKE(&schedule_cosine.m, V_INT("steps", 40)), open = MAKE_DEFAULT(&schedule_cosine.m);
  bool same = true, path = true;
  double forward[40];
  for (int64_t t = 0; t < 40; t++) {
    forward[t] = schedule_at(&open, t, 40);
    same = same && forward[t] == schedule_at(&given, t, 40);
  }
  for (int64_t t = 39; t >= 0; t--)
    path = path && schedule_at(&open, t, 40) == forward[t];
  tap_ok(same, "an auto T takes the number of updates of the training");
  tap_ok(path, "the rate at t does not depend on the order of asking");
  object_free(&given);
  object_free(&open);
}

static void test_constant(void)
{
  struct object o = UNIT_PLAIN(schedule_constant, 50);
  tap_ok(rate_at(o, 0) == 1 && rate_at(o, 25) == 1 && rate_at(o, 49) == 1, "constant is the peak at the start, in the middle and at the end");
  object_free(&o);
}

static void test_step(void)
{
  struct object o = UNIT(schedule_step, 90, V_REAL("gamma", 0.1), V_INT("step_size", 30));
  tap_ok(rate_at(o, 0) == 1 && rate_at(o, 29) == 1, "step stays at the peak up to t = S - 1");
  tap_ok(rate_at(o, 30) == 0.1 && rate_at(o, 59) == 0.1, "step drops to exactly gamma at t = S");
  tap_near(rate_at(o, 60), 0.01, ULPS, 0, "step drops again at t = 2 S");
  object_free(&o);
  o = UNIT_PLAIN(schedule_step, 100);
  tap_near(rate_at(o, 99), 0.01, ULPS, 0, "an auto S makes two drops, not three, when 3 does not divide T");
  tap_ok(rate_at(o, 33) == 1 && rate_at(o, 34) == 0.1, "an auto S is a third of T, rounded up");
  object_free(&o);
}

static void test_linear(void)
{
  struct object o = UNIT_PLAIN(schedule_linear_decay, 1000);
  tap_ok(rate_at(o, 0) == 1 && rate_at(o, 500) == 0.5, "linear-decay starts at the peak and is half of it at T/2");
  tap_ok(rate_at(o, 999) == 0.001, "linear-decay, exclusive, ends with 1/T");
  object_free(&o);
  o = UNIT(schedule_linear_decay, 1001, INCLUSIVE, V_REAL("end", 0.25));
  tap_ok(rate_at(o, 0) == 1 && rate_at(o, 1000) == 0.25, "linear-decay, inclusive, ends with exactly end");
  tap_ok(rate_at(o, 500) == 0.625, "linear-decay with end is half way between at the middle");
  object_free(&o);
}

/* torch 1.13 LinearLR computes each rate from the one before. */
static void test_linear_recursion(void)
{
  const double start = 1.0, end = 0.1;
  const int64_t T = 5000;
  struct object o = UNIT(schedule_linear_decay, T, V_REAL("end", end));
  double rate = 1.0, worst = 0;
  for (int64_t t = 0; t < T; t++) {
    if (t > 0)
      rate *= 1.0 + (end - start) / ((double)T * start + (double)(t - 1) * (end - start));
    worst = fmax(worst, fabs(rate_at(o, t) / rate - 1));
  }
  tap_near(worst, 0, 0, 2e-12, "linear-decay agrees with the multiplicative recursion (5000 roundings)");
  object_free(&o);
}

static void test_polynomial(void)
{
  struct object line = UNIT(schedule_linear_decay, 777, V_REAL("end", 0.125));
  struct object p1 = UNIT(schedule_polynomial, 777, V_REAL("end", 0.125), V_REAL("power", 1));
  bool same = true;
  for (int64_t t = 0; t < 777; t++)
    same = same && rate_at(line, t) == rate_at(p1, t);
  tap_ok(same, "polynomial with p = 1 is linear-decay to the bit");
  object_free(&line);
  object_free(&p1);
  tap_near(rate_once(UNIT(schedule_polynomial, 100, V_REAL("power", 2)), 50), 0.25, ULPS, 0, "p = 2 is a quarter at T/2");
  tap_near(rate_once(UNIT(schedule_polynomial, 100, V_REAL("power", 0.5)), 75), 0.5, ULPS, 0, "p = 1/2 is a half at 3T/4");
  tap_near(rate_once(UNIT(schedule_polynomial, 100, V_REAL("power", 3)), 99), 1e-6, 4 * ULPS, 0, "p = 3 ends with T^-3");
  tap_ok(rate_once(UNIT(schedule_polynomial, 100, INCLUSIVE, V_REAL("end", 0.5)), 99) == 0.5, "polynomial, inclusive, ends with end");
}

static void test_cosine(void)
{
  const int64_t T = 1000;
  struct object o = UNIT_PLAIN(schedule_cosine, T);
  double s = sin(M_PI / (2.0 * (double)T));
  tap_ok(rate_at(o, 0) == 1, "cosine starts at exactly the peak");
  tap_near(rate_at(o, T / 2), 0.5, ULPS, 0, "cosine is half the peak at T/2");
  tap_near(rate_at(o, T - 1), s * s, ULPS, 0, "cosine, exclusive, ends with sin^2(pi/(2T))");
  double worst = 0;
  for (int64_t t = 0; t < T; t++)
    worst = fmax(worst, fabs(rate_at(o, t) - (1 + cos(M_PI * (double)t / (double)T)) / 2));
  tap_near(worst, 0, 0, 4e-16, "cosine is (1 + cos(pi t/T))/2 everywhere");
  object_free(&o);
  o = UNIT(schedule_cosine, T, INCLUSIVE, V_REAL("end", 0.01));
  tap_ok(rate_at(o, T - 1) == 0.01, "cosine, inclusive, ends with exactly end");
  object_free(&o);
  tap_ok(rate_once(UNIT(schedule_cosine, T, INCLUSIVE), T - 1) == 0, "cosine, inclusive with end 0: the last update does nothing");
}

/* torch 1.13 CosineAnnealingLR computes each rate from the one before. */
static void test_cosine_recursion(void)
{
  const double end = 0.1;
  const int64_t T = 2000;
  struct object o = UNIT(schedule_cosine, T, V_REAL("end", end));
  double rate = 1.0, worst = 0;
  for (int64_t t = 0; t < T; t++) {
    if (t > 0)
      rate = (1 + cos(M_PI * (double)t / (double)T)) / (1 + cos(M_PI * (double)(t - 1) / (double)T)) * (rate - end) + end;
    worst = fmax(worst, fabs(rate_at(o, t) / rate - 1));
  }
  tap_near(worst, 0, 0, 2e-12, "cosine agrees with the recursion of CosineAnnealingLR");
  object_free(&o);
}

static void test_exponential(void)
{
  struct object o = UNIT(schedule_exponential, 200, V_REAL("gamma", 0.99));
  double product = 1;
  for (int t = 0; t < 199; t++)
    product *= 0.99;
  tap_ok(rate_at(o, 0) == 1, "exponential starts at the peak");
  tap_near(rate_at(o, 199), product, 1e-13, 0, "exponential ends with gamma^(T-1) (a product of 199 roundings)");
  object_free(&o);
  o = UNIT(schedule_exponential, 200, V_REAL("end", 0.0001));
  struct object same = UNIT(schedule_exponential, 200, V_REAL("gamma", pow(0.0001, 1.0 / 200)));
  tap_near(rate_at(o, 100), 0.01, ULPS, 0, "exponential to end is the geometric mean at T/2");
  tap_near(rate_at(o, 199), rate_at(same, 199), 1e-13, 0, "end is gamma = end^(1/T)");
  object_free(&o);
  object_free(&same);
  tap_ok(rate_once(UNIT(schedule_exponential, 200, INCLUSIVE, V_REAL("end", 0.0001)), 199) == 0.0001, "exponential, inclusive, ends with exactly end");
  tap_near(rate_once(UNIT(schedule_exponential, 200, INCLUSIVE), 199), 0.01, 0, 0, "without gamma and end it falls to a hundredth");
  tap_has(REFUSED(&schedule_exponential.m, V_REAL("gamma", 0.9), V_REAL("end", 0.1)), "give gamma (0.9) or end (0.1), not both",
          "gamma and end together are refused");
}

static void test_inverse_sqrt(void)
{
  const int64_t W = 400, T = 5000;
  struct object o = UNIT(schedule_inverse_sqrt, T, V_INT("warmup", W));
  double worst = 0, top = 0;
  int64_t top_at = -1;
  for (int64_t t = 0; t < T; t++) {
    double k = (double)(t + 1), expected = fmin(k / (double)W, sqrt((double)W / k)), r = rate_at(o, t);
    worst = fmax(worst, fabs(r - expected));
    if (r > top)
      top = r, top_at = t;
  }
  tap_ok(rate_at(o, W - 1) == 1, "inverse-sqrt reaches exactly the peak at t + 1 = W");
  tap_is_int(top_at + 1, W, "inverse-sqrt is largest there");
  tap_near(worst, 0, 0, 3e-16, "inverse-sqrt is min(k/W, sqrt(W/k)) everywhere");
  tap_ok(rate_at(o, 4 * W - 1) == 0.5, "inverse-sqrt is half the peak after four times the warm-up");
  object_free(&o);
  o = UNIT_PLAIN(schedule_inverse_sqrt, 100);
  tap_ok(rate_at(o, 0) == 1 && rate_at(o, 24) == 0.2, "inverse-sqrt without warm-up is 1/sqrt(t + 1)");
  object_free(&o);
  o = UNIT(schedule_inverse_sqrt, T, V_INT("warmup", W), V_BOOL("warmup_from_zero", true));
  tap_ok(rate_at(o, 0) == 0 && rate_at(o, W) == 1, "inverse-sqrt with t/W starts at 0 and peaks at t = W");
  object_free(&o);
}

int main(void)
{
  test_every_schedule();
  test_auto_steps();
  test_constant();
  test_step();
  test_linear();
  test_linear_recursion();
  test_polynomial();
  test_cosine();
  test_cosine_recursion();
  test_exponential();
  test_inverse_sqrt();
  return tap_done();
}
