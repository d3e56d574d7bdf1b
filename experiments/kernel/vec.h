/* vec.h: reductions, softmax and selection on plain arrays.
 *
 * Sums of float32 are accumulated in float64; every sum has one fixed order (blocks of 128 added in
 * sequence, blocks combined by a fixed pairwise tree), whatever the instruction set or thread count. */
#ifndef ASSAY_KERNEL_VEC_H
#define ASSAY_KERNEL_VEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

double vec_sum_f32(const float *x, size_t n);
double vec_sum_f64(const double *x, size_t n);
double vec_dot_f32(const float *x, const float *y, size_t n);
double vec_dot_f64(const double *x, const double *y, size_t n);
double vec_norm2_f32(const float *x, size_t n); /* Euclidean norm; no overflow for finite input */
double vec_norm2_f64(const double *x, size_t n);
double vec_max_f64(const double *x, size_t n);  /* n >= 1; NaN if any is NaN */
bool vec_finite_f32(const float *x, size_t n);
bool vec_finite_f64(const double *x, size_t n);

/* Neumaier's compensated sum, for series of very different sizes. */
struct compensated { double sum, correction; };
void compensated_add(struct compensated *c, double x);
double compensated_value(const struct compensated *c);

/* ln sum exp(x_i); -inf for n = 0 or all -inf; NaN if any is NaN. */
double logsumexp_f64(const double *x, size_t n);
/* p = softmax(x), stable; p may be x. */
void softmax_f64(const double *x, double *p, size_t n);

/* Top-k by value: writes the indices of the k largest entries of x, ascending in index. Ties are
 * broken by the lowest index; NaN is refused by the caller. Expected O(n), no full sort. */
void select_top_f32(const float *x, size_t n, size_t k, uint32_t *index);
void select_top_f64(const double *x, size_t n, size_t k, uint32_t *index);
/* keep[i] = 1 for the k largest. */
void select_mask_f32(const float *x, size_t n, size_t k, uint8_t *keep);

#endif
