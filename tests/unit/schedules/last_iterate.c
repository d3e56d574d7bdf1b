/* Step sizes for the last iterate: the formulas, their caps, the phases counted one by one, and what they do to |x|. */
#include "experiments/kernel/rng.h"
#include "tests/unit/schedules/rates.h"

#define ULPS 1e-15

static void test_convex(void)
{
  const int64_t T = 400;
  struct object line = UNIT_PLAIN(schedule_last_iterate, T), fixed = UNIT(schedule_last_iterate, T, V_TEXT("form", "fixed"));
  struct object any = UNIT(schedule_last_iterate, T, V_TEXT("form", "anytime")), decay = UNIT_PLAIN(schedule_linear_decay, T);
  double worst = 0;
  for (int64_t t = 0; t < T; t++) {
    worst = fmax(worst, fabs(rate_at(line, t) * pow((double)T, 1.5) / (double)(T - t) - 1));
    worst = fmax(worst, fabs(rate_at(line, t) * 20 - rate_at(decay, t)));
    worst = fmax(worst, fabs(rate_at(fixed, t) * 20 - 1));
    worst = fmax(worst, fabs(rate_at(any, t) * sqrt((double)t + 1) - 1));
  }
  tap_near(worst, 0, 0, ULPS, "the three forms are (T-t)/T^1.5, 1/sqrt(T) and 1/sqrt(t+1), and the first is linear decay");
  tap_ok(rate_at(line, 0) == 0.05, "at 0 the linear form is eta/sqrt(T)");
  object_free(&line), object_free(&fixed), object_free(&any), object_free(&decay);
  struct object capped = UNIT(schedule_last_iterate, T, V_TEXT("form", "anytime"), V_REAL("smoothness", 2.5));
  double most = 0;
  for (int64_t t = 0; t < T; t++) {
    most = fmax(most, rate_at(capped, t));
    worst = fmax(worst, fabs(rate_at(capped, t) - fmin(0.2, 1 / sqrt((double)t + 1))));
  }
  tap_near(most, 0.2, ULPS, 0, "no rate exceeds 1/(2L)");
  tap_near(worst, 0, 0, ULPS, "and others are as they were");
  object_free(&capped);
}

static void test_strong(void)
{
  const int64_t T = 100;
  struct object w = UNIT(schedule_last_iterate_strong, T, V_REAL("mu", 0.5));
  struct object c = UNIT(schedule_last_iterate_strong, T, V_REAL("mu", 0.5), V_TEXT("form", "classic"), V_REAL("smoothness", 4));
  double worst = 0;
  for (int64_t t = 0; t < T; t++) {
    worst = fmax(worst, fabs(rate_at(w, t) - 4 / ((double)t + 2)));
    worst = fmax(worst, fabs(rate_at(c, t) - fmin(0.125, 2 / ((double)t + 1))));
  }
  tap_near(worst, 0, 0, 4 * ULPS, "2/(mu(t+2)), and 1/(mu(t+1)) capped by 1/(2L)");
  object_free(&w), object_free(&c);
  tap_has(REFUSED(&schedule_last_iterate_strong.m, V_REAL("peak", 1)), "mu is required", "mu has no default");
  /* On f = mu/2 (x - xi)^2 the classic steps make x_T the mean of the first T draws, exactly: x += (xi - x)/(t+1). */
  struct object mean = UNIT(schedule_last_iterate_strong, T, V_REAL("mu", 0.5), V_TEXT("form", "classic"));
  struct rng r = rng_make(3, RNG_TEST, 0);
  double x = 40, sum = 0;
  for (int64_t t = 0; t < T; t++) {
    double xi = rng_normal(&r);
    sum += xi;
    x -= rate_at(mean, t) * 0.5 * (x - xi);
  }
  tap_near(x, sum / (double)T, 1e-12, 0, "on a quadratic the classic steps give the mean of all draws, whatever the start");
  object_free(&mean);
}

