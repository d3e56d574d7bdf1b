/* select.c: see select.h. Numbers become integer keys of the same order; each round spreads the keys still in question over
 * bins by their first differing bits and goes on with the one bin that holds the k-th. A round settles at least 7 bits, so
 * there are at most ten; with weights the second usually ends it. */
#include "experiments/kernel/select.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

enum { BIN_BITS = 8, SMALL = 12 };

/* Order of the keys = order of the numbers; -0 + 0 is 0. */
static inline uint64_t ordered_key(double x)
{
  uint64_t bits;
  x += 0.0;
  memcpy(&bits, &x, sizeof bits);
  return bits ^ ((uint64_t)-(int64_t)(bits >> 63) | UINT64_C(1) << 63);
}

static void sort_small(uint64_t *key, size_t n)
{
  for (size_t i = 1; i < n; i++) {
    uint64_t v = key[i];
    size_t j = i;
    for (; j > 0 && key[j - 1] > v; j--)
      key[j] = key[j - 1];
    key[j] = v;
  }
}

/* Reduce the n keys to those in the bin of the k-th smallest (k from 1, adjusted); false if all keys are equal. */
static bool narrow(uint64_t *key, size_t *n, size_t *k)
{
  uint64_t low = key[0], high = key[0];
  for (size_t i = 1; i < *n; i++) {
    low = key[i] < low ? key[i] : low;
    high = key[i] > high ? key[i] : high;
  }
  if (low == high)
    return false;
  int width = 64 - __builtin_clzll(high - low), shift = width > BIN_BITS ? width - BIN_BITS : 0;
  uint32_t count[1 << BIN_BITS] = {0};
  for (size_t i = 0; i < *n; i++)
    count[(key[i] - low) >> shift]++;
  size_t bin = 0, left = 0;
  while (count[bin] < *k)
    *k -= count[bin++];
  for (size_t i = 0; i < *n; i++) {
    uint64_t v = key[i];
    key[left] = v;
    left += (v - low) >> shift == bin;
  }
  *n = left;
  return true;
}

static uint64_t kth_lowest(uint64_t *key, size_t n, size_t k)
{
  while (n > SMALL)
    if (!narrow(key, &n, &k))
      return key[0];
  sort_small(key, n);
  return key[k - 1];
}

void select_lowest_f64(const double *x, size_t n, size_t k, uint64_t *work, uint8_t *keep)
{
  assert(k <= n && n <= UINT32_MAX);
  if (k == 0 || k == n) {
    memset(keep, k == 0, n);
    return;
  }
  for (size_t i = 0; i < n; i++)
    work[i] = ordered_key(x[i]);
  uint64_t threshold = kth_lowest(work, n, k);
  size_t above = 0;
  for (size_t i = 0; i < n; i++) {
    keep[i] = ordered_key(x[i]) >= threshold;
    above += keep[i];
  }
  for (size_t i = 0, ties = k - (n - above); ties > 0; i++) /* of the entries equal to the k-th, the first ones go */
    if (ordered_key(x[i]) == threshold) {
      keep[i] = 0;
      ties--;
    }
}
