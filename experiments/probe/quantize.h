/* quantize.h: few values in place of many, for one list of numbers. */
#ifndef ASSAY_PROBE_QUANTIZE_H
#define ASSAY_PROBE_QUANTIZE_H

#include <stddef.h>

#include "experiments/kernel/err.h"

enum quantizer {
  QUANTIZER_KMEANS = 0,  /* the values with the least squared error that Lloyd's iteration finds from the quantiles */
  QUANTIZER_UNIFORM = 1, /* evenly spaced from the least to the largest number */
};
extern const char *const quantizer_names[];

#define QUANTIZE_BITS_MAX 8

/* Each number of x that is not 0 becomes the nearest of at most 2^bits values, all of them halves (ties go to the lower value; a
 * number may become 0). bits in [0, QUANTIZE_BITS_MAX]; x finite. O(n log n). */
NODISCARD enum status quantize(enum quantizer q, float *x, size_t n, int bits, struct err *e);

#endif
