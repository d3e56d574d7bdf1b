/* PAC-Bayes bounds: their order, their limits, and how often they fail where the true risk is known. */
#include "experiments/kernel/rng.h"
#include "experiments/kernel/tail.h"
#include "tests/unit/bounds/value_of.h"

extern const struct bound bound_pb_kl, bound_pb_mcallester, bound_pb_quad, bound_pb_lambda, bound_pb_catoni;

#define SEED 20261124u
#define GIVEN V_INT("n", n), V_REAL("risk", risk), V_REAL("kl", kl), V_REAL("delta", 0.05)

static void test_order(void)
{
  int above[4] = {0}, not_best = 0, cases = 0;
  for (int64_t n = 10; n <= 1000000; n *= 10)
    for (double risk = 0; risk <= 1; risk += 0.125)
      for (double kl = 0; kl < 1e4; kl = kl * 8 + 0.5) {
        double best = VALUE(pb_kl, GIVEN), lambda = VALUE(pb_lambda, GIVEN);
        above[0] += best > VALUE(pb_mcallester, GIVEN) + 1e-15;
        above[1] += best > VALUE(pb_quad, GIVEN) + 1e-15;
        above[2] += best > lambda + 1e-15;
        above[3] += VALUE(pb_lambda, GIVEN, V_REAL("lambda", 1)) < lambda * (1 - 1e-12);
        double at = TERM("lambda", pb_lambda, GIVEN);
        for (int side = -1; side <= 1 && at < 1; side += 2)
          not_best += VALUE(pb_lambda, GIVEN, V_REAL("lambda", at * (1 + side * 1e-3))) < lambda * (1 - 1e-12);
        cases++;
      }
  tap_ok(cases > 300 && !above[0] && !above[1] && !above[2], "pb-kl is never above the others in %d cases", cases);
  tap_is_int(above[3] + not_best, 0, "no other lambda is better than the one chosen");
}

static void test_limits(void)
{
  double B = log(2 * sqrt(1000) / 0.05);
  struct bound_value v = RESULT(pb_kl, V_INT("n", 1000), V_REAL("risk", 0.1), V_REAL("kl", 0));
  tap_near(v.value, kl_inv(0.1, B / 1000), 1e-15, 0, "KL = 0: Chernoff's bound with ln(2 sqrt(n)/delta)");
  tap_near(bound_term_of(v, "budget"), B, 1e-14, 0, "which is the term budget");
  tap_ok(v.statement == STATEMENT_HP && !v.assumptions_checked, "it is HP, with nothing checked");
  tap_near(VALUE(pb_mcallester, V_INT("n", 1000), V_REAL("risk", 0.1), V_REAL("kl", 10)), 0.1 + sqrt((10 + B) / 2000), 1e-14, 0, "the square-root form");
  double h = (10 + B) / 2000, quad = sqrt(0.1 + h) + sqrt(h);
  tap_near(VALUE(pb_quad, V_INT("n", 1000), V_REAL("risk", 0.1), V_REAL("kl", 10)), quad * quad, 1e-14, 0, "the quadratic form");
  tap_near(VALUE(pb_quad, V_INT("n", 1000), V_REAL("risk", 0.1), V_REAL("kl", 10)),
           VALUE(pb_lambda, V_INT("n", 1000), V_REAL("risk", 0.1), V_REAL("kl", 10)), 1e-13, 0,
           "the quadratic form is the lambda form at its best lambda");
  int fallen = 0;
  double last = 0;
  for (double sd = 1; sd > 1e-6; sd /= 3) {
    double kl = kl_gaussian(0.1, sd, 0, 1) * 100, now = VALUE(pb_mcallester, V_INT("n", 1000), V_REAL("risk", 0.1), V_REAL("kl", kl));
    fallen += now < last;
    last = now;
  }
  tap_ok(fallen == 0 && last > 0.5, "a posterior that shrinks to a point at a fixed place pays without limit");
  tap_ok(VALUE(pb_kl, V_INT("n", 1000), V_REAL("risk", 0.1), V_REAL("kl", 1e300)) == 1, "a huge KL gives 1");
  tap_has(ASKS(pb_kl, V_INT("n", 10), V_REAL("risk", 0.1)), "kl must be given", "without KL there is no bound");
}

