/* T T' is the matrix, T is the inverse of the upper factor of the inverse, what is not positive definite is refused. */
#include "experiments/kernel/cholesky.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/rng.h"
#include "tests/tap.h"

#define SEED 20240912u

static double *room(size_t n)
{
  void *memory = NULL;
  if (mem_new(&memory, n, sizeof(double), "test numbers", NULL))
    tap_bail("no memory");
  return memory;
}

/* A Gram matrix of 2 n normal vectors, plus a little. */
static double *matrix(size_t n)
{
  struct rng r = rng_make(SEED, RNG_TEST, n);
  double *x = room(2 * n * n), *h = room(n * n);
  rng_fill_normal_f64(&r, x, 2 * n * n, 0, 1);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      for (size_t t = 0; t < 2 * n; t++)
        h[i * n + j] += x[i * 2 * n + t] * x[j * 2 * n + t];
      h[i * n + j] += i == j;
    }
  free(x);
  return h;
}

static enum status factor(size_t n, double *a, size_t ld)
{
  double *work = room(cholesky_work(n));
  enum status status = cholesky_upper_f64(NULL, n, a, ld, work);
  free(work);
  return status;
}

/* Largest |(T T' - H)_ij| over sqrt(H_ii H_jj), in units of 2^-53. */
static double residual(size_t n, const double *t, size_t ld, const double *h)
{
  double worst = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = i; j < n; j++) {
      long double sum = 0;
      for (size_t k = j; k < n; k++)
        sum += (long double)t[i * ld + k] * (long double)t[j * ld + k];
      worst = fmax(worst, fabs((double)(sum - (long double)h[i * n + j])) / sqrt(h[i * n + i] * h[j * n + j]));
    }
  return worst * 0x1p53;
}

static void test_product(void)
{
  static const size_t sizes[] = {0, 1, 2, 23, 24, 25, 95, 96, 97, 131, 250};
  double worst = 0;
  bool clean = true;
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    size_t n = sizes[s], ld = n + 5;
    double *h = matrix(n), *a = room(n * ld + 1);
    for (size_t i = 0; i < n; i++) {
      memcpy(a + i * ld, h + i * n, n * sizeof *a);
      for (size_t j = 0; j < i; j++)
        a[i * ld + j] = NAN; /* must not be read */
      for (size_t j = n; j < ld; j++)
        a[i * ld + j] = -7;
    }
    if (factor(n, a, ld))
      tap_bail("not factored");
    worst = fmax(worst, residual(n, a, ld, h) / (double)(n + 1));
    for (size_t i = 0; i < n; i++)
      for (size_t j = n; j < ld; j++)
        clean = clean && a[i * ld + j] == -7;
    free(h), free(a);
  }
  /* Higham 2002, theorem 10.3: |H - T T'|_ij <= (n + 1) u |T||T'|_ij, and |T||T'|_ij <= sqrt(H_ii H_jj) */
  tap_ok(worst < 1.01, "T T' is H to %.2g of (n + 1) u sqrt(H_ii H_jj), for sizes from 0 to 250", worst);
  tap_ok(clean, "nothing beside the matrix is written");
}

/* With J the reversal and L L' = J H J by LAPACK: T = J L J. */
static void test_lapack(void)
{
  enum { N = 150 };
  double *h = matrix(N), *l = room((size_t)N * N), *t = room((size_t)N * N), worst = 0;
  memcpy(t, h, sizeof *h * N * N);
  for (size_t i = 0; i < N; i++)
    for (size_t j = 0; j < N; j++)
      l[i * N + j] = h[(N - 1 - i) * N + N - 1 - j];
  if (factor(N, t, N) || blas_potrf_f64(N, l, N))
    tap_bail("not factored");
  for (size_t i = 0; i < N; i++)
    for (size_t j = i; j < N; j++)
      worst = fmax(worst, fabs(t[i * N + j] - l[(N - 1 - i) * N + N - 1 - j]) / t[i * N + i]);
  tap_near(worst, 0, 0, 1e-13, "it is LAPACK's Cholesky factor of the reversed matrix, reversed");
  free(h), free(l), free(t);
}

static void test_refusals(void)
{
  enum { N = 120 };
  static const size_t at[] = {0, 50, 119};
  for (size_t i = 0; i < 3; i++) {
    double *h = matrix(N);
    h[at[i] * N + at[i]] = -1;
    tap_ok(factor(N, h, N) == STATUS_BAD_DATA, "a negative diagonal element %zu is refused", at[i]);
    free(h);
  }
  double *h = matrix(N);
  h[3 * N + 80] = NAN;
  tap_ok(factor(N, h, N) == STATUS_BAD_DATA, "so is NaN");
  free(h);
  atomic_int stop = 1;
  struct exec x = {.cancel = &stop, .threads = 1};
  double *work = room(cholesky_work(N));
  h = matrix(N);
  tap_ok(cholesky_upper_f64(&x, N, h, N, work) == STATUS_CANCELLED, "a cancel is answered");
  free(h);
  free(work);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  test_product();
  test_lapack();
  test_refusals();
  return tap_done();
}
