/* stats.c: moments, quantiles, t intervals and the paired t test, Holm's adjustment. See stats.h. */
#include "experiments/kernel/stats.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/stats_int.h"
#include "experiments/kernel/vec.h"

enum status stats_check_sample(const double *x, size_t n, size_t least, const char *what, struct err *e)
{
  if (n < least)
    return err_set(e, STATUS_BAD_ARG, "%s: %zu value%s, at least %zu needed", what, n, n == 1 ? "" : "s", least);
  if (vec_finite_f64(x, n))
    return STATUS_OK;
  size_t i = 0;
  while (isfinite(x[i]))
    i++;
  return err_set(e, STATUS_BAD_ARG, "%s: value %zu of %zu is %g; all must be finite", what, i + 1, n, x[i]);
}

enum status stats_check_level(double level, struct err *e)
{
  if (level > 0.0 && level < 1.0)
    return STATUS_OK;
  return err_set(e, STATUS_BAD_ARG, "level %g: must be between 0 and 1, for example 0.95", level);
}

/* Deviations are taken first from x[0], which makes constants exact, then from the first mean. */
enum status stats_moments(const double *x, size_t n, double *mean, double *sd, struct err *e)
{
  struct compensated shift = {0}, first = {0}, second = {0};
  double count = (double)n;
  for (size_t i = 0; i < n; i++)
    compensated_add(&shift, x[i] - x[0]);
  double rough = x[0] + compensated_value(&shift) / count;
  for (size_t i = 0; i < n; i++) {
    double d = x[i] - rough;
    compensated_add(&first, d);
    compensated_add(&second, d * d);
  }
  double rest = compensated_value(&first);
  double squares = compensated_value(&second) - rest * rest / count; /* 0 in exact arithmetic: the correction */
  *mean = rough + rest / count;
  *sd = n > 1 ? sqrt(squares > 0.0 ? squares / (count - 1.0) : 0.0) : 0.0;
  if (!isfinite(*mean) || !isfinite(*sd))
    return err_set(e, STATUS_BAD_ARG, "the %zu values are so large that their standard deviation overflows", n);
  return STATUS_OK;
}

enum status stats_mean(const double *x, size_t n, double *mean, struct err *e)
{
  double sd;
  enum status status = stats_check_sample(x, n, 1, "mean", e);
  return status ? status : stats_moments(x, n, mean, &sd, e);
}

enum status stats_sd(const double *x, size_t n, double *sd, struct err *e)
{
  double mean;
  enum status status = stats_check_sample(x, n, 2, "standard deviation", e);
  return status ? status : stats_moments(x, n, &mean, sd, e);
}

int stats_compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

double stats_sorted_quantile(const double *x, size_t n, double q)
{
  double at = q * (double)(n - 1), below = floor(at);
  size_t i = (size_t)below;
  if (i + 1 >= n)
    return x[n - 1];
  double part = at - below;
  return (1.0 - part) * x[i] + part * x[i + 1];
}

enum status stats_quantile(const double *x, size_t n, double q, double *out, struct err *e)
{
  void *sorted;
  enum status status = stats_check_sample(x, n, 1, "quantile", e);
  if (status)
    return status;
  if (!(q >= 0.0 && q <= 1.0))
    return err_set(e, STATUS_BAD_ARG, "quantile %g: must be between 0 and 1", q);
  if ((status = mem_new(&sorted, n, sizeof *x, "quantile", e)))
    return status;
  memcpy(sorted, x, n * sizeof *x);
  qsort(sorted, n, sizeof *x, stats_compare);
  *out = stats_sorted_quantile(sorted, n, q);
  free(sorted);
  return STATUS_OK;
}

enum status stats_median(const double *x, size_t n, double *out, struct err *e) { return stats_quantile(x, n, 0.5, out, e); }

