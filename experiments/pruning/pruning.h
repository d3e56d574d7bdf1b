/* pruning.h: pruning as stages that compose: input regime x score or solver x allocation x restoration.
 *
 * Conventions for all: a layer is W (out x in), its inputs X are columns, one per example; a mask holds 1 for
 * kept; sparsity is the fraction removed; exactly floor(s N + 1/2) entries go, ties by the lowest index. What one
 * stage needs beside W (activations, Gram matrices, gradients) are probes. */
#ifndef ASSAY_PRUNING_H
#define ASSAY_PRUNING_H

#include "experiments/probe/probe.h"

/* Where the calibration inputs of a layer come from. */
enum prune_inputs { PRUNE_DENSE, PRUNE_SEQUENTIAL, PRUNE_SEQUENTIAL_DENSE_TARGET };

/* What ranks against what; n:m keeps n of every m consecutive inputs of a row. */
enum prune_compare { PRUNE_ROW, PRUNE_LAYER, PRUNE_GLOBAL, PRUNE_N_OF_M };

struct prune_layer {
  const float *w;
  size_t out, in, stride;
  const struct probe_value *const *probe; /* in the order of method.needs */
};

/* Weights -> numbers of the same shape: the larger, the later it is removed. */
struct score {
  struct method m;
  enum prune_compare compare; /* the method's own default */
  enum status (*rate)(const void *conf, const struct exec *x, const struct prune_layer *l, double *score, struct err *e);
};

/* Layer and budget -> new weights and mask at once. */
struct solver {
  struct method m;
  enum status (*solve)(const void *conf, const struct exec *x, const struct prune_layer *l, double sparsity, float *w_out,
                       uint8_t *keep, struct err *e);
};

/* A budget for the whole net -> a sparsity per layer. */
struct allocator {
  struct method m;
  enum status (*allocate)(const void *conf, const struct exec *x, const struct prune_layer *layer, size_t n_layers,
                          double sparsity, double *per_layer, struct err *e);
};

/* Weights under a mask -> better weights under the same mask. */
struct restorer {
  struct method m;
  enum status (*restore)(const void *conf, const struct exec *x, const struct prune_layer *l, const float *dense,
                         const uint8_t *keep, float *w, struct err *e);
};

#endif
