/* product.h: the matrix products of training, for feature-major activations.
 *
 *   B examples (ldb >= B floats between feature rows, a multiple of 16), in features K, out features M.
 *   W[M][K]      row major, ldw floats between rows (multiple of 16, zero padded)
 *   X[K][B]      feature major activations (ldb)         Xr[B][K]  the same, row major (ldx, multiple of 16)
 *   D[M][B]      derivative with respect to the outputs (ldb)
 *
 * Contract of the bits: every element of a result is one chain of float32 fused multiply-adds in
 * ascending index order of the summed dimension, starting from the stated value. It does not depend on
 * the instruction set, on tile shapes or on how many other things are computed beside it; the plain C
 * functions in product_generic.c are the reference, and all sets agree with them to the bit.
 *
 * Buffers are 64-byte aligned and padded: a kernel may read and write whole vectors of 16 floats up to ldb,
 * ldw. Padding of results is defined where stated. */
#ifndef ASSAY_KERNEL_PRODUCT_H
#define ASSAY_KERNEL_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

#include "experiments/kernel/cpu.h"

/* Update rules of the momentum family, fused into the weight gradient (see optimizer.h):
 *   g' = g + l2 w;  v = first ? g' : mu v + (1 - damp) g';  s = nesterov ? g' + mu v : v;
 *   w = (1 - lr decay) w - lr s
 * Each "a + b c" above is one fma, in the order of product_update_ref(). With mu = 0, s = g' and v is
 * neither read nor written. */
struct product_update {
  float lr, mu, one_minus_damp, l2, shrink; /* shrink = 1 - lr * decay */
  bool first, nesterov;
};

/* The rule on one element, inlined by every implementation that is not vectorised. */
void product_update_ref(const struct product_update *u, float *w, float *v, float g);

struct product {
  const char *name;
  const struct conv *conv; /* convolution and pooling of the same instruction set (conv.h) */
  /* Y[M][B] = bias[j] + sum_i W[j][i] X[i][b]; bias NULL: start from 0. Lanes B..ldb of Y are written
   * (finite if the lanes of X are). relu: Y = max(Y, 0) with max(NaN, 0) = NaN kept. */
  void (*forward)(size_t M, size_t K, size_t B, const float *W, size_t ldw, const float *bias, const float *X, size_t ldb,
                  float *Y, bool relu);
  /* E[K][B] = sum_j W[j][i] D[j][b]. gate (may be NULL, [K][B]): elements whose gate is not > 0 become 0. */
  void (*backward)(size_t M, size_t K, size_t B, const float *W, size_t ldw, const float *D, size_t ldb, float *E,
                   const float *gate);
  /* G[M][K] = scale-free sum_b D[j][b] Xr[b][i] (b < B ascending), ldg = ldw layout; padding columns get 0. */
  void (*gradient)(size_t M, size_t K, size_t B, const float *D, size_t ldb, const float *Xr, size_t ldx, float *G, size_t ldg);
  /* The same gradient, applied at once to W and V (same layout). Returns false if any gradient element
   * is not finite (elements already updated stay so: the run has diverged). */
  bool (*gradient_update)(size_t M, size_t K, size_t B, const float *D, size_t ldb, const float *Xr, size_t ldx, float *W,
                          float *V, size_t ldw, const struct product_update *u);
  /* The rule on n (multiple of 16) elements with gradient g. Same return value. */
  bool (*update)(const struct product_update *u, float *w, float *v, const float *g, size_t n);
  /* sum over b < B of D[j][b], ascending, for each j (bias gradient); out padded to a multiple of 16 with 0. */
  void (*row_sums)(size_t M, size_t B, const float *D, size_t ldb, float *out);
  /* out[c][r] = in[r][c] for rows x cols; padding of out's rows up to ldo is set to 0. */
  void (*transpose)(size_t rows, size_t cols, const float *in, size_t ldi, float *out, size_t ldo);
  /* Softmax cross-entropy on feature-major logits Z[k][B] (ldb): D = (softmax - onehot) * scale, in
   * float32, lanes B..ldb of D = 0; loss[b] = ln(sum) + (max - z_label) in float64, where sum adds
   * product_expf(z_j - max) and the difference is taken in float32, j ascending. D may be Z. */
  void (*softmax_xent)(size_t k, size_t B, const float *Z, size_t ldb, const int *label, float scale, float *D, double *loss);
  void (*tanh_forward)(float *x, size_t n);                                 /* x = tanh(x) */
  void (*tanh_backward)(const float *y, const float *e, float *out, size_t n); /* out = e (1 - y^2) */
  void (*gelu_forward)(const float *x, float *y, size_t n);                 /* exact form: x Phi(x), by our own erf */
  void (*gelu_backward)(const float *x, const float *e, float *out, size_t n);
};

/* The implementation for an instruction set (never NULL; falls back to what the machine has). */
const struct product *product_for(enum isa isa);
const struct product *product_best(void);

/* Scalar transcendental functions with the same bits as the vectorised ones above. */
float product_expf(float x);
float product_tanhf(float x);
float product_erff(float x);
float product_geluf(float x);
float product_gelu_slopef(float x); /* derivative */
double product_log(double x);       /* x > 0 and normal */

#endif
