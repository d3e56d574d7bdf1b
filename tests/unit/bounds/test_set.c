/* Bounds from held-out points: their order, how often they fail, and the second ways to their numbers. */
#include <gsl/gsl_cdf.h>

#include "experiments/kernel/rng.h"
#include "experiments/kernel/tail.h"
#include "tests/unit/bounds/value_of.h"

extern const struct bound bound_test_binomial, bound_test_chernoff, bound_test_hoeffding, bound_test_emp_bernstein,
  bound_progressive_validation;

#define SEED 20261123u

static void test_order(void)
{
  int wrong = 0, cases = 0;
  for (int64_t n = 1; n <= 3000; n = n * 3 + 1)
    for (int64_t k = 0; k <= n; k += 1 + n / 7)
      for (double delta = 1e-9; delta < 0.6; delta *= 30) {
        double risk = (double)k / (double)n;
        double b = VALUE(test_binomial, V_INT("n", n), V_INT("errors", k), V_REAL("delta", delta));
        double c = VALUE(test_chernoff, V_INT("n", n), V_REAL("risk", risk), V_REAL("delta", delta));
        double h = VALUE(test_hoeffding, V_INT("n", n), V_REAL("risk", risk), V_REAL("delta", delta));
        wrong += !(risk <= b && b <= c && c <= h + 1e-15);
        cases++;
      }
  tap_ok(wrong == 0 && cases > 200, "risk <= binomial <= Chernoff <= Hoeffding in %d cases", cases);
}

static void test_numbers(void)
{
  struct bound_value v = RESULT(test_binomial, V_INT("n", 1000), V_INT("errors", 30), V_REAL("delta", 0.05));
  tap_near(v.value, gsl_cdf_beta_Qinv(0.05, 31, 970), 1e-10, 0, "30 errors in 1000: GSL's beta quantile");
  tap_near(bound_term_of(v, "lower"), gsl_cdf_beta_Pinv(0.05, 30, 971), 1e-10, 0, "and its lower limit");
  tap_ok(v.statement == STATEMENT_HP_FIXED && !v.assumptions_checked && !v.vacuous, "it is HP-fixed, and nothing was checked");
  tap_is_str(statement_claim(v.statement, v.assumptions_checked), "bound, assumptions not checked", "so it is not called guaranteed");
  tap_near(v.log_value, log(v.value), 1e-15, 0, "the logarithm goes with it");
  tap_near(VALUE(test_hoeffding, V_INT("n", 200), V_REAL("risk", 0.25), V_REAL("delta", exp(-4))), 0.35, 1e-14, 0,
           "Hoeffding: n = 200 and delta = exp(-4) widen by 1/10");
  tap_ok(RESULT(test_hoeffding, V_INT("n", 2), V_REAL("risk", 0.9)).vacuous, "a bound above 1 is vacuous, and says so");
  tap_near(VALUE(test_chernoff, V_INT("n", 100), V_REAL("risk", 0)), 1 - pow(0.05, 0.01), 1e-13, 0, "Chernoff without an error: 1 - delta^(1/n)");
  double losses[] = {0, 1, 0.5, 0.5};
  tap_near(VALUE(test_emp_bernstein, V_NUMBERS("losses", 4, losses), V_REAL("delta", 0.1)),
           0.5 + sqrt(2 * (0.5 / 3) * log(20) / 4) + 7 * log(20) / 9, 1e-14, 0, "empirical Bernstein from losses");
  tap_near(VALUE(test_emp_bernstein, V_INT("n", 4), V_REAL("risk", 0.5), V_REAL("variance", 0.5 / 3), V_REAL("delta", 0.1)),
           VALUE(test_emp_bernstein, V_NUMBERS("losses", 4, losses), V_REAL("delta", 0.1)), 1e-14, 0, "and from their mean and variance");
  tap_ok(VALUE(test_emp_bernstein, V_INT("n", 100000), V_REAL("risk", 0.01), V_REAL("variance", 1e-4)) <
           VALUE(test_hoeffding, V_INT("n", 100000), V_REAL("risk", 0.01)), "it beats Hoeffding where the losses hardly vary");
}

