/* conv.h: convolution and pooling for feature-major activations, stride 1, square kernels.
 *
 *   X[channels][height][width][B]      B examples, ldb >= B floats per position (multiple of 16)
 *   Y[filters][out_height][out_width][B]
 *   W[filters][channels * kernel * kernel], rows ldw floats apart, tap (c, dy, dx) at (c k + dy) k + dx
 *   out_height = height + 2 pad - kernel + 1; taps outside the image are left out
 *
 * The bits (see product.h): forward is one chain of float32 fused multiply-adds over (c, dy, dx) ascending,
 * from the bias; the input derivative one over (filter, dy, dx), from 0. A weight's gradient is 16 chains, one for
 * the examples of each lane b mod 16, over (b, y, x) ascending; the lanes are added as a tree: l and l + 8, then
 * + 4, + 2, + 1. Biases likewise. Lanes beyond B must hold finite inputs and zero derivatives. */
#ifndef ASSAY_KERNEL_CONV_H
#define ASSAY_KERNEL_CONV_H

#include <stdbool.h>
#include <stddef.h>

#define CONV_LANES 16

struct conv_shape {
  size_t channels, height, width;
  size_t filters, out_height, out_width;
  size_t kernel, pad;
};

/* Windows of size x size, side by side; what is left at the right and bottom edge is dropped. */
struct pool_shape {
  size_t channels, height, width, out_height, out_width, size;
  bool average; /* else the maximum; of equal values the first in (y, x) order takes the derivative */
};

struct conv {
  void (*forward)(const struct conv_shape *s, const float *W, size_t ldw, const float *bias, const float *X, size_t ldb,
                  float *Y, bool relu);
  /* E = derivative with respect to X; gate as in product.backward. */
  void (*backward)(const struct conv_shape *s, const float *W, size_t ldw, const float *D, size_t ldb, float *E,
                   const float *gate);
  /* G[filters][ldg] (padding 0) and bias_grad (padded to 16 with 0; may be NULL). lanes: scratch of
   * conv_scratch() floats. */
  void (*gradient)(const struct conv_shape *s, const float *D, size_t ldb, const float *X, float *G, size_t ldg,
                   float *bias_grad, float *lanes);
  void (*pool_forward)(const struct pool_shape *s, const float *X, size_t ldb, float *Y);
  void (*pool_backward)(const struct pool_shape *s, const float *X, const float *D, size_t ldb, float *E, const float *gate);
};

extern const struct conv conv_generic, conv_avx2, conv_avx512; /* chosen through struct product */

/* The same in float64, to rounding: by patches and BLAS, for derivatives and statistics.
 *
 * The patches of output row oy: P[channels * kernel * kernel][out_width * ldb], the input that each tap meets at each
 * position and example, 0 outside the image. Y of that row is W P. Size of P in doubles (no overflow where X fits). */
size_t conv_patch_size(const struct conv_shape *s, size_t ldb);
void conv_patches_f64(const struct conv_shape *s, const double *X, size_t ldb, size_t oy, double *P);
/* As above; patches: scratch of that size. The gradient is added to G, and the padding of its rows left alone. */
void conv_forward_f64(const struct conv_shape *s, const double *W, size_t ldw, const double *bias, const double *X, size_t ldb,
                      double *Y, double *patches);
void conv_backward_f64(const struct conv_shape *s, const double *W, size_t ldw, const double *D, size_t ldb, double *E, double *patches);
void conv_gradient_f64(const struct conv_shape *s, const double *D, size_t ldb, const double *X, double *G, size_t ldg, double *patches);

/* Floats that gradient() needs as scratch. */
static inline size_t conv_scratch(const struct conv_shape *s)
{
  return CONV_LANES * s->filters * (s->channels * s->kernel * s->kernel + 1);
}

/* The fixed tree over 16 lanes. */
static inline float conv_tree(const float v[CONV_LANES])
{
  float t[8];
  for (int l = 0; l < 8; l++)
    t[l] = v[l] + v[l + 8];
  for (int n = 4; n; n /= 2)
    for (int l = 0; l < n; l++)
      t[l] += t[l + n];
  return t[0];
}

/* Output positions [*first, *end) whose tap d stays inside an image of `size`; none if *first >= *end. */
static inline void conv_range(size_t size, size_t out, size_t pad, size_t d, size_t *first, size_t *end)
{
  *first = d < pad ? pad - d : 0;
  size_t last = d < size + pad ? size + pad - d : 0; /* an image smaller than the padding: some taps never meet it */
  *end = last < out ? last : out;
}

#endif
