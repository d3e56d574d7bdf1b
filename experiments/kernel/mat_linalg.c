/* mat_linalg.c: products and decompositions of matrices, through blas.h. Decompositions work on packed float64
 * copies, refuse NaN and infinity before LAPACK sees them, and turn its info codes into messages. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/mat.h"

#define LAPACK_OUT_OF_MEMORY (-1010) /* see blas.h */

/* BLAS counts in int. */
static enum status check_extent(const struct mat *m, struct err *e)
{
  if (m->rows > INT_MAX || m->cols > INT_MAX || m->stride > INT_MAX)
    return err_set(e, STATUS_UNSUPPORTED, "a %zu x %zu matrix is too large for BLAS, which counts up to %d", m->rows, m->cols,
                   INT_MAX);
  return STATUS_OK;
}

/* m as the given type: the same numbers where it already is, a converted copy otherwise. */
static enum status as_type(struct mat *out, const struct mat *m, enum dtype type, struct err *e)
{
  if (m->type != type)
    return mat_copy(out, m, type, e);
  *out = mat_retain(m);
  return STATUS_OK;
}

/* The block of the product that begins at (row, col). */
static void multiply_block(struct mat *c, const struct mat *a, bool ta, const struct mat *b, bool tb, size_t inner, size_t row, size_t rows,
                           size_t col, size_t cols)
{
  size_t of_a = row * (ta ? 1 : a->stride), of_b = col * (tb ? b->stride : 1), of_c = row * c->stride + col;
  if (c->type == DTYPE_F32)
    blas_gemm_f32(ta, tb, rows, cols, inner, 1.0f, (const float *)a->data + of_a, a->stride, (const float *)b->data + of_b, b->stride, 0.0f,
                  (float *)c->data + of_c, c->stride);
  else
    blas_gemm_f64(ta, tb, rows, cols, inner, 1.0, (const double *)a->data + of_a, a->stride, (const double *)b->data + of_b, b->stride, 0.0,
                  (double *)c->data + of_c, c->stride);
}

/* At 20 to 60 billion of them a second on one core a block takes 15 to 40 ms. Blocks are square: BLAS packs the rows and the
 * columns of each anew, which then costs next to nothing. */
#define MULTIPLICATIONS_AT_ONCE 8e8
enum { STEP = 48 }; /* a side is a multiple of it, and so of what BLAS computes at once */

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static enum status multiply(const struct exec *x, struct mat *c, const struct mat *a, bool ta, const struct mat *b, bool tb, size_t inner, struct err *e)
{
  bool whole = !x || (double)c->rows * (double)c->cols * (double)inner <= MULTIPLICATIONS_AT_ONCE;
  size_t side = whole ? 0 : STEP * (1 + (size_t)(sqrt(MULTIPLICATIONS_AT_ONCE / (double)inner) / STEP));
  size_t rows = whole ? c->rows : side, cols = whole ? c->cols : side;
  for (size_t row = 0; row < c->rows; row += rows)
    for (size_t col = 0; col < c->cols; col += cols) {
      if (exec_cancelled(x))
        return err_set(e, STATUS_CANCELLED, "the product of matrices was stopped");
      multiply_block(c, a, ta, b, tb, inner, row, smaller(rows, c->rows - row), col, smaller(cols, c->cols - col));
    }
  return STATUS_OK;
}

enum status mat_mul(struct mat *out, const struct mat *a, bool ta, const struct mat *b, bool tb, struct err *e)
{
  return mat_mul_exec(NULL, out, a, ta, b, tb, e);
}

enum status mat_mul_exec(const struct exec *x, struct mat *out, const struct mat *a, bool ta, const struct mat *b, bool tb, struct err *e)
{
  size_t rows = ta ? a->cols : a->rows, inner = ta ? a->rows : a->cols;
  size_t inner_b = tb ? b->cols : b->rows, cols = tb ? b->rows : b->cols;
  struct mat l = {0}, r = {0}, c = {0};
  if (inner != inner_b)
    return err_set(e, STATUS_BAD_ARG, "cannot multiply %zu x %zu%s by %zu x %zu%s: inner extents %zu and %zu differ", a->rows,
                   a->cols, ta ? " (transposed)" : "", b->rows, b->cols, tb ? " (transposed)" : "", inner, inner_b);
  enum dtype type = a->type == DTYPE_F64 || b->type == DTYPE_F64 ? DTYPE_F64 : DTYPE_F32;
  enum status status;
  if ((status = check_extent(a, e)) || (status = check_extent(b, e)))
    return status;
  if ((status = as_type(&l, a, type, e)) || (status = as_type(&r, b, type, e)) || (status = mat_new(&c, type, rows, cols, e)))
    goto done;
  if ((status = multiply(x, &c, &l, ta, &r, tb, inner, e)))
    goto done;
  *out = mat_retain(&c);
done:
  mat_free(&l);
  mat_free(&r);
  mat_free(&c);
  return status;
}

