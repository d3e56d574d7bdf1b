/* tile_generic.c: the reference of tile.h in plain C, kept as the test of the tuned ones, and the choice among them. */
#include <math.h>
#include <string.h>

#include "experiments/kernel/tile_int.h"

static void chain_f64(size_t k, const double *a, size_t lda, const double *b, double sign, double *c, size_t ldc)
{
  for (size_t r = 0; r < TILE_ROWS; r++)
    for (size_t j = 0; j < TILE_F64; j++) {
      double sum = c[r * ldc + j];
      for (size_t i = 0; i < k; i++)
        sum = fma(sign * a[i * lda + r], b[i * TILE_F64 + j], sum);
      c[r * ldc + j] = sum;
    }
}

static void add_f64(size_t k, const double *a, size_t lda, const double *b, double *c, size_t ldc)
{
  chain_f64(k, a, lda, b, 1.0, c, ldc);
}

static void sub_f64(size_t k, const double *a, size_t lda, const double *b, double *c, size_t ldc)
{
  chain_f64(k, a, lda, b, -1.0, c, ldc);
}

static void add_f32(size_t k, const float *a, size_t lda, const float *b, size_t cols, double *c, size_t ldc)
{
  for (size_t r = 0; r < TILE_ROWS; r++)
    for (size_t j = 0; j < cols; j++) {
      float sum = 0;
      for (size_t i = 0; i < k; i++)
        sum = fmaf(a[i * lda + r], b[i * TILE_F32 + j], sum);
      c[r * ldc + j] += (double)sum;
    }
}

static void rank_one(size_t n, const double *u, const double *e, double *w)
{
  for (size_t t = 0; t < n; t++)
    for (size_t j = 0; j < TILE_F64; j++)
      w[t * TILE_F64 + j] = fma(-u[t], e[j], w[t * TILE_F64 + j]);
}

const struct tile tile_generic = {"generic", add_f64, sub_f64, add_f32, rank_one};

const struct tile *tile_for(enum isa isa)
{
#if defined(__x86_64__)
  enum isa best = cpu_best_isa(), use = isa < best ? isa : best;
  if (use == ISA_AVX512)
    return &tile_avx512;
  if (use == ISA_AVX2)
    return &tile_avx2;
#else
  (void)isa;
#endif
  return &tile_generic;
}

const struct tile *tile_best(void) { return tile_for(cpu_best_isa()); }

void tile_edge_f64(tile_fn_f64 *tile, size_t rows, size_t cols, size_t k, const double *a, size_t lda, const double *b, double *c,
                   size_t ldc)
{
  double whole[TILE_ROWS * TILE_F64] __attribute__((aligned(64)));
  memset(whole, 0, sizeof whole);
  for (size_t r = 0; r < rows; r++)
    memcpy(whole + r * TILE_F64, c + r * ldc, cols * sizeof *c);
  tile(k, a, lda, b, whole, TILE_F64);
  for (size_t r = 0; r < rows; r++)
    memcpy(c + r * ldc, whole + r * TILE_F64, cols * sizeof *c);
}
