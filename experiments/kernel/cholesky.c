/* cholesky.c: see cholesky.h. Blocks of columns from the right to the left (Golub and Van Loan 2013, section 4.2.9, mirrored):
 * factor the square block on the diagonal, solve for the rows above it, subtract their product from what is left of them. The
 * rows above are kept in panels of 24 rows, one column after the other, as the tiles want them. */
#include "experiments/kernel/cholesky.h"

#include <math.h>
#include <stdbool.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/tile.h"

enum { BLOCK = 96, SMALL = TILE_F64 }; /* columns at a time; inside a diagonal block */

/* Scratch for blocks of one size: T of the block on the diagonal by columns, the panels above it. */
static size_t scratch(size_t n, size_t block) { return block * block + round_up(n, TILE_F64) * block; }

size_t cholesky_work(size_t n) { return scratch(n, BLOCK) + scratch(BLOCK, SMALL); }

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* The upper triangle of d (n x n, n <= SMALL) becomes its T. */
static bool factor_small(size_t n, double *d, size_t ld)
{
  double column[SMALL];
  for (size_t j = n; j-- > 0;) {
    double pivot = d[j * ld + j];
    if (!(pivot > 0) || !isfinite(pivot))
      return false;
    d[j * ld + j] = sqrt(pivot);
    for (size_t i = 0; i < j; i++)
      column[i] = d[i * ld + j] *= 1.0 / d[j * ld + j];
    for (size_t i = 0; i < j; i++)
      for (size_t k = i; k < j; k++)
        d[i * ld + k] -= column[i] * column[k];
  }
  return true;
}

/* cols[j * n + i] = T[i][j], with 1 / T[j][j] on the diagonal. */
static void copy_columns(size_t n, const double *d, size_t ld, double *cols)
{
  for (size_t i = 0; i < n; i++)
    for (size_t j = i; j < n; j++)
      cols[j * n + i] = i == j ? 1.0 / d[i * ld + j] : d[i * ld + j];
}

/* X T' = A in panel[j][24], for the n columns of a block: from the right, SMALL columns at a time, the others by tiles. */
static void solve_panel(const struct tile *t, size_t n, const double *cols, double *panel)
{
  for (size_t end = n, at; end > 0; end = at) {
    at = (end - 1) / SMALL * SMALL;
    for (size_t j = end; j-- > at;) {
      double *x = panel + j * TILE_F64;
      for (size_t r = 0; r < TILE_F64; r++)
        x[r] *= cols[j * n + j];
      t->rank_one(j - at, cols + j * n + at, x, panel + at * TILE_F64);
    }
    for (size_t j = 0; j < at; j += TILE_ROWS)
      t->sub_f64(end - at, cols + at * n + j, n, panel + at * TILE_F64, panel + j * TILE_F64, TILE_F64);
  }
}

/* Rows of a above the block: solved, and kept as panels, zero padded. */
static void solve_above(const struct tile *t, size_t m, size_t n, double *a, size_t lda, const double *cols, double *panels)
{
  for (size_t i = 0; i < m; i += TILE_F64, a += TILE_F64 * lda, panels += TILE_F64 * n) {
    size_t rows = smaller(TILE_F64, m - i);
    for (size_t j = 0; j < n; j++)
      for (size_t r = 0; r < TILE_F64; r++)
        panels[j * TILE_F64 + r] = r < rows ? a[r * lda + j] : 0.0;
    solve_panel(t, n, cols, panels);
    for (size_t r = 0; r < rows; r++)
      for (size_t j = 0; j < n; j++)
        a[r * lda + j] = panels[j * TILE_F64 + r];
  }
}

/* Ask for a tile of a before its turn: its rows are far apart. */
static void prefetch_tile(const double *a, size_t lda)
{
  for (size_t r = 0; r < TILE_ROWS; r++)
    for (size_t line = 0; line < TILE_F64; line += 8)
      __builtin_prefetch(a + r * lda + line, 1);
}

/* Upper triangle of a (m x m) -= X X', X in panels of n columns. */
static void subtract(const struct tile *t, size_t m, size_t n, const double *panels, double *a, size_t lda)
{
  for (size_t k = 0; k < m; k += TILE_F64) {
    size_t cols = smaller(TILE_F64, m - k);
    const double *b = panels + k * n;
    for (size_t i = 0; i < k + cols; i += TILE_ROWS) {
      const double *x = panels + i / TILE_F64 * TILE_F64 * n + i % TILE_F64;
      size_t rows = smaller(TILE_ROWS, m - i);
      if (i + 2 * TILE_ROWS <= m)
        prefetch_tile(a + (i + TILE_ROWS) * lda + k, lda);
      if (rows == TILE_ROWS && cols == TILE_F64)
        t->sub_f64(n, x, TILE_F64, b, a + i * lda + k, lda);
      else
        tile_edge_f64(t->sub_f64, rows, cols, n, x, TILE_F64, b, a + i * lda + k, lda);
    }
  }
}

/* Blocks of `block` columns, whose own factors come from blocks of SMALL columns. */
static enum status factor(const struct exec *x, const struct tile *t, size_t n, double *a, size_t lda, size_t block, double *work)
{
  double *cols = work, *panels = work + block * block, *inner = work + scratch(n, block);
  for (size_t end = n, at; end > 0; end = at) {
    at = (end - 1) / block * block;
    size_t width = end - at;
    double *diagonal = a + at * lda + at;
    enum status status = width > SMALL               ? factor(NULL, t, width, diagonal, lda, SMALL, inner)
                         : factor_small(width, diagonal, lda) ? STATUS_OK
                                                     : STATUS_BAD_DATA;
    if (status || exec_cancelled(x))
      return status ? status : STATUS_CANCELLED;
    copy_columns(width, diagonal, lda, cols);
    solve_above(t, at, width, a + at, lda, cols, panels);
    subtract(t, at, width, panels, a, lda);
  }
  return STATUS_OK;
}

enum status cholesky_upper_f64(const struct exec *x, size_t n, double *a, size_t lda, double *work)
{
  return factor(x, tile_best(), n, a, lda, BLOCK, work);
}
