/* mat.c: storage, views, copies, elementwise functions and reductions of matrices. Linear algebra is in
 * mat_linalg.c.
 *
 * Elementwise work is done in float64 on pieces of a row (CHUNK elements), so that each function is written once for
 * both types. Rounding a float64 result of + - * / to float32 gives the same bits as the float32 operation: float64
 * has more than twice as many digits plus two (Figueroa 1995, "When is double rounding innocuous?"). */
#include "experiments/kernel/mat.h"

#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"

#define CHUNK 256

struct mat_buffer {
  atomic_size_t references;
  size_t bytes;
  void *data; /* owned */
};

enum status mat_new(struct mat *m, enum dtype type, size_t rows, size_t cols, struct err *e)
{
  assert(type == DTYPE_F32 || type == DTYPE_F64);
  *m = (struct mat){.type = type};
  size_t count;
  if (!size_mul(rows, cols, &count))
    return err_set(e, STATUS_NO_MEMORY, "a %zu x %zu matrix has more elements than this machine can address", rows, cols);
  void *data;
  enum status status = mem_new(&data, count, dtype_size(type), "matrix", e);
  if (status)
    return status;
  struct mat_buffer *buffer = malloc(sizeof *buffer);
  if (!buffer) {
    free(data);
    return err_set(e, STATUS_NO_MEMORY, "matrix: no memory for its header");
  }
  atomic_init(&buffer->references, 1);
  buffer->bytes = count * dtype_size(type);
  buffer->data = data;
  *m = (struct mat){.type = type, .rows = rows, .cols = cols, .stride = cols, .data = data, .buffer = buffer};
  return STATUS_OK;
}

void mat_free(struct mat *m)
{
  if (m->buffer && atomic_fetch_sub(&m->buffer->references, 1) == 1) {
    free(m->buffer->data);
    free(m->buffer);
  }
  *m = (struct mat){.type = m->type};
}

struct mat mat_retain(const struct mat *m)
{
  if (m->buffer)
    atomic_fetch_add(&m->buffer->references, 1);
  return *m;
}

struct mat mat_wrap(enum dtype type, void *data, size_t rows, size_t cols, size_t stride)
{
  assert(stride >= cols);
  return (struct mat){.type = type, .rows = rows, .cols = cols, .stride = stride, .data = data};
}

enum status mat_view(struct mat *out, const struct mat *m, size_t r0, size_t r1, size_t c0, size_t c1, struct err *e)
{
  if (r0 > r1 || r1 > m->rows || c0 > c1 || c1 > m->cols)
    return err_set(e, STATUS_BAD_ARG, "rows [%zu, %zu) and columns [%zu, %zu) are not inside a %zu x %zu matrix", r0, r1, c0,
                   c1, m->rows, m->cols);
  struct mat view = mat_retain(m);
  if (view.data)
    view.data = (char *)view.data + (r0 * m->stride + c0) * dtype_size(m->type);
  view.rows = r1 - r0;
  view.cols = c1 - c0;
  *out = view;
  return STATUS_OK;
}

size_t mat_bytes(const struct mat *m) { return m->buffer ? m->buffer->bytes : 0; }

double mat_get(const struct mat *m, size_t i, size_t j)
{
  assert(i < m->rows && j < m->cols);
  return m->type == DTYPE_F32 ? (double)mat_row_f32(m, i)[j] : mat_row_f64(m, i)[j];
}

void mat_set(struct mat *m, size_t i, size_t j, double v)
{
  assert(i < m->rows && j < m->cols);
  if (m->type == DTYPE_F32)
    mat_row_f32(m, i)[j] = (float)v;
  else
    mat_row_f64(m, i)[j] = v;
}

/* x[0..n) = row i from column j on. A matrix with one row or column is repeated: broadcasting. */
static void load(const struct mat *m, size_t i, size_t j, double *x, size_t n)
{
  size_t row = m->rows == 1 ? 0 : i;
  if (m->cols == 1) {
    double v = mat_get(m, row, 0);
    for (size_t l = 0; l < n; l++)
      x[l] = v;
  } else if (m->type == DTYPE_F32) {
    const float *from = mat_row_f32(m, row) + j;
    for (size_t l = 0; l < n; l++)
      x[l] = (double)from[l];
  } else {
    memcpy(x, mat_row_f64(m, row) + j, n * sizeof *x);
  }
}

static void save(struct mat *m, size_t i, size_t j, const double *x, size_t n)
{
  if (m->type == DTYPE_F32) {
    float *to = mat_row_f32(m, i) + j;
    for (size_t l = 0; l < n; l++)
      to[l] = (float)x[l];
  } else {
    memcpy(mat_row_f64(m, i) + j, x, n * sizeof *x);
  }
}

static size_t piece(size_t left) { return left < CHUNK ? left : CHUNK; }

enum status mat_copy(struct mat *out, const struct mat *m, enum dtype type, struct err *e)
{
  struct mat copy;
  double x[CHUNK];
  enum status status = mat_new(&copy, type, m->rows, m->cols, e);
  if (status)
    return status;
  for (size_t i = 0; i < m->rows; i++)
    for (size_t j = 0; j < m->cols; j += CHUNK) {
      size_t n = piece(m->cols - j);
      load(m, i, j, x, n);
      save(&copy, i, j, x, n);
    }
  *out = copy;
  return STATUS_OK;
}

