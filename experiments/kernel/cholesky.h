/* cholesky.h: the factor H = T T' with T upper triangular, in float64, with the same bits on every instruction set.
 *
 * It is the Cholesky factor of the matrix with its rows and columns reversed, J H J = (J T J)(J T J)', and U = T^-1 is the upper
 * factor of the inverse, H^-1 = U'U. Pruning wants it this way round because columns are eliminated from left to right: the
 * inverse of the diagonal block of T over columns b.. is that of U over the same columns, so T serves where U is asked for. */
#ifndef ASSAY_KERNEL_CHOLESKY_H
#define ASSAY_KERNEL_CHOLESKY_H

#include <stddef.h>

#include "experiments/kernel/err.h"
#include "experiments/kernel/exec.h"

/* Doubles of scratch for matrices of size n, to be 64-byte aligned. */
size_t cholesky_work(size_t n);

/* The upper triangle of a (n x n, row major, lda), which alone is read, becomes T. STATUS_BAD_DATA: not positive definite in
 * float64 (a is then spoiled); STATUS_CANCELLED. What stands below the diagonal has no meaning afterwards. n^3/3 operations. */
NODISCARD enum status cholesky_upper_f64(const struct exec *x, size_t n, double *a, size_t lda, double *work);

#endif
