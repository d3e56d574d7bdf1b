/* Products against a long double loop, decompositions by their residuals.
 *
 * Residuals are in units of n eps norms, the backward error that LAPACK's algorithms promise up to a small constant
 * (LAPACK Users' Guide, chapter 4); 10 units leave room for that constant and fail on any real error. */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "experiments/kernel/mat.h"
#include "experiments/kernel/rng.h"
#include "tests/tap.h"

#define SEED 6ull
#define UNITS 10.0

static struct err e;

static struct mat numbers(enum dtype type, size_t rows, size_t cols, uint64_t stream)
{
  struct mat m;
  struct rng r = rng_make(SEED, RNG_TEST, stream);
  if (mat_new(&m, type, rows, cols, &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < cols; j++)
      mat_set(&m, i, j, rng_normal(&r));
  return m;
}

static struct mat product(const struct mat *a, bool ta, const struct mat *b, bool tb)
{
  struct mat c;
  if (mat_mul(&c, a, ta, b, tb, &e))
    tap_bail("%s", e.message);
  return c;
}

/* Largest |a - b|. */
static double distance(const struct mat *a, const struct mat *b)
{
  double worst = 0.0;
  for (size_t i = 0; i < a->rows; i++)
    for (size_t j = 0; j < a->cols; j++)
      worst = fmax(worst, fabs(mat_get(a, i, j) - mat_get(b, i, j)));
  return worst;
}

static double norm(const struct mat *a)
{
  double sum = 0.0;
  for (size_t i = 0; i < a->rows; i++)
    for (size_t j = 0; j < a->cols; j++)
      sum += mat_get(a, i, j) * mat_get(a, i, j);
  return sqrt(sum);
}

/* Largest |(A' A - 1)|: 0 for orthonormal columns. */
static double skewness(const struct mat *a, bool rows)
{
  struct mat g = product(a, !rows, a, rows);
  double worst = 0.0;
  for (size_t i = 0; i < g.rows; i++)
    for (size_t j = 0; j < g.cols; j++)
      worst = fmax(worst, fabs(mat_get(&g, i, j) - (i == j)));
  mat_free(&g);
  return worst;
}

/* Largest error of op(A) op(B) over its bound k eps sum |a||b| (any order of summation). */
static double product_error(const struct mat *a, bool ta, const struct mat *b, bool tb, double eps)
{
  struct mat c = product(a, ta, b, tb);
  size_t k = ta ? a->rows : a->cols;
  double worst = 0.0;
  for (size_t i = 0; i < c.rows; i++)
    for (size_t j = 0; j < c.cols; j++) {
      long double sum = 0, magnitude = 0;
      for (size_t l = 0; l < k; l++) {
        long double term = (long double)mat_get(a, ta ? l : i, ta ? i : l) * mat_get(b, tb ? j : l, tb ? l : j);
        sum += term, magnitude += fabsl(term);
      }
      worst = fmax(worst, (double)(fabsl(mat_get(&c, i, j) - sum) / ((long double)k * eps * magnitude)));
    }
  mat_free(&c);
  return worst;
}

static void test_products(void)
{
  struct mat big = numbers(DTYPE_F32, 40, 50, 1), a, b, c;
  if (mat_view(&a, &big, 2, 19, 3, 34, &e)) /* 17 x 31, strided */
    tap_bail("%s", e.message);
  b = numbers(DTYPE_F32, 31, 23, 2);
  struct mat at = numbers(DTYPE_F32, 31, 17, 3), bt = numbers(DTYPE_F64, 23, 31, 4);
  tap_ok(product_error(&a, false, &b, false, FLT_EPSILON) <= 1.0, "A B in float32, A a view");
  tap_ok(product_error(&at, true, &b, false, FLT_EPSILON) <= 1.0, "A' B in float32");
  tap_ok(product_error(&a, false, &bt, true, DBL_EPSILON) <= 1.0, "A B' in float64 as soon as one is");
  tap_ok(product_error(&at, true, &bt, true, DBL_EPSILON) <= 1.0, "A' B' in float64");
  tap_is_int(mat_mul(&c, &a, true, &b, false, &e), STATUS_BAD_ARG, "17 and 31 do not fit");
  tap_ok(strstr(e.message, "17 x 31 (transposed)") && strstr(e.message, "31 x 23"), "the message names both shapes");
  struct mat none = numbers(DTYPE_F32, 17, 0, 0), empty = numbers(DTYPE_F32, 0, 4, 0);
  c = product(&none, false, &empty, false);
  tap_ok(c.rows == 17 && c.cols == 4 && norm(&c) == 0.0, "17 x 0 by 0 x 4 is zero");
  mat_free(&c), mat_free(&none), mat_free(&empty), mat_free(&big), mat_free(&a), mat_free(&b), mat_free(&at), mat_free(&bt);
  char byte;
  struct mat large = mat_wrap(DTYPE_F32, &byte, (size_t)1 << 31, 0, 0);
  tap_is_int(mat_mul(&c, &large, true, &large, false, &e), STATUS_UNSUPPORTED, "2^31 rows are too many for BLAS");
}

/* 8.5e8 multiplications are six blocks. Each element is a sum of K products of at most 6 x 6 (normal numbers), so
 * two orders of summing them differ by at most 2 K eps times K 36. */
static void test_blocks(void)
{
  enum { M = 1300, K = 700, N = 930 };
  atomic_int cancel = 0;
  const struct exec x = {&cancel, 1};
  struct mat a = numbers(DTYPE_F64, M, K, 7), at = numbers(DTYPE_F64, K, M, 8), b = numbers(DTYPE_F64, K, N, 9), c, d;
  const double most = 2.0 * K * DBL_EPSILON * K * 36;
  for (int turned = 0; turned < 2; turned++) {
    c = product(turned ? &at : &a, turned, &b, false);
    if (mat_mul_exec(&x, &d, turned ? &at : &a, turned, &b, false, &e))
      tap_bail("%s", e.message);
    tap_near(distance(&c, &d), 0, 0, most, "a product in blocks%s", turned ? ", transposed" : "");
    mat_free(&c), mat_free(&d);
  }
  cancel = 1;
  tap_is_int(mat_mul_exec(&x, &d, &a, false, &b, false, &e), STATUS_CANCELLED, "it can be stopped");
  mat_free(&a), mat_free(&at), mat_free(&b);
}

static void test_solve(void)
{
  size_t n = 40;
  struct mat a = numbers(DTYPE_F64, n, n, 5), b = numbers(DTYPE_F32, n, 3, 6), x, r, one;
  if (mat_solve(&x, &a, &b, &e))
    tap_bail("%s", e.message);
  r = product(&a, false, &x, false);
  double unit = (double)n * DBL_EPSILON * norm(&a) * norm(&x);
  tap_ok(x.type == DTYPE_F64 && distance(&r, &b) <= UNITS * unit, "A X = B (residual %.2g units)", distance(&r, &b) / unit);
  mat_free(&r), mat_free(&x);
  for (size_t j = 0; j < n; j++)
    mat_set(&a, 7, j, 0.0);
  tap_is_int(mat_solve(&x, &a, &b, &e), STATUS_BAD_DATA, "a singular matrix is refused");
  tap_has(e.message, "singular", "and called so");
  mat_set(&a, 7, 0, NAN);
  tap_is_int(mat_solve(&x, &a, &b, &e), STATUS_BAD_DATA, "a NaN is refused");
  tap_has(e.message, "NaN", "and called so");
  one = numbers(DTYPE_F64, n + 1, 2, 7);
  tap_is_int(mat_solve(&x, &a, &one, &e), STATUS_BAD_ARG, "a right side of other height is refused");
  tap_is_int(mat_solve(&x, &b, &b, &e), STATUS_BAD_ARG, "a matrix that is not square is refused");
  mat_free(&a), mat_free(&b), mat_free(&one);
}

static void test_cholesky(void)
{
  size_t n = 30;
  struct mat g = numbers(DTYPE_F64, n, 2 * n, 8), a = product(&g, false, &g, true), l, r;
  if (mat_cholesky(&l, &a, &e))
    tap_bail("%s", e.message);
  r = product(&l, false, &l, true);
  double unit = (double)n * DBL_EPSILON * norm(&a), above = 0.0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = i + 1; j < n; j++)
      above += fabs(mat_get(&l, i, j));
  tap_ok(distance(&r, &a) <= UNITS * unit, "L L' = A (residual %.2g units)", distance(&r, &a) / unit);
  tap_ok(above == 0.0, "L is lower triangular");
  mat_set(&a, 4, 4, -1.0);
  mat_free(&l), mat_free(&r);
  tap_is_int(mat_cholesky(&l, &a, &e), STATUS_BAD_DATA, "a matrix that is not positive definite is refused");
  tap_has(e.message, "minor 5 of 30", "naming the minor");
  mat_free(&g), mat_free(&a);
}

