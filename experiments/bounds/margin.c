/* margin.c: see margin.h. */
#include "experiments/bounds/margin.h"

#include <inttypes.h>

enum status margin_fraction_of(const struct margin_input *m, double rho, struct margin_fraction *out, struct err *e)
{
  size_t small = 0, n = m->margins.n;
  if (n == 0) {
    *out = (struct margin_fraction){m->risk, (double)m->n};
    return isnan(m->risk) ? bound_missing(e, "margins") : m->n == PARAM_AUTO_INT ? bound_missing(e, "n") : STATUS_OK;
  }
  if (m->n != PARAM_AUTO_INT && m->n != (int64_t)n)
    return err_set(e, STATUS_BAD_ARG, "n must be the number of margins (%zu), got %" PRId64, n, m->n);
  for (size_t i = 0; i < n; i++)
    small += m->margins.v[i] <= rho;
  *out = (struct margin_fraction){(double)small / (double)n, (double)n};
  return STATUS_OK;
}

static struct grid_point grid_at(double i)
{
  return (struct grid_point){i * M_LN2, log(M_PI * M_PI / 3 - 1) + 2 * log1p(fabs(i))};
}

struct grid_point grid_above(double log_v) { return grid_at(ceil(log_v / M_LN2)); }

struct grid_point grid_below(double log_v) { return grid_at(floor(log_v / M_LN2)); }
