/* vec.h: reductions, softmax and selection on plain arrays.
 *
 * Sums of float32 are accumulated in float64; every sum has one fixed order that depends on n alone: blocks
 * of 128, in each element i added to partial sum i mod 8, these combined in a fixed tree, the blocks by a
 * fixed pairwise tree. So neither alignment, instruction set nor thread count changes a bit, and the error of
 * a sum is below (19 + log2(n/128)) 2^-53 sum |x_i|. */
#ifndef ASSAY_KERNEL_VEC_H
#define ASSAY_KERNEL_VEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

double vec_sum_f32(const float *x, size_t n);
double vec_sum_f64(const double *x, size_t n);
double vec_dot_f32(const float *x, const float *y, size_t n);
double vec_dot_f64(const double *x, const double *y, size_t n);
double vec_norm1_f32(const float *x, size_t n); /* sum of absolute values */
double vec_norm1_f64(const double *x, size_t n);
double vec_norm2_f32(const float *x, size_t n); /* Euclidean norm; no overflow for finite input */
double vec_norm2_f64(const double *x, size_t n);
double vec_max_f64(const double *x, size_t n);  /* n >= 1; NaN if any is NaN */
bool vec_finite_f32(const float *x, size_t n);
bool vec_finite_f64(const double *x, size_t n);

/* Neumaier's compensated sum, for series of very different sizes. */
struct compensated { double sum, correction; };
void compensated_add(struct compensated *c, double x);
double compensated_value(const struct compensated *c);

/* ln sum exp(x_i); -inf for n = 0 or all -inf; inf if any is inf; NaN if any is NaN. */
double logsumexp_f64(const double *x, size_t n);
/* p = softmax(x), stable; p may be x. Entries of -inf get 0; all -inf, an inf or a NaN make all of p NaN. */
void softmax_f64(const double *x, double *p, size_t n);

/* Top-k by value: writes the indices of the k largest entries of x, ascending in index. Ties are
 * broken by the lowest index (0 and -0 tie); the caller refuses NaN. k <= n < 2^32. Radix selection: O(n)
 * always, no memory. */
void select_top_f32(const float *x, size_t n, size_t k, uint32_t *index);
void select_top_f64(const double *x, size_t n, size_t k, uint32_t *index);
/* keep[i] = 1 for the k largest. */
void select_mask_f32(const float *x, size_t n, size_t k, uint8_t *keep);

#endif
