/* Selection against sorting: short and long arrays, ties, infinities, scales, and order that misleads the sample; the passes
 * of every instruction set agree with those in plain C. */
#include "experiments/kernel/select.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/cpu.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/rng.h"
#include "experiments/kernel/select_int.h"
#include "tests/tap.h"

#define SEED 20240901u

static int compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Is keep the mask that sorting gives? */
static bool is_mask(const double *x, size_t n, size_t k, const uint8_t *keep)
{
  double *sorted = xmalloc((n + 1) * sizeof *sorted);
  memcpy(sorted, x, n * sizeof *x);
  qsort(sorted, n, sizeof *sorted, compare);
  double kth = k ? sorted[k - 1] : -INFINITY;
  size_t ties = 0;
  bool good = true;
  for (size_t i = 0; i < k; i++)
    ties += sorted[i] == kth;
  for (size_t i = 0; i < n; i++) {
    bool goes = k && (x[i] < kth || (x[i] == kth && ties > 0));
    ties -= goes && x[i] == kth;
    good = good && keep[i] == !goes;
  }
  free(sorted);
  return good;
}

static bool selects(const double *x, size_t n, size_t k)
{
  double *work = xmalloc((n + 1) * sizeof *work);
  uint8_t *keep = xmalloc(n + 1);
  select_lowest_f64(x, n, k, work, keep);
  bool good = is_mask(x, n, k, keep);
  free(work);
  free(keep);
  return good;
}

/* One array per kind of trouble. */
static const char *const kinds[] = {"normal", "magnitudes over 600 decades", "half zeros", "few values", "one outlier",
                                    "ascending", "a sample unlike the rest", "infinities", "equal", "the largest numbers"};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void fill(size_t kind, double *x, size_t n)
{
  struct rng r = rng_make(SEED, RNG_TEST, kind);
  for (size_t i = 0; i < n; i++) {
    double z = rng_normal(&r);
    switch (kind) {
    case 0: x[i] = z; break;
    case 1: x[i] = (i % 3 ? 1 : -1) * pow(10, 300 * (rng_uniform(&r) * 2 - 1)); break;
    case 2: x[i] = i % 2 ? (i % 4 == 1 ? 0.0 : -0.0) : fabs(z); break;
    case 3: x[i] = (double)rng_below(&r, 5); break;
    case 4: x[i] = i == n / 2 ? 1e300 : z * 1e-3; break;
    case 5: x[i] = (double)i; break;
    case 6: x[i] = z; break;
    case 7: x[i] = i % 5 == 0 ? INFINITY : i % 5 == 1 ? -INFINITY : z; break;
    case 8: x[i] = 3.5; break;
    default: x[i] = i % 2 ? DBL_MAX : -DBL_MAX; break;
    }
  }
  for (size_t s = 0; kind == 6 && n > 1024 && s < 1024; s++) /* the very entries of the sample */
    x[s * n / 1024] += 100;
}

static void test_kinds(void)
{
  static const size_t sizes[] = {1, 2, 7, 64, 768, 9000, 40000};
  static const double shares[] = {0, 0.001, 0.2, 0.4, 0.5, 0.6, 0.8, 0.999, 1};
  double *x = xmalloc(40000 * sizeof *x);
  for (size_t kind = 0; kind < KINDS; kind++) {
    bool good = true;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
      fill(kind, x, sizes[s]);
      for (size_t p = 0; p < sizeof shares / sizeof *shares; p++)
        good = good && selects(x, sizes[s], (size_t)(shares[p] * (double)sizes[s] + 0.5));
    }
    tap_ok(good, "the mask is that of sorting, with 1 to 40,000 entries: %s", kinds[kind]);
  }
  free(x);
}

static void test_passes(const char *name, const struct select_passes *p)
{
  const struct select_passes *plain = &select_generic;
  enum { N = 203 };
  double x[N], a[N], b[N];
  uint8_t keep[N], expected[N];
  bool same = true;
  for (size_t kind = 0; kind < KINDS; kind++) {
    fill(kind, x, N);
    for (size_t n = 0; n <= N; n += 29) {
      double low[2], high[2], t = x[n / 2];
      size_t under[2];
      same = same && p->below(x, n, t) == plain->below(x, n, t);
      p->range(x, n, t - 1, t + 1, low, high);
      plain->range(x, n, t - 1, t + 1, low + 1, high + 1);
      same = same && low[0] == low[1] && high[0] == high[1];
      size_t near = p->gather(x, n, t - 1, t, a, under);
      same = same && near == plain->gather(x, n, t - 1, t, b, under + 1) && under[0] == under[1];
      for (size_t i = 0; same && i < near; i++)
        same = a[i] == b[i];
      p->mark(x, n, t, keep);
      plain->mark(x, n, t, expected);
      same = same && memcmp(keep, expected, n) == 0;
    }
  }
  tap_ok(same, "%s: the passes give what plain C gives", name);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  test_kinds();
#if defined(__x86_64__)
  if (cpu_best_isa() >= ISA_AVX2)
    test_passes("avx2", &select_avx2);
  if (cpu_best_isa() >= ISA_AVX512)
    test_passes("avx512", &select_avx512);
#endif
  return tap_done();
}
