/* net_layer.c: layers as linear maps of a block of examples, their transposes and weight gradients: what passes forward and
 * backward, and the derivatives of these passes, are made of. See net_layer.inc.h. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/models/net_block.h"

#define LANES 16

/* --- float32: the kernels of product.h and conv.h ------------------------------------------------------ */

static void dense_forward_f32(const struct net_block_f32 *b, const struct layer *y, const float *w, const float *bias, const float *x,
                              float *out)
{
  product_best()->forward(y->out, y->in, b->ldb, w, y->w_stride, bias, x, b->ldb, out, false);
}

static void dense_back_f32(const struct net_block_f32 *b, const struct layer *y, const float *w, const float *d, float *out)
{
  product_best()->backward(y->out, y->in, b->ldb, w, y->w_stride, d, b->ldb, out, NULL);
}

static void dense_gradient_f32(const struct net_block_f32 *b, const struct layer *y, const float *d, const float *x, float *g)
{
  const struct product *p = product_best();
  p->transpose(y->in, b->n, x, b->ldb, b->rows, y->w_stride);
  p->gradient(y->out, y->in, b->n, d, b->ldb, b->rows, y->w_stride, b->product, y->w_stride);
  for (size_t i = 0; i < y->out * y->w_stride; i++)
    g[i] += b->product[i];
}

static void conv_apply_f32(const struct net_block_f32 *b, const struct layer *y, const float *w, const float *bias, const float *x,
                             float *out)
{
  product_best()->conv->forward(&y->conv, w, y->w_stride, bias, x, b->ldb, out, false);
}

static void conv_back_f32(const struct net_block_f32 *b, const struct layer *y, const float *w, const float *d, float *out)
{
  product_best()->conv->backward(&y->conv, w, y->w_stride, d, b->ldb, out, NULL);
}

static void conv_weights_f32(const struct net_block_f32 *b, const struct layer *y, const float *d, const float *x, float *g)
{
  product_best()->conv->gradient(&y->conv, d, b->ldb, x, b->product, y->w_stride, NULL, b->patches);
  for (size_t i = 0; i < y->rows * y->w_stride; i++)
    g[i] += b->product[i];
}

/* Pooling of the values themselves, where there is a kernel for it. */
static bool pool_fast_f32(const struct net_block_f32 *b, const struct layer *y, const float *x, float *out)
{
  product_best()->conv->pool_forward(&y->pool, x, b->ldb, out);
  return true;
}

static size_t scratch_f32(const struct conv_shape *s) { return conv_scratch(s); }

#define REAL float
#define FN(name) name##_f32
#include "experiments/models/net_layer.inc.c" /* NOLINT(bugprone-suspicious-include): one body, two types */
#undef REAL
#undef FN

/* --- float64: BLAS ------------------------------------------------------------------------------------- */

static void dense_forward_f64(const struct net_block_f64 *b, const struct layer *y, const double *w, const double *bias, const double *x,
                              double *out)
{
  for (size_t j = 0; bias && j < y->out; j++)
    for (size_t i = 0; i < b->ldb; i++)
      out[j * b->ldb + i] = bias[j];
  blas_gemm_f64(false, false, y->out, b->ldb, y->in, 1, w, y->w_stride, x, b->ldb, bias ? 1 : 0, out, b->ldb);
}

static void dense_back_f64(const struct net_block_f64 *b, const struct layer *y, const double *w, const double *d, double *out)
{
  blas_gemm_f64(true, false, y->in, b->ldb, y->out, 1, w, y->w_stride, d, b->ldb, 0, out, b->ldb);
}

static void dense_gradient_f64(const struct net_block_f64 *b, const struct layer *y, const double *d, const double *x, double *g)
{
  blas_gemm_f64(false, true, y->out, y->in, b->n, 1, d, b->ldb, x, b->ldb, 1, g, y->w_stride);
}

static void conv_apply_f64(const struct net_block_f64 *b, const struct layer *y, const double *w, const double *bias, const double *x,
                             double *out)
{
  conv_forward_f64(&y->conv, w, y->w_stride, bias, x, b->ldb, out, b->patches);
}

static void conv_back_f64(const struct net_block_f64 *b, const struct layer *y, const double *w, const double *d, double *out)
{
  conv_backward_f64(&y->conv, w, y->w_stride, d, b->ldb, out, b->patches);
}

static void conv_weights_f64(const struct net_block_f64 *b, const struct layer *y, const double *d, const double *x, double *g)
{
  conv_gradient_f64(&y->conv, d, b->ldb, x, g, y->w_stride, b->patches);
}

/* BLAS counts the columns of a plane of outputs, and of a row of patches, in int. */
static size_t scratch_f64(const struct conv_shape *s)
{
  size_t plane = s->out_height * s->out_width, taps = s->channels * s->kernel * s->kernel;
  return plane > INT_MAX / NET_BLOCK || taps > INT_MAX ? SIZE_MAX : conv_patch_size(s, NET_BLOCK);
}

static bool pool_fast_f64(const struct net_block_f64 *b, const struct layer *y, const double *x, double *out)
{
  (void)b, (void)y, (void)x, (void)out;
  return false;
}

#define REAL double
#define FN(name) name##_f64
#include "experiments/models/net_layer.inc.c" /* NOLINT(bugprone-suspicious-include): one body, two types */
