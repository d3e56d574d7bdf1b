/* least_squares.c: the weights of a row that are best for its mask. With the damped H this is where any sequence of exact
 * single-weight eliminations (optimal brain surgeon) ends, so OBC finishes with it, too. */
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/vec.h"
#include "experiments/pruning/pruning_int.h"

enum status prune_least_squares(const double *a, size_t d, double mean, double damp, const double *w, const uint8_t *keep,
                                double *out, double *scratch, double *used, struct err *e)
{
  size_t n = 0, at = 0;
  for (size_t j = 0; j < d; j++)
    n += keep[j];
  if (n == d) {
    memmove(out, w, d * sizeof *out);
    return STATUS_OK;
  }
  double *kept = scratch, *factor = kept + n * n, *right = scratch + 2 * d * d, needed = damp;
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; keep[i] && j < d; j++)
      if (keep[j])
        kept[at++] = a[i * d + j];
  enum status status = prune_factor(kept, n, mean, damp, factor, &needed, e);
  if (status)
    return status;
  *used = needed > *used ? needed : *used;
  at = 0;
  for (size_t i = 0; i < d; i++)
    if (keep[i])
      right[at++] = vec_dot_f64(a + i * d, w, d) + needed * mean * w[i];
  prune_back_solve(factor, n, right);
  at = 0;
  for (size_t j = 0; j < d; j++)
    out[j] = keep[j] ? right[at++] : 0.0;
  return STATUS_OK;
}
