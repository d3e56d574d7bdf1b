/* cholesky.c: see cholesky.h. Blocks of columns from the right to the left (Golub and Van Loan 2013, section 4.2.9, mirrored):
 * factor the square block on the diagonal, solve for the rows above it, subtract their product from what is left of them. The
 * rows above are kept in panels of 24 rows, one column after the other, as the tiles want them. */
#include "experiments/kernel/cholesky.h"

#include <math.h>
#include <stdbool.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/tile.h"

enum { BLOCK = 96 }; /* columns at a time; 4 panels */

size_t cholesky_work(size_t n) { return round_up(n, TILE_F64) * BLOCK + BLOCK * BLOCK; }

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* The diagonal block d (n x n, upper triangle) becomes its T. For the solves cols[j * BLOCK + i] = T[i][j], and 1 / T[j][j] on
 * its diagonal. */
static bool factor_block(size_t n, double *d, size_t ld, double *cols)
{
  for (size_t j = n; j-- > 0;) {
    double *column = cols + j * BLOCK, pivot = d[j * ld + j];
    if (!(pivot > 0) || !isfinite(pivot))
      return false;
    d[j * ld + j] = sqrt(pivot);
    column[j] = 1.0 / d[j * ld + j];
    for (size_t i = 0; i < j; i++)
      column[i] = d[i * ld + j] *= column[j];
    for (size_t i = 0; i < j; i++)
      for (size_t k = i; k < j; k++)
        d[i * ld + k] -= column[i] * column[k];
  }
  return true;
}

/* Rows [i, i + rows) left of column `at` + n: X T' = A; panel[j][24] = X transposed, zero padded; X goes to a, too. */
static void solve_panel(const struct tile *t, size_t rows, size_t n, double *a, size_t lda, const double *cols, double *panel)
{
  for (size_t j = 0; j < n; j++)
    for (size_t r = 0; r < TILE_F64; r++)
      panel[j * TILE_F64 + r] = r < rows ? a[r * lda + j] : 0.0;
  for (size_t j = n; j-- > 0;) {
    double *x = panel + j * TILE_F64;
    for (size_t r = 0; r < TILE_F64; r++)
      x[r] *= cols[j * BLOCK + j];
    t->rank_one(j, cols + j * BLOCK, x, panel);
  }
  for (size_t r = 0; r < rows; r++)
    for (size_t j = 0; j < n; j++)
      a[r * lda + j] = panel[j * TILE_F64 + r];
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
      if (rows == TILE_ROWS && cols == TILE_F64)
        t->sub_f64(n, x, TILE_F64, b, a + i * lda + k, lda);
      else
        tile_edge_f64(t->sub_f64, rows, cols, n, x, TILE_F64, b, a + i * lda + k, lda);
    }
  }
}

enum status cholesky_upper_f64(const struct exec *x, size_t n, double *a, size_t lda, double *work)
{
  const struct tile *t = tile_best();
  double *cols = work, *panels = work + BLOCK * BLOCK;
  for (size_t end = n, at; end > 0; end = at) {
    at = (end - 1) / BLOCK * BLOCK;
    size_t width = end - at;
    if (!factor_block(width, a + at * lda + at, lda, cols))
      return STATUS_BAD_DATA;
    for (size_t i = 0; i < at; i += TILE_F64)
      solve_panel(t, smaller(TILE_F64, at - i), width, a + i * lda + at, lda, cols, panels + i * width);
    subtract(t, at, width, panels, a, lda);
    if (exec_cancelled(x))
      return STATUS_CANCELLED;
  }
  return STATUS_OK;
}
