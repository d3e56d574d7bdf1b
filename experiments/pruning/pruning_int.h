/* pruning_int.h: what solvers, restorers and allocators share. */
#ifndef ASSAY_PRUNING_INT_H
#define ASSAY_PRUNING_INT_H

#include "experiments/pruning/pruning.h"

/* Masks of one layer from its scores by row, layer or n:m (prune_mask.c). */
NODISCARD enum status prune_choose(const struct prune_common *c, const double *score, size_t out, size_t in, double sparsity,
                                   uint8_t *keep, struct err *e);
/* The same for all layers, global rankings included. sparsity: one per layer, or NULL for the rule's own. */
NODISCARD enum status prune_choose_all(const struct prune_common *c, const struct prune_layer *l, size_t n_layers,
                                       const double *sparsity, double *const *score, uint8_t *const *keep, struct err *e);
/* One mask per layer, keep[i], in *memory (to be freed). */
NODISCARD enum status prune_masks_new(const struct prune_layer *l, size_t n_layers, uint8_t **keep, void **memory, struct err *e);
/* Masks by the numbers of one score and the rule (sparsity, compare) of another. */
NODISCARD enum status prune_masks_by(const struct prune_common *rule, const struct object *score, const struct exec *x,
                                     const struct prune_layer *l, size_t n_layers, const double *sparsity, uint8_t *const *keep,
                                     struct err *e);
/* The signal through the net of these layers (prune_flow.c). STATUS_DIVERGED when it overflows. */
NODISCARD enum status prune_flow(const struct prune_layer *l, size_t n_layers, const double *const *w, double *total,
                                 double *const *gradient, struct err *e);
/* The n largest of each group of m, of `groups` groups in a row; on ties the lowest index goes first. */
void prune_choose_groups(const double *score, size_t groups, size_t n, size_t m, uint8_t *keep);
/* d must be a multiple of m. */
NODISCARD enum status prune_check_groups(const struct prune_common *c, size_t in, struct err *e);

/* a (d x d) = H with dead inputs repaired (H_jj = 1), before damping. Returns mean(diag). */
double prune_repaired_gram(const double *gram, size_t d, double *a);
/* Lower Cholesky factor, in place of `l` (n x n, ld n), of the matrix `a` with `damp` * mean added to its diagonal; if that
 * is not safely positive definite, with more: 1e-6 or ten times as much, until it is. *used becomes the factor that worked
 * if it is larger. */
NODISCARD enum status prune_factor(const double *a, size_t n, double mean, double damp, double *l, double *used,
                                   struct err *e);
/* t (d x d) = upper T with T T' = H, repaired and damped like that (damp in units of mean(diag H), as *used). Below its
 * diagonal t has no meaning. work: cholesky_work(d) numbers. */
NODISCARD enum status prune_upper_factor(const struct exec *x, const double *gram, size_t d, double damp, double *t, double *work,
                                         double *used, struct err *e);
/* x = (L L')^-1 x */
void prune_back_solve(const double *l, size_t n, double *x);

/* Weights of one row that are best for its mask: out_S = H_SS^-1 H_S: w, 0 elsewhere. a: repaired H (d x d); scratch: 2 d d +
 * d numbers. A row that keeps everything stays as it is. */
NODISCARD enum status prune_least_squares(const double *a, size_t d, double mean, double damp, const double *w,
                                          const uint8_t *keep, double *out, double *scratch, double *used, struct err *e);

/* Sparsities that add up to exactly floor(s N + 1/2) removed weights of all, nearest to the given ones, each a whole number
 * of weights of its layer (allocate.c). */
void prune_whole_counts(const struct prune_layer *l, size_t n_layers, double sparsity, double *per_layer);

#endif
