/* select.h: which entries are the lowest, without sorting: for masks over many short rows. */
#ifndef ASSAY_KERNEL_SELECT_H
#define ASSAY_KERNEL_SELECT_H

#include <stddef.h>
#include <stdint.h>

/* keep[i] = 0 for the k lowest entries of x, 1 for the others. Among equal entries the lowest index goes first; 0 and -0 are
 * equal; the caller refuses NaN. k <= n < 2^32. work: n numbers of scratch. O(n) always: at most about 200 passes, about ten as a rule. */
void select_lowest_f64(const double *x, size_t n, size_t k, double *work, uint8_t *keep);

#endif