/* Half the width of the t interval. (1 - level) / 2 is the upper tail: no cancellation near level 1. */
static double t_margin(double sd, size_t n, double level)
{
  return gsl_cdf_tdist_Qinv(0.5 * (1.0 - level), (double)(n - 1)) * sd / sqrt((double)n);
}

enum status stats_mean_interval(const double *x, size_t n, double level, struct interval *out, struct err *e)
{
  double mean, sd;
  enum status status;
  if ((status = stats_check_level(level, e)) || (status = stats_check_sample(x, n, 2, "interval of a mean", e)) ||
      (status = stats_moments(x, n, &mean, &sd, e)))
    return status;
  double margin = t_margin(sd, n, level);
  *out = (struct interval){mean - margin, mean + margin};
  return STATUS_OK;
}

enum status stats_differences(const double *x, const double *y, size_t n, size_t least, double **d, struct err *e)
{
  void *memory;
  enum status status;
  if ((status = stats_check_sample(x, n, least, "paired test, first sample", e)) ||
      (status = stats_check_sample(y, n, least, "paired test, second sample", e)) ||
      (status = mem_new(&memory, n, sizeof **d, "paired test", e)))
    return status;
  *d = memory;
  for (size_t i = 0; i < n; i++)
    (*d)[i] = x[i] - y[i];
  return STATUS_OK;
}

/* The rounding errors of x, y and x - y, half a unit each, at the size of the largest: differences that vary less than
 * this are constant. */
static double rounding_of(const double *x, const double *y, size_t n)
{
  double largest = 0.0;
  for (size_t i = 0; i < n; i++)
    largest = fmax(largest, fmax(fabs(x[i]), fabs(y[i])));
  return 2.0 * DBL_EPSILON * largest;
}

enum status stats_paired_t(const double *x, const double *y, size_t n, double level, struct stats_t_test *out, struct err *e)
{
  double *d = NULL, mean, sd;
  enum status status;
  if ((status = stats_check_level(level, e)) || (status = stats_differences(x, y, n, 2, &d, e)))
    return status;
  if ((status = stats_moments(d, n, &mean, &sd, e)))
    goto done;
  if (sd <= rounding_of(x, y, n)) {
    status = err_set(e, STATUS_BAD_ARG, "paired t test: all %zu differences are %g, so that t does not exist", n, mean);
    goto done;
  }
  double df = (double)(n - 1), t = mean / (sd / sqrt((double)n)), margin = t_margin(sd, n, level);
  *out = (struct stats_t_test){.mean_difference = mean, .t = t, .df = df, .p = fmin(1.0, 2.0 * gsl_cdf_tdist_Q(fabs(t), df)),
                               .interval = {mean - margin, mean + margin}};
done:
  free(d);
  return status;
}

struct ranked { double p; size_t index; };

static int by_p(const void *a, const void *b)
{
  const struct ranked *x = a, *y = b;
  return (x->p > y->p) - (x->p < y->p);
}

enum status stats_holm(const double *p, size_t n, double *adjusted, struct err *e)
{
  void *memory;
  for (size_t i = 0; i < n; i++)
    if (!(p[i] >= 0.0 && p[i] <= 1.0))
      return err_set(e, STATUS_BAD_ARG, "Holm's adjustment: p-value %zu of %zu is %g; must be between 0 and 1", i + 1, n, p[i]);
  enum status status = mem_new(&memory, n, sizeof(struct ranked), "Holm's adjustment", e);
  if (status)
    return status;
  struct ranked *sorted = memory;
  for (size_t i = 0; i < n; i++)
    sorted[i] = (struct ranked){p[i], i};
  qsort(sorted, n, sizeof *sorted, by_p);
  double largest = 0.0; /* so far: adjusted values must not fall where p rises */
  for (size_t i = 0; i < n; i++) {
    largest = fmax(largest, fmin(1.0, (double)(n - i) * sorted[i].p));
    adjusted[sorted[i].index] = largest;
  }
  free(sorted);
  return STATUS_OK;
}