/* The phases of Jain et al., by listing where each begins. */
static double halving_by_list(int64_t T, int64_t t)
{
  double rate = NAN;
  for (int i = 0; i <= (int)floor(log2((double)T)); i++)
    if (t >= T - (int64_t)ceil((double)T * pow(2, -i)))
      rate = pow(2, -i) / sqrt((double)T);
  return rate;
}

static void test_halving(void)
{
  const int64_t lengths[] = {1, 2, 3, 4, 5, 7, 8, 31, 32, 33, 1000, 1023, 1025};
  bool same = true;
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    struct object o = UNIT_PLAIN(schedule_halving, lengths[i]);
    for (int64_t t = 0; t < lengths[i]; t++)
      same = same && fabs(rate_at(o, t) / halving_by_list(lengths[i], t) - 1) < ULPS;
    object_free(&o);
  }
  tap_ok(same, "halving has the phases T_i = T - ceil(T 2^-i), for thirteen lengths");
  struct object o = UNIT_PLAIN(schedule_halving, 1024);
  tap_ok(rate_at(o, 511) == 1 / 32.0 && rate_at(o, 512) == 1 / 64.0 && rate_at(o, 768) == 1 / 128.0, "the rate halves at 1/2, 3/4, …");
  tap_ok(rate_at(o, 1023) == 1 / 32.0 / 1024, "and the last update has C 2^-k/sqrt(T), k = log2 T");
  object_free(&o);
}

/* Mean of |x_T| for SGD on |x| from 1 with noise +-1 in the gradient. */
static double last_error(struct object o, int64_t T)
{
  enum { RUNS = 600 };
  double rate[4096], sum = 0;
  for (int64_t t = 0; t < T; t++)
    rate[t] = rate_at(o, t);
  for (uint64_t run = 0; run < RUNS; run++) {
    struct rng r = rng_make(20240714, RNG_TEST, run);
    double x = 1;
    for (int64_t t = 0; t < T; t++)
      x -= rate[t] * ((x > 0) - (x < 0) + (rng_uniform(&r) < 0.5 ? -1 : 1));
    sum += fabs(x);
  }
  object_free(&o);
  return sum / RUNS;
}

/* Near its sharp minimum the iterate lies within some steps of it: |x_t| is of the order of eta_t. So the error of a fixed
 * step is of order T^-1/2, that of linear decay, whose last steps are k T^-3/2, of order T^-3/2, and that of halving phases,
 * whose last step is about T^-3/2 too, likewise. 600 runs give each mean to about 4 %; over a factor 64 in T the slope is
 * then known to 0.04 log units / log 64 * sqrt 2 = 0.014. 0.06 is four times that. */
static void test_sharp(void)
{
  static const char *const forms[] = {"fixed", "linear"};
  const double slope[] = {-0.5, -1.5};
  double error[2][2];
  for (int f = 0; f < 2; f++) {
    for (int k = 0; k < 2; k++) {
      int64_t T = k ? 4096 : 64;
      error[f][k] = last_error(UNIT(schedule_last_iterate, T, V_TEXT("form", forms[f])), T);
    }
    tap_near(log(error[f][1] / error[f][0]) / log(64), slope[f], 0, 0.06, "on |x| the last error of the %s form falls as T^%g", forms[f], slope[f]);
  }
  tap_ok(error[1][0] < error[0][0] / 4 && error[1][1] < error[0][1] / 100, "linear decay ends below a fixed step: %.2g against %.2g at T = 4096",
         error[1][1], error[0][1]);
  double phases = last_error(UNIT_PLAIN(schedule_halving, 4096), 4096);
  tap_ok(phases < error[0][1] / 100, "and so do halving phases (%.2g)", phases);
}

int main(void)
{
  test_convex();
  test_strong();
  test_halving();
  test_sharp();
  return tap_done();
}
