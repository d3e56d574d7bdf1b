/* average.h: averages of the iterates. An average is one vector that moves a part of the way to the weights after every update,
 * mean += weight (w - mean); a method (struct average) says only how large that part is. */
#ifndef ASSAY_OPTIM_AVERAGE_H
#define ASSAY_OPTIM_AVERAGE_H

#include "experiments/optim/optimizer.h"

/* Bytes of a state: n numbers in float64 whatever the weights are, for over many updates each adds little, and float32 would
 * round it away. SIZE_MAX: more than can be addressed. */
size_t average_state_size(size_t n);
/* It starts as the initial weights, n numbers of the type. */
void average_init(void *state, const void *w, size_t n, enum dtype type);
/* After update t (0-based) of `total`; w are the new weights. `o` is of KIND_AVERAGE. A constant w leaves mean = w exactly. */
void average_move(const struct object *o, void *state, const void *w, size_t n, enum dtype type, uint64_t t, uint64_t total);
/* out = the averaged weights, n numbers of the type. */
void average_weights(const void *state, void *out, size_t n, enum dtype type);

#endif