static void test_progressive(void)
{
  double losses[50];
  for (int i = 0; i < 50; i++)
    losses[i] = 0.25;
  tap_near(VALUE(progressive_validation, V_NUMBERS("losses", 50, losses)),
           VALUE(test_hoeffding, V_INT("n", 50), V_REAL("risk", 0.25)), 1e-15, 0, "a constant predictor: Hoeffding's bound");
  losses[0] = losses[1] = 1;
  struct bound_value v = RESULT(progressive_validation, V_NUMBERS("losses", 50, losses), V_INT("burn_in", 2));
  tap_near(v.value, 0.25 + sqrt(log(20) / 96), 1e-15, 0, "a burn-in of 2 leaves the other 48");
  tap_ok(v.statement == STATEMENT_HP, "it is HP");
  tap_has(ASKS(progressive_validation, V_NUMBERS("losses", 50, losses), V_INT("burn_in", 50)), "burn_in must be less than",
          "a burn-in that leaves nothing is refused");
}

static void test_messages(void)
{
  tap_is_str(ASKS(test_binomial, V_INT("n", 10)), "bound \"test-binomial\": errors must be given, as in bound:evaluate{errors = …}",
             "what is missing is asked for by name");
  tap_has(ASKS(test_hoeffding, V_REAL("risk", 0.1)), "n must be given", "so is n");
  tap_has(ASKS(test_hoeffding, V_INT("n", 3), V_LIST("losses", 0, 1)), "n must be the number of losses (2), got 3", "n that contradicts the losses is refused");
  tap_has(REFUSED(&bound_test_binomial.m, V_INT("n", 10), V_INT("errors", 11)), "errors must be at most n (10), got 11", "so are more errors than points");
  tap_has(REFUSED(&bound_test_hoeffding.m, V_LIST("losses", 0, 1.5)), "got 1.5 at position 2", "and a loss above 1");
  tap_has(ASKS(test_emp_bernstein, V_LIST("losses", 0.5)), "n must be at least 2", "and one point where a variance is needed");
  tap_has(REFUSED(&bound_test_hoeffding.m, V_REAL("delta", 0)), "delta must be a number in (0, 1)", "and delta 0");
}

/* 10^4 data sets of 50 points with error rate 0.1. */
static void test_coverage(void)
{
  enum { SETS = 10000, POINTS = 50 };
  const double p = 0.1, delta = 0.05, most = delta + 3 * sqrt(delta * (1 - delta) / SETS);
  struct rng r = rng_make(SEED, RNG_TEST, 3);
  double limit[4][POINTS + 1];
  int failed[4] = {0};
  for (int64_t k = 0; k <= POINTS; k++) {
    double mean = (double)k / POINTS, variance = mean * (1 - mean) * POINTS / (POINTS - 1);
    limit[0][k] = VALUE(test_binomial, V_INT("n", POINTS), V_INT("errors", k), V_REAL("delta", delta));
    limit[1][k] = VALUE(test_chernoff, V_INT("n", POINTS), V_REAL("risk", mean), V_REAL("delta", delta));
    limit[2][k] = VALUE(test_hoeffding, V_INT("n", POINTS), V_REAL("risk", mean), V_REAL("delta", delta));
    limit[3][k] = VALUE(test_emp_bernstein, V_INT("n", POINTS), V_REAL("risk", mean), V_REAL("variance", variance), V_REAL("delta", delta));
  }
  for (int s = 0; s < SETS; s++) {
    int k = 0;
    for (int i = 0; i < POINTS; i++)
      k += rng_uniform(&r) < p;
    for (int b = 0; b < 4; b++)
      failed[b] += limit[b][k] < p;
  }
  static const char *const name[] = {"binomial", "Chernoff", "Hoeffding", "empirical Bernstein"};
  for (int b = 0; b < 4; b++)
    tap_ok(failed[b] <= most * SETS, "%s: fails on %d of 10000 data sets, at most delta + 3 deviations", name[b], failed[b]);
  tap_ok(failed[0] > SETS * delta / 5, "binomial: and on more than delta/5 of them, so it is not needlessly loose");
}

int main(void)
{
  tap_diag("seed %u", SEED);
  test_order();
  test_numbers();
  test_progressive();
  test_messages();
  test_coverage();
  return tap_done();
}
