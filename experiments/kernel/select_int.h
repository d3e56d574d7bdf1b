/* select_int.h: the passes over the numbers that select.c is made of, one set per instruction set. They only compare and
 * count, so all sets agree. */
#ifndef ASSAY_SELECT_INT_H
#define ASSAY_SELECT_INT_H

#include <stddef.h>
#include <stdint.h>

struct select_passes {
  size_t (*below)(const double *x, size_t n, double t); /* how many are < t */
  /* Lowest number >= a and highest < b; *low > *high if there is none. */
  void (*range)(const double *x, size_t n, double a, double b, double *low, double *high);
  /* Those with low <= x <= high to out (which may be x), in order; how many; *below: how many are < low. */
  size_t (*gather)(const double *x, size_t n, double low, double high, double *out, size_t *below);
  void (*mark)(const double *x, size_t n, double t, uint8_t *keep); /* keep = x >= t */
};
extern const struct select_passes select_generic, select_avx2, select_avx512;

#endif
