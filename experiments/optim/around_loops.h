/* around_loops.h: the loops over n elements behind around.h, one table for each type and instruction set. */
#ifndef ASSAY_OPTIM_AROUND_LOOPS_H
#define ASSAY_OPTIM_AROUND_LOOPS_H

#include "experiments/kernel/rng.h"

struct around_loops {
  void (*add)(void *out, const void *x, double c, const void *y, size_t n);
  void (*scale)(void *x, double c, size_t n);
  void (*blend)(void *out, double c, double d, const void *x, const void *y, size_t n);
  void (*times_size)(void *out, const void *x, const void *y, double least, size_t n);
  void (*over_size)(void *out, const void *x, const void *y, double least, size_t n);
  void (*signs)(void *out, struct rng *r, size_t n);
};

#endif
