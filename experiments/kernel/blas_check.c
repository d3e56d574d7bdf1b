/* blas_check.c: does the BLAS library multiply right?
 *
 * The matrices hold small odd integers, so small that each sum is exact in any order of addition, with or without
 * fused multiply-adds: a right library gives exactly the integers of the plain loop, and the comparison needs no
 * tolerance. No factor is 0, so that a term left out always shows. The gaps between rows (ld > columns) hold NaN in
 * A and B, which a kernel reading too far would spread, and a mark in C, which one writing too far would overwrite.
 * With beta = 0, C starts as NaN, which must not matter. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"

#define GAP 3u       /* elements between rows that belong to nobody */
#define MARK 77777.0f

struct shape { size_t m, n, k; };

/* The awkward ones of each kind: single rows and columns, one less and more than a vector or a tile, a thin last
 * layer, an inner extent beyond one unrolled block. 4 variants of each: 150,000 multiply-adds in all. */
static const struct shape quick[] = {
    {1, 1, 1}, {1, 9, 5}, {7, 1, 3}, {3, 4, 8}, {8, 8, 8}, {5, 17, 33}, {16, 16, 16}, {17, 31, 7}, {33, 10, 29}, {12, 24, 65}, {9, 3, 129},
};

/* Where the thorough check takes each extent from. */
static const size_t extents[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 96, 100, 127, 128, 129, 255, 256, 257, 384};
#define EXTENTS (sizeof extents / sizeof *extents)

struct sample {
  struct shape shape;
  bool ta, tb, keep; /* keep: C += A B, else C = A B */
  size_t lda, ldb, ldc, rows_a, rows_b;
  int32_t *want; /* m x n, packed */
  float *a, *b, *c;
};

/* An odd integer of at most `limit`, by Knuth's multiplicative hash of its place. */
static int32_t entry(uint32_t place, uint32_t salt, int32_t limit)
{
  uint32_t mixed = (place * 2u + 1u + salt * 977u) * 2654435761u;
  int32_t odd = (int32_t)((mixed >> 8) % (uint32_t)limit) | 1;
  return mixed >> 31 ? -odd : odd;
}

static void fill(float *x, size_t rows, size_t cols, size_t ld, uint32_t salt, int32_t limit)
{
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < ld; j++)
      x[i * ld + j] = j < cols ? (float)entry((uint32_t)(i * cols + j), salt, limit) : NAN;
}

/* The plain product that decides. */
static void multiply_plainly(struct sample *s)
{
  size_t m = s->shape.m, n = s->shape.n, k = s->shape.k;
  for (size_t i = 0; i < m; i++)
    for (size_t l = 0; l < k; l++) {
      int32_t left = (int32_t)(s->ta ? s->a[l * s->lda + i] : s->a[i * s->lda + l]);
      for (size_t j = 0; j < n; j++)
        s->want[i * n + j] += left * (int32_t)(s->tb ? s->b[j * s->ldb + l] : s->b[l * s->ldb + j]);
    }
}

static void prepare(struct sample *s)
{
  size_t m = s->shape.m, n = s->shape.n, k = s->shape.k;
  int32_t limit = (int32_t)sqrt(0x1p24 / (double)(k + 1)) - 1; /* k limit^2 + limit < 2^24, the exact range of float32 */
  limit = limit < 2047 ? limit : 2047;
  fill(s->a, s->rows_a, s->lda - GAP, s->lda, 1, limit);
  fill(s->b, s->rows_b, s->ldb - GAP, s->ldb, 2, limit);
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < s->ldc; j++) {
      int32_t old = entry((uint32_t)(i * n + j), 3, limit);
      s->c[i * s->ldc + j] = j >= n ? MARK : s->keep ? (float)old : NAN;
      if (j < n)
        s->want[i * n + j] = s->keep ? old : 0;
    }
  multiply_plainly(s);
}

static const char cure[] = "install libopenblas0-pthread from your distribution, or choose another core type with the environment "
                           "variable OPENBLAS_CORETYPE (Haswell is safe on any CPU with AVX2)";

static enum status compare(const struct sample *s, struct err *e)
{
  size_t m = s->shape.m, n = s->shape.n;
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < s->ldc; j++) {
      float seen = s->c[i * s->ldc + j], want = j < n ? (float)s->want[i * n + j] : MARK;
      if (seen == want)
        continue;
      struct blas_info info = blas_info();
      return err_set(e, STATUS_BAD_DATA,
                     "the BLAS library multiplies wrong: %zu x %zu by %zu x %zu%s%s: element (%zu, %zu)%s is %g, not %g; library %s, core "
                     "type %s; cure: %s",
                     m, s->shape.k, s->shape.k, n, s->ta ? ", left transposed" : "", s->tb ? ", right transposed" : "", i, j,
                     j < n ? "" : " (beyond the row's end)", (double)seen, (double)want, info.path, info.core, cure);
    }
  return STATUS_OK;
}

