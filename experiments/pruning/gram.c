/* gram.c: what calibration inputs leave behind: H = X X' by symmetry, its diagonal, errors and factors from it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/cholesky.h"
#include "experiments/kernel/gram.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/tile.h"
#include "experiments/kernel/vec.h"
#include "experiments/pruning/pruning_int.h"

/* Examples between two polls of the cancel flag: less than 0.1 s of work. */
static size_t chunk_of(size_t d) { return d <= 4096 ? 4 * GRAM_BLOCK : GRAM_BLOCK; }

/* block (d x n) = columns [at, at + n) of X, from float32 */
static void widen(const struct mat *inputs, size_t at, size_t n, double *block)
{
  for (size_t j = 0; j < inputs->rows; j++)
    for (size_t t = 0; t < n; t++)
      block[j * n + t] = (double)mat_row_f32(inputs, j)[at + t];
}

static void add_chunk(const struct mat *inputs, bool narrow, size_t at, size_t n, double *gram, double *work)
{
  size_t d = inputs->rows;
  if (narrow)
    gram_add_f32(d, n, mat_row_f32(inputs, 0) + at, inputs->stride, gram, d, work);
  else if (inputs->type == DTYPE_F64)
    gram_add_f64(d, n, mat_row_f64(inputs, 0) + at, inputs->stride, gram, d, work);
  else {
    double *block = work + gram_work(d);
    widen(inputs, at, n, block);
    gram_add_f64(d, n, block, n, gram, d, work);
  }
}

/* narrow: float32 products. */
static enum status sum_products(const struct exec *x, const struct mat *inputs, bool narrow, double *gram, struct err *e)
{
  size_t d = inputs->rows, chunk = chunk_of(d), wide = inputs->type == DTYPE_F32 && !narrow ? d : 0;
  void *work;
  enum status status = mem_new(&work, gram_work(d) + wide * chunk, sizeof(double), "a chunk of inputs", e);
  if (status)
    return status;
  memset(gram, 0, d * d * sizeof *gram);
  for (size_t at = 0; d && at < inputs->cols && status == STATUS_OK; at += chunk) {
    size_t n = inputs->cols - at < chunk ? inputs->cols - at : chunk;
    add_chunk(inputs, narrow, at, n, gram, work);
    if (exec_cancelled(x))
      status = err_set(e, STATUS_CANCELLED, "cancelled");
  }
  free(work);
  return status;
}

static bool all_zero(const float *x, size_t n)
{
  bool zero = true;
  for (size_t t = 0; t < n && zero; t++)
    zero = x[t] == 0;
  return zero;
}

/* Were float32 products good enough? Where the squares of an input add up to at most 2^120 no sum overflows, and where they
 * are 2^-80 on average what underflow takes does not count. An input of zeros is dead, as it should be. */
static bool narrow_enough(const struct mat *inputs, const double *gram)
{
  size_t d = inputs->rows;
  bool good = true;
  for (size_t j = 0; j < d && good; j++) {
    double sum = gram[j * d + j];
    good = (sum <= 0x1p120 && sum >= 0x1p-80 * (double)inputs->cols) || (sum == 0 && all_zero(mat_row_f32(inputs, j), inputs->cols));
  }
  return good;
}

static enum status fill_gram(const struct exec *x, const struct mat *inputs, double *gram, struct err *e)
{
  bool narrow = inputs->type == DTYPE_F32;
  enum status status = sum_products(x, inputs, narrow, gram, e);
  if (status == STATUS_OK && narrow && !narrow_enough(inputs, gram))
    status = sum_products(x, inputs, false, gram, e);
  gram_mirror(inputs->rows, gram, inputs->rows);
  return status;
}

enum status prune_calibrate(const struct exec *x, const struct mat *inputs, double *norm2, double *gram, struct err *e)
{
  size_t d = inputs->rows;
  enum status status = gram ? fill_gram(x, inputs, gram, e) : STATUS_OK;
  for (size_t j = 0; j < d && status == STATUS_OK; j++) {
    if (gram)
      norm2[j] = gram[j * d + j];
    else if (inputs->type == DTYPE_F32)
      norm2[j] = vec_dot_f32(mat_row_f32(inputs, j), mat_row_f32(inputs, j), inputs->cols);
    else
      norm2[j] = vec_dot_f64(mat_row_f64(inputs, j), mat_row_f64(inputs, j), inputs->cols);
    if (!isfinite(norm2[j])) /* as it is where any input is not */
      status = mat_all_finite(inputs)
                   ? err_set(e, STATUS_BAD_DATA, "input %zu is too large: the sum of its squares overflows", j + 1)
                   : err_set(e, STATUS_BAD_DATA, "the inputs X hold NaN or infinity");
  }
  return status;
}

/* panel[j][24] = rows [row, row + rows) of D = W - V (V NULL: W), transposed. */
static void load_difference(const struct prune_layer *l, const double *v, size_t row, size_t rows, double *panel)
{
  for (size_t i = 0; i < TILE_F64; i++)
    for (size_t j = 0; j < l->in; j++) {
      size_t at = (row + i) * l->in + j;
      panel[j * TILE_F64 + i] = i < rows ? l->w[at] - (v ? v[at] : 0.0) : 0.0;
    }
}

