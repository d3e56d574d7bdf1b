/* net_int.h: what the files about whole nets share: the facts about a net's layers that pruning methods ask for. */
#ifndef ASSAY_PRUNING_NET_INT_H
#define ASSAY_PRUNING_NET_INT_H

#include "experiments/models/derivatives.h"
#include "experiments/pruning/net.h"

/* The layers of a net that are to be pruned, and all that is known about them. */
struct net_facts {
  const struct exec *x;
  struct probe_subject s;    /* whose part is the calibration sample */
  struct examples sample;
  double *dense;             /* the padded weights */
  size_t n;
  size_t at[NET_MAX_LAYERS]; /* layer i is the net's layer at[i] */
  struct prune_layer layer[NET_MAX_LAYERS];
  struct prune_flow flow;
  struct probe_value gram;   /* where there is no cache */
  void **owned;
  size_t n_owned;
};

/* k examples of the part (0 or too many: all), drawn by the seed: copies, so that equal samples are equal to a cache. */
NODISCARD enum status net_facts_new(struct net_facts *f, const struct exec *x, const struct probe_subject *s, size_t k,
                                    const bool *skip, struct err *e);
void net_facts_free(struct net_facts *f);
/* Give back what was taken since n_owned was `owned`. */
void net_facts_release(struct net_facts *f, size_t owned);
/* Zeroed numbers that live as long as the facts. */
NODISCARD enum status net_facts_take(struct net_facts *f, double **out, size_t count, const char *what, struct err *e);

/* Fill norm2, and gram where it is wanted, of all layers from the dense net's inputs; gram from the cache if there is one. */
NODISCARD enum status net_facts_inputs(struct net_facts *f, bool gram, struct probe_cache *cache, struct err *e);
/* Gradients of the loss, one per batch; the diagonal of the curvature. */
NODISCARD enum status net_facts_gradients(struct net_facts *f, size_t batch, struct err *e);
NODISCARD enum status net_facts_curvature(struct net_facts *f, enum prune_curvature c, struct err *e);

/* The signal through the net for the layers; it refers to f, which must not move afterwards. */
void net_facts_flow(struct net_facts *f);

/* What goes into the weights of a layer for the examples of a block, piece by piece: cols x n numbers, ld apart. A dense
 * layer has one piece, a convolution one for each row of its output, with columns [out_width][ldb], 0 in the lanes beyond
 * the block's examples. */
struct net_columns { double *a; size_t n, ld; };
size_t net_columns_pieces(const struct layer *y);
/* Numbers of scratch for a piece: 0 but for convolutions. */
size_t net_columns_scratch(const struct layer *y);
struct net_columns net_columns_of(const struct net_block_f64 *b, const struct layer *y, size_t layer, size_t piece, double *scratch);

/* Sums over the sample for one layer: of a* (cols), a* a*' and (a - a*) a*' (cols x cols), a* the inputs that the weights
 * `pruned` deliver and a those of the dense net; NULL: not wanted. */
struct net_sums { double *norm2, *gram, *cross; };
NODISCARD enum status net_facts_sum(const struct net_facts *f, size_t layer, const double *pruned, const struct net_sums *out,
                                    struct err *e);

#endif