/* Tiles of 16 x 16 keep both sides in cache. */
enum status mat_transpose(struct mat *out, const struct mat *m, struct err *e)
{
  struct mat t;
  enum status status = mat_new(&t, m->type, m->cols, m->rows, e);
  if (status)
    return status;
  for (size_t i0 = 0; i0 < m->rows; i0 += 16)
    for (size_t j0 = 0; j0 < m->cols; j0 += 16)
      for (size_t i = i0; i < m->rows && i < i0 + 16; i++)
        for (size_t j = j0; j < m->cols && j < j0 + 16; j++)
          if (m->type == DTYPE_F32)
            mat_row_f32(&t, j)[i] = mat_row_f32(m, i)[j];
          else
            mat_row_f64(&t, j)[i] = mat_row_f64(m, i)[j];
  *out = t;
  return STATUS_OK;
}

static double smaller(double x, double y) { return isnan(x) || x < y ? x : y; } /* NaN if either is */
static double larger(double x, double y) { return isnan(x) || x > y ? x : y; }

/* x = x op y */
static void apply_op(enum mat_op op, double *x, const double *y, size_t n)
{
  switch (op) {
  case MAT_ADD: for (size_t l = 0; l < n; l++) x[l] += y[l]; break;
  case MAT_SUB: for (size_t l = 0; l < n; l++) x[l] -= y[l]; break;
  case MAT_MUL: for (size_t l = 0; l < n; l++) x[l] *= y[l]; break;
  case MAT_DIV: for (size_t l = 0; l < n; l++) x[l] /= y[l]; break;
  case MAT_POW: for (size_t l = 0; l < n; l++) x[l] = pow(x[l], y[l]); break;
  case MAT_MIN: for (size_t l = 0; l < n; l++) x[l] = smaller(x[l], y[l]); break;
  case MAT_MAX: for (size_t l = 0; l < n; l++) x[l] = larger(x[l], y[l]); break;
  }
}

/* The common extent of two that are equal or of which one is 1; false if they do not fit. */
static bool broadcast(size_t a, size_t b, size_t *out)
{
  *out = a == 1 ? b : a;
  return a == b || a == 1 || b == 1;
}

enum status mat_binary(struct mat *out, enum mat_op op, const struct mat *a, const struct mat *b, struct err *e)
{
  struct mat c;
  size_t rows, cols;
  double x[CHUNK], y[CHUNK];
  if (!broadcast(a->rows, b->rows, &rows) || !broadcast(a->cols, b->cols, &cols))
    return err_set(e, STATUS_BAD_ARG, "shapes %zu x %zu and %zu x %zu do not fit: each extent must be equal, or 1 in one of them",
                   a->rows, a->cols, b->rows, b->cols);
  enum dtype type = a->type == DTYPE_F64 || b->type == DTYPE_F64 ? DTYPE_F64 : DTYPE_F32;
  enum status status = mat_new(&c, type, rows, cols, e);
  if (status)
    return status;
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < cols; j += CHUNK) {
      size_t n = piece(cols - j);
      load(a, i, j, x, n);
      load(b, i, j, y, n);
      apply_op(op, x, y, n);
      save(&c, i, j, x, n);
    }
  *out = c;
  return STATUS_OK;
}

static double sign(double x) { return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x; } /* keeps signed zeros and NaN */

static void apply_fn(enum mat_fn fn, double *x, size_t n)
{
  switch (fn) {
  case MAT_EXP: for (size_t l = 0; l < n; l++) x[l] = exp(x[l]); break;
  case MAT_LOG: for (size_t l = 0; l < n; l++) x[l] = log(x[l]); break;
  case MAT_SQRT: for (size_t l = 0; l < n; l++) x[l] = sqrt(x[l]); break;
  case MAT_ABS: for (size_t l = 0; l < n; l++) x[l] = fabs(x[l]); break;
  case MAT_TANH: for (size_t l = 0; l < n; l++) x[l] = tanh(x[l]); break;
  case MAT_NEG: for (size_t l = 0; l < n; l++) x[l] = -x[l]; break;
  case MAT_SIGN: for (size_t l = 0; l < n; l++) x[l] = sign(x[l]); break;
  case MAT_LOG1P: for (size_t l = 0; l < n; l++) x[l] = log1p(x[l]); break;
  case MAT_EXPM1: for (size_t l = 0; l < n; l++) x[l] = expm1(x[l]); break;
  }
}

enum status mat_map(struct mat *out, enum mat_fn fn, const struct mat *a, struct err *e)
{
  struct mat c;
  double x[CHUNK];
  enum status status = mat_new(&c, a->type, a->rows, a->cols, e);
  if (status)
    return status;
  for (size_t i = 0; i < a->rows; i++)
    for (size_t j = 0; j < a->cols; j += CHUNK) {
      size_t n = piece(a->cols - j);
      load(a, i, j, x, n);
      apply_fn(fn, x, n);
      save(&c, i, j, x, n);
    }
  *out = c;
  return STATUS_OK;
}

bool mat_all_finite(const struct mat *m)
{
  for (size_t i = 0; i < m->rows; i++)
    if (m->type == DTYPE_F32 ? !vec_finite_f32(mat_row_f32(m, i), m->cols) : !vec_finite_f64(mat_row_f64(m, i), m->cols))
      return false;
  return true;
}
