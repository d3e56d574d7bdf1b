/* matrix.h: update rules for weight matrices: the walk over a net's blocks, and what such rules share.
 *
 * A block is the weight matrix of a layer, or a vector: biases, a matrix of one row or column, or all weights where there is
 * no net. Matrices are packed into float64, updated by the rule, and rounded once on the way back, for float32 weights too;
 * the rule's own state is float64. Vectors take Adam's update in the type of the weights, unless the rule has its own. */
#ifndef ASSAY_OPTIM_MATRIX_H
#define ASSAY_OPTIM_MATRIX_H

#include "experiments/optim/adam.h"
#include "experiments/optim/optimizer.h"

struct block {
  size_t at, rows, cols, stride; /* in the flat vector */
  size_t layer;
  bool vector; /* one row or one column */
  bool output; /* the weight matrix of the last layer that has one, where there are several */
};

/* One matrix (or, for rules with own_vectors, a vector) in float64. */
struct matrix_update {
  const void *conf;
  const struct block *b;
  double *w, *g;   /* rows x cols, packed; g may be overwritten */
  double *state;   /* what state_count asked for, from zeros */
  double *scratch; /* what scratch_count asked for */
  const struct step_info *s;
};

struct matrix_rule {
  bool own_vectors;
  size_t (*state_count)(const void *conf, const struct block *b);   /* float64 numbers */
  size_t (*scratch_count)(const void *conf, const struct block *b);
  enum status (*update)(const struct matrix_update *u, struct err *e);
  /* Should this matrix be updated as a vector? May be NULL: no. */
  bool (*as_vector)(const void *conf, const struct block *b);
  /* Adam's constants and the factor of the rate for vectors. NULL with own_vectors. */
  double (*adam)(const void *conf, struct adam_form *form);
};

/* Block i of the net, or of a bare vector of n numbers (net NULL); false behind the last. */
bool matrix_block(const struct net *net, size_t n, size_t i, struct block *out);

/* Members of struct optimizer, for the rule: matrix.inc.c makes them for a file. */
size_t matrix_state_size(const struct matrix_rule *r, const void *conf, const struct net *net, size_t n, enum dtype type);
enum status matrix_step(const struct matrix_rule *r, const void *conf, void *state, void *w, const void *g, size_t n, enum dtype type,
                        const struct step_info *s, struct err *e);

/* Sum of squares; a norm that is not finite is the caller's overflow. */
double matrix_norm2(const double *x, size_t n);
/* out (n x n) = f(A), A symmetric (its lower triangle is read): each eigenvalue x becomes (max(x, 0) + shift)^power. A is
 * destroyed; scratch: n^2 + n. STATUS_DIVERGED where LAPACK finds no eigenvalues. */
enum status matrix_power(double *a, size_t n, double shift, double power, double *out, double *scratch, struct err *e);
/* The orthogonal polar factor U V' of A (m x n, destroyed); directions of singular values below 1e-14 of the largest give
 * zero. scratch: m r + r n + r, r = min(m, n). */
enum status matrix_polar(double *a, size_t m, size_t n, double *out, double *scratch, struct err *e);

#endif
