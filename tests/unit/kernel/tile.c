/* The tiles agree with their plain C reference to the bit, on every instruction set of this machine; Gram matrices agree
 * with sums in float64, within the bound that gram.h derives, and do not depend on how the examples arrive. */
#include "experiments/kernel/tile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/gram.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/rng.h"
#include "tests/tap.h"

#define SEED 20240811u

static void *room(size_t n, size_t size)
{
  void *memory = NULL;
  if (mem_new(&memory, n, size, "test numbers", NULL))
    tap_bail("no memory");
  return memory;
}

static double *numbers_f64(uint64_t stream, size_t n)
{
  struct rng r = rng_make(SEED, RNG_TEST, stream);
  double *x = room(n, sizeof *x);
  rng_fill_normal_f64(&r, x, n, 0, 1);
  return x;
}

static float *rounded(const double *x, size_t n)
{
  float *y = room(n, sizeof *y);
  for (size_t i = 0; i < n; i++)
    y[i] = (float)x[i];
  return y;
}

static double *copy(const double *x, size_t n)
{
  double *y = room(n, sizeof *y);
  memcpy(y, x, n * sizeof *y);
  return y;
}

static bool same_bits(const void *a, const void *b, size_t n) { return memcmp(a, b, n * sizeof(double)) == 0; }

/* Does implementation t give the reference's bits? */
static bool same_tiles(const struct tile *t, size_t k, size_t lda)
{
  const struct tile *plain = tile_for(ISA_GENERIC);
  enum { LDC = 61 };
  double *a = numbers_f64(1, k * 48 + 48), *b = numbers_f64(2, k * 48 + 48), *c = numbers_f64(3, (size_t)8 * LDC), *d = copy(c, (size_t)8 * LDC);
  float *fa = rounded(a, k * 48 + 48), *fb = rounded(b, k * 48 + 48);
  plain->add_f64(k, a, lda, b, c + 3, LDC);
  t->add_f64(k, a, lda, b, d + 3, LDC);
  plain->sub_f64(k, a, lda, b, c + 5, LDC);
  t->sub_f64(k, a, lda, b, d + 5, LDC);
  for (size_t cols = 16; cols <= 48; cols += 16) {
    plain->add_f32(k, fa, lda, fb, cols, c + cols / 8, LDC);
    t->add_f32(k, fa, lda, fb, cols, d + cols / 8, LDC);
  }
  plain->rank_one(k < 20 ? k : 20, b, a, c);
  t->rank_one(k < 20 ? k : 20, b, a, d);
  bool same = same_bits(c, d, (size_t)8 * LDC);
  free(a), free(b), free(c), free(d), free(fa), free(fb);
  return same;
}

static void test_bits(void)
{
  for (enum isa isa = ISA_AVX2; isa <= cpu_best_isa(); isa++) {
    bool same = true;
    for (size_t k = 0; k < 140; k = k < 5 ? k + 1 : k * 3)
      same = same && same_tiles(tile_for(isa), k, 8) && same_tiles(tile_for(isa), k, 24) && same_tiles(tile_for(isa), k, 48);
    tap_ok(same, "%s: every tile has the bits of the plain C reference", isa_name(isa));
  }
}

/* Largest |g - sum| / (u sum of magnitudes) over the lower triangle, the sums in long double. */
static double worst_error(size_t d, size_t n, const double *x, const double *g, size_t ldg)
{
  double worst = 0;
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j <= i; j++) {
      long double sum = 0, size = 0;
      for (size_t t = 0; t < n; t++) {
        sum += (long double)x[i * n + t] * (long double)x[j * n + t];
        size += fabsl((long double)x[i * n + t] * (long double)x[j * n + t]);
      }
      worst = fmax(worst, size > 0 ? (double)(fabsl(sum - (long double)g[i * ldg + j]) / size) : fabs(g[i * ldg + j]));
    }
  return worst;
}

