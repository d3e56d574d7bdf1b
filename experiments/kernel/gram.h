/* gram.h: sums of outer products, G = A A', by symmetry: only blocks of the lower triangle are computed.
 *
 * The results have the same bits on every instruction set, and do not depend on how the examples arrive, if each call but
 * the last brings a multiple of GRAM_BLOCK of them.
 *
 *   gram_add_f64: one chain of float64 fused multiply-adds per element.
 *   gram_add_f32: GRAM_BLOCK products at a time are summed in float32, the sums of the blocks in float64: twice as fast.
 *
 * Error of gram_add_f32 with u = 2^-24, b = GRAM_BLOCK: a chain of b fused multiply-adds from 0 is off by at most
 * b u / (1 - b u) times the sum of the magnitudes of its products (Higham 2002, section 3.1), so
 *   |G_ij - exact| <= 1.01 b u sum_t |a_it a_jt|
 * (7.7e-6 relative to sqrt(H_ii H_jj)) while there are fewer than 2^30 blocks; rounding errors of different blocks being
 * independent, what is seen is about u sqrt(b / (number of blocks)). The same error comes from rounding A to float32 once. */
#ifndef ASSAY_KERNEL_GRAM_H
#define ASSAY_KERNEL_GRAM_H

#include <stddef.h>

#define GRAM_BLOCK 128 /* examples whose products are summed in float32 */

/* Doubles of scratch for calls with d rows, to be 64-byte aligned. */
size_t gram_work(size_t d);

/* Lower triangle of G (d x d, ldg) += A A', A: d x n, row major (lda). G above the diagonal has no
 * meaning, before and after. */
void gram_add_f64(size_t d, size_t n, const double *a, size_t lda, double *g, size_t ldg, void *work);
void gram_add_f32(size_t d, size_t n, const float *a, size_t lda, double *g, size_t ldg, void *work);

/* The upper triangle becomes the mirror of the lower one. */
void gram_mirror(size_t d, double *g, size_t ldg);

#endif
