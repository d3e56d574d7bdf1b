/* derivatives.h: more than losses and gradients: curvature times vectors, norms of per-example gradients, and
 * activations, by blocks of examples through the tuned products (float32: product.h, with its contract of the
 * bits; float64: BLAS).
 *
 * Weights, directions and results are padded flat vectors (model.h), 64-byte aligned. All of it takes time in
 * proportion to the batch and asks `x` (may be NULL) after each block whether to stop. */
#ifndef ASSAY_DERIVATIVES_H
#define ASSAY_DERIVATIVES_H

#include "experiments/kernel/exec.h"
#include "experiments/models/model.h"

#define NET_BLOCK 128 /* examples at a time */

enum curvature {
  CURVATURE_HESSIAN = 0,      /* of the mean loss */
  CURVATURE_GAUSS_NEWTON = 1, /* mean of J' H J: J the Jacobian of an example's outputs, H the Hessian of its loss */
};

#define REAL float
#define FN(name) name##_f32
#include "experiments/models/derivatives.inc.h" /* NOLINT: one text, two types */
#undef REAL
#undef FN
#define REAL double
#define FN(name) name##_f64
#include "experiments/models/derivatives.inc.h" /* NOLINT: one text, two types */
#undef REAL
#undef FN

#endif
