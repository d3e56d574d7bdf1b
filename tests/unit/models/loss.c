/* loss.c: values of the losses: closed forms, large outputs, ties, the float32 form against the float64 one. */
#include <math.h>

#include "experiments/models/model.h"
#include "tests/fixture.h"

extern const struct loss loss_squared, loss_logistic, loss_cross_entropy, loss_hinge;

static void test_values(void)
{
  const double margin = 1;
  double z2[] = {0.5}, z3[] = {1, 2, 0}, g[3];
  const float target[] = {1, 0, 2};
  tap_near(loss_logistic.value(NULL, z2, 1, 1, NULL), 0.47407698418010663, 1e-15, 0, "logistic loss at margin 1/2 is ln(1 + e^-1/2)");
  tap_near(loss_logistic.value(NULL, z2, 1, 0, NULL), 0.97407698418010663, 1e-15, 0, "and 1/2 more at margin -1/2");
  tap_near(loss_cross_entropy.value(NULL, z3, 3, 0, NULL), 1.4076059644443804, 1e-15, 0, "cross-entropy of (1, 2, 0) at class 0: ln(1 + e + 1/e)");
  tap_near(loss_cross_entropy.gradient(NULL, z3, 3, 1, NULL, g), 0.40760596444438046, 1e-15, 0, "and 1 less at class 1");
  tap_near(g[0] + g[1] + g[2], 0, 0, 1e-15, "its derivatives sum to 0");
  tap_near(loss_squared.value(NULL, z3, 3, 0, target), 4, 0, 0, "squared loss of (1, 2, 0) against (1, 0, 2) is (0 + 4 + 4) / 2");
  tap_near(loss_squared.error(NULL, z3, 3, 0, target), 8, 0, 0, "and the squared error 8");
  tap_near(loss_hinge.value(&margin, z2, 1, 1, NULL), 0.5, 0, 0, "hinge at margin 1/2 is 1/2");
  tap_near(loss_hinge.value(&margin, z2, 1, 0, NULL), 1.5, 0, 0, "and 3/2 at margin -1/2");
  tap_near(loss_hinge.gradient(&margin, z3, 3, 0, NULL, g), 2, 0, 0, "Crammer-Singer hinge of (1, 2, 0) at class 0: 1 + 2 - 1");
  tap_ok(g[0] == -1 && g[1] == 1 && g[2] == 0, "its derivative is -1 at the class and 1 at the rival");
  tap_near(loss_hinge.gradient(&margin, z3, 3, 1, NULL, g), 0, 0, 0, "no loss at margin 1");
  tap_ok(g[0] == 0 && g[1] == 0 && g[2] == 0, "and no derivative");
}

static void test_extremes(void)
{
  const double margin = 1;
  double high[] = {1e4, 0, -1e4}, one[] = {800}, g[3], z[] = {0, 40};
  tap_near(loss_cross_entropy.value(NULL, high, 3, 0, NULL), 0, 0, 0, "a cross-entropy of outputs of 1e4 does not overflow");
  tap_near(loss_cross_entropy.value(NULL, high, 3, 2, NULL), 2e4, 1e-15, 0, "nor at the worst class");
  tap_near(loss_cross_entropy.value(NULL, z, 2, 1, NULL), exp(-40), 1e-14, 0, "a small cross-entropy keeps its digits");
  tap_near(loss_logistic.gradient(NULL, one, 1, 0, NULL, g), 800, 0, 0, "nor does a logistic loss of output 800");
  tap_near(g[0], 1, 0, 0, "with derivative 1");
  tap_near(loss_logistic.value(NULL, one, 1, 1, NULL), exp(-800), 0, 1e-300, "and it vanishes on the other side");
  double lost[] = {NAN, 0, 1};
  tap_ok(isnan(loss_cross_entropy.value(NULL, lost, 3, 1, NULL)), "a NaN output gives a NaN cross-entropy");
  tap_ok(isnan(loss_hinge.value(&margin, lost, 3, 0, NULL)), "and hinge loss");
  tap_ok(isnan(loss_logistic.value(NULL, lost, 1, 0, NULL)), "and logistic loss");
  tap_ok(loss_cross_entropy.error(NULL, lost, 3, 0, NULL) == 1 && loss_logistic.error(NULL, lost, 1, 0, NULL) == 1, "NaN is an error");
}

