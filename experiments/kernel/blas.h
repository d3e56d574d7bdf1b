/* blas.h: the one boundary to BLAS and LAPACK. No other file includes cblas.h or names a routine of LAPACK.
 *
 * OpenBLAS builds older than the CPU can pick a slow core type, and some have computed wrong products.
 * blas_check() multiplies small and awkward shapes and compares with a plain C product; the program
 * calls it once at start-up (quick form) and refuses a wrong library, naming the cure. */
#ifndef ASSAY_KERNEL_BLAS_H
#define ASSAY_KERNEL_BLAS_H

#include <stdbool.h>
#include <stddef.h>

#include "experiments/kernel/err.h"

/* C (m x n) = alpha op(A) op(B) + beta C, row major, ld = elements between rows. Extents and ld up to
 * INT_MAX. With beta = 0, C need not be initialised. */
void blas_gemm_f32(bool ta, bool tb, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
                   const float *b, size_t ldb, float beta, float *c, size_t ldc);
void blas_gemm_f64(bool ta, bool tb, size_t m, size_t n, size_t k, double alpha, const double *a, size_t lda,
                   const double *b, size_t ldb, double beta, double *c, size_t ldc);

/* LAPACK, row major, float64, in place. Return LAPACK's info: 0 = done, <= -1010 no memory, > 0 as stated.
 *   getrf_solve: A (n x n) becomes its LU factors, B (n x nrhs) the solution; > 0: that pivot is 0
 *   potrf:       lower triangle of A becomes L with A = L L'; > 0: that leading minor is not positive
 *   potri:       lower triangle L of A, from potrf, becomes that of the inverse of L L'
 *   syevd:       lower triangle of A; A becomes the eigenvectors (columns), w[n] the eigenvalues, ascending
 *   gesdd:       A (m x n, destroyed) = U diag(s) Vt with r = min(m, n): U m x r, s[r] descending, Vt r x n
 *   orth:        A (n x n) becomes Q of A = Q R with diag(R) >= 0: its columns made orthonormal, in order
 */
int blas_getrf_solve_f64(size_t n, size_t nrhs, double *a, size_t lda, double *b, size_t ldb);
int blas_potrf_f64(size_t n, double *a, size_t lda);
int blas_potri_f64(size_t n, double *a, size_t lda);
int blas_syevd_f64(size_t n, double *a, size_t lda, double *w);
int blas_gesdd_f64(size_t m, size_t n, double *a, size_t lda, double *s, double *u, size_t ldu, double *vt, size_t ldvt);
int blas_orth_f64(size_t n, double *a, size_t lda);

struct blas_info {
  char name[128];   /* library and version as it calls itself */
  char core[64];    /* core type it runs, e.g. "SkylakeX" */
  char parallel[32];/* "sequential", "pthread", "openmp" */
  char path[256];   /* the shared object that was loaded */
  int threads;
};
struct blas_info blas_info(void);
void blas_set_threads(int n);
/* End the library's waiting threads: it starts them when it is loaded, and they spin for about 0.1 s, at the cost
 * of the threads with work to do. It starts them again by itself when a product wants them. */
void blas_rest(void);

/* Compare products with a plain C loop: quick (well under 1 ms, for start-up) or thorough (`doctor`).
 * STATUS_BAD_DATA with the shape, the error and the cure when a product is wrong. */
NODISCARD enum status blas_check(bool thorough, struct err *e);
/* The part of it that looks at the kind of build: OpenBLAS built without threads (Debian's libopenblas0-serial)
 * multiplies wrong when two threads use it at once, so it is refused. */
NODISCARD enum status blas_check_build(const struct blas_info *info, struct err *e);
/* The comparison itself on a product function of your choice (tests plant a wrong one). */
typedef void blas_gemm_fn(bool, bool, size_t, size_t, size_t, float, const float *, size_t, const float *, size_t, float, float *, size_t);
NODISCARD enum status blas_check_with(blas_gemm_fn *gemm, bool thorough, struct err *e);

/* Speed of a 512 x 512 x 512 float32 product on one thread, GFLOP/s (takes about
 * 50 ms). Sets the library to one thread meanwhile; 0 when memory is short. */
double blas_speed(void);

#endif
