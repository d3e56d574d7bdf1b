/* derivatives.inc.h: included by derivatives.h for float and for double. */

/* Buffers of a pass over one block of examples: feature major, ldb numbers between features. */
struct FN(net_block) {
  const struct net *net;
  const REAL *w;
  size_t at, n, ldb;             /* examples at .. at + n of the batch */
  REAL *act[NET_MAX_LAYERS + 1]; /* act[0] the inputs, act[l + 1] the outputs of layer l */
  REAL *pre[NET_MAX_LAYERS];     /* what goes into the activation of layer l; act[l + 1] where that says enough */
  REAL *delta, *next;            /* derivatives with respect to a layer's outputs, and inputs */
  REAL *rows, *product;          /* for the products: inputs row major (or targets), a weight matrix; */
  REAL *patches;                 /* convolutions: lanes (float32) or patches (float64), see conv.h */
  double *losses;                /* [NET_BLOCK] */
  double *scratch;               /* of one example: 4 x outputs */
};

/* Bytes of its buffers, 0 on overflow, and cutting them out of `memory` (that many zeroed bytes, aligned). */
size_t FN(net_block_bytes)(const struct net *net);
void FN(net_block_cut)(struct FN(net_block) *b, const struct net *net, const REAL *w, void *memory);
/* Both at once; *memory is to be freed. Also checks that the batch fits the net. */
NODISCARD enum status FN(net_block_new)(struct FN(net_block) *b, const struct net *net, const REAL *w, const struct batch *batch,
                                        void **memory, struct err *e);
/* Take in the block of examples that starts at `at`, and compute all activations. */
void FN(net_block_forward)(struct FN(net_block) *b, const struct batch *batch, size_t at);
/* Losses of the block's examples, and errors where not NULL; delta = scale times the derivatives of the losses with respect
 * to the outputs. */
void FN(net_block_loss)(struct FN(net_block) *b, const struct object *loss, const struct batch *batch, REAL scale, double *errors);
/* From the outputs of layer l to what goes into its activation: delta is multiplied by the slope. */
void FN(net_block_slope)(struct FN(net_block) *b, size_t l);
/* From there to the outputs of layer l - 1 (l > 0). */
void FN(net_block_back)(struct FN(net_block) *b, size_t l);

/* out = H v or G v at w, of the mean loss over the batch. scratch: net_curvature_bytes() zeroed bytes, or NULL: allocated
 * here. Cost: the Hessian 8 products per layer where the gradient has 3. A second derivative where there is a
 * kink (relu, hinge) is taken as 0. Not finite: STATUS_DIVERGED. */
NODISCARD enum status FN(net_curvature)(const struct exec *x, const struct net *net, const struct object *loss, const REAL *w,
                                        const struct batch *batch, enum curvature c, const REAL *v, REAL *out, void *scratch,
                                        struct err *e);
size_t FN(net_curvature_bytes)(const struct net *net); /* 0 on overflow */

/* Forward only: mean loss; of each example the loss, the error (model.h: 1 where the class is wrong, or the squared error) and
 * the outputs (n x net->out, row major), each where not NULL. The float32 form gives the bits of net_loss_f32() and of the
 * engine. A mean loss that is not finite is STATUS_DIVERGED (the results stand all the same). */
NODISCARD enum status FN(net_evaluate)(const struct exec *x, const struct net *net, const struct object *loss, const REAL *w,
                                       const struct batch *batch, double *loss_out, double *per_example, double *errors, REAL *outputs,
                                       struct err *e);
/* Mean loss, and its gradient when grad is not NULL: what net_loss() gives, to rounding, at the speed of the products. */
NODISCARD enum status FN(net_gradient)(const struct exec *x, const struct net *net, const struct object *loss, const REAL *w,
                                       const struct batch *batch, double *loss_out, REAL *grad, struct err *e);
/* norm2[i] = squared Euclidean norm of the gradient of example i's own loss, and no gradient is made: dense layers add
 * |delta|^2 (|input|^2 + [bias]), at no cost beside the passes; convolutions one weight's derivative after another, squared,
 * at about the cost of their gradient. */
NODISCARD enum status FN(net_norms)(const struct exec *x, const struct net *net, const struct object *loss, const REAL *w,
                                    const struct batch *batch, double *norm2, struct err *e);
/* out: n x units, row major: the inputs of layer `layer` counted from 0 (of a convolution: images [channels][height][width]);
 * layer = n_layers: the outputs of the net, by the fastest way to have them for many examples. */
NODISCARD enum status FN(net_activations)(const struct exec *x, const struct net *net, const REAL *w, const struct batch *batch,
                                          size_t layer, REAL *out, struct err *e);
