/* Stability bounds against coupled trainings on quadratics, whose stability has a closed form. */
#include "experiments/kernel/rng.h"
#include "tests/unit/bounds/value_of.h"

extern const struct bound bound_stab_uniform_hardt, bound_stab_onavg_l1, bound_stab_onavg_l2;

#define SEED 20261125u
enum { N = 20, STEPS = 60, REPEATS = 3000 };

static void test_hardt(void)
{
  double zero[10] = {0}, rates[10];
  for (int i = 0; i < 10; i++)
    rates[i] = 0.5;
#define HARDT(n, r, ...) VALUE(stab_uniform_hardt, V_INT("n", n), V_REAL("lipschitz", 2), V_REAL("smoothness", 1), V_NUMBERS("rates", 10, r), __VA_ARGS__)
  tap_near(HARDT(100, rates, V_TEXT("setting", "convex")), 2 * 4 * 5 / 100.0, 1e-14, 0, "convex: 2 G^2 sum eta/n");
  tap_ok(HARDT(100, zero, V_TEXT("setting", "convex")) == 0 && HARDT(100, zero, V_TEXT("setting", "non-convex")) == 0, "without steps it is 0");
  tap_ok(HARDT(200, rates, V_TEXT("setting", "convex")) * 2 == HARDT(100, rates, V_TEXT("setting", "convex")), "twice the examples halve it");
  tap_near(HARDT(100, rates, V_TEXT("setting", "strongly-convex"), V_REAL("mu", 0.1)), 8 / 10.0, 1e-14, 0, "strongly convex: 2 G^2/(mu n)");
  double c = 5, p = 1 / (c + 1);
  tap_near(HARDT(101, rates, V_TEXT("setting", "non-convex")), (1 + 1 / c) / 100 * pow(2 * c * 4, p) * pow(10, 1 - p), 1e-13, 0,
           "non-convex: c = max t eta_t");
  rates[3] = 2.1;
  tap_ok(isinf(HARDT(100, rates, V_TEXT("setting", "convex"))), "a step above 2/L: no bound");
  tap_ok(isinf(HARDT(100, rates, V_TEXT("setting", "strongly-convex"), V_REAL("mu", 0.1))), "steps that vary: none in the strongly convex case");
  struct bound_value v = RESULT(stab_uniform_hardt, V_INT("n", 100), V_REAL("lipschitz", 1), V_REAL("smoothness", 1), V_LIST("rates", 1, 1));
  tap_ok(v.statement == STATEMENT_E && v.on_gap && !v.vacuous, "it bounds the gap, in expectation");
  tap_is_str(statement_claim(v.statement, v.assumptions_checked), "in expectation, if the assumptions hold", "and claims no more");
  tap_has(ASKS(stab_uniform_hardt, V_INT("n", 9), V_REAL("lipschitz", 1), V_REAL("smoothness", 1), V_LIST("rates", 1), V_TEXT("setting", "strongly-convex")),
          "mu must be given", "strong convexity needs its constant");
}

static void test_forms(void)
{
  struct bound_value one = RESULT(stab_onavg_l2, V_INT("n", 10), V_REAL("smoothness", 2), V_LIST("rates", 0.3), V_LIST("risks", 0.5), V_REAL("risk", 0));
  tap_near(bound_term_of(one, "recursion"), 0.1 * 0.09 * 8, 1e-14, 0, "one step: (1/n) eta^2 8 L F");
  tap_near(one.value, 0.1 * 0.09 * 8, 1e-14, 0, "interpolation at the end leaves (L/2) Delta2");
  double rates[STEPS], risks[STEPS], gradients[STEPS];
  for (int t = 0; t < STEPS; t++) {
    rates[t] = 0.5 / (1 + 0.1 * t);
    risks[t] = exp(-0.1 * t);
    gradients[t] = 2 * 1.5 * risks[t];
  }
#define PATH V_INT("n", 50), V_REAL("smoothness", 1.5), V_NUMBERS("rates", STEPS, rates), V_REAL("risk", 0.1)
  struct bound_value v = RESULT(stab_onavg_l2, PATH, V_NUMBERS("risks", STEPS, risks));
  /* The closed form at q = n/t, written out. */
  double q = 50.0 / STEPS, sum = 0;
  for (int t = 0; t < STEPS; t++)
    sum += pow(1 + q / 50, STEPS - 1 - t) * rates[t] * rates[t] * risks[t];
  tap_ok(bound_term_of(v, "closed_form") <= 8 * (1 + 1 / q) * 1.5 / 50 * sum * (1 + 1e-12), "the closed form is at most its value at q = n/t");
  tap_ok(bound_term_of(v, "recursion") <= bound_term_of(v, "closed_form") * (1 + 1e-12), "the recursion is at most the closed form");
  double d2 = bound_term_of(v, "delta2");
  tap_near(v.value, 0.75 * d2 + sqrt(0.3 * d2), 1e-14, 0, "the gap: (L/2) Delta2 + sqrt(2 L F Delta2)");
  double best = INFINITY;
  for (double g = 1e-3; g < 1e3; g *= 1.001)
    best = fmin(best, 1.5 / g * 0.1 + (1.5 + g) / 2 * d2);
  tap_near(v.value, best, 1e-6, 0, "which is the best of (L/gamma) F + (L + gamma)/2 Delta2 over gamma");
  tap_near(VALUE(stab_onavg_l2, PATH, V_NUMBERS("gradients", STEPS, gradients)), v.value, 1e-13, 0,
           "gradients of the largest size that smoothness allows give the same");
  tap_near(VALUE(stab_onavg_l2, V_REAL("smoothness", 1.5), V_REAL("risk", 0.1), V_REAL("delta2", d2)), v.value, 1e-14, 0, "a measured Delta2 takes the path's place");
  tap_ok(VALUE(stab_onavg_l2, PATH, V_NUMBERS("risks", STEPS, risks), V_REAL("mu", 0.2)) < v.value, "strong convexity lowers it");
  tap_ok(isinf(VALUE(stab_onavg_l2, V_INT("n", 50), V_REAL("smoothness", 1.5), V_LIST("rates", 1.4), V_LIST("risks", 1), V_REAL("risk", 0))), "a step above 2/L: no bound");
  tap_ok(v.statement == STATEMENT_E_EST, "with risks of one trajectory it is an estimate");
  tap_has(REFUSED(&bound_stab_onavg_l1.m, V_LIST("rates", 1, 1, 1), V_LIST("risks", 1, 2)), "one per step (3), got 2", "risks must fit the steps");
  tap_has(ASKS(stab_onavg_l1, V_REAL("lipschitz", 1), V_INT("n", 5), V_REAL("smoothness", 1), V_LIST("rates", 1)), "risks must be given", "and be there");
}

