/* pruning.h: pruning as stages that compose: input regime x score or solver x allocation x restoration.
 *
 * Conventions for all: a layer is W (out x in), its inputs X are columns, one per example, H = X X'; a mask holds 1 for
 * kept; sparsity is the fraction removed; exactly k = floor(s N + 1/2) entries go, ties by the lowest index. A dead input
 * (H_jj = 0) has score 0; solvers set H_jj = 1 and W[:,j] = 0. Damping adds damp * mean(diag H) after that. Everything is
 * computed in float64, so that float32 weights and the user's own float64 matrices both pass through unchanged.
 *
 * What a stage needs beside W it names in method.needs, by the fields of struct prune_layer: "inputs" (norm2), "gram",
 * "gradients", "curvature" (which gradients can stand in for). */
#ifndef ASSAY_PRUNING_H
#define ASSAY_PRUNING_H

#include "experiments/kernel/exec.h"
#include "experiments/kernel/mat.h"
#include "experiments/params.h"

/* Where the calibration inputs of a layer come from. */
enum prune_inputs { PRUNE_DENSE, PRUNE_SEQUENTIAL, PRUNE_SEQUENTIAL_DENSE_TARGET };

/* What ranks against what; n:m keeps n of every m consecutive inputs of a row. */
enum prune_compare { PRUNE_ROW, PRUNE_LAYER, PRUNE_GLOBAL, PRUNE_N_OF_M };

/* The signal through a net: an input of ones, the weights w[i] >= 0 for its layers, no biases, no activations. total: the sum
 * of the outputs; gradient[i]: its derivative with respect to w[i]. */
struct prune_flow {
  void *self;
  enum status (*run)(void *self, const double *const *w, double *total, double *const *gradient, struct err *e);
};

/* All borrowed; NULL where not known. */
struct prune_layer {
  const double *w;         /* out x in, packed */
  size_t out, in;
  const double *norm2;     /* in: sum of squares of each input over the examples: the diagonal of H */
  const double *gram;      /* in x in: H, both triangles */
  const double *gradient;  /* n_gradients x out x in: gradients of the loss, one per batch or example */
  size_t n_gradients;
  const double *curvature; /* out x in: diagonal of the Hessian of the loss */
  size_t place;            /* among the layers of the net, from 0 */
  const struct prune_flow *flow; /* of the net; NULL: the layers of a call are a chain */
};

/* What had to be done on the way. */
struct prune_note { double damp; /* damping used, as a fraction of mean(diag H): more than asked for when H is singular */ };

/* --- the kinds ------------------------------------------------------------------------------------- */

