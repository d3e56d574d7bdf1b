/* derivatives.h: nets on many examples: outputs, losses, errors and activations, gradients, norms of per-example
 * gradients, and curvature times vectors, by blocks of examples through the tuned products (float32: product.h and
 * conv.h, with their contract of the bits; float64: BLAS). For every kind of layer.
 *
 *   outputs (logits) of a part of a data set, n x net->out:
 *     struct batch b = batch_of(&data->test, data->outputs, NULL, data->test.n);
 *     net_activations_f32(x, &net, w, &b, net.n_layers, out, e), or net_evaluate_f32() with losses and errors
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
