/* Matrices: storage and views, sizes, broadcasting, elementwise functions, reductions. */
#include "experiments/kernel/mat.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "experiments/kernel/rng.h"
#include "experiments/kernel/vec.h"
#include "tests/tap.h"

#define SEED 5ull

/* A request for impossible memory returns NULL under the address sanitizer too. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1"; }

static struct err e;

static struct mat make(enum dtype type, size_t rows, size_t cols)
{
  struct mat m;
  if (mat_new(&m, type, rows, cols, &e))
    tap_bail("%s", e.message);
  return m;
}

static struct mat numbers(enum dtype type, size_t rows, size_t cols, uint64_t stream)
{
  struct mat m = make(type, rows, cols);
  struct rng r = rng_make(SEED, RNG_TEST, stream);
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < cols; j++)
      mat_set(&m, i, j, rng_normal(&r));
  return m;
}

static void test_storage(void)
{
  struct mat m = make(DTYPE_F32, 3, 5);
  bool zero = true;
  for (size_t i = 0; i < 3; i++)
    for (size_t j = 0; j < 5; j++)
      zero = zero && mat_get(&m, i, j) == 0.0;
  tap_ok(zero && m.stride == 5, "a new matrix is packed and zero");
  tap_ok((uintptr_t)m.data % 64 == 0, "and aligned to 64 bytes");
  tap_is_int((long long)mat_bytes(&m), 60, "3 x 5 float32 are 60 bytes");
  mat_set(&m, 2, 4, 1.5);
  struct mat again = mat_retain(&m);
  mat_free(&m);
  tap_ok(m.rows == 0 && m.cols == 0 && !m.data, "a freed matrix is 0 x 0");
  mat_free(&m);
  tap_near(mat_get(&again, 2, 4), 1.5, 0, 0, "a second reference keeps the numbers");
  mat_free(&again);

  double x[6] = {1, 2, 3, 4, 5, 6};
  struct mat w = mat_wrap(DTYPE_F64, x, 2, 2, 3);
  tap_ok(mat_get(&w, 1, 0) == 4.0 && mat_bytes(&w) == 0, "wrapped memory is used in place and not counted");
  mat_set(&w, 1, 1, 9.0);
  mat_free(&w);
  tap_near(x[4], 9.0, 0, 0, "and survives");
}

static void test_sizes(void)
{
  struct mat m;
  tap_is_int(mat_new(&m, DTYPE_F64, SIZE_MAX / 2, 3, &e), STATUS_NO_MEMORY, "rows times columns that overflow are refused");
  tap_ok(m.rows == 0 && !m.data, "leaving an empty matrix");
  tap_is_int(mat_new(&m, DTYPE_F64, SIZE_MAX / 8, 1, &e), STATUS_NO_MEMORY, "and bytes that overflow the address space");
  tap_is_int(mat_new(&m, DTYPE_F32, (size_t)1 << 30, (size_t)1 << 20, &e), STATUS_NO_MEMORY, "and more than any machine has");
  tap_has(e.message, "MB", "the message holds the figure");
  m = make(DTYPE_F32, 0, 7);
  tap_ok(m.rows == 0 && m.cols == 7 && m.data, "0 x 7 is a matrix");
  mat_free(&m);
}

static void test_views(void)
{
  struct mat m = numbers(DTYPE_F64, 6, 7, 1), v, w;
  tap_is_int(mat_view(&v, &m, 1, 5, 2, 6, &e), STATUS_OK, "rows [1, 5) and columns [2, 6) of 6 x 7");
  tap_is_int(mat_view(&w, &v, 1, 3, 1, 2, &e), STATUS_OK, "and a view of the view");
  tap_ok(w.rows == 2 && w.cols == 1 && w.stride == 7, "have shape and stride");
  double kept = mat_get(&m, 2, 3);
  mat_set(&m, 3, 3, 42.0);
  mat_free(&m);
  mat_free(&v);
  tap_ok(mat_get(&w, 0, 0) == kept && mat_get(&w, 1, 0) == 42.0, "a view shares the numbers and keeps them alive");
  mat_free(&w);
  m = make(DTYPE_F32, 3, 3);
  tap_is_int(mat_view(&v, &m, 0, 4, 0, 3, &e), STATUS_BAD_ARG, "a view beyond the last row is refused");
  tap_has(e.message, "3 x 3", "naming the shape");
  tap_is_int(mat_view(&v, &m, 2, 1, 0, 3, &e), STATUS_BAD_ARG, "a view that ends before it starts is refused");
  tap_is_int(mat_view(&v, &m, 3, 3, 3, 3, &e), STATUS_OK, "an empty view at the end is allowed");
  mat_free(&v);
  mat_free(&m);
}

static void test_copies(void)
{
  struct mat m = numbers(DTYPE_F64, 40, 600, 2), v, c, t;
  int wrong = 0;
  if (mat_view(&v, &m, 3, 40, 5, 590, &e) || mat_copy(&c, &v, DTYPE_F32, &e) || mat_transpose(&t, &v, &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < v.rows; i++)
    for (size_t j = 0; j < v.cols; j++)
      wrong += (mat_get(&c, i, j) != (double)(float)mat_get(&v, i, j)) + (mat_get(&t, j, i) != mat_get(&v, i, j));
  tap_is_int(wrong, 0, "a copy converts and a transpose turns each number");
  tap_ok(c.stride == c.cols && t.stride == t.cols && t.rows == 585 && c.type == DTYPE_F32, "both are packed");
  mat_free(&c), mat_free(&t), mat_free(&v), mat_free(&m);
}

static double plain_op(enum mat_op op, double x, double y)
{
  switch (op) {
  case MAT_ADD: return x + y;
  case MAT_SUB: return x - y;
  case MAT_MUL: return x * y;
  case MAT_DIV: return x / y;
  case MAT_POW: return pow(x, y);
  case MAT_MIN: return fmin(x, y);
  case MAT_MAX: return fmax(x, y);
  }
  return NAN;
}

/* Elements of the result that differ from plain_op, rounded to the result's type. */
static int wrong_elements(enum mat_op op, const struct mat *a, const struct mat *b)
{
  struct mat c;
  int wrong = 0;
  if (mat_binary(&c, op, a, b, &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < c.rows; i++)
    for (size_t j = 0; j < c.cols; j++) {
      double x = mat_get(a, a->rows == 1 ? 0 : i, a->cols == 1 ? 0 : j), y = mat_get(b, b->rows == 1 ? 0 : i, b->cols == 1 ? 0 : j);
      double want = plain_op(op, x, y);
      want = c.type == DTYPE_F32 ? (double)(float)want : want;
      wrong += mat_get(&c, i, j) != want && !(isnan(want) && isnan(mat_get(&c, i, j)));
    }
  mat_free(&c);
  return wrong;
}

static void test_binary(void)
{
  struct mat full = numbers(DTYPE_F32, 5, 300, 3), row = numbers(DTYPE_F64, 1, 300, 4), column = numbers(DTYPE_F32, 5, 1, 5);
  struct mat one = numbers(DTYPE_F64, 1, 1, 6), other = numbers(DTYPE_F32, 5, 300, 7), c;
  const struct mat *operands[] = {&full, &row, &column, &one, &other};
  int wrong = 0;
  for (int op = MAT_ADD; op <= MAT_MAX; op++)
    for (int i = 0; i < 5; i++)
      for (int j = 0; j < 5; j++)
        wrong += wrong_elements((enum mat_op)op, operands[i], operands[j]);
  tap_is_int(wrong, 0, "all operations on all pairs of matrix, row, column and number agree with plain loops");
  if (mat_binary(&c, MAT_ADD, &row, &column, &e))
    tap_bail("%s", e.message);
  tap_ok(c.rows == 5 && c.cols == 300 && c.type == DTYPE_F64, "a row and a column make a table, float64 if either is");
  mat_free(&c);
  if (mat_binary(&c, MAT_MUL, &full, &other, &e))
    tap_bail("%s", e.message);
  bool same = c.type == DTYPE_F32;
  for (size_t j = 0; j < 300; j++)
    same = same && mat_row_f32(&c, 4)[j] == mat_row_f32(&full, 4)[j] * mat_row_f32(&other, 4)[j];
  tap_ok(same, "a float32 product has the bits of the float32 operation");
  mat_free(&c);
  struct mat wide = make(DTYPE_F32, 5, 299);
  tap_is_int(mat_binary(&c, MAT_ADD, &full, &wide, &e), STATUS_BAD_ARG, "5 x 300 and 5 x 299 do not fit");
  tap_ok(strstr(e.message, "5 x 300") && strstr(e.message, "5 x 299"), "the message names both shapes");
  struct mat none = make(DTYPE_F32, 0, 300);
  if (mat_binary(&c, MAT_ADD, &none, &row, &e))
    tap_bail("%s", e.message);
  tap_ok(c.rows == 0 && c.cols == 300, "0 rows and 1 row make 0 rows");
  mat_free(&c), mat_free(&none), mat_free(&wide);
  mat_set(&one, 0, 0, NAN);
  int kept = 0;
  for (int op = MAT_ADD; op <= MAT_MAX; op++)
    for (int side = 0; side < 2; side++) {
      if (mat_binary(&c, (enum mat_op)op, side ? &one : &full, side ? &full : &one, &e))
        tap_bail("%s", e.message);
      kept += isnan(mat_get(&c, 1, 2));
      mat_free(&c);
    }
  tap_is_int(kept, 14, "NaN on either side gives NaN in every operation");
  mat_free(&full), mat_free(&row), mat_free(&column), mat_free(&one), mat_free(&other);
}

static void test_map(void)
{
  static const struct { enum mat_fn fn; double x, y; } cases[] = {
      {MAT_EXP, 1.0, 2.718281828459045},  {MAT_LOG, 10.0, 2.302585092994046}, {MAT_SQRT, 2.0, 1.4142135623730951},
      {MAT_ABS, -3.5, 3.5},               {MAT_TANH, 0.5, 0.46211715726000973}, {MAT_NEG, 2.0, -2.0},
      {MAT_SIGN, -7.0, -1.0},             {MAT_SIGN, 0.0, 0.0},               {MAT_LOG1P, 1e-20, 1e-20},
      {MAT_EXPM1, 1e-20, 1e-20},          {MAT_LOG, -1.0, NAN},               {MAT_SQRT, -1.0, NAN},
      {MAT_LOG, 0.0, -INFINITY},          {MAT_SIGN, NAN, NAN},               {MAT_ABS, NAN, NAN},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct mat m = make(DTYPE_F64, 2, 300), c;
    mat_set(&m, 1, 299, cases[i].x);
    if (mat_map(&c, cases[i].fn, &m, &e))
      tap_bail("%s", e.message);
    tap_near(mat_get(&c, 1, 299), cases[i].y, 2 * DBL_EPSILON, 0, "function %d of %g is %g", (int)cases[i].fn, cases[i].x, cases[i].y);
    mat_free(&m), mat_free(&c);
  }
}

static double reduced(const struct mat *m, enum mat_reduction r, int axis, size_t at)
{
  struct mat c;
  if (mat_reduce(&c, r, m, axis, &e))
    tap_bail("%s", e.message);
  double v = axis == 0 ? mat_get(&c, 0, at) : mat_get(&c, at, 0);
  mat_free(&c);
  return v;
}

static void test_reductions(void)
{
  double x[6] = {1, -2, 3, 4, 5, -6};
  struct mat m = mat_wrap(DTYPE_F64, x, 2, 3, 3), c;
  tap_near(reduced(&m, MAT_SUM, 0, 1), 3.0, 0, 0, "a column's sum");
  tap_near(reduced(&m, MAT_SUM, 1, 1), 3.0, 0, 0, "a row's sum");
  tap_near(reduced(&m, MAT_SUM, -1, 0), 5.0, 0, 0, "the sum of all");
  tap_near(reduced(&m, MAT_MEAN, 0, 0), 2.5, 0, 0, "a column's mean");
  tap_near(reduced(&m, MAT_AMIN, 1, 0), -2.0, 0, 0, "a row's smallest");
  tap_near(reduced(&m, MAT_AMAX, 0, 2), 3.0, 0, 0, "a column's largest");
  tap_near(reduced(&m, MAT_SUMSQ, -1, 0), 91.0, 0, 0, "the sum of squares");
  tap_near(reduced(&m, MAT_MEAN, -1, 0), 5.0 / 6.0, DBL_EPSILON, 0, "the mean of all");
  x[4] = NAN;
  tap_near(reduced(&m, MAT_AMIN, 0, 1), NAN, 0, 0, "a NaN is not overlooked by a smallest");
  tap_near(reduced(&m, MAT_AMAX, -1, 0), NAN, 0, 0, "nor by a largest");
  tap_near(reduced(&m, MAT_SUM, 1, 1), NAN, 0, 0, "nor by a sum");
  tap_ok(!mat_all_finite(&m), "nor by mat_all_finite");
  tap_is_int(mat_reduce(&c, MAT_SUM, &m, 2, &e), STATUS_BAD_ARG, "there is no axis 2");
  m = make(DTYPE_F32, 0, 4);
  tap_near(reduced(&m, MAT_SUM, 0, 3), 0.0, 0, 0, "a sum over no rows is 0");
  tap_near(reduced(&m, MAT_SUM, -1, 0), 0.0, 0, 0, "a sum of nothing is 0");
  tap_is_int(mat_reduce(&c, MAT_MEAN, &m, 0, &e), STATUS_BAD_ARG, "a mean over no rows is refused");
  tap_is_int(mat_reduce(&c, MAT_AMAX, &m, -1, &e), STATUS_BAD_ARG, "and so is a largest of nothing");
  mat_free(&m);
}

/* A view and its packed copy hold the same numbers, so every reduction gives the same bits; columns equal rows of the
 * transpose. Float32 sums are accumulated in float64: they agree with long double far below float32's precision. */
static void test_reduction_bits(void)
{
  struct mat m = numbers(DTYPE_F32, 700, 53, 8), v, c, t;
  if (mat_view(&v, &m, 7, 690, 11, 50, &e) || mat_copy(&c, &v, DTYPE_F32, &e) || mat_transpose(&t, &v, &e))
    tap_bail("%s", e.message);
  int differ = 0;
  for (int r = MAT_SUM; r <= MAT_SUMSQ; r++) {
    differ += reduced(&v, (enum mat_reduction)r, -1, 0) != reduced(&c, (enum mat_reduction)r, -1, 0);
    for (size_t j = 0; j < v.cols; j += 19) {
      differ += reduced(&v, (enum mat_reduction)r, 0, j) != reduced(&c, (enum mat_reduction)r, 0, j);
      differ += reduced(&v, (enum mat_reduction)r, 0, j) != reduced(&t, (enum mat_reduction)r, 1, j);
    }
  }
  tap_is_int(differ, 0, "strides and orientation change no bit of a reduction");
  long double sum = 0, magnitude = 0;
  for (size_t i = 0; i < v.rows; i++)
    for (size_t j = 0; j < v.cols; j++) {
      sum += mat_get(&v, i, j);
      magnitude += fabsl((long double)mat_get(&v, i, j));
    }
  tap_near(reduced(&v, MAT_SUM, -1, 0), (double)sum, 0, 40 * 0x1p-53 * (double)magnitude, "a sum of float32 is accurate in float64");
  mat_free(&m), mat_free(&v), mat_free(&c), mat_free(&t);
}

int main(void)
{
  tap_diag("seed %llu", SEED);
  test_storage();
  test_sizes();
  test_views();
  test_copies();
  test_binary();
  test_map();
  test_reductions();
  test_reduction_bits();
  return tap_done();
}
