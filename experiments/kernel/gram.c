/* gram.c: see gram.h. A chunk of examples is packed into panels of 24 (float32: 48) features, example by example; a panel
 * serves as the vectors of the product and, 8 features at a time, as its scalars. The part of G in work stays in cache over
 * the chunk. */
#include "experiments/kernel/gram.h"

#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/product.h"
#include "experiments/kernel/tile.h"

enum {
  CHUNK = 4 * GRAM_BLOCK, /* examples packed at a time */
  RANGE = 48             /* rows of G in work at a time */
};

size_t gram_work(size_t d) { return round_up(d, TILE_F32) * CHUNK; }

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* A packed chunk: panel p at p * width * n, panel[t][width]. */
struct chunk {
  size_t d, n, ldg;
  double *g;
};

/* Ask for the tile of G below this one, which comes next: a large G is far away. */
static void prefetch_below(const struct chunk *c, size_t i, size_t j, size_t cols)
{
  for (size_t r = i + TILE_ROWS; r < i + 2 * TILE_ROWS && r < c->d; r++)
    for (size_t l = 0; l < cols; l += 8)
      __builtin_prefetch(c->g + r * c->ldg + j + l, 1);
}

/* --- float64 ---------------------------------------------------------------------------------------- */

/* panel[t][24] = rows [0, rows) of a, transposed, zero padded */
static void pack_f64(size_t rows, size_t n, const double *a, size_t lda, double *panel)
{
  if (rows < TILE_F64)
    memset(panel, 0, n * TILE_F64 * sizeof *panel);
  for (size_t t0 = 0; t0 < n; t0 += 8)
    for (size_t r = 0; r < rows; r++)
      for (size_t t = t0; t < n && t < t0 + 8; t++)
        panel[t * TILE_F64 + r] = a[r * lda + t];
}

/* Examples [at, end): rows [i, i1) of columns [j, j + 24). */
static void add_part_f64(const struct tile *k, const struct chunk *c, const double *packed, size_t j, size_t i, size_t i1,
                         size_t at, size_t end)
{
  size_t cols = smaller(TILE_F64, c->d - j);
  const double *b = packed + j * c->n + at * TILE_F64;
  for (; i < i1; i += TILE_ROWS) {
    const double *a = packed + i / TILE_F64 * TILE_F64 * c->n + at * TILE_F64 + i % TILE_F64;
    double *g = c->g + i * c->ldg + j;
    size_t rows = smaller(TILE_ROWS, c->d - i);
    if (at == 0)
      prefetch_below(c, i, j, cols);
    if (rows == TILE_ROWS && cols == TILE_F64)
      k->add_f64(end - at, a, TILE_F64, b, g, c->ldg);
    else
      tile_edge_f64(k->add_f64, rows, cols, end - at, a, TILE_F64, b, g, c->ldg);
  }
}

static void add_chunk_f64(size_t d, size_t n, const double *a, size_t lda, double *g, size_t ldg, void *work)
{
  const struct tile *k = tile_best();
  const struct chunk c = {d, n, ldg, g};
  for (size_t j = 0; j < d; j += TILE_F64)
    pack_f64(smaller(TILE_F64, d - j), n, a + j * lda, lda, (double *)work + j * n);
  for (size_t j = 0; j < d; j += TILE_F64)
    for (size_t i = j; i < d; i += RANGE)
      for (size_t at = 0; at < n; at += GRAM_BLOCK)
        add_part_f64(k, &c, work, j, i, smaller(i + RANGE, d), at, smaller(at + GRAM_BLOCK, n));
}

void gram_add_f64(size_t d, size_t n, const double *a, size_t lda, double *g, size_t ldg, void *work)
{
  for (size_t at = 0; at < n; at += CHUNK)
    add_chunk_f64(d, smaller(CHUNK, n - at), a + at, lda, g, ldg, work);
}

/* --- float32 in blocks of examples ------------------------------------------------------------------ */

static void edge_f32(const struct tile *k, size_t rows, size_t cols, size_t n, const float *a, const float *b, double *g, size_t ldg)
{
  double whole[TILE_ROWS * TILE_F32] __attribute__((aligned(64)));
  memset(whole, 0, sizeof whole);
  for (size_t r = 0; r < rows; r++)
    memcpy(whole + r * TILE_F32, g + r * ldg, cols * sizeof *g);
  k->add_f32(n, a, TILE_F32, b, TILE_F32, whole, TILE_F32);
  for (size_t r = 0; r < rows; r++)
    memcpy(g + r * ldg, whole + r * TILE_F32, cols * sizeof *g);
}

static void add_part_f32(const struct tile *k, const struct chunk *c, const float *packed, size_t j, size_t i, size_t i1,
                         size_t at, size_t end)
{
  size_t cols = smaller(TILE_F32, c->d - j);
  const float *b = packed + j * c->n + at * TILE_F32;
  for (; i < i1; i += TILE_ROWS) {
    const float *a = packed + i / TILE_F32 * TILE_F32 * c->n + at * TILE_F32 + i % TILE_F32;
    double *g = c->g + i * c->ldg + j;
    size_t rows = smaller(TILE_ROWS, c->d - i);
    if (at == 0)
      prefetch_below(c, i, j, cols);
    if (rows == TILE_ROWS && cols == TILE_F32) /* beside the diagonal whole vectors only */
      k->add_f32(end - at, a, TILE_F32, b, smaller(TILE_F32, round_up(i + TILE_ROWS - j, 16)), g, c->ldg);
    else
      edge_f32(k, rows, cols, end - at, a, b, g, c->ldg);
  }
}

static void add_chunk_f32(size_t d, size_t n, const float *a, size_t lda, double *g, size_t ldg, void *work)
{
  const struct tile *k = tile_best();
  const struct product *p = product_best();
  const struct chunk c = {d, n, ldg, g};
  for (size_t j = 0; j < d; j += TILE_F32)
    p->transpose(smaller(TILE_F32, d - j), n, a + j * lda, lda, (float *)work + j * n, TILE_F32);
  for (size_t j = 0; j < d; j += TILE_F32)
    for (size_t i = j; i < d; i += RANGE)
      for (size_t at = 0; at < n; at += GRAM_BLOCK)
        add_part_f32(k, &c, work, j, i, smaller(i + RANGE, d), at, smaller(at + GRAM_BLOCK, n));
}

void gram_add_f32(size_t d, size_t n, const float *a, size_t lda, double *g, size_t ldg, void *work)
{
  for (size_t at = 0; at < n; at += CHUNK)
    add_chunk_f32(d, smaller(CHUNK, n - at), a + at, lda, g, ldg, work);
}

/* --- both ------------------------------------------------------------------------------------------- */

void gram_mirror(size_t d, double *g, size_t ldg)
{
  enum { SIDE = 8 }; /* squares that stay in the first cache */
  for (size_t i0 = 0; i0 < d; i0 += SIDE)
    for (size_t j0 = 0; j0 <= i0; j0 += SIDE)
      for (size_t i = i0; i < d && i < i0 + SIDE; i++)
        for (size_t j = j0; j < i && j < j0 + SIDE; j++)
          g[j * ldg + i] = g[i * ldg + j];
}
