/* stats_int.h: what the files of stats.h share. */
#ifndef ASSAY_KERNEL_STATS_INT_H
#define ASSAY_KERNEL_STATS_INT_H

#include "experiments/kernel/stats.h"

/* n >= least and all of x finite, else STATUS_BAD_ARG with the place and value. */
NODISCARD enum status stats_check_sample(const double *x, size_t n, size_t least, const char *what, struct err *e);
NODISCARD enum status stats_check_level(double level, struct err *e);

/* Mean and sd (divisor n - 1; 0 for n = 1) of a checked sample; STATUS_BAD_ARG where they overflow. */
NODISCARD enum status stats_moments(const double *x, size_t n, double *mean, double *sd, struct err *e);

/* Type-7 quantile of x sorted ascending. */
double stats_sorted_quantile(const double *x, size_t n, double q);

/* Order of doubles, for qsort. */
int stats_compare(const void *a, const void *b);

/* d[n] = x - y, checked; released with free(). */
NODISCARD enum status stats_differences(const double *x, const double *y, size_t n, size_t least, double **d, struct err *e);

#endif
