/* stats_hill.c: Hill's estimator of a tail index (Hill 1975, A simple general approach to inference about the tail of
 * a distribution): one over the mean excess of the logarithms of the k largest values over that of the next. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/stats_int.h"

enum status stats_hill(const double *x, size_t n, size_t k, double *index, struct err *e)
{
  if (k < 1 || k >= n)
    return err_set(e, STATUS_BAD_ARG, "the tail index needs 1 to %zu of the largest values, got k = %zu", n ? n - 1 : 0, k);
  void *memory;
  enum status s = stats_check_sample(x, n, 1, "x", e);
  if (s)
    return s;
  s = mem_new(&memory, n, sizeof *x, "values", e);
  if (s)
    return s;
  double *sorted = memory, sum = 0;
  memcpy(sorted, x, n * sizeof *x);
  qsort(sorted, n, sizeof *sorted, stats_compare);
  double next = sorted[n - 1 - k];
  for (size_t i = 0; i < k; i++)
    sum += log(sorted[n - 1 - i] / next);
  if (!(next > 0) || !isfinite(sum))
    s = err_set(e, STATUS_BAD_ARG, "the tail index needs finite values, the %zu largest above 0", k + 1);
  else
    *index = sum > 0 ? (double)k / sum : INFINITY;
  free(memory);
  return s;
}
