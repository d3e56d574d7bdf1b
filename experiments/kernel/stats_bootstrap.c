/* stats_bootstrap.c: bootstrap intervals of a mean. See stats.h; formulas: Efron and Tibshirani 1993, section 14.3. */
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/rng.h"
#include "experiments/kernel/stats_int.h"

enum { RESAMPLES_MIN = 100, RESAMPLES_MAX = 10000000 };

/* Sorted means of resamples of the deviations d (their own mean is 0). Each resample has its own stream. */
static enum status resample(const struct exec *exec, const double *d, size_t n, size_t resamples, uint64_t seed, double *means,
                            struct err *e)
{
  for (size_t b = 0; b < resamples; b++) {
    struct rng r = rng_make(seed, RNG_BOOTSTRAP, b);
    double sum = 0.0;
    if (exec_cancelled(exec))
      return err_set(e, STATUS_CANCELLED, "bootstrap: stopped after %zu of %zu resamples", b, resamples);
    for (size_t i = 0; i < n; i++)
      sum += d[rng_below(&r, n)];
    means[b] = sum / (double)n;
  }
  qsort(means, resamples, sizeof *means, stats_compare);
  return STATUS_OK;
}

/* z0: the normal quantile of the share of resampled means below the sample's own (0; ties count half). */
static double bias_correction(const double *sorted, size_t resamples)
{
  double below = 0.0;
  for (size_t b = 0; b < resamples; b++)
    below += sorted[b] < 0.0 ? 1.0 : sorted[b] == 0.0 ? 0.5 : 0.0;
  double least = 0.5 / (double)resamples; /* all on one side: as far as this many resamples can tell */
  return gsl_cdf_ugaussian_Pinv(fmin(fmax(below / (double)resamples, least), 1.0 - least));
}

/* a, from the jackknife, which for a mean is sum d^3 / (6 (sum d^2)^(3/2)); d scaled so that no power underflows. */
static double acceleration(const double *d, size_t n)
{
  double scale = 0.0, squares = 0.0, cubes = 0.0;
  for (size_t i = 0; i < n; i++)
    scale = fmax(scale, fabs(d[i]));
  for (size_t i = 0; i < n; i++) {
    double u = d[i] / scale;
    squares += u * u;
    cubes += u * u * u;
  }
  return cubes / (6.0 * squares * sqrt(squares));
}

/* Which quantile of the resampled means stands for the normal quantile: equation (14.10). */
static double corrected(double quantile, double z0, double a)
{
  double z = z0 + quantile, below = 1.0 - a * z;
  return below > 0.0 ? gsl_cdf_ugaussian_P(z0 + z / below) : z > 0.0 ? 1.0 : 0.0;
}

static enum status check(const double *x, size_t n, double level, size_t resamples, struct err *e)
{
  enum status status;
  if ((status = stats_check_level(level, e)) || (status = stats_check_sample(x, n, 2, "bootstrap", e)))
    return status;
  if (resamples < RESAMPLES_MIN || resamples > RESAMPLES_MAX)
    return err_set(e, STATUS_BAD_ARG, "bootstrap: %zu resamples; between %d and %d are allowed", resamples, RESAMPLES_MIN, RESAMPLES_MAX);
  return STATUS_OK;
}

enum status stats_bootstrap_mean(const struct exec *exec, const double *x, size_t n, enum stats_bootstrap kind, double level,
                                 size_t resamples, uint64_t seed, struct interval *out, struct err *e)
{
  void *d = NULL, *means = NULL;
  double mean, sd, low = 0.5 * (1.0 - level), high = 1.0 - low;
  enum status status = check(x, n, level, resamples, e);
  if (status || (status = stats_moments(x, n, &mean, &sd, e)))
    return status;
  if ((status = mem_new(&d, n, sizeof *x, "bootstrap", e)) || (status = mem_new(&means, resamples, sizeof *x, "bootstrap", e)))
    goto done;
  for (size_t i = 0; i < n; i++)
    ((double *)d)[i] = x[i] - mean;
  if ((status = resample(exec, d, n, resamples, seed, means, e)))
    goto done;
  if (kind == STATS_BCA && sd > 0.0) {
    double z0 = bias_correction(means, resamples), a = acceleration(d, n), z = gsl_cdf_ugaussian_Qinv(low);
    low = corrected(-z, z0, a);
    high = corrected(z, z0, a);
  }
  *out = (struct interval){mean + stats_sorted_quantile(means, resamples, low), mean + stats_sorted_quantile(means, resamples, high)};
done:
  free(d);
  free(means);
  return status;
}
