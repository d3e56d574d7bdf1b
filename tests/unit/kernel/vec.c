/* Reductions against long double and for fixed bits, softmax and log-sum-exp at the edges, selection against a sort. */
#include "experiments/kernel/vec.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/rng.h"
#include "tests/tap.h"

#define SEED 77ull

static const size_t sizes[] = {0, 1, 2, 7, 8, 9, 127, 128, 129, 255, 256, 257, 1000, 4096, 100003};
#define SIZES (sizeof sizes / sizeof *sizes)
#define LARGEST 100003

static float xf[LARGEST + 16], yf[LARGEST + 16], xf_moved[LARGEST + 16];
static double xd[LARGEST + 16], yd[LARGEST + 16], xd_moved[LARGEST + 16];

static void fill(void)
{
  struct rng r = rng_make(SEED, RNG_TEST, 0);
  rng_fill_normal_f64(&r, xd, LARGEST, 0.5, 1.0);
  rng_fill_normal_f64(&r, yd, LARGEST, 0.0, 1.0);
  for (size_t i = 0; i < LARGEST; i++) {
    xf[i] = (float)xd[i];
    yf[i] = (float)yd[i];
  }
}

/* The bound stated in vec.h: (19 + log2(n/128)) 2^-53 sum |terms|; one more where the product rounds. */
static double allowed(size_t n, long double magnitude)
{
  double depth = n > 128 ? ceil(log2((double)n / 128.0)) : 0.0;
  return (20.0 + depth) * 0x1p-53 * (double)magnitude;
}

static void test_sums(void)
{
  int bad_sum = 0, bad_dot = 0, bad_norm = 0;
  for (size_t s = 0; s < SIZES; s++) {
    size_t n = sizes[s];
    long double sum32_abs = 0, sum = 0, sum_abs = 0, dot = 0, dot_abs = 0, sum32 = 0, dot32 = 0;
    for (size_t i = 0; i < n; i++) {
      sum += xd[i], sum_abs += fabsl(xd[i]);
      dot += (long double)xd[i] * yd[i], dot_abs += fabsl((long double)xd[i] * yd[i]);
      sum32 += xf[i], sum32_abs += fabsl((long double)xf[i]);
      dot32 += (long double)xf[i] * yf[i];
    }
    bad_sum += fabsl(vec_sum_f64(xd, n) - sum) > allowed(n, sum_abs);
    bad_sum += fabsl(vec_sum_f32(xf, n) - sum32) > allowed(n, sum_abs);
    bad_norm += fabsl(vec_norm1_f64(xd, n) - sum_abs) > allowed(n, sum_abs);
    bad_norm += fabsl(vec_norm1_f32(xf, n) - sum32_abs) > allowed(n, sum_abs);
    bad_dot += fabsl(vec_dot_f64(xd, yd, n) - dot) > allowed(n, dot_abs);
    bad_dot += fabsl(vec_dot_f32(xf, yf, n) - dot32) > allowed(n, dot_abs);
  }
  tap_is_int(bad_sum, 0, "sums of all sizes are within the stated bound of long double");
  tap_is_int(bad_dot, 0, "so are dot products");
  tap_is_int(bad_norm, 0, "and sums of absolute values");
}

/* The order written out again, element by element. */
static double plain_tree(const double *x, size_t n)
{
  if (n <= 128) {
    double s[8] = {0};
    for (size_t i = 0; i < n; i++)
      s[i % 8] += x[i];
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
  }
  size_t blocks = (n + 127) / 128, left = (blocks + 1) / 2 * 128;
  return plain_tree(x, left) + plain_tree(x + left, n - left);
}

static void test_order(void)
{
  int moved = 0, other = 0;
  for (size_t s = 0; s < SIZES; s++)
    for (size_t offset = 1; offset < 16; offset++) {
      size_t n = sizes[s];
      memcpy(xf_moved + offset, xf, n * sizeof *xf);
      memcpy(xd_moved + offset, xd, n * sizeof *xd);
      moved += vec_sum_f32(xf_moved + offset, n) != vec_sum_f32(xf, n);
      moved += vec_sum_f64(xd_moved + offset, n) != vec_sum_f64(xd, n);
      moved += vec_dot_f32(xf_moved + offset, yf, n) != vec_dot_f32(xf, yf, n);
      moved += vec_dot_f64(xd_moved + offset, yd, n) != vec_dot_f64(xd, yd, n);
      other += vec_sum_f64(xd, n) != plain_tree(xd, n);
    }
  tap_is_int(moved, 0, "no alignment changes a bit of a sum or a dot product");
  tap_is_int(other, 0, "the order is the documented one, to the bit");
}

