/* oracle.h: what an update or a controller may ask beside the gradient it is given: the same mini-batch, with the same
 * randomness, at other points.
 *
 * Costs count in gradient evaluations: a forward pass alone is 1/3, forward and backward 1, a Hessian-vector product 2.
 * Vectors have the length and layout of the weights (padding zero); they need no alignment and may not overlap. An answer
 * that is not finite is STATUS_DIVERGED, except the loss of `loss_*`: a search may well step too far. */
#ifndef ASSAY_OPTIM_ORACLE_H
#define ASSAY_OPTIM_ORACLE_H

#include <stddef.h>

#include "experiments/kernel/err.h"

struct oracle {
  void *self;
  double loss; /* of the mini-batch at the weights before the update */
  double cost; /* gradient evaluations asked for so far in this update */
  /* Float32 questions are answered where the training is in float32, float64 ones where it is in float64; the others are NULL. */
  enum status (*loss_f32)(struct oracle *o, const float *at, double *loss, struct err *e);
  enum status (*loss_f64)(struct oracle *o, const double *at, double *loss, struct err *e);
  enum status (*gradient_f32)(struct oracle *o, const float *at, double *loss, float *g, struct err *e);
  enum status (*gradient_f64)(struct oracle *o, const double *at, double *loss, double *g, struct err *e);
  /* out = H v, H the Hessian at the weights before the update. Given only to methods that need "hvp". */
  enum status (*hvp_f32)(struct oracle *o, const float *v, float *out, struct err *e);
  enum status (*hvp_f64)(struct oracle *o, const double *v, double *out, struct err *e);
};

#define ORACLE_COST_LOSS (1.0 / 3.0)
#define ORACLE_COST_GRADIENT 1.0
#define ORACLE_COST_HVP 2.0

#endif