/* *out = a packed float64 copy of a, which must be finite and small enough for LAPACK. */
static enum status prepare(struct mat *out, const struct mat *a, const char *what, struct err *e)
{
  enum status status = check_extent(a, e);
  if (status)
    return status;
  if (!mat_all_finite(a))
    return err_set(e, STATUS_BAD_DATA, "%s: the matrix holds NaN or infinity", what);
  return mat_copy(out, a, DTYPE_F64, e);
}

static enum status prepare_square(struct mat *out, const struct mat *a, const char *what, struct err *e)
{
  if (a->rows != a->cols)
    return err_set(e, STATUS_BAD_ARG, "%s: the matrix must be square, not %zu x %zu", what, a->rows, a->cols);
  return prepare(out, a, what, e);
}

/* The status of a LAPACK info that is not the routine's own business. */
static enum status other_info(int info, const char *what, struct err *e)
{
  if (info == 0)
    return STATUS_OK;
  if (info <= LAPACK_OUT_OF_MEMORY)
    return err_set(e, STATUS_NO_MEMORY, "%s: no memory for LAPACK's work space", what);
  if (info > 0)
    return err_set(e, STATUS_BAD_DATA, "%s: LAPACK did not converge (info %d)", what, info);
  return err_set(e, STATUS_UNSUPPORTED, "%s: LAPACK refused its argument %d", what, -info);
}

enum status mat_solve(struct mat *x, const struct mat *a, const struct mat *b, struct err *e)
{
  struct mat lu = {0}, right = {0};
  enum status status;
  if (a->rows != b->rows)
    return err_set(e, STATUS_BAD_ARG, "solve: the matrix has %zu rows, the right side %zu", a->rows, b->rows);
  if ((status = prepare_square(&lu, a, "solve", e)) || (status = prepare(&right, b, "solve, right side", e)))
    goto done;
  int info = blas_getrf_solve_f64(lu.rows, right.cols, lu.data, lu.stride, right.data, right.stride);
  if (info > 0)
    status = err_set(e, STATUS_BAD_DATA, "solve: the matrix is singular (pivot %d of %zu is 0)", info, a->rows);
  else if ((status = other_info(info, "solve", e)) == STATUS_OK)
    *x = mat_retain(&right);
done:
  mat_free(&lu);
  mat_free(&right);
  return status;
}

enum status mat_cholesky(struct mat *l, const struct mat *a, struct err *e)
{
  struct mat c = {0};
  enum status status = prepare_square(&c, a, "cholesky", e);
  if (status)
    return status;
  int info = blas_potrf_f64(c.rows, c.data, c.stride);
  if (info > 0)
    status = err_set(e, STATUS_BAD_DATA, "cholesky: the matrix is not positive definite (leading minor %d of %zu)", info, a->rows);
  else
    status = other_info(info, "cholesky", e);
  for (size_t i = 0; status == STATUS_OK && i < c.rows; i++)
    for (size_t j = i + 1; j < c.cols; j++)
      mat_set(&c, i, j, 0.0);
  if (status == STATUS_OK)
    *l = mat_retain(&c);
  mat_free(&c);
  return status;
}

enum status mat_eigh(struct mat *values, struct mat *vectors, const struct mat *a, struct err *e)
{
  struct mat v = {0}, w = {0};
  enum status status;
  if ((status = prepare_square(&v, a, "eigh", e)) || (status = mat_new(&w, DTYPE_F64, a->rows, 1, e)))
    goto done;
  status = other_info(blas_syevd_f64(v.rows, v.data, v.stride, w.data), "eigh", e);
  if (status)
    goto done;
  *values = mat_retain(&w);
  *vectors = mat_retain(&v);
done:
  mat_free(&v);
  mat_free(&w);
  return status;
}

enum status mat_svd(struct mat *u, struct mat *s, struct mat *vt, const struct mat *a, struct err *e)
{
  size_t rank = a->rows < a->cols ? a->rows : a->cols;
  struct mat copy = {0}, left = {0}, values = {0}, right = {0};
  enum status status;
  if ((status = prepare(&copy, a, "svd", e)) || (status = mat_new(&left, DTYPE_F64, a->rows, rank, e)) ||
      (status = mat_new(&values, DTYPE_F64, rank, 1, e)) || (status = mat_new(&right, DTYPE_F64, rank, a->cols, e)))
    goto done;
  int info = blas_gesdd_f64(a->rows, a->cols, copy.data, copy.stride, values.data, left.data, left.stride, right.data, right.stride);
  if ((status = other_info(info, "svd", e)))
    goto done;
  *u = mat_retain(&left);
  *s = mat_retain(&values);
  *vt = mat_retain(&right);
done:
  mat_free(&copy);
  mat_free(&left);
  mat_free(&values);
  mat_free(&right);
  return status;
}