static void test_norms(void)
{
  double big[] = {3e200, 4e200}, small[] = {3e-200, 4e-200}, tiny[] = {3 * 0x1p-1074, 4 * 0x1p-1074};
  float huge[] = {3e38f, 0.0f};
  tap_near(vec_norm2_f64(big, 2), 5e200, 4 * DBL_EPSILON, 0, "a norm whose squares overflow");
  tap_near(vec_norm2_f64(small, 2), 5e-200, 4 * DBL_EPSILON, 0, "a norm whose squares vanish");
  tap_near(vec_norm2_f64(tiny, 2), 5 * 0x1p-1074, 0, 0, "a norm of denormal numbers is exact here");
  tap_near(vec_norm2_f32(huge, 2), (double)3e38f, 0, 0, "a norm of huge float32 numbers");
  tap_near(vec_norm2_f64(big, 0), 0, 0, 0, "the norm of nothing is 0");
  double odd[] = {1.0, -INFINITY};
  tap_near(vec_norm2_f64(odd, 2), INFINITY, 0, 0, "an infinity gives infinity");
  odd[0] = NAN;
  tap_near(vec_norm2_f64(odd, 2), NAN, 0, 0, "a NaN gives NaN");
  double values[] = {-3.0, 2.0, NAN, 5.0};
  tap_near(vec_max_f64(values, 2), 2.0, 0, 0, "the largest of two");
  tap_near(vec_max_f64(values, 4), NAN, 0, 0, "the largest beside a NaN is NaN");
}

static void test_finite(void)
{
  int missed = 0, wrong = 0;
  float f[37] = {0};
  double d[37] = {0};
  const double bad[] = {NAN, INFINITY, -INFINITY};
  for (size_t i = 0; i < 37; i++)
    for (size_t b = 0; b < 3; b++) {
      wrong += !vec_finite_f32(f, 37) + !vec_finite_f64(d, 37);
      f[i] = (float)(d[i] = bad[b]);
      missed += vec_finite_f32(f, 37) + vec_finite_f64(d, 37);
      f[i] = FLT_MAX, d[i] = -DBL_MAX;
    }
  tap_is_int(missed, 0, "NaN and infinities are found at every place");
  tap_is_int(wrong, 0, "the largest finite numbers are finite");
}

static void test_compensated(void)
{
  struct compensated c = {0};
  const double x[] = {1.0, 1e100, 1.0, -1e100};
  for (int i = 0; i < 4; i++)
    compensated_add(&c, x[i]);
  tap_near(compensated_value(&c), 2.0, 0, 0, "1 + 1e100 + 1 - 1e100 = 2 (Neumaier's own example)");
  c = (struct compensated){0};
  for (int i = 0; i < 10000000; i++)
    compensated_add(&c, 0.1);
  tap_near(compensated_value(&c), 10000000 * 0.1, 2 * DBL_EPSILON, 0, "ten million times 0.1 is exact to the last bits");
  compensated_add(&c, INFINITY);
  compensated_add(&c, 1.0);
  tap_near(compensated_value(&c), INFINITY, 0, 0, "an infinity stays one");
}

