/* last_iterate_bound.c: see last_iterate_bound.h. For weights w = c u the bound of the theorem is
 * (D^2 + c^2 sum u^2 G^2)/(2 c sum u); with u = G^-2 both sums are A = sum G^-2, and c = D/sqrt(A) gives D/sqrt(A). */
#include "experiments/schedules/last_iterate_bound.h"

#include <math.h>

double last_iterate_bound(const double *rates, const double *norms, size_t n, double distance)
{
  double sum = 0, energy = 0, tail = 0; /* sums from k on: of the rates, of l^2 G^2, and the third term */
  for (size_t k = n; k-- > 0;) {
    double later = sum, step = rates[k] * norms[k];
    sum += rates[k];
    energy += step * step;
    if (k + 1 < n)
      tail += rates[k] / (sum * later) * energy;
  }
  return (distance * distance + energy) / (2 * sum) + tail / 2;
}

double refined_bound(const double *norms, size_t n, double distance, double *scale)
{
  double sum = 0;
  for (size_t t = 0; t < n; t++)
    sum += 1 / (norms[t] * norms[t]);
  *scale = distance / sqrt(sum);
  return *scale;
}