static void test_errors(void)
{
  double tie[] = {1, 1, 0}, zero[] = {0};
  tap_ok(loss_cross_entropy.error(NULL, tie, 3, 0, NULL) == 0, "of equal outputs the lower class is predicted");
  tap_ok(loss_cross_entropy.error(NULL, tie, 3, 1, NULL) == 1, "so the higher is an error");
  tap_ok(loss_hinge.error(NULL, tie, 3, 0, NULL) == 0 && loss_hinge.error(NULL, tie, 3, 1, NULL) == 1, "the same for hinge");
  tap_ok(loss_logistic.error(NULL, zero, 1, 0, NULL) == 0 && loss_logistic.error(NULL, zero, 1, 1, NULL) == 1, "output 0 predicts class 0");
  tap_is_int((long long)loss_logistic.outputs(2), 1, "logistic has one output for two classes");
  tap_is_int((long long)loss_logistic.outputs(3), 0, "and none for three");
  tap_is_int((long long)loss_hinge.outputs(2), 1, "hinge has one output for two classes");
  tap_is_int((long long)loss_hinge.outputs(3), 3, "and one per class for three");
}

/* The mini-batch form in float32 against value, derivative and error of each example in float64. A sum of ten
 * float32 exponentials has a relative error of some 1e-7, which is the absolute one of its logarithm. */
static void test_batch(const struct loss *loss, size_t k, size_t n)
{
  enum { LDB = 32, K = 10 };
  static float z[K * LDB] __attribute__((aligned(64))), d[K * LDB] __attribute__((aligned(64))), target[K * LDB];
  struct object o = object_of(&loss->m, NULL, 0);
  double value[LDB] = {0}, error[LDB] = {0}, scratch[2 * K], zi[K], g[K], worst_value = 0, worst_slope = 0, stray = 0;
  int32_t label[LDB];
  bool same_errors = true;
  struct rng r = rng_make(3, RNG_TEST, k);
  rng_fill_normal_f32(&r, z, k * LDB, 0, 3);
  rng_fill_normal_f32(&r, target, k * n, 0, 1);
  for (size_t i = 0; i < n; i++)
    label[i] = (int32_t)rng_below(&r, k == 1 ? 2 : k);
  struct loss_batch b = {.k = k, .n = n, .ldb = LDB, .z = z, .label = label, .target = target, .target_stride = k, .scale = 0.5f,
                         .d = d, .loss = value, .error = error, .scratch = scratch};
  loss_batch_run(&o, product_best(), &b);
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < k; j++)
      zi[j] = (double)z[j * LDB + i];
    double expected = loss->gradient(o.conf, zi, k, label[i], target + i * k, g);
    worst_value = fmax(worst_value, fabs(value[i] - expected) / (1 + expected));
    same_errors &= fabs(error[i] - loss->error(o.conf, zi, k, label[i], target + i * k)) <= 1e-6 * error[i];
    for (size_t j = 0; j < k; j++)
      worst_slope = fmax(worst_slope, fabs((double)d[j * LDB + i] - 0.5 * g[j]));
  }
  for (size_t j = 0; j < k; j++)
    for (size_t i = n; i < LDB; i++)
      stray = fmax(stray, fabs((double)d[j * LDB + i]));
  tap_ok(worst_value < 1e-6, "%s of %zu outputs: the mini-batch form has the same losses (%.1e)", loss->m.id, k, worst_value);
  tap_ok(worst_slope < 1e-6, "%s of %zu outputs: and derivatives (%.1e)", loss->m.id, k, worst_slope);
  tap_ok(same_errors, "%s of %zu outputs: and errors", loss->m.id, k);
  tap_ok(stray == 0, "%s of %zu outputs: derivatives of the padding are 0", loss->m.id, k);
  object_free(&o);
}

int main(void)
{
  test_values();
  test_extremes();
  test_errors();
  test_batch(&loss_cross_entropy, 10, 19);
  test_batch(&loss_cross_entropy, 2, 16);
  test_batch(&loss_logistic, 1, 19);
  test_batch(&loss_hinge, 1, 19);
  test_batch(&loss_hinge, 5, 19);
  test_batch(&loss_squared, 1, 19);
  test_batch(&loss_squared, 3, 31);
  return tap_done();
}