static void test_logsumexp(void)
{
  double one[] = {3.5}, far[] = {-1000.0, -1000.0}, high[] = {1000.0, 1000.0}, none[] = {-INFINITY, -INFINITY};
  double mixed[] = {-INFINITY, 2.0}, top[] = {INFINITY, 1.0}, bad[] = {NAN, INFINITY}, p[3];
  tap_near(logsumexp_f64(one, 1), 3.5, 0, 0, "log-sum-exp of one number is that number");
  tap_near(logsumexp_f64(far, 2), -1000.0 + log(2.0), DBL_EPSILON, 0, "log-sum-exp far below underflow");
  tap_near(logsumexp_f64(high, 2), 1000.0 + log(2.0), DBL_EPSILON, 0, "log-sum-exp far above overflow");
  tap_near(logsumexp_f64(none, 2), -INFINITY, 0, 0, "log-sum-exp of -inf is -inf");
  tap_near(logsumexp_f64(one, 0), -INFINITY, 0, 0, "log-sum-exp of nothing is -inf");
  tap_near(logsumexp_f64(mixed, 2), 2.0, 0, 0, "-inf adds nothing");
  tap_near(logsumexp_f64(top, 2), INFINITY, 0, 0, "inf gives inf");
  tap_near(logsumexp_f64(bad, 2), NAN, 0, 0, "NaN gives NaN");
  double x[] = {1001.0, 1000.0, -INFINITY};
  softmax_f64(x, p, 3);
  tap_near(p[0], 1.0 / (1.0 + exp(-1.0)), 2 * DBL_EPSILON, 0, "softmax of large numbers is the logistic function");
  tap_near(p[0] + p[1], 1.0, DBL_EPSILON, 0, "softmax sums to 1");
  tap_near(p[2], 0.0, 0, 0, "softmax of -inf is 0");
  softmax_f64(x, x, 3);
  tap_same_bits(x, p, sizeof p, "softmax in place gives the same");
  softmax_f64(bad, p, 2);
  tap_ok(isnan(p[0]) && isnan(p[1]), "softmax beside a NaN is NaN");
}

struct entry { double value; uint32_t index; };

static int by_rank(const void *a, const void *b)
{
  const struct entry *x = a, *y = b;
  if (x->value != y->value)
    return x->value < y->value ? 1 : -1;
  return (x->index > y->index) - (x->index < y->index);
}

/* Whether all selections of the k largest agree with a full sort. */
static bool selections_agree(const double *x, size_t n, size_t k)
{
  static struct entry sorted[3000];
  static uint32_t top[3000];
  static uint8_t want[3000], keep[3000], seen[3000];
  static float narrow[3000];
  bool ascending = true;
  for (size_t i = 0; i < n; i++) {
    sorted[i] = (struct entry){x[i], (uint32_t)i};
    narrow[i] = (float)x[i];
  }
  qsort(sorted, n, sizeof *sorted, by_rank);
  memset(want, 0, sizeof want);
  memset(seen, 0, sizeof seen);
  for (size_t i = 0; i < k; i++)
    want[sorted[i].index] = 1;
  select_top_f64(x, n, k, top);
  for (size_t i = 0; i < k; i++) {
    seen[top[i]] = 1;
    ascending = ascending && (i == 0 || top[i - 1] < top[i]);
  }
  bool same = ascending && memcmp(seen, want, n) == 0;
  select_mask_f32(narrow, n, k, keep);
  same = same && memcmp(keep, want, n) == 0;
  memset(seen, 0, sizeof seen);
  select_top_f32(narrow, n, k, top);
  for (size_t i = 0; i < k; i++)
    seen[top[i]] = 1;
  return same && memcmp(seen, want, n) == 0;
}

static void test_selection(void)
{
  static double x[3000];
  struct rng r = rng_make(SEED, RNG_TEST, 1);
  int wrong = 0, wrong_ties = 0;
  for (int round = 0; round < 200; round++) {
    size_t n = 1 + (size_t)rng_below(&r, 3000), k = (size_t)rng_below(&r, n + 1);
    for (size_t i = 0; i < n; i++)
      x[i] = (double)(float)(rng_normal(&r) * exp(10.0 * rng_normal(&r)));
    wrong += !selections_agree(x, n, k);
    for (size_t i = 0; i < n; i++)
      x[i] = (double)rng_below(&r, 5) - 2.0;
    wrong_ties += !selections_agree(x, n, k);
  }
  tap_is_int(wrong, 0, "200 random selections agree with a sort");
  tap_is_int(wrong_ties, 0, "and with many ties, the lowest index first");
  tap_ok(selections_agree(x, 100, 0) && selections_agree(x, 100, 100) && selections_agree(x, 1, 1), "none, all and the only one");
  double edge[] = {-0.0, 0.0, -INFINITY, INFINITY, -1.0, -0x1p-149, 0x1p-149};
  bool same = true;
  for (size_t k = 0; k <= 7; k++)
    same = same && selections_agree(edge, 7, k);
  tap_ok(same, "signed zeros tie; infinities and denormals have their places");
}

int main(void)
{
  tap_diag("seed %llu", SEED);
  fill();
  test_sums();
  test_order();
  test_norms();
  test_finite();
  test_compensated();
  test_logsumexp();
  test_selection();
  return tap_done();
}