/* tr(D H D') for 24 rows of D in a panel, and rows of zeros: 8 columns of D H at a time. work: [in][8]. */
static double panel_error(const struct prune_layer *l, const double *panel, double *work)
{
  const struct tile *t = tile_best();
  double sum = 0;
  for (size_t j = 0; j < l->in; j += TILE_ROWS) {
    double product[TILE_ROWS * TILE_F64] __attribute__((aligned(64))) = {0};
    size_t cols = l->in - j < TILE_ROWS ? l->in - j : TILE_ROWS;
    for (size_t i = 0; i < l->in; i++)
      memcpy(work + i * TILE_ROWS, l->gram + i * l->in + j, cols * sizeof *work); /* what stands beside them does not matter */
    t->add_f64(l->in, work, TILE_ROWS, panel, product, TILE_F64);
    sum += vec_dot_f64(product, panel + j * TILE_F64, cols * TILE_F64);
  }
  return sum;
}

/* tr(D H D') */
static double quadratic(const struct prune_layer *l, const double *v, double *panel, double *work)
{
  double sum = 0;
  for (size_t row = 0; row < l->out; row += TILE_F64) {
    load_difference(l, v, row, l->out - row < TILE_F64 ? l->out - row : TILE_F64, panel);
    sum += panel_error(l, panel, work);
  }
  return sum > 0 ? sum : 0.0; /* H is positive semidefinite up to rounding */
}

enum status prune_relative_error(const struct prune_layer *l, const double *v, double *out, struct err *e)
{
  void *work;
  if (!l->gram)
    return err_set(e, STATUS_BAD_ARG, "the relative output error needs the inputs X");
  enum status status = mem_new(&work, l->in * (TILE_F64 + TILE_ROWS), sizeof(double), "a panel of rows", e);
  if (status)
    return status;
  double *panel = work, *columns = panel + l->in * TILE_F64;
  double error = quadratic(l, v, panel, columns), all = quadratic(l, NULL, panel, columns);
  *out = error > 0 ? error / all : 0.0;
  free(work);
  return STATUS_OK;
}

double prune_repaired_gram(const double *gram, size_t d, double *a)
{
  double trace = 0;
  memcpy(a, gram, d * d * sizeof *a);
  for (size_t j = 0; j < d; j++) {
    if (a[j * d + j] == 0)
      a[j * d + j] = 1;
    trace += a[j * d + j];
  }
  return d ? trace / (double)d : 0.0;
}

#define FIRST_DAMP 1e-6
enum { TRIES = 12 }; /* from no damping at all to far above mean(diag H) */

/* A pivot that is all rounding error means a singular matrix even where the factorization has gone on. diagonal: of the
 * matrix before the shift. */
static bool safe_pivot(double root, size_t n, double diagonal, double shift)
{
  return root * root > 16 * (double)n * 0x1p-53 * (diagonal + shift);
}

static bool safe_pivots(const double *a, const double *l, size_t n, double shift)
{
  bool safe = true;
  for (size_t j = 0; j < n && safe; j++)
    safe = safe_pivot(l[j * n + j], n, a[j * n + j], shift);
  return safe;
}

static double next_damp(double damp) { return damp * 10 > FIRST_DAMP ? damp * 10 : FIRST_DAMP; }

static enum status never_definite(struct err *e)
{
  return err_set(e, STATUS_BAD_DATA, "the Gram matrix of the inputs is not positive definite, whatever the damping");
}

enum status prune_factor(const double *a, size_t n, double mean, double damp, double *l, double *used, struct err *e)
{
  for (int i = 0; i < TRIES; i++, damp = next_damp(damp)) {
    memcpy(l, a, n * n * sizeof *l);
    for (size_t j = 0; j < n; j++)
      l[j * n + j] += damp * mean;
    if (blas_potrf_f64(n, l, n) == 0 && safe_pivots(a, l, n, damp * mean)) {
      *used = damp > *used ? damp : *used;
      return STATUS_OK;
    }
  }
  return never_definite(e);
}

static double repaired(double diagonal) { return diagonal == 0 ? 1.0 : diagonal; }

enum status prune_upper_factor(const struct exec *x, const double *gram, size_t d, double damp, double *t, double *work,
                               double *used, struct err *e)
{
  double mean = 0;
  for (size_t j = 0; j < d; j++)
    mean += repaired(gram[j * d + j]) / (double)d;
  for (int i = 0; i < TRIES; i++, damp = next_damp(damp)) {
    for (size_t j = 0; j < d; j++) {
      memcpy(t + j * d + j, gram + j * d + j, (d - j) * sizeof *t);
      t[j * d + j] = repaired(gram[j * d + j]) + damp * mean;
    }
    enum status status = cholesky_upper_f64(x, d, t, d, work);
    if (status == STATUS_CANCELLED)
      return err_set(e, status, "cancelled");
    bool safe = status == STATUS_OK;
    for (size_t j = 0; j < d && safe; j++)
      safe = safe_pivot(t[j * d + j], d, repaired(gram[j * d + j]), damp * mean);
    if (safe) {
      *used = damp > *used ? damp : *used;
      return STATUS_OK;
    }
  }
  return never_definite(e);
}

void prune_back_solve(const double *l, size_t n, double *x)
{
  for (size_t i = 0; i < n; i++) {
    double s = x[i];
    for (size_t j = 0; j < i; j++)
      s -= l[i * n + j] * x[j];
    x[i] = s / l[i * n + i];
  }
  for (size_t i = n; i-- > 0;) {
    x[i] /= l[i * n + i];
    for (size_t j = 0; j < i; j++)
      x[j] -= l[i * n + j] * x[i];
  }
}