/* The sum over n examples, which arrive `step` at a time. */
static double *gram_f64(size_t d, size_t n, const double *x, size_t step)
{
  double *g = room(d * d, sizeof *g), *work = room(gram_work(d), sizeof *work);
  for (size_t at = 0; at < n; at += step)
    gram_add_f64(d, n - at < step ? n - at : step, x + at, n, g, d, work);
  gram_mirror(d, g, d);
  free(work);
  return g;
}

static double *gram_f32(size_t d, size_t n, const float *x, size_t step)
{
  double *g = room(d * d, sizeof *g), *work = room(gram_work(d), sizeof *work);
  for (size_t at = 0; at < n; at += step)
    gram_add_f32(d, n - at < step ? n - at : step, x + at, n, g, d, work);
  gram_mirror(d, g, d);
  free(work);
  return g;
}

static bool symmetric(const double *g, size_t d)
{
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < i; j++)
      if (g[i * d + j] != g[j * d + i])
        return false;
  return true;
}

static void test_gram(void)
{
  static const size_t shapes[][2] = {{1, 1}, {7, 130}, {8, 0}, {24, 128}, {49, 1000}, {96, 64}, {213, 700}};
  double most64 = 0, most32 = 0;
  bool mirror = true, batches = true;
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
    size_t d = shapes[s][0], n = shapes[s][1];
    double *x = numbers_f64(10 + s, d * n), *exact = copy(x, d * n);
    float *f = rounded(x, d * n);
    for (size_t i = 0; i < d * n; i++)
      exact[i] = (double)f[i];
    double *g = gram_f64(d, n, x, n + 1), *h = gram_f32(d, n, f, n + 1);
    most64 = fmax(most64, worst_error(d, n, x, g, d) / (double)(n + 1));
    most32 = fmax(most32, worst_error(d, n, exact, h, d));
    mirror = mirror && symmetric(g, d) && symmetric(h, d);
    for (size_t step = GRAM_BLOCK; step <= 3 * GRAM_BLOCK; step += GRAM_BLOCK) {
      double *a = gram_f64(d, n, x, step), *b = gram_f32(d, n, f, step);
      batches = batches && same_bits(a, g, d * d) && same_bits(b, h, d * d);
      free(a), free(b);
    }
    double *one = gram_f64(d, n, x, 37); /* float64: any batches */
    batches = batches && same_bits(one, g, d * d);
    free(x), free(exact), free(f), free(g), free(h), free(one);
  }
  tap_ok(most64 < 0x1p-53, "float64: within n u of the sum of magnitudes (%.2g u)", most64 * 0x1p53);
  tap_ok(most32 < 1.01 * GRAM_BLOCK * 0x1p-24, "float32 blocks: within the bound of gram.h (%.2g of it)",
         most32 / (1.01 * GRAM_BLOCK * 0x1p-24));
  tap_ok(most32 > 0x1p-24 / 16, "and not exact, so that the bound is about something");
  tap_ok(mirror, "Gram matrices are symmetric to the bit");
  tap_ok(batches, "they do not depend on how the examples arrive");
}

/* Roundings that all go the same way: the error must be that of a block, whatever n. */
static void test_long_sums(void)
{
  enum { N = 1 << 16 };
  float *x = room(N, sizeof *x);
  for (size_t t = 0; t < N; t++)
    x[t] = 1.1f;
  double *g = gram_f32(1, N, x, N), exact = (double)x[0] * (double)x[0] * N;
  float naive = 0;
  for (size_t t = 0; t < N; t++)
    naive = fmaf(x[t], x[t], naive);
  double error = fabs(g[0] - exact) / exact, plain = fabs((double)naive - exact) / exact;
  tap_ok(error < GRAM_BLOCK * 0x1p-24, "65536 equal examples: error %.2g, where one float32 sum is off by %.2g", error, plain);
  free(g);
  free(x);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  test_bits();
  test_gram();
  test_long_sums();
  return tap_done();
}