static void test_eigh(void)
{
  size_t n = 30;
  struct mat g = numbers(DTYPE_F64, n, n, 9), t, a, w, v, av;
  if (mat_transpose(&t, &g, &e) || mat_binary(&a, MAT_ADD, &g, &t, &e) || mat_eigh(&w, &v, &a, &e))
    tap_bail("%s", e.message);
  av = product(&a, false, &v, false);
  double worst = 0.0, unit = (double)n * DBL_EPSILON * norm(&a);
  bool ascending = w.rows == n && w.cols == 1;
  for (size_t j = 0; j < n; j++) {
    ascending = ascending && (j == 0 || mat_get(&w, j - 1, 0) <= mat_get(&w, j, 0));
    for (size_t i = 0; i < n; i++)
      worst = fmax(worst, fabs(mat_get(&av, i, j) - mat_get(&w, j, 0) * mat_get(&v, i, j)));
  }
  tap_ok(worst <= UNITS * unit, "A V = V diag(w) (residual %.2g units)", worst / unit);
  tap_ok(skewness(&v, false) <= UNITS * (double)n * DBL_EPSILON, "the eigenvectors are orthonormal");
  tap_ok(ascending, "the eigenvalues ascend");
  mat_free(&g), mat_free(&t), mat_free(&a), mat_free(&w), mat_free(&v), mat_free(&av);
  double two[4] = {2, 0, 1, 2}; /* only the lower triangle counts: {{2, 1}, {1, 2}} has eigenvalues 1 and 3 */
  a = mat_wrap(DTYPE_F64, two, 2, 2, 2);
  if (mat_eigh(&w, &v, &a, &e))
    tap_bail("%s", e.message);
  tap_near(mat_get(&w, 0, 0), 1.0, 4 * DBL_EPSILON, 0, "the eigenvalues of {{2, 1}, {1, 2}} are 1");
  tap_near(mat_get(&w, 1, 0), 3.0, 4 * DBL_EPSILON, 0, "and 3");
  mat_free(&w), mat_free(&v);
}

