/* vec.c: see vec.h. The functions that exist for both element types are in vec_typed.inc.c. */
#include "experiments/kernel/vec.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Sums are cut in blocks of SUM_BLOCK elements; in a block, element i goes to partial sum i mod SUM_LANES, which
 * lets the compiler use vector registers without changing the order. */
#define SUM_BLOCK 128
#define SUM_LANES 8

static double combine_lanes(const double s[SUM_LANES])
{
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* Elements in the left branch of the tree over n > SUM_BLOCK elements: half of the blocks, rounded up. */
static size_t left_branch(size_t n)
{
  size_t blocks = (n - 1) / SUM_BLOCK + 1;
  return (blocks + 1) / 2 * SUM_BLOCK;
}

/* Radix selection takes keys in digits of 11 bits: 3 passes for float32, and the counts stay in the first cache. */
#define DIGIT_BITS 11

/* Unsigned integers in the order of the numbers; -0 and 0 are one value. */
static uint32_t ordered_f32(float x)
{
  uint32_t bits;
  x += 0.0f;
  memcpy(&bits, &x, sizeof bits);
  return bits >> 31 ? ~bits : bits | 1u << 31;
}

static uint64_t ordered_f64(double x)
{
  uint64_t bits;
  x += 0.0;
  memcpy(&bits, &x, sizeof bits);
  return bits >> 63 ? ~bits : bits | 1ull << 63;
}

#define NUMBER float
#define KEY uint32_t
#define NAME(base) base##_f32
#include "experiments/kernel/vec_typed.inc.c" /* one body, two types */
#undef NUMBER
#undef KEY
#undef NAME

#define NUMBER double
#define KEY uint64_t
#define NAME(base) base##_f64
#include "experiments/kernel/vec_typed.inc.c" /* one body, two types */
#undef NUMBER
#undef KEY
#undef NAME

void select_mask_f32(const float *x, size_t n, size_t k, uint8_t *keep)
{
  assert(k <= n);
  memset(keep, 0, n);
  if (k == 0)
    return;
  size_t ties, taken = 0;
  uint32_t threshold = select_threshold_f32(x, n, k, &ties);
  for (size_t i = 0; taken < k; i++)
    if (select_takes_f32(x[i], threshold, &ties)) {
      keep[i] = 1;
      taken++;
    }
}

/* The square of a finite float32 is an ordinary float64. */
double vec_norm2_f32(const float *x, size_t n) { return sqrt(vec_dot_f32(x, x, n)); }

static double largest_magnitude(const double *x, size_t n)
{
  double largest = 0.0;
  for (size_t i = 0; i < n; i++)
    if (fabs(x[i]) > largest)
      largest = fabs(x[i]);
  return largest;
}

/* Where the squares leave float64's range, the numbers are first scaled by a power of two (exact). */
double vec_norm2_f64(const double *x, size_t n)
{
  double direct = vec_dot_f64(x, x, n);
  if (isnan(direct) || (direct > 0x1p-900 && direct < INFINITY))
    return sqrt(direct);
  double largest = largest_magnitude(x, n);
  if (largest == 0.0 || isinf(largest))
    return largest;
  int exponent = ilogb(largest);
  double sum = 0.0;
  for (size_t i = 0; i < n; i++) {
    double scaled = scalbn(x[i], -exponent);
    sum += scaled * scaled;
  }
  return scalbn(sqrt(sum), exponent);
}

double vec_max_f64(const double *x, size_t n)
{
  assert(n >= 1);
  double largest = x[0];
  for (size_t i = 1; i < n; i++)
    if (x[i] > largest || isnan(x[i])) /* no number is larger than NaN, so it stays */
      largest = x[i];
  return largest;
}

/* Neumaier 1974: the rounding error of each addition is exact and is summed apart. */
void compensated_add(struct compensated *c, double x)
{
  double sum = c->sum + x;
  if (fabs(c->sum) >= fabs(x))
    c->correction += (c->sum - sum) + x;
  else
    c->correction += (x - sum) + c->sum;
  c->sum = sum;
}

double compensated_value(const struct compensated *c)
{
  return isfinite(c->sum) ? c->sum + c->correction : c->sum; /* inf - inf in the correction would hide the infinity */
}

double logsumexp_f64(const double *x, size_t n)
{
  if (n == 0)
    return -INFINITY;
  double largest = vec_max_f64(x, n), sum = 0.0;
  if (!isfinite(largest))
    return largest;
  for (size_t i = 0; i < n; i++)
    sum += exp(x[i] - largest);
  return largest + log(sum);
}

void softmax_f64(const double *x, double *p, size_t n)
{
  if (n == 0)
    return;
  double largest = vec_max_f64(x, n), sum = 0.0;
  for (size_t i = 0; i < n; i++)
    sum += p[i] = exp(x[i] - largest);
  for (size_t i = 0; i < n; i++)
    p[i] /= sum;
}
