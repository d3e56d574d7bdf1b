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

enum { CHUNK = 16 * GRAM_BLOCK }; /* examples between two polls of the cancel flag */

/* The largest magnitude of a row, as its bits: a reduction over whole numbers, which every vector unit has. NaN and infinity
 * are above 0x7f800000 (0x7ff0...0). */
static uint32_t largest_f32(const float *x, size_t n)
{
  int32_t most = 0;
  for (size_t t = 0; t < n; t++) {
    int32_t bits;
    memcpy(&bits, x + t, sizeof bits);
    bits &= INT32_MAX;
    most = bits > most ? bits : most;
  }
  return (uint32_t)most;
}

/* Finite? fits: float32 products of rows neither overflow nor lose what counts to underflow: each row's largest number is 0
 * or between 2^-40 and 2^50. */
static enum status check_inputs(const struct mat *inputs, bool *fits, struct err *e)
{
  bool finite = inputs->type == DTYPE_F32 || mat_all_finite(inputs);
  *fits = inputs->type == DTYPE_F32;
  for (size_t j = 0; *fits && finite && j < inputs->rows; j++) {
    uint32_t bits = largest_f32(mat_row_f32(inputs, j), inputs->cols), exponent = bits >> 23;
    finite = exponent < 255;
    *fits = bits == 0 || (exponent >= 127 - 40 && exponent < 127 + 50);
  }
  if (!finite || (!*fits && !mat_all_finite(inputs)))
    return err_set(e, STATUS_BAD_DATA, "the inputs X hold NaN or infinity");
  return STATUS_OK;
}

/* block (d x n) = columns [at, at + n) of X, from float32 */
static void widen(const struct mat *inputs, size_t at, size_t n, double *block)
{
  for (size_t j = 0; j < inputs->rows; j++)
    for (size_t t = 0; t < n; t++)
      block[j * n + t] = (double)mat_row_f32(inputs, j)[at + t];
}

static void add_chunk(const struct mat *inputs, bool fits, size_t at, size_t n, double *gram, double *work)
{
  size_t d = inputs->rows;
  if (fits)
    gram_add_f32(d, n, mat_row_f32(inputs, 0) + at, inputs->stride, gram, d, work);
  else if (inputs->type == DTYPE_F64)
    gram_add_f64(d, n, mat_row_f64(inputs, 0) + at, inputs->stride, gram, d, work);
  else {
    double *block = work + gram_work(d);
    widen(inputs, at, n, block);
    gram_add_f64(d, n, block, n, gram, d, work);
  }
}

static enum status fill_gram(const struct exec *x, const struct mat *inputs, bool fits, double *gram, struct err *e)
{
  size_t d = inputs->rows, wide = inputs->type == DTYPE_F32 && !fits ? d : 0;
  void *work;
  enum status status = mem_new(&work, gram_work(d) + wide * CHUNK, sizeof(double), "a chunk of inputs", e);
  if (status)
    return status;
  memset(gram, 0, d * d * sizeof *gram);
  for (size_t at = 0; d && at < inputs->cols && status == STATUS_OK; at += CHUNK) {
    size_t n = inputs->cols - at < CHUNK ? inputs->cols - at : CHUNK;
    add_chunk(inputs, fits, at, n, gram, work);
    if (exec_cancelled(x))
      status = err_set(e, STATUS_CANCELLED, "cancelled");
  }
  free(work);
  gram_mirror(d, gram, d);
  return status;
}

enum status prune_calibrate(const struct exec *x, const struct mat *inputs, double *norm2, double *gram, struct err *e)
{
  size_t d = inputs->rows;
  bool fits;
  enum status status = check_inputs(inputs, &fits, e);
  if (status == STATUS_OK && gram)
    status = fill_gram(x, inputs, fits, gram, e);
  for (size_t j = 0; j < d && status == STATUS_OK; j++) {
    if (gram)
      norm2[j] = gram[j * d + j];
    else if (inputs->type == DTYPE_F32)
      norm2[j] = vec_dot_f32(mat_row_f32(inputs, j), mat_row_f32(inputs, j), inputs->cols);
    else
      norm2[j] = vec_dot_f64(mat_row_f64(inputs, j), mat_row_f64(inputs, j), inputs->cols);
    if (!isfinite(norm2[j]))
      status = err_set(e, STATUS_BAD_DATA, "input %zu is too large: the sum of its squares overflows", j + 1);
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
