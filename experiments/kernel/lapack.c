/* lapack.c: the LAPACK part of blas.h: Fortran's column-major routines on row-major matrices.
 *
 * A row-major matrix is the transpose of the column-major matrix in the same memory. For symmetric matrices that
 * swaps the triangles, for an SVD the two bases; only right-hand sides and eigenvectors are transposed for real. The
 * routines come with OpenBLAS: LAPACKE would bring a second LAPACK and two more libraries to load at every start. */
#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#include "experiments/kernel/blas.h"

enum { NO_MEMORY = -1010 }; /* as LAPACKE says it */

/* The lengths of character arguments follow the others, as gfortran passes them. */
void dgesv_(const int *n, const int *nrhs, double *a, const int *lda, int *pivot, double *b, const int *ldb, int *info);
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info, size_t);
void dpotri_(const char *uplo, const int *n, double *a, const int *lda, int *info, size_t);
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
             const int *lwork, int *iwork, const int *liwork, int *info, size_t, size_t);
void dgesdd_(const char *jobz, const int *m, const int *n, double *a, const int *lda, double *s, double *u, const int *ldu,
             double *vt, const int *ldvt, double *work, const int *lwork, int *iwork, int *info, size_t);
void dgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau, double *work, const int *lwork, int *info);
void dorgqr_(const int *m, const int *n, const int *k, double *a, const int *lda, const double *tau, double *work, const int *lwork,
             int *info);

static int as_int(size_t n)
{
  assert(n <= INT_MAX);
  return (int)n;
}

/* to (cols x rows) = from (rows x cols) transposed, both row major */
static void transpose(const double *from, size_t ld_from, size_t rows, size_t cols, double *to, size_t ld_to)
{
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < cols; j++)
      to[j * ld_to + i] = from[i * ld_from + j];
}

static void transpose_in_place(double *a, size_t ld, size_t n)
{
  for (size_t i = 0; i < n; i++)
    for (size_t j = i + 1; j < n; j++) {
      double t = a[i * ld + j];
      a[i * ld + j] = a[j * ld + i];
      a[j * ld + i] = t;
    }
}

int blas_getrf_solve_f64(size_t n, size_t nrhs, double *a, size_t lda, double *b, size_t ldb)
{
  if (n == 0 || nrhs == 0)
    return 0;
  int rows = as_int(n), cols = as_int(nrhs), ld = as_int(lda), info = NO_MEMORY;
  int *pivot = malloc(n * sizeof *pivot);
  double *columns = malloc(n * nrhs * sizeof *columns); /* as large as b, so no overflow */
  if (pivot && columns) {
    transpose_in_place(a, lda, n); /* so that rows are exchanged, not columns: the pivots that a textbook takes */
    transpose(b, ldb, n, nrhs, columns, n);
    dgesv_(&rows, &cols, a, &ld, pivot, columns, &rows, &info);
    transpose_in_place(a, lda, n);
    transpose(columns, n, nrhs, n, b, ldb);
  }
  free(columns);
  free(pivot);
  return info;
}

int blas_potrf_f64(size_t n, double *a, size_t lda)
{
  int size = as_int(n), ld = as_int(lda), info = 0;
  if (n)
    dpotrf_("U", &size, a, &ld, &info, 1); /* A = U'U in columns is A = L L' in rows, L = U' in place */
  return info;
}

int blas_potri_f64(size_t n, double *a, size_t lda)
{
  int size = as_int(n), ld = as_int(lda), info = 0;
  if (n)
    dpotri_("U", &size, a, &ld, &info, 1);
  return info;
}

int blas_syevd_f64(size_t n, double *a, size_t lda, double *w)
{
  if (n == 0)
    return 0;
  int size = as_int(n), ld = as_int(lda), info, n_iwork, ask = -1;
  double n_work;
  dsyevd_("V", "U", &size, a, &ld, w, &n_work, &ask, &n_iwork, &ask, &info, 1, 1);
  if (info)
    return info;
  int n_double = (int)n_work;
  double *work = malloc((size_t)n_double * sizeof *work);
  int *iwork = malloc((size_t)n_iwork * sizeof *iwork);
  info = NO_MEMORY;
  if (work && iwork)
    dsyevd_("V", "U", &size, a, &ld, w, work, &n_double, iwork, &n_iwork, &info, 1, 1);
  transpose_in_place(a, lda, n); /* eigenvectors from rows to columns */
  free(iwork);
  free(work);
  return info;
}

int blas_gesdd_f64(size_t m, size_t n, double *a, size_t lda, double *s, double *u, size_t ldu, double *vt, size_t ldvt)
{
  if (m == 0 || n == 0)
    return 0;
  /* In columns the memory is A' = V diag(s) U': its left basis in columns is Vt in rows, its right one U. */
  int rows = as_int(n), cols = as_int(m), ld = as_int(lda), ld_left = as_int(ldvt), ld_right = as_int(ldu), info, ask = -1;
  double n_work;
  int *iwork = malloc(8 * (m < n ? m : n) * sizeof *iwork);
  if (!iwork)
    return NO_MEMORY;
  dgesdd_("S", &rows, &cols, a, &ld, s, vt, &ld_left, u, &ld_right, &n_work, &ask, iwork, &info, 1);
  if (info == 0) {
    int n_double = (int)n_work;
    double *work = malloc((size_t)n_double * sizeof *work);
    if (work)
      dgesdd_("S", &rows, &cols, a, &ld, s, vt, &ld_left, u, &ld_right, work, &n_double, iwork, &info, 1);
    else
      info = NO_MEMORY;
    free(work);
  }
  free(iwork);
  return info;
}

/* a in columns, to Q; work of n_work doubles; sign[n]: scratch. */
static int columns_orth(int n, double *a, int ld, double *tau, double *sign, double *work, int n_work)
{
  int info;
  dgeqrf_(&n, &n, a, &ld, tau, work, &n_work, &info);
  for (int i = 0; i < n && info == 0; i++)
    sign[i] = a[(size_t)i * (size_t)ld + (size_t)i] < 0 ? -1 : 1;
  if (info == 0)
    dorgqr_(&n, &n, &n, a, &ld, tau, work, &n_work, &info);
  for (int j = 0; j < n && info == 0; j++)
    for (int i = 0; i < n; i++)
      a[(size_t)j * (size_t)ld + (size_t)i] *= sign[j];
  return info;
}

int blas_orth_f64(size_t n, double *a, size_t lda)
{
  if (n == 0)
    return 0;
  int size = as_int(n), ld = as_int(lda), n_work = as_int(32 * n), info = NO_MEMORY;
  double *work = malloc((size_t)n_work * sizeof *work), *tau = malloc(2 * n * sizeof *tau);
  if (work && tau) {
    transpose_in_place(a, lda, n);
    info = columns_orth(size, a, ld, tau, tau + n, work, n_work);
    transpose_in_place(a, lda, n);
  }
  free(tau);
  free(work);
  return info;
}
