/* model.h: models as chains of layers over one flat parameter vector, and losses.
 *
 * Layouts. Activations inside the engine are feature major: act[feature][batch], the batch padded to a
 * multiple of 16. Inputs come row major from the data set. A dense layer's weights are W[out][in], row
 * major, each row padded to a multiple of 16 (padding stays exactly zero); then its biases, padded
 * likewise. "Logical" parameters leave the padding out, in the order of PyTorch's state_dict: W1, b1, W2, b2, …
 *
 * Bits. Each element of a product is one chain of float32 fused multiply-adds in index order, starting
 * from 0 (weight gradients, input gradients) or the bias (forward). So a result does not depend on tile
 * shape, instruction set, plan or thread count. Losses and statistics are float64. */
#ifndef ASSAY_MODEL_H
#define ASSAY_MODEL_H

#include <stdint.h>

#include "experiments/data/data.h"
#include "experiments/kernel/conv.h"
#include "experiments/kernel/product.h"
#include "experiments/kernel/rng.h"
#include "experiments/method.h"

enum activation { ACT_NONE = 0, ACT_RELU = 1, ACT_TANH = 2, ACT_GELU = 3 };

enum layer_kind { LAYER_DENSE = 1, LAYER_CONV = 2, LAYER_POOL = 3 /* attention follows */ };

struct layer {
  enum layer_kind kind;
  enum activation act;
  size_t in, out;      /* logical units per example; images are [channels][height][width] */
  size_t rows, cols;   /* the weight matrix: out x in (dense), filters x channels kernel^2 (conv), 0 (pool) */
  size_t w_stride;     /* round_up(cols, 16) */
  size_t w_at, b_at;   /* offsets into the flat vector; the biases hold round_up(rows, 16) floats */
  bool bias;
  struct conv_shape conv;
  struct pool_shape pool;
};

#define NET_MAX_LAYERS 64

struct net {
  size_t n_layers;
  struct layer layer[NET_MAX_LAYERS];
  size_t in, out;
  size_t n_params;     /* length of the flat vector, padding included; a multiple of 16 */
  size_t n_logical;    /* parameters in the usual sense */
};

/* The sizes that a model must fit. */
struct io_shape { size_t in, out; };

struct model {
  struct method m;
  /* Lay out the layers. */
  enum status (*build)(const void *conf, const struct io_shape *io, struct net *out, struct err *e);
  /* w: net->n_params floats, zeroed. Streams: rng_make(seed, RNG_INIT, layer). */
  enum status (*init)(const void *conf, const struct net *net, uint64_t seed, float *w, struct err *e);
};

/* One mini-batch for the reference and float64 routes: n rows. */
struct batch {
  size_t n, d, stride;
  const float *x;        /* row i at x + i * stride; or, when index is given, at x + index[i] * stride */
  const uint32_t *index; /* NULL: rows 0..n-1 */
  const int32_t *label;  /* indexed like the rows */
  const float *target;   /* indexed like the rows, target_stride floats apart */
  size_t target_stride;
};
struct batch batch_of(const struct examples *ex, size_t outputs, const uint32_t *index, size_t n);

enum target_kind { TARGET_CLASS = 1, TARGET_REAL = 2 };

/* The outputs of one mini-batch in float32, feature major, and what a loss makes of them. */
struct loss_batch {
  size_t k, n, ldb;      /* outputs, examples, floats between the rows of z and d (a multiple of 16) */
  const float *z;        /* [k][ldb] */
  const int32_t *label;  /* [n] */
  const float *target;   /* [n][target_stride] */
  size_t target_stride;
  float scale;           /* factor of the derivatives: 1/n, rounded to float32 */
  float *d;              /* out [k][ldb]: scale * d loss / d z; lanes n..ldb are 0. May be z */
  double *loss;          /* out [n] */
  double *error;         /* out [n], as `error` below; NULL: not wanted */
  double *scratch;       /* 2 k numbers */
};

/* A loss of one example: value and derivative with respect to the outputs z[0..k), in float64. Ties
 * between classes go to the lower class; NaN is always wrong. */
struct loss {
  struct method m;
  enum target_kind target;
  size_t (*outputs)(size_t classes);  /* outputs needed for so many classes: 1 for logistic and hinge on two classes */
  double (*value)(const void *conf, const double *z, size_t k, int32_t label, const float *target);
  /* g = d value / d z; returns the value. */
  double (*gradient)(const void *conf, const double *z, size_t k, int32_t label, const float *target, double *g);
  /* hu = H u, H the Hessian of value with respect to the outputs (0 across a kink). May not overlap u. */
  void (*hessian_vector)(const void *conf, const double *z, size_t k, int32_t label, const float *target, const double *u,
                         double *hu);
  /* 1 if the prediction is wrong (classes), or the squared error (regression). */
  double (*error)(const void *conf, const double *z, size_t k, int32_t label, const float *target);
  /* The same three for a whole float32 mini-batch; NULL: the engine goes example by example in float64. */
  void (*fast)(const void *conf, const struct product *p, const struct loss_batch *b);
};

/* Losses, derivatives and errors of a mini-batch: `fast` where there is one. The float32 derivative of
 * either route is what trains. */
void loss_batch_run(const struct object *loss, const struct product *p, const struct loss_batch *b);
/* The order in which a mean loss is summed, everywhere. */
double loss_mean(const double *loss, size_t n);

/* Reference route (plain C, kept for ever as the test of the tuned one), in float32 with the fixed
 * order above, and in float64 for derivative checks. loss_out: mean loss; grad: n_params or NULL;
 * per_example: n losses or NULL; outputs: n x out or NULL. A mean loss that is not finite is
 * STATUS_DIVERGED (the results stand all the same). */
NODISCARD enum status net_loss_f32(const struct net *net, const struct object *loss, const float *w,
                                   const struct batch *b, double *loss_out, float *grad, double *per_example,
                                   float *outputs, struct err *e);
NODISCARD enum status net_loss_f64(const struct net *net, const struct object *loss, const double *w,
                                   const struct batch *b, double *loss_out, double *grad, double *per_example,
                                   double *outputs, struct err *e);

/* Between logical order (user, files) and the padded flat vector. */
void net_pack_f32(const struct net *net, const float *logical, float *padded);
void net_unpack_f32(const struct net *net, const float *padded, float *logical);
void net_pack_f64(const struct net *net, const double *logical, double *padded);
void net_unpack_f64(const struct net *net, const double *padded, double *logical);

/* Lay out and check a model against a data set and loss: sizes, target kinds. */
NODISCARD enum status model_build(struct net *net, const struct object *model, const struct object *loss,
                                  const struct dataset *data, struct err *e);

#endif
