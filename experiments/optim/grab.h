/* grab.h: what the two samplers that balance gradients share. */
#ifndef ASSAY_OPTIM_GRAB_H
#define ASSAY_OPTIM_GRAB_H

#include "experiments/optim/optimizer.h"

/* Room for a number, so many vectors of d, and an order of n. */
size_t grab_state_size(size_t n, size_t d, size_t vectors);
/* Example number `place` of this epoch to the next free place at the front or the back; *front counts the former. */
void grab_put(uint32_t *next, size_t n, size_t place, double *front, uint32_t example, bool to_front);
/* That of random-reshuffling. */
enum status grab_first_epoch(const void *conf, size_t n, uint64_t seed, uint64_t epoch, uint32_t *order, struct err *e);

#endif
