/* tile.h: micro-kernels under the dense float64 algorithms: Gram matrices (gram.h), Cholesky factors (cholesky.h), solvers.
 *
 * Operands are packed, summed index k outermost, 64-byte aligned:
 *   b[k][TILE_F64]  one panel: 24 doubles (TILE_F32: 48 floats) for each k
 *   a[k][lda]       8 of its columns are the rows of the tile: a part of a panel (lda = the panel's width) or packed (8)
 *
 * Contract of the bits: every element is one chain of fused multiply-adds with k ascending, from the value stated. It does
 * not depend on the instruction set; tile_generic.c is the reference. */
#ifndef ASSAY_KERNEL_TILE_H
#define ASSAY_KERNEL_TILE_H

#include <stddef.h>

#include "experiments/kernel/cpu.h"

#define TILE_ROWS 8
#define TILE_F64 24
#define TILE_F32 48

struct tile {
  const char *name;
  /* c[8][24] (rows ldc apart, unaligned) = c + sum_k a[k][r] b[k][.], the chain starting from c; sub: c - sum. */
  void (*add_f64)(size_t k, const double *a, size_t lda, const double *b, double *c, size_t ldc);
  void (*sub_f64)(size_t k, const double *a, size_t lda, const double *b, double *c, size_t ldc);
  /* c[8][cols] = c + (double)sum: the chain in float32 from 0, one addition in float64. cols: 16, 32 or 48. */
  void (*add_f32)(size_t k, const float *a, size_t lda, const float *b, size_t cols, double *c, size_t ldc);
  /* w[t][24] = w[t] - u[t] e[24] for t < n: one column of a triangular solve for 24 right-hand sides. w, e aligned. */
  void (*rank_one)(size_t n, const double *u, const double *e, double *w);
};

/* The implementation for an instruction set (never NULL; falls back to what the machine has). */
const struct tile *tile_for(enum isa isa);
const struct tile *tile_best(void);

/* sub_f64 or add_f64 on the first rows <= 8 and cols <= 24 of a tile at the edge of a matrix. */
typedef void tile_fn_f64(size_t k, const double *a, size_t lda, const double *b, double *c, size_t ldc);
void tile_edge_f64(tile_fn_f64 *tile, size_t rows, size_t cols, size_t k, const double *a, size_t lda, const double *b, double *c,
                   size_t ldc);

#endif