/* Memory for one sample, cut from one block. */
static enum status sample_new(struct sample *s, struct shape shape, unsigned variant, struct err *e)
{
  void *memory;
  *s = (struct sample){.shape = shape, .ta = variant & 1, .tb = variant & 2, .keep = variant & 4};
  s->rows_a = s->ta ? shape.k : shape.m;
  s->rows_b = s->tb ? shape.n : shape.k;
  s->lda = (s->ta ? shape.m : shape.k) + GAP;
  s->ldb = (s->tb ? shape.k : shape.n) + GAP;
  s->ldc = shape.n + GAP;
  size_t a = s->rows_a * s->lda, b = s->rows_b * s->ldb, c = shape.m * s->ldc;
  enum status status = mem_new(&memory, a + b + c + shape.m * shape.n, sizeof(float), "BLAS check", e);
  if (status)
    return status;
  s->want = memory;
  s->a = (float *)memory + shape.m * shape.n;
  s->b = s->a + a;
  s->c = s->b + b;
  return STATUS_OK;
}

static enum status check_shape(blas_gemm_fn *gemm, struct shape shape, unsigned variant, struct err *e)
{
  struct sample s;
  enum status status = sample_new(&s, shape, variant, e);
  if (status)
    return status;
  prepare(&s);
  gemm(s.ta, s.tb, shape.m, shape.n, shape.k, 1.0f, s.a, s.lda, s.b, s.ldb, s.keep ? 1.0f : 0.0f, s.c, s.ldc);
  status = compare(&s, e);
  free(s.want);
  return status;
}

/* 400 shapes, their extents drawn by a fixed linear congruential sequence. */
static enum status check_many(blas_gemm_fn *gemm, struct err *e)
{
  uint32_t state = 12345;
  enum status status = STATUS_OK;
  for (unsigned i = 0; status == STATUS_OK && i < 400; i++) {
    size_t extent[3];
    for (int d = 0; d < 3; d++) {
      state = state * 1664525u + 1013904223u;
      extent[d] = extents[(state >> 16) % EXTENTS];
    }
    status = check_shape(gemm, (struct shape){extent[0], extent[1], extent[2]}, i & 7, e);
  }
  return status;
}

enum status blas_check_with(blas_gemm_fn *gemm, bool thorough, struct err *e)
{
  enum status status = STATUS_OK;
  for (unsigned i = 0; status == STATUS_OK && i < sizeof quick / sizeof *quick; i++)
    for (unsigned variant = 0; status == STATUS_OK && variant < 4; variant++)
      status = check_shape(gemm, quick[i], variant | (i & 1) << 2, e);
  return status == STATUS_OK && thorough ? check_many(gemm, e) : status;
}

static double *widened(const float *x, size_t n)
{
  double *wide = xmalloc(n * sizeof *wide);
  for (size_t i = 0; i < n; i++)
    wide[i] = (double)x[i];
  return wide;
}

/* The float64 product behind the signature that blas_check_with tests; the integers survive the conversion. */
static void gemm_by_f64(bool ta, bool tb, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda, const float *b,
                        size_t ldb, float beta, float *c, size_t ldc)
{
  double *x = widened(a, (ta ? k : m) * lda), *y = widened(b, (tb ? n : k) * ldb), *z = widened(c, m * ldc);
  blas_gemm_f64(ta, tb, m, n, k, (double)alpha, x, lda, y, ldb, (double)beta, z, ldc);
  for (size_t i = 0; i < m * ldc; i++)
    c[i] = (float)z[i];
  free(x);
  free(y);
  free(z);
}

enum status blas_check_build(const struct blas_info *info, struct err *e)
{
  if (strcmp(info->parallel, "sequential") == 0)
    return err_set(e, STATUS_BAD_DATA, "the BLAS library %s is a sequential build, whose products are wrong when two threads "
                   "multiply at once; cure: install libopenblas0-pthread instead of libopenblas0-serial", info->path);
  return STATUS_OK;
}

enum status blas_check(bool thorough, struct err *e)
{
  struct blas_info info = blas_info();
  enum status status = blas_check_build(&info, e);
  if (status == STATUS_OK)
    status = blas_check_with(blas_gemm_f32, thorough, e);
  if (status == STATUS_OK && blas_check_with(gemm_by_f64, thorough, e) != STATUS_OK)
    status = err_prefix(e, "float64");
  return status;
}
