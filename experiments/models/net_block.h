/* net_block.h: what the files about derivatives share: activations and products in both types. */
#ifndef ASSAY_MODELS_NET_BLOCK_H
#define ASSAY_MODELS_NET_BLOCK_H

#include "experiments/models/derivatives.h"

/* Does the batch fit the net, and are all layers dense? */
NODISCARD enum status net_block_check(const struct net *net, const struct batch *b, struct err *e);

/* An activation, its first and its second derivative at x, where the activation is y. The second derivative of
 * relu is 0 everywhere. */
float net_act_f32(enum activation a, float x);
double net_act_f64(enum activation a, double x);
float net_slope_f32(enum activation a, float x, float y);
double net_slope_f64(enum activation a, double x, double y);
float net_bend_f32(enum activation a, float x, float y);
double net_bend_f64(enum activation a, double x, double y);

/* w is laid out as the weights of layer y. Forward: out[out][ldb] = w x + bias (NULL: none); x: [in][ldb]. */
void net_mul_forward_f32(const struct layer *y, size_t ldb, const float *w, const float *bias, const float *x, float *out);
void net_mul_forward_f64(const struct layer *y, size_t ldb, const double *w, const double *bias, const double *x, double *out);
/* out[in][ldb] = w' d; d: [out][ldb]. */
void net_mul_back_f32(const struct layer *y, size_t ldb, const float *w, const float *d, float *out);
void net_mul_back_f64(const struct layer *y, size_t ldb, const double *w, const double *d, double *out);
/* g += d x' over the block's n examples; g is laid out as the weights. */
void net_mul_gradient_f32(const struct net_block_f32 *b, const struct layer *y, const float *d, const float *x, float *g);
void net_mul_gradient_f64(const struct net_block_f64 *b, const struct layer *y, const double *d, const double *x, double *g);

#endif
