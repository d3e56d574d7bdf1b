/* Bounds from short descriptions: code bits and compression to a few training points. */
#include "experiments/kernel/tail.h"
#include "tests/unit/bounds/value_of.h"

extern const struct bound bound_occam_bits, bound_sample_compression, bound_test_chernoff, bound_test_binomial;

static void test_occam(void)
{
  tap_near(VALUE(occam_bits, V_INT("n", 400), V_REAL("risk", 0.1), V_REAL("bits", 0)),
           VALUE(test_chernoff, V_INT("n", 400), V_REAL("risk", 0.1)), 1e-15, 0, "no bits and one hypothesis: the Chernoff test bound");
  tap_near(VALUE(occam_bits, V_INT("n", 400), V_INT("errors", 40), V_REAL("bits", 0)),
           VALUE(test_binomial, V_INT("n", 400), V_INT("errors", 40)), 1e-14, 0, "on counts: the binomial test bound");
  int fell = 0, disordered = 0;
  double last = 0;
  for (int bits = 0; bits < 3000; bits += bits < 20 ? 1 : 97) {
    struct bound_value v = RESULT(occam_bits, V_INT("n", 2000), V_INT("errors", 37), V_REAL("bits", bits));
    fell += v.value < last;
    disordered += !(v.value <= bound_term_of(v, "kl_form") && bound_term_of(v, "kl_form") <= bound_term_of(v, "sqrt_form") + 1e-15);
    last = v.value;
  }
  tap_is_int(fell, 0, "more bits never lower the bound");
  tap_is_int(disordered, 0, "binomial form <= kl form <= square-root form");
  double bits = log2(400) / log2(2);
  tap_near(VALUE(occam_bits, V_INT("n", 400), V_REAL("risk", 0.1), V_REAL("bits", 10), V_REAL("search", 400)),
           VALUE(occam_bits, V_INT("n", 400), V_REAL("risk", 0.1), V_REAL("bits", 10 + bits)), 1e-14, 0, "the best of 400 settings costs log2 400 bits");
  tap_ok(VALUE(occam_bits, V_INT("n", 1000), V_INT("errors", 0), V_REAL("bits", 990)) < 0.5 &&
           VALUE(occam_bits, V_INT("n", 1000), V_INT("errors", 0), V_REAL("bits", 1001)) > 0.5, "without errors it is below 1/2 for less than n bits");
}

static void test_code(void)
{
  struct bound_value v = RESULT(occam_bits, V_INT("n", 50000), V_INT("errors", 30), V_LIST("weights", 2000), V_LIST("kept", 150), V_INT("index_bits", 3));
  tap_is_int((long long)bound_term_of(v, "mask_bits"), 764, "150 of 2000 weights: a mask of 764 bits");
  tap_is_int((long long)bound_term_of(v, "bits"), 764 + 450 + 11 + 128 + 8, "11 for the count, 450 for the indices, 128 for the codebook, 8 in front");
  tap_near(bound_term_of(RESULT(occam_bits, V_INT("n", 50000), V_INT("errors", 30), V_REAL("bits", 1225)), "kl_form"), 0.0196, 0, 5e-5,
           "1225 bits and 30 errors in 50000: 0.0196 in the kl form");
  /* C(N, k) counted exactly by Pascal's triangle in integers. */
  uint64_t row[61] = {1};
  int wrong = 0;
  for (int N = 1; N <= 60; N++) {
    for (int k = N; k > 0; k--)
      row[k] += row[k - 1];
    for (int k = 0; k <= N; k++) {
      double exact = 0;
      while (exact < 63 && (1ull << (int)exact) < row[k])
        exact++;
      double mask = TERM("mask_bits", occam_bits, V_INT("n", 10), V_INT("errors", 0), V_LIST("weights", N), V_LIST("kept", k));
      bool power = (row[k] & (row[k] - 1)) == 0;
      wrong += !(mask == exact || (power && mask == exact + 1));
    }
  }
  tap_is_int(wrong, 0, "the mask's bits are ceil(log2 C(N, k)) counted in integers (one more where C is a power of 2)");
  tap_has(REFUSED(&bound_occam_bits.m, V_LIST("weights", 10), V_LIST("kept", 11)), "got 11 in layer 1", "more kept than there are is refused");
  tap_has(REFUSED(&bound_occam_bits.m, V_LIST("weights", 10, 5), V_LIST("kept", 3)), "equally many layers, got 2 and 1", "so is a layer without its count");
  tap_has(ASKS(occam_bits, V_INT("n", 10), V_REAL("risk", 0)), "bits must be given", "without a length there is no bound");
  tap_has(ASKS(occam_bits, V_INT("n", 10), V_REAL("bits", 3)), "errors must be given", "nor without a risk");
}

static void test_compression(void)
{
  tap_near(VALUE(sample_compression, V_INT("n", 100), V_INT("support", 0), V_INT("errors", 7)), bin_inv(7, 100, 0.05 / 100), 1e-14, 0,
           "k = 0: the test bound with delta/n");
  tap_near(VALUE(sample_compression, V_INT("n", 100), V_INT("support", 3), V_INT("errors", 0)),
           1 - pow(0.05 / (100 * 161700.0), 1.0 / 97), 1e-12, 0, "3 of 100 points and no error: 1 - (delta/(100 C(100, 3)))^(1/97)");
  tap_has(ASKS(sample_compression, V_INT("n", 10), V_INT("support", 10), V_INT("errors", 0)), "support must be less than n (10), got 10", "nothing left to test on is refused");
  tap_has(ASKS(sample_compression, V_INT("n", 10), V_INT("support", 4), V_INT("errors", 7)), "at most n - support (6), got 7", "so are too many errors");
}

int main(void)
{
  test_occam();
  test_code();
  test_compression();
  return tap_done();
}
