/* mat.h: matrices: float32 or float64, row major, 64-byte aligned, with views.
 *
 * A struct mat is a small value (a header); the numbers live in a reference-counted buffer. A view
 * shares the buffer of its base and keeps it alive. Vectors are matrices with one row or one column.
 *
 * Functions that give a matrix write *out on success only (mat_new leaves it 0 x 0 on failure); whatever *out
 * held before is not released, so it must not be one of the arguments. References may be taken and dropped from
 * several threads; the numbers themselves have no lock. */
#ifndef ASSAY_KERNEL_MAT_H
#define ASSAY_KERNEL_MAT_H

#include <stdbool.h>
#include <stddef.h>

#include "experiments/kernel/err.h"
#include "experiments/kernel/exec.h"

enum dtype { DTYPE_F32 = 1, DTYPE_F64 = 2 };

struct mat_buffer; /* reference-counted storage, private to mat.c */

struct mat {
  enum dtype type;
  size_t rows, cols;
  size_t stride; /* elements between rows, >= cols */
  void *data;    /* first element */
  struct mat_buffer *buffer; /* owned reference; NULL for borrowed memory (mat_wrap) */
};

static inline size_t dtype_size(enum dtype t) { return t == DTYPE_F32 ? sizeof(float) : sizeof(double); }
static inline float *mat_row_f32(const struct mat *m, size_t i) { return (float *)m->data + i * m->stride; }
static inline double *mat_row_f64(const struct mat *m, size_t i) { return (double *)m->data + i * m->stride; }

/* Zeroed rows x cols. Freshly made matrices are packed: stride == cols. */
NODISCARD enum status mat_new(struct mat *m, enum dtype type, size_t rows, size_t cols, struct err *e);
void mat_free(struct mat *m);                 /* drops the reference; *m becomes 0 x 0; twice is harmless */
struct mat mat_retain(const struct mat *m);   /* another header on the same numbers */
struct mat mat_wrap(enum dtype type, void *data, size_t rows, size_t cols, size_t stride); /* borrows */
/* Rows [r0, r1) and columns [c0, c1), sharing storage. */
NODISCARD enum status mat_view(struct mat *out, const struct mat *m, size_t r0, size_t r1, size_t c0, size_t c1, struct err *e);
size_t mat_bytes(const struct mat *m);        /* bytes of the whole buffer, for the garbage collector; 0 if borrowed */

double mat_get(const struct mat *m, size_t i, size_t j);
void mat_set(struct mat *m, size_t i, size_t j, double v);

NODISCARD enum status mat_copy(struct mat *out, const struct mat *m, enum dtype type, struct err *e); /* new, packed */
NODISCARD enum status mat_transpose(struct mat *out, const struct mat *m, struct err *e);

/* Elementwise, with NumPy-like broadcasting of 1 x n, n x 1 and 1 x 1; the result is float64 if either
 * operand is. Shapes that do not fit: STATUS_BAD_ARG naming both. MIN and MAX give NaN beside a NaN. */
enum mat_op { MAT_ADD, MAT_SUB, MAT_MUL, MAT_DIV, MAT_POW, MAT_MIN, MAT_MAX };
NODISCARD enum status mat_binary(struct mat *out, enum mat_op op, const struct mat *a, const struct mat *b, struct err *e);
enum mat_fn { MAT_EXP, MAT_LOG, MAT_SQRT, MAT_ABS, MAT_TANH, MAT_NEG, MAT_SIGN, MAT_LOG1P, MAT_EXPM1 };
/* Same type as a. NaN passes through all of them; outside its domain a function gives NaN. */
NODISCARD enum status mat_map(struct mat *out, enum mat_fn fn, const struct mat *a, struct err *e);

/* Reductions, accumulated in float64 with a fixed pairwise tree. axis 0: over rows (result 1 x cols),
 * 1: over columns (rows x 1), -1: all (1 x 1). The result is float64, the same bits whatever the strides; a
 * NaN gives NaN. A sum of nothing is 0, a mean or extreme of nothing STATUS_BAD_ARG. */
enum mat_reduction { MAT_SUM, MAT_MEAN, MAT_AMIN, MAT_AMAX, MAT_SUMSQ };
NODISCARD enum status mat_reduce(struct mat *out, enum mat_reduction r, const struct mat *a, int axis, struct err *e);

/* C = op(A) op(B), through BLAS (blas.h); float64 if either operand is. */
NODISCARD enum status mat_mul(struct mat *out, const struct mat *a, bool ta, const struct mat *b, bool tb, struct err *e);
/* The same, a block of C at a time, so that it can be stopped within some hundredths of a second: STATUS_CANCELLED. The
 * blocks depend on the extents only. */
NODISCARD enum status mat_mul_exec(const struct exec *x, struct mat *out, const struct mat *a, bool ta, const struct mat *b, bool tb,
                                   struct err *e);
/* Linear algebra through LAPACK, in float64 whatever the input type (results float64). NaN or infinity in
 * the input: STATUS_BAD_DATA. */
/* A X = B by LU factors; STATUS_BAD_DATA where A is singular. */
NODISCARD enum status mat_solve(struct mat *x, const struct mat *a, const struct mat *b, struct err *e);
/* A = L L', L lower; only the lower triangle of A is read. STATUS_BAD_DATA where A is not positive definite. */
NODISCARD enum status mat_cholesky(struct mat *l, const struct mat *a, struct err *e);
/* Symmetric A (lower triangle read): values n x 1, ascending; unit eigenvectors in the columns of vectors. */
NODISCARD enum status mat_eigh(struct mat *values, struct mat *vectors, const struct mat *a, struct err *e);
/* Thin A = U diag(S) Vt, r = min(m, n): U m x r, S r x 1 descending, Vt r x n. */
NODISCARD enum status mat_svd(struct mat *u, struct mat *s, struct mat *vt, const struct mat *a, struct err *e);

bool mat_all_finite(const struct mat *m);

#endif
