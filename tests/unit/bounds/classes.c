/* Uniform bounds over classes: Rademacher complexity by brute force, margins, grids, dimensions. */
#include "experiments/bounds/margin.h"
#include "experiments/kernel/rng.h"
#include "tests/unit/bounds/value_of.h"

extern const struct bound bound_rad_linear, bound_margin_linear, bound_vc_linear, bound_rad_golowich;

#define SEED 20261126u
#define V_ROWS(id, r, c, values) {(id), {.kind = VALUE_TABLE, .as.table = {(r), (c), (values)}}}

static double plain_mean(const double *x, int n, int d, bool l1)
{
  double total = 0;
  for (int signs = 0; signs < 1 << n; signs++) {
    double squares = 0, largest = 0;
    for (int j = 0; j < d; j++) {
      double sum = 0;
      for (int i = 0; i < n; i++)
        sum += (signs >> i & 1 ? -1 : 1) * x[i * d + j];
      squares += sum * sum;
      largest = fmax(largest, fabs(sum));
    }
    total += l1 ? largest : sqrt(squares);
  }
  return total / (1 << n);
}

static void test_rademacher(void)
{
  struct rng r = rng_make(SEED, RNG_TEST, 6);
  int wrong = 0, outside = 0;
  for (int n = 1; n <= 9; n++)
    for (int d = 1; d <= 4; d++) {
      double x[9 * 4];
      for (int i = 0; i < n * d; i++)
        x[i] = rng_normal(&r);
      struct bound_value l2 = RESULT(rad_linear, V_ROWS("x", (size_t)n, (size_t)d, x), V_REAL("norm", 3));
      struct bound_value l1 = RESULT(rad_linear, V_ROWS("x", (size_t)n, (size_t)d, x), V_TEXT("ball", "l1"));
      double e2 = 3 * plain_mean(x, n, d, false) / n, e1 = plain_mean(x, n, d, true) / n;
      wrong += fabs(bound_term_of(l2, "exact") / e2 - 1) > 1e-12 || fabs(bound_term_of(l1, "exact") / e1 - 1) > 1e-12;
      outside += !(bound_term_of(l2, "lower") <= e2 * (1 + 1e-12) && e2 <= bound_term_of(l2, "upper") * (1 + 1e-12) && e1 <= bound_term_of(l1, "upper"));
    }
  tap_is_int(wrong, 0, "the exact complexity is the mean over all signs, l2 and l1");
  tap_is_int(outside, 0, "between its bounds");
  double x[40];
  for (int i = 0; i < 40; i++)
    x[i] = 0.5;
  struct bound_value v = RESULT(rad_linear, V_ROWS("x", 20, 2, x), V_REAL("lipschitz", 2));
  tap_near(v.value, 4 * sqrt(10) / 20 + 3 * sqrt(log(40) / 40), 1e-14, 0, "beyond 16 examples Jensen's upper bound is used");
  tap_ok(v.on_gap && v.statement == STATEMENT_HP && v.vacuous, "it bounds the gap; here it is vacuous");
}

static void test_margins(void)
{
  double margins[] = {-1, 0.2, 0.5, 0.6, 1, 2, 3, 4, 5, 6};
#define LINEAR V_NUMBERS("margins", 10, margins), V_REAL("norm", 2), V_REAL("rademacher", 0.1), V_REAL("rho", 0.5)
  tap_near(VALUE(margin_linear, LINEAR, V_BOOL("grid", false)), 0.3 + 2 / 0.5 * 0.2 + 3 * sqrt(log(40) / 20), 1e-14, 0, "the formula, at fixed B and rho");
  double union_cost = 2 * log(M_PI * M_PI / 3 - 1) + 4 * log(2);
  tap_near(VALUE(margin_linear, LINEAR), 0.3 + 2 / 0.5 * 0.2 + 3 * sqrt((log(40) + union_cost) / 20), 1e-14, 0, "the grid costs its union where B and rho are powers of 2");
  struct bound_value v = RESULT(margin_linear, V_NUMBERS("margins", 10, margins), V_REAL("norm", 3), V_REAL("rademacher", 0.1), V_REAL("rho", 0.7));
  tap_ok(bound_term_of(v, "norm") == 4 && bound_term_of(v, "rho") == 0.5, "else B goes up and rho down to one");
  double share = 0; /* beyond 20000 steps to either side lie 2/20001/(pi^2/3 - 1) of it */
  for (int i = -20000; i <= 20000; i++)
    share += exp(-grid_above((i - 0.5) * M_LN2).cost);
  tap_near(share, 1, 0, 5e-5, "the shares of the grid add up to 1");
  tap_near(VALUE(margin_linear, V_INT("n", 10), V_REAL("margin_risk", 0.3), V_REAL("norm", 2), V_REAL("rademacher", 0.1), V_REAL("rho", 0.5)),
           VALUE(margin_linear, LINEAR), 1e-15, 0, "margins or their fraction give the same");
  tap_has(ASKS(margin_linear, V_REAL("norm", 2), V_REAL("rademacher", 0.1), V_REAL("rho", 0.5)), "margins must be given", "one of them is needed");
}

static void test_dimension(void)
{
  tap_near(VALUE(vc_linear, V_INT("n", 60000), V_REAL("risk", 0.05), V_INT("dim", 10)),
           0.05 + sqrt(8.0 / 60000 * (11 * (log(2 * 60000 / 11.0) + 1) + log(80))), 1e-14, 0, "Vapnik's formula");
  tap_ok(RESULT(vc_linear, V_INT("n", 110), V_REAL("risk", 0), V_INT("dim", 10)).vacuous, "n = 10 h is still vacuous");
  double few = TERM("log_growth", vc_linear, V_INT("n", 5), V_REAL("risk", 0), V_INT("dim", 100));
  tap_near(few, 10 * M_LN2, 1e-15, 0, "fewer than h/2 examples: all labellings");
}

static void test_golowich(void)
{
#define DEEP V_INT("n", 10000), V_REAL("rho", 1), V_REAL("margin_risk", 0.1), V_REAL("radius", 2)
  tap_near(VALUE(rad_golowich, DEEP, V_LIST("frobenius", 3, 2), V_BOOL("grid", false)),
           0.1 + 2 * 2 * (sqrt(4 * M_LN2) + 1) * 6 / 100 + 3 * sqrt(log(40) / 20000), 1e-13, 0, "the formula for two layers");
  struct bound_value v = RESULT(rad_golowich, DEEP, V_LIST("frobenius", 3, 2));
  tap_near(v.log_value, log(v.value), 1e-13, 1e-15, "the logarithm agrees with the value");
  double norms[60];
  for (int l = 0; l < 60; l++)
    norms[l] = 1e6;
  v = RESULT(rad_golowich, DEEP, V_NUMBERS("frobenius", 60, norms), V_BOOL("grid", false));
  tap_ok(isinf(v.value) && v.vacuous, "60 layers of norm 1e6 overflow");
  tap_near(v.log_value / M_LN10, 360 + log10(4 * (sqrt(120 * M_LN2) + 1) / 100), 1e-12, 0, "and log10 still shows where");
}

int main(void)
{
  tap_diag("seed %u", SEED);
  test_rademacher();
  test_margins();
  test_dimension();
  test_golowich();
  return tap_done();
}
