/* select.c: see select.h. A bracket a <= k-th lowest < b is narrowed by counting what lies below a number between them, until
 * that number has exactly k entries below it or one value is left. The number is guessed as if the entries in the bracket were
 * spread evenly, which for the scores of a row takes about six passes; every third one halves the representable numbers
 * between a and b instead, so that no input takes long. Of a long array a sample first tells which tenth is worth looking at. */
#include "experiments/kernel/select.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "experiments/kernel/cpu.h"
#include "experiments/kernel/select_int.h"

enum { SAMPLE = 1024, SHORT = 8192, PATIENCE = 9 };

static const struct select_passes *passes(void)
{
#if defined(__x86_64__)
  enum isa isa = cpu_best_isa();
  return isa == ISA_AVX512 ? &select_avx512 : isa == ISA_AVX2 ? &select_avx2 : &select_generic;
#else
  return &select_generic;
#endif
}

/* Order of the keys = order of the numbers; -0 and 0 have one key. */
static inline uint64_t key_of(double x)
{
  uint64_t bits;
  x += 0.0;
  memcpy(&bits, &x, sizeof bits);
  return bits ^ ((uint64_t)-(int64_t)(bits >> 63) | UINT64_C(1) << 63);
}

static inline double number_of(uint64_t key)
{
  uint64_t bits = key ^ (((key >> 63) - 1) | UINT64_C(1) << 63);
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* What separates the k lowest: those below t, and the first `ties` of those equal to t. */
struct cut {
  double t;
  size_t ties;
};

/* a <= k-th lowest < b, with so many entries below a and below b. */
struct bracket {
  double a, b;
  size_t below_a, below_b;
};

/* A number in (a, b), if there is one. */
static double guess(const struct bracket *q, size_t k, bool halve)
{
  uint64_t a = key_of(q->a), b = key_of(q->b);
  double share = ((double)(k - q->below_a) + 0.5) / ((double)(q->below_b - q->below_a) + 1.0);
  double t = q->a + (q->b - q->a) * share;
  return !halve && t > q->a && t < q->b ? t : number_of(a + (b - a + 1) / 2);
}

/* 1 <= k <= n */
static struct cut find_cut(const struct select_passes *p, const double *x, size_t n, size_t k)
{
  struct bracket q = {.below_b = p->below(x, n, INFINITY)};
  double low, high;
  if (k > q.below_b)
    return (struct cut){INFINITY, k - q.below_b};
  p->range(x, n, -INFINITY, INFINITY, &low, &high);
  for (unsigned pass = 0;; pass++) {
    if (pass % PATIENCE == 0) { /* between these two lie whole entries only */
      if (pass)
        p->range(x, n, q.a, q.b, &low, &high);
      if (!(low < high))
        return (struct cut){low, k - q.below_a};
      q.a = low;
      q.b = number_of(key_of(high) + 1);
    }
    double t = guess(&q, k, pass % 3 == 2);
    if (!(t < q.b)) /* a and b are neighbours */
      return (struct cut){q.a, k - q.below_a};
    size_t below = p->below(x, n, t);
    if (below == k)
      return (struct cut){t, 0};
    if (below < k) {
      q.a = t;
      q.below_a = below;
    } else {
      q.b = t;
      q.below_b = below;
    }
  }
}

/* A number of about rank r of the sample; r outside of it: infinite. */
static double of_rank(const struct select_passes *p, const double *sample, double r)
{
  if (r < 1)
    return -INFINITY;
  return r >= SAMPLE ? INFINITY : find_cut(p, sample, SAMPLE, (size_t)r).t;
}

/* As find_cut, of any length; work: n numbers, for those near the k-th lowest. */
static struct cut find_cut_long(const struct select_passes *p, const double *x, size_t n, size_t k, double *work)
{
  if (n <= SHORT)
    return find_cut(p, x, n, k);
  double sample[SAMPLE], share = (double)k / (double)n, spread = 3.5 * sqrt(SAMPLE * share * (1 - share)) + 2;
  size_t below;
  for (size_t i = 0; i < SAMPLE; i++)
    sample[i] = x[i * n / SAMPLE];
  double low = of_rank(p, sample, SAMPLE * share - spread), high = of_rank(p, sample, SAMPLE * share + spread);
  size_t near = p->gather(x, n, low, high, work, &below);
  bool misled = below >= k || below + near < k;
  return misled ? find_cut(p, x, n, k) : find_cut(p, work, near, k - below);
}

void select_lowest_f64(const double *x, size_t n, size_t k, double *work, uint8_t *keep)
{
  const struct select_passes *p = passes();
  assert(k <= n && n <= UINT32_MAX);
  if (k == 0 || k == n) {
    memset(keep, k == 0, n);
    return;
  }
  struct cut cut = find_cut_long(p, x, n, k, work);
  p->mark(x, n, cut.t, keep);
  for (size_t i = 0; cut.ties > 0; i++) /* of the entries equal to the k-th, the first ones go */
    if (x[i] == cut.t) {
      keep[i] = 0;
      cut.ties--;
    }
}
