/* linear_map.h: a layer's weights as a linear map from its inputs to its outputs, and norms of it.
 *
 * A dense layer is its matrix. A convolution is the map on images of its own size, zeros around them: a sparse matrix of
 * outputs x inputs in which each weight stands many times. Its kernel, filters x taps, is a dense map of its own. */
#ifndef ASSAY_PROBE_LINEAR_MAP_H
#define ASSAY_PROBE_LINEAR_MAP_H

#include "experiments/kernel/exec.h"
#include "experiments/kernel/mat.h"
#include "experiments/models/model.h"

struct linear_map {
  size_t in, out;
  struct mat w;                 /* float64: out x in (dense), filters x taps (convolution); owned */
  const struct conv_shape *conv;/* NULL: dense; else borrowed from the layer */
  double *patches;              /* owned scratch of a convolution */
};

/* The weights of a layer, less `start` (may be NULL; both padded flat vectors); kernel: of a convolution the kernel itself. */
NODISCARD enum status linear_map_new(struct linear_map *a, const struct layer *y, const float *weights, const float *start, bool kernel,
                                     struct err *e);
void linear_map_free(struct linear_map *a);

/* y = A x, and x = A' y. */
void linear_map_apply(struct linear_map *a, const double *x, double *y);
void linear_map_back(struct linear_map *a, const double *y, double *x);

/* Norms by which bounds measure A. */
struct linear_norms {
  double frobenius, rows21, cols21; /* sums of the norms of rows (outputs), of columns (inputs) */
  double spectral, residual;        /* residual = |A'A x - s^2 x| / s^2: s^2 is that near to the square of a singular value */
};
struct linear_search {
  double tolerance;   /* stop when the spectral norm changes by less than this part, */
  int64_t iterations; /* at the latest after so many */
  size_t exact;       /* matrices with no more rows or columns than this: singular value decomposition instead */
  uint32_t stream;    /* of the random start */
};
NODISCARD enum status linear_map_norms(const struct exec *x, struct linear_map *a, const struct linear_search *c, struct linear_norms *out,
                                       struct err *e);

#endif
