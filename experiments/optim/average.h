/* average.h: what the averages share: one vector, moved toward the iterates. */
#ifndef ASSAY_OPTIM_AVERAGE_H
#define ASSAY_OPTIM_AVERAGE_H

#include "experiments/optim/optimizer.h"

/* Members of struct average: the state is the averaged vector; it starts as the initial weights. */
size_t average_state_size(const void *conf, size_t n, enum dtype type);
void average_init(const void *conf, void *state, const void *w, size_t n, enum dtype type);
void average_value_f32(const void *conf, const void *state, float *out, size_t n);
void average_value_f64(const void *conf, const void *state, double *out, size_t n);

/* mean += weight (w - mean), in float64 per element, so that a constant w leaves mean = w exactly;
 * weight 1 copies w. */
void average_move_f32(float *mean, const float *w, size_t n, double weight);
void average_move_f64(double *mean, const double *w, size_t n, double weight);

#endif