static void test_monotone(void)
{
  int wrong = 0;
  double last[5] = {INFINITY, INFINITY, INFINITY, INFINITY, INFINITY};
  for (int64_t n = 20; n < 3000000; n *= 2) {
    double risk = 0.1, kl = 30;
    const double now[] = {VALUE(pb_kl, GIVEN), VALUE(pb_mcallester, GIVEN), VALUE(pb_quad, GIVEN), VALUE(pb_lambda, GIVEN), VALUE(pb_catoni, GIVEN)};
    for (int i = 0; i < 5; i++) {
      wrong += now[i] > last[i];
      last[i] = now[i];
    }
  }
  tap_is_int(wrong, 0, "all fall with n at a fixed risk and KL");
  struct bound_value mixed = RESULT(pb_kl, V_INT("n", 1000), V_REAL("risk", 0.5), V_REAL("kl", 30));
  tap_ok(mixed.value > 0.5 && !mixed.vacuous, "labels at random: the bound is above the chance error");
}

static void test_draws(void)
{
  struct bound_value v = RESULT(pb_kl, V_INT("n", 1000), V_REAL("risk", 0.1), V_REAL("kl", 5), V_INT("draws", 200), V_REAL("mc_delta", 0.01));
  double outer = kl_inv(0.1, log(200) / 200);
  tap_near(v.value, kl_inv(outer, (5 + log(2 * sqrt(1000) / 0.05)) / 1000), 1e-14, 0, "draws: the inverse of the inverse");
  tap_near(bound_term_of(v, "failure"), 0.06, 1e-14, 0, "which fails with delta + mc_delta");
  tap_ok(bound_term_of(v, "sampled") == 0.1 && bound_term_of(v, "risk") == outer, "both risks are shown");
}

static void test_catoni(void)
{
  double plain = VALUE(pb_catoni, V_INT("n", 1000), V_REAL("risk", 0.1), V_REAL("kl", 5), V_REAL("c", 2));
  tap_near(plain, (1 - exp(-0.2 - (5 + log(20)) / 1000)) / (1 - exp(-2)), 1e-13, 0, "Catoni's formula");
  tap_near(VALUE(pb_catoni, V_INT("n", 1000), V_REAL("risk", 0.1), V_REAL("kl", 5), V_REAL("c", 2), V_INT("grid", 20)),
           VALUE(pb_catoni, V_INT("n", 1000), V_REAL("risk", 0.1), V_REAL("kl", 5 + log(20)), V_REAL("c", 2)), 1e-13, 0, "a grid of 20 costs ln 20 nats");
  /* inf over C of Catoni's bound is kl_inv of the same budget: duality of the relative entropy. */
  double best = 1;
  for (double c = 1e-3; c < 50; c *= 1.0005)
    best = fmin(best, VALUE(pb_catoni, V_INT("n", 1000), V_REAL("risk", 0.1), V_REAL("kl", 5), V_REAL("c", c)));
  tap_near(best, kl_inv(0.1, (5 + log(20)) / 1000), 1e-6, 0, "the best C gives the inverse of kl, found over a grid");
}

/* Points x uniform in [0, 1), label 1 above 0.3, flipped with probability 0.1; the posterior is uniform on 8 of 32
 * thresholds i/32 and chosen by the data, the prior uniform on all: KL = ln 4. The Gibbs risk is known. */
static void test_coverage(void)
{
  enum { REPEATS = 200, N = 100, GRID = 32, KEPT = 8 };
  const double delta = 0.05, noise = 0.1;
  int failed = 0;
  struct rng r = rng_make(SEED, RNG_TEST, 4);
  for (int repeat = 0; repeat < REPEATS; repeat++) {
    int errors[GRID] = {0}, best = 0, best_errors = N * KEPT + 1;
    for (int i = 0; i < N; i++) {
      double x = rng_uniform(&r);
      bool label = (x > 0.3) != (rng_uniform(&r) < noise);
      for (int t = 0; t < GRID; t++)
        errors[t] += (x > (double)t / GRID) != label;
    }
    for (int t = 0; t + KEPT <= GRID; t++) {
      int sum = 0;
      for (int j = t; j < t + KEPT; j++)
        sum += errors[j];
      if (sum < best_errors)
        best = t, best_errors = sum;
    }
    double truth = 0;
    for (int j = best; j < best + KEPT; j++)
      truth += (noise + (1 - 2 * noise) * fabs((double)j / GRID - 0.3)) / KEPT;
    failed += VALUE(pb_kl, V_INT("n", N), V_REAL("risk", (double)best_errors / (N * KEPT)), V_REAL("kl", log(4)), V_REAL("delta", delta)) < truth;
  }
  tap_ok(failed <= delta * REPEATS, "200 repeats with a known true risk: the bound fails on %d, at most delta of them", failed);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  test_order();
  test_limits();
  test_monotone();
  test_draws();
  test_catoni();
  test_coverage();
  return tap_done();
}
