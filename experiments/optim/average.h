/* average.h: what the averages share: one vector, moved toward the iterates. */
#ifndef ASSAY_OPTIM_AVERAGE_H
#define ASSAY_OPTIM_AVERAGE_H

#include "experiments/optim/optimizer.h"

/* Members of struct average: the state is the averaged vector, n numbers in float64 whatever the weights are: over many
 * updates each adds little, and float32 would round it away. It starts as the initial weights. */
size_t average_state_size(const void *conf, size_t n, enum dtype type);
void average_init(const void *conf, void *state, const void *w, size_t n, enum dtype type);
void average_value_f32(const void *conf, const void *state, float *out, size_t n);
void average_value_f64(const void *conf, const void *state, double *out, size_t n);

/* mean += weight (w - mean), so that a constant w leaves mean = w exactly; weight 1 copies w. */
void average_move_f32(double *mean, const float *w, size_t n, double weight);
void average_move_f64(double *mean, const double *w, size_t n, double weight);

#endif
