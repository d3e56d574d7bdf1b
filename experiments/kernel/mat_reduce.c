/* mat_reduce.c: sums, means and extremes of rows, columns and whole matrices.
 *
 * One row is reduced by vec.c; rows are combined by halving. Columns are reduced as the rows of the transpose, a few
 * at a time. So a result depends on the numbers and the shape alone, not on strides. */
#include <assert.h>
#include <math.h>

#include "experiments/kernel/mat.h"
#include "experiments/kernel/vec.h"

/* What two partial results make; NaN if either is. */
static double combine(enum mat_reduction r, double x, double y)
{
  switch (r) {
  case MAT_AMIN: return isnan(x) || x < y ? x : y;
  case MAT_AMAX: return isnan(x) || x > y ? x : y;
  default: return x + y;
  }
}

static double extreme(enum mat_reduction r, const struct mat *m, size_t i)
{
  double best = mat_get(m, i, 0);
  for (size_t j = 1; j < m->cols; j++)
    best = combine(r, best, mat_get(m, i, j));
  return best;
}

static double reduce_row(enum mat_reduction r, const struct mat *m, size_t i)
{
  if (r == MAT_AMIN || r == MAT_AMAX)
    return extreme(r, m, i);
  if (m->type == DTYPE_F32) {
    const float *x = mat_row_f32(m, i);
    return r == MAT_SUMSQ ? vec_dot_f32(x, x, m->cols) : vec_sum_f32(x, m->cols);
  }
  const double *x = mat_row_f64(m, i);
  return r == MAT_SUMSQ ? vec_dot_f64(x, x, m->cols) : vec_sum_f64(x, m->cols);
}

/* Rows [r0, r1), not empty. */
static double reduce_rows(enum mat_reduction r, const struct mat *m, size_t r0, size_t r1)
{
  if (r1 - r0 == 1)
    return reduce_row(r, m, r0);
  size_t middle = r0 + (r1 - r0 + 1) / 2;
  return combine(r, reduce_rows(r, m, r0, middle), reduce_rows(r, m, middle, r1));
}

static enum status reduce_columns(struct mat *out, enum mat_reduction r, const struct mat *a, struct err *e)
{
  enum { AT_ONCE = 16 };
  for (size_t j = 0; j < a->cols; j += AT_ONCE) {
    struct mat some, turned;
    size_t end = j + AT_ONCE < a->cols ? j + AT_ONCE : a->cols;
    enum status status = mat_view(&some, a, 0, a->rows, j, end, e);
    if (status)
      return status;
    status = mat_transpose(&turned, &some, e);
    mat_free(&some);
    if (status)
      return status;
    for (size_t l = j; l < end; l++)
      mat_set(out, 0, l, reduce_row(r, &turned, l - j));
    mat_free(&turned);
  }
  return STATUS_OK;
}

enum status mat_reduce(struct mat *out, enum mat_reduction r, const struct mat *a, int axis, struct err *e)
{
  if (axis < -1 || axis > 1)
    return err_set(e, STATUS_BAD_ARG, "axis %d: 0 reduces over rows, 1 over columns, -1 over all", axis);
  size_t count = axis == 0 ? a->rows : axis == 1 ? a->cols : a->rows && a->cols ? a->rows * a->cols : 0;
  if (count == 0 && r != MAT_SUM && r != MAT_SUMSQ)
    return err_set(e, STATUS_BAD_ARG, "a mean or extreme over nothing (matrix %zu x %zu, axis %d)", a->rows, a->cols, axis);
  struct mat c;
  enum status status = mat_new(&c, DTYPE_F64, axis == 1 ? a->rows : 1, axis == 0 ? a->cols : 1, e);
  if (status)
    return status;
  if (axis == 0)
    status = reduce_columns(&c, r, a, e);
  else if (axis == 1)
    for (size_t i = 0; i < a->rows; i++)
      mat_set(&c, i, 0, reduce_row(r, a, i));
  else if (count > 0)
    mat_set(&c, 0, 0, reduce_rows(r, a, 0, a->rows));
  if (status) {
    mat_free(&c);
    return status;
  }
  for (size_t i = 0; r == MAT_MEAN && i < c.rows; i++)
    for (size_t j = 0; j < c.cols; j++)
      mat_set(&c, i, j, mat_get(&c, i, j) / (double)count);
  *out = c;
  return STATUS_OK;
}