struct coupled { double d1, d2, gap, replaced, difference2, final_risk, risks[STEPS]; };

/* One repeat of SGD on f(w; z) = (w - z)^2/2 from w = 0 with z in {0, 1}: all N neighbours, coupled. */
static void train_once(struct rng *r, const double *rates, struct coupled *sum)
{
  double z[N], ghost[N], w = 0, other[N] = {0}, mean = 0, replaced = 0;
  for (int i = 0; i < N; i++) {
    z[i] = rng_uniform(r) < 0.5;
    ghost[i] = rng_uniform(r) < 0.5;
    mean += z[i] / N;
  }
  for (int t = 0; t < STEPS; t++) {
    int hit = (int)(rng_uniform(r) * N);
    for (int i = 0; i < N; i++)
      sum->risks[t] += (w - z[i]) * (w - z[i]) / (2 * N);
    for (int i = 0; i < N; i++)
      other[i] -= rates[t] * (other[i] - (i == hit ? ghost[i] : z[hit]));
    w -= rates[t] * (w - z[hit]);
  }
  for (int i = 0; i < N; i++) {
    double d = fabs(w - other[i]);
    sum->d1 += d / N;
    sum->d2 += d * d / N;
    sum->final_risk += (w - z[i]) * (w - z[i]) / (2 * N);
    replaced += ((other[i] - z[i]) * (other[i] - z[i]) - (w - z[i]) * (w - z[i])) / (2 * N);
  }
  /* F(w) - F_S(w), where z^2 = z has mean 1/2 in the population: (mean - 1/2) w + (1/2 - mean)/2. */
  double gap = (mean - 0.5) * w + (0.5 - mean) / 2;
  sum->gap += gap;
  sum->replaced += replaced;
  sum->difference2 += (gap - replaced) * (gap - replaced);
}

static void test_coupled(void)
{
  double rates[STEPS], r1 = 0, r2 = 0;
  for (int t = 0; t < STEPS; t++)
    rates[t] = 0.2;
  struct coupled m = {0};
  struct rng r = rng_make(SEED, RNG_TEST, 5);
  for (int i = 0; i < REPEATS; i++)
    train_once(&r, rates, &m);
  m.d1 /= REPEATS, m.d2 /= REPEATS, m.gap /= REPEATS, m.replaced /= REPEATS, m.final_risk /= REPEATS;
  for (int t = 0; t < STEPS; t++)
    m.risks[t] /= REPEATS;
  for (int k = 0; k < STEPS; k++)
    r1 += pow(0.8, k), r2 += pow(0.64, k);
  double p = 1.0 / N, d1 = 0.5 * 0.2 * p * r1, d2 = 0.5 * 0.04 * ((p - p * p) * r2 + p * p * r1 * r1);
  /* 60000 pairs, those of one repeat dependent: 2 % is about 4 standard errors of the square. */
  tap_near(m.d1, d1, 0.02, 0, "coupled trainings: Delta1 = (eta/n) sum r^k for half of the pairs");
  tap_near(m.d2, d2, 0.02, 0, "and Delta2 has its closed form");
  tap_near(m.gap, m.replaced, 0, 3 * sqrt(m.difference2) / REPEATS, "within 3 standard errors the replace-one identity: both sides estimate the gap");
#define MEASURED V_INT("n", N), V_REAL("smoothness", 1), V_NUMBERS("rates", STEPS, rates), V_NUMBERS("risks", STEPS, m.risks)
  double bound2 = TERM("delta2", stab_onavg_l2, MEASURED, V_REAL("risk", m.final_risk));
  double gap2 = VALUE(stab_onavg_l2, MEASURED, V_REAL("risk", m.final_risk));
  double bound1 = TERM("delta1", stab_onavg_l1, MEASURED, V_REAL("lipschitz", 1));
  tap_ok(d2 <= bound2 && d1 <= bound1, "measured stability is below the bounds: %.3g <= %.3g, %.3g <= %.3g", d2, bound2, d1, bound1);
  tap_ok(m.replaced <= VALUE(stab_onavg_l2, V_REAL("smoothness", 1), V_REAL("risk", m.final_risk), V_REAL("delta2", m.d2)),
         "the gap is below the bound from measured stability");
  tap_ok(m.replaced <= gap2 && m.replaced <= VALUE(stab_onavg_l1, MEASURED, V_REAL("lipschitz", 1)) &&
           m.replaced <= VALUE(stab_uniform_hardt, V_INT("n", N), V_REAL("lipschitz", 1), V_REAL("smoothness", 1), V_NUMBERS("rates", STEPS, rates)),
         "and below those from the path: %.3g", m.replaced);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  test_hardt();
  test_forms();
  test_coupled();
  return tap_done();
}
