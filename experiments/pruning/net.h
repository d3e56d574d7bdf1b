/* net.h: pruning a whole trained net, and what that did to it.
 *
 * A dense layer is pruned as it stands; a convolution is a linear layer on patches: filters x (channels kernel^2) weights,
 * each patch of an example's image one more example. Pooling has no weights. Biases are never pruned: a mask holds 1 for
 * them, sparsities count weights only, bytes and parameters count both.
 *
 * Where the calibration inputs of a layer come from is a parameter of its own (pruning.md 7.3):
 *   PRUNE_DENSE                    X: inputs of the dense net, all layers at once
 *   PRUNE_SEQUENTIAL               X*: inputs from the already pruned layers before it; the target is W X*
 *   PRUNE_SEQUENTIAL_DENSE_TARGET  X* too, but the target stays W X of the dense net: first W <- W + a W D (H* + damp)^-1
 *                                  with D = (X - X*) X*', H* = X* X*' (Arai and Ichikawa 2025, QEP; with a = 1 and no
 *                                  damping least squares of W X on X*, the target of FISTAPruner), then the method on W, H*
 * With no layer before it changed X* = X to the bit, so that the first layer is the same in all three. */
#ifndef ASSAY_PRUNING_NET_H
#define ASSAY_PRUNING_NET_H

#include "experiments/probe/probe.h"
#include "experiments/pruning/pruning.h"

extern const char *const prune_inputs_names[]; /* "dense", "sequential", "sequential-dense-target", NULL */

/* The diagonal that stands for the Hessian of the mean loss. */
enum prune_curvature {
  PRUNE_GAUSS_NEWTON, /* of J' H J, exactly: one pass back per column of a factor of H, the Hessian of an example's loss */
  PRUNE_FISHER,       /* empirical Fisher: mean of the squared gradients of single examples */
};
extern const char *const prune_curvature_names[]; /* "gauss-newton", "fisher", NULL */

struct prune_plan {
  const struct object *method;    /* score or solver, with its restorer */
  const struct object *allocator; /* NULL: the method's own sparsity everywhere */
  enum prune_inputs inputs;
  enum prune_curvature curvature;
  size_t examples;                /* calibration examples, drawn from the subject's part by its seed; 0: all of it */
  size_t batch;                   /* examples per gradient, >= 1 */
  double correction, damp;        /* a and damping of the dense target, the latter as a fraction of mean(diag H*) */
  bool skip[NET_MAX_LAYERS];      /* layers of the net that stay dense */
};

struct prune_layer_report {
  size_t layer;         /* of the net, from 0 */
  size_t out, in;       /* of its weight matrix */
  size_t kept;
  size_t empty_rows;    /* units without any input left; out: the layer is empty and the net is cut */
  size_t positions;     /* where the weights are used per example: 1, or the pixels of a convolution's output */
  double damp;          /* see struct prune_note */
};

/* Sizes count all weights and biases as float32. */
struct prune_size {
  size_t weights, kept, biases;
  double dense_bytes, csr_bytes;   /* CSR: 4 + 4 per kept weight, 4 per row and layer for the row pointers */
  double pattern_bytes;            /* n:m: 4 per kept weight and its place in ceil(log2 m) bits; NaN elsewhere */
  double dense_flops, flops;       /* of one example's products, 2 per weight in use and position */
};

struct prune_net {
  size_t n_layers;                 /* with weights, skipped ones included */
  struct prune_layer_report layer[NET_MAX_LAYERS];
  struct prune_size size;
  size_t examples;                 /* used for calibration */
  float *weights;                  /* n_logical, owned */
  uint8_t *mask;                   /* n_logical, 1 = kept, owned */
  double calibrate_s, calibrate_cpu_s, wall_s, cpu_s; /* collecting facts (shared by the sparsities; from the cache they take no time); the method
                                      with its restoration and, where inputs are sequential, the collecting in between */
};

/* Prune the subject's net: once for each of the n sparsities, which stand in for those of the method and the allocator; n = 0:
 * once with these. What does not depend on the sparsity is collected once. The Gram matrices of dense inputs come from the
 * cache; NULL: they are measured, and so is the time for that. out: n (at least 1) results, empty after a failure. */
NODISCARD enum status prune_net_run(const struct exec *x, const struct probe_subject *s, const struct prune_plan *plan,
                                    const double *sparsity, size_t n, struct probe_cache *cache, struct prune_net *out,
                                    struct err *e);
void prune_net_free(struct prune_net *p);

/* What the other weights (padded like s->weights) do on the subject's part, compared with the subject's own. */
struct prune_quality {
  size_t n;                        /* examples of loss, error, kl and agreement: the whole part */
  double loss, error, dense_loss, dense_error;
  double kl;                       /* mean of KL(dense || pruned) over examples, nats; NaN for regression */
  double agreement;                /* part of the examples with the same first class; NaN for regression */
  size_t layer_examples;           /* examples of the layers' errors, drawn by the subject's seed */
  size_t n_layers;
  size_t layer[NET_MAX_LAYERS];    /* of the net, from 0 */
  double output_error[NET_MAX_LAYERS]; /* ||(W - V) X||^2 / ||W X||^2 on the dense net's inputs: the layer alone */
  double drift[NET_MAX_LAYERS];        /* ||W X - V X*||^2 / ||W X||^2, X* what the pruned layers before it deliver */
};
/* Of n nets: weights[i] gives out[i]. layer_examples: 0 for none. */
NODISCARD enum status prune_net_quality(const struct exec *x, const struct probe_subject *s, const float *const *weights, size_t n,
                                        size_t layer_examples, struct prune_quality *out, struct err *e);

#endif
