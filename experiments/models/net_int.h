/* net_int.h: what the files of this folder share: laying out layers, and initial weights. */
#ifndef ASSAY_MODELS_NET_INT_H
#define ASSAY_MODELS_NET_INT_H

#include "experiments/models/model.h"

/* Rules for initial weights. Explicit numbers: choices of parameters, so they reach stored configs. */
enum init_rule {
  INIT_HE = 0,     /* weights N(0, 2/in) before relu and gelu, N(0, 1/in) elsewhere; biases 0 */
  INIT_GLOROT = 1, /* weights U(-a, a), a = sqrt(6 / (in + out)); biases 0 */
  INIT_TORCH = 2,  /* weights and biases U(-1/sqrt(in), 1/sqrt(in)), the default of PyTorch's Linear */
  INIT_ZERO = 3,   /* for convex problems only: a hidden layer would never leave it */
};
extern const char *const init_rule_names[];        /* all four, NULL */
extern const char *const init_rule_hidden_names[]; /* without zero, NULL */

/* Append a dense layer and its place in the flat vector. Errors: too many layers, sizes that overflow. */
NODISCARD enum status net_add_dense(struct net *net, size_t in, size_t out, enum activation act, bool bias, struct err *e);

/* Append a convolution over an image of channels x height x width (stride 1; same: padded so that the image keeps its
 * size, kernel odd), or a pooling with windows side by side. Errors: a kernel or window larger than the image. */
struct image { size_t channels, height, width; };
NODISCARD enum status net_add_conv(struct net *net, struct image *image, size_t filters, size_t kernel, bool same,
                                   enum activation act, bool bias, struct err *e);
NODISCARD enum status net_add_pool(struct net *net, struct image *image, size_t size, bool average, struct err *e);

/* Fill w (n_params zeros) by the rule; layer l draws from stream l of RNG_INIT: its weights in row-major
 * logical order, then its biases. */
void net_init(const struct net *net, enum init_rule rule, uint64_t seed, float *w);

/* The linear models (linear, logistic, softmax) are one dense layer; they differ in the outputs they accept. */
struct linear_conf {
  bool bias;
  int init; /* enum init_rule */
};
extern const struct param linear_params[];
NODISCARD enum status linear_build(const void *conf, const struct io_shape *io, struct net *out, struct err *e);
NODISCARD enum status linear_init(const void *conf, const struct net *net, uint64_t seed, float *w, struct err *e);

#endif