static void test_svd(size_t m, size_t n)
{
  struct mat a = numbers(DTYPE_F32, m, n, 10), u, s, vt;
  size_t rank = m < n ? m : n;
  if (mat_svd(&u, &s, &vt, &a, &e))
    tap_bail("%s", e.message);
  tap_ok(u.rows == m && u.cols == rank && s.rows == rank && vt.rows == rank && vt.cols == n, "the svd of %zu x %zu is thin", m, n);
  tap_ok(skewness(&u, false) <= UNITS * (double)(m + n) * DBL_EPSILON, "U has orthonormal columns");
  tap_ok(skewness(&vt, true) <= UNITS * (double)(m + n) * DBL_EPSILON, "Vt has orthonormal rows");
  bool descending = true;
  for (size_t j = 0; j < rank; j++) {
    descending = descending && mat_get(&s, j, 0) >= (j + 1 < rank ? mat_get(&s, j + 1, 0) : 0.0);
    for (size_t i = 0; i < m; i++)
      mat_set(&u, i, j, mat_get(&u, i, j) * mat_get(&s, j, 0));
  }
  tap_ok(descending, "the singular values descend and are not negative");
  struct mat r = product(&u, false, &vt, false);
  double unit = (double)(m + n) * DBL_EPSILON * norm(&a);
  tap_ok(distance(&r, &a) <= UNITS * unit, "U S Vt = A (residual %.2g units)", distance(&r, &a) / unit);
  mat_free(&a), mat_free(&u), mat_free(&s), mat_free(&vt), mat_free(&r);
}

static void test_empty(void)
{
  struct mat none = numbers(DTYPE_F64, 0, 0, 0), w, v, u;
  tap_is_int(mat_eigh(&w, &v, &none, &e), STATUS_OK, "a 0 x 0 matrix has no eigenvalues");
  mat_free(&w), mat_free(&v);
  tap_is_int(mat_svd(&u, &w, &v, &none, &e), STATUS_OK, "and no singular values");
  mat_free(&u), mat_free(&w), mat_free(&v);
  tap_is_int(mat_cholesky(&w, &none, &e), STATUS_OK, "and an empty factor");
  mat_free(&w);
  tap_is_int(mat_solve(&w, &none, &none, &e), STATUS_OK, "and an empty solution");
  mat_free(&w), mat_free(&none);
}

int main(void)
{
  tap_diag("seed %llu", SEED);
  test_products();
  test_blocks();
  test_solve();
  test_cholesky();
  test_eigh();
  test_svd(30, 20);
  test_svd(20, 30);
  test_svd(1, 5);
  test_empty();
  return tap_done();
}