/* First member of the conf of every score and solver. */
struct prune_common {
  double sparsity;
  int compare; /* enum prune_compare */
  int64_t n, m;
  struct object restore; /* a restorer; no method: none */
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
/* Rows for prune_common, with the method's own default of `compare`; with them goes .resolve = prune_resolve. */
#define PRUNE_COMMON_PARAMS(owner, member, compare_default)                                                                \
  {.id = "sparsity", .type = PARAM_REAL, .at = offsetof(owner, member.sparsity), .min = 0, .max = 1, .flags = PARAM_AUTO,  \
   .unit = "fraction removed", .doc = "exactly floor(sparsity N + 1/2) of N weights go; auto: 0.5, or 1 - n/m with n:m",   \
   .example = "0.5"},                                                                                                      \
  {.id = "compare", .type = PARAM_CHOICE, .at = offsetof(owner, member.compare), .def = (compare_default),                 \
   .choices = prune_compare_names, .doc = "what ranks against what; part of the method, not a detail",                     \
   .example = "row"},                                                                                                      \
  {.id = "n", .type = PARAM_INT, .at = offsetof(owner, member.n), .def = 2, .min = 1, .max = 1024,                         \
   .doc = "compare = n:m keeps n of every m consecutive inputs of a row", .example = "2"},                                 \
  {.id = "m", .type = PARAM_INT, .at = offsetof(owner, member.m), .def = 4, .min = 1, .max = 1024,                         \
   .doc = "compare = n:m keeps n of every m; must divide the number of inputs", .example = "4"},                           \
  {.id = "restore", .type = PARAM_METHOD, .at = offsetof(owner, member.restore), .of = KIND_RESTORER,                      \
   .doc = "what repairs the kept weights afterwards; none by default", .example = "lsq-repair"}
/* NOLINTEND(bugprone-macro-parentheses) */
extern const char *const prune_compare_names[]; /* "row", "layer", "global", "n:m", NULL */
NODISCARD enum status prune_resolve(void *conf, struct err *e);

/* Weights -> numbers of the same shape, finite: the larger, the later the weight is removed. One of the two functions. */
struct score {
  struct method m;
  enum status (*rate)(const void *conf, const struct exec *x, const struct prune_layer *l, double *score, struct err *e);
  /* All layers at once, score[i] of layer i. sparsity: as for prune_mask. */
  enum status (*rate_all)(const void *conf, const struct exec *x, const struct prune_layer *l, size_t n_layers,
                          const double *sparsity, double *const *score, struct err *e);
};

/* Layer and sparsity -> new weights and mask at once. compare is never global. */
struct solver {
  struct method m;
  enum status (*solve)(const void *conf, const struct exec *x, const struct prune_layer *l, double sparsity, double *w,
                       uint8_t *keep, struct prune_note *note, struct err *e);
};

/* A budget for the whole net -> a sparsity per layer. */
struct allocator {
  struct method m;
  enum status (*allocate)(const void *conf, const struct exec *x, const struct prune_layer *layer, size_t n_layers,
                          double *per_layer, struct err *e);
};

/* Dense weights l->w and a mask -> better weights under the same mask; w holds the masked weights. */
struct restorer {
  struct method m;
  enum status (*restore)(const void *conf, const struct exec *x, const struct prune_layer *l, const uint8_t *keep, double *w,
                         struct prune_note *note, struct err *e);
};

/* --- using them (prune.c) ---------------------------------------------------------------------------- */

/* All check shapes, needs and that the numbers are finite, and name the method in their messages. */

/* score: out x in, of one layer alone. */
NODISCARD enum status prune_score(const struct object *score, const struct exec *x, const struct prune_layer *l, double *out,
                                  struct err *e);
/* Score or solver -> one mask per layer. sparsity: one per layer (from an allocator), or NULL for the method's own. Only with
 * compare = global do the layers compete; then `sparsity` must be NULL. */
NODISCARD enum status prune_mask(const struct object *method, const struct exec *x, const struct prune_layer *l,
                                 size_t n_layers, const double *sparsity, uint8_t *const *keep, struct err *e);
/* The whole: mask or solve, then restore. w: new weights per layer; note: one per layer, or NULL. */
NODISCARD enum status prune_apply(const struct object *method, const struct exec *x, const struct prune_layer *l,
                                  size_t n_layers, const double *sparsity, double *const *w, uint8_t *const *keep,
                                  struct prune_note *note, struct err *e);
NODISCARD enum status prune_restore(const struct object *restorer, const struct exec *x, const struct prune_layer *l,
                                    const uint8_t *keep, double *w, struct prune_note *note, struct err *e);
/* Sparsity per layer. */
NODISCARD enum status prune_allocate(const struct object *allocator, const struct exec *x, const struct prune_layer *l,
                                     size_t n_layers, double *per_layer, struct err *e);

/* Does the method see all layers at once (a global ranking, or a score of whole nets)? */
bool prune_at_once(const struct object *method);
/* floor(s n + 1/2), at most n */
size_t prune_count(double sparsity, size_t n);
/* Does method.needs hold this word, of the method or of the methods among its parameters (its restorer)? Of the masks
 * alone: without the restorer. */
bool prune_wants(const struct object *method, const char *need);
bool prune_mask_wants(const struct object *method, const char *need);

/* --- calibration (gram.c) ---------------------------------------------------------------------------- */

/* norm2 (in) of X (in x examples); gram (in x in) too where it is not NULL: by symmetry, norm2 is then its diagonal. Float64
 * inputs are summed in float64; of float32 inputs the products of 128 examples at a time are summed in float32, these sums in
 * float64 (gram.h states the error: convert X to float64 where it matters). STATUS_BAD_DATA for NaN or infinity. */
NODISCARD enum status prune_calibrate(const struct exec *x, const struct mat *inputs, double *norm2, double *gram,
                                      struct err *e);
/* ||(W - V) X||^2 / ||W X||^2 (0/0 is 0) from the Gram matrix. */
NODISCARD enum status prune_relative_error(const struct prune_layer *l, const double *v, double *out, struct err *e);

#endif
