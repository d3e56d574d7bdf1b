/* running_median.h: the median of a moving window. */
#ifndef ASSAY_RUNNING_MEDIAN_H
#define ASSAY_RUNNING_MEDIAN_H

#include <stddef.h>

#include "experiments/kernel/err.h"

/* out[t] = median of x[t - half .. t + half], n finite numbers. Places before the first repeat it; places k beyond the
 * last are mirrored about it, x[2(n-1) - k], which for half >= n goes to and fro. O(n log n + half log n); out may not
 * be x. */
NODISCARD enum status running_median(double *out, const double *x, size_t n, size_t half, struct err *e);

#endif
