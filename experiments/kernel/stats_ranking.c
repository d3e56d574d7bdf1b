/* stats_ranking.c: does a measure rank runs on a grid of settings as their gaps do? See stats.h. */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/stats.h"

static double sign_of(double v) { return (double)((v > 0) - (v < 0)); }

static double setting(const struct stats_grid *g, size_t axis, size_t run) { return g->setting[axis * g->n + run]; }

/* Equal on all of the first `axes` axes but `except` (`axes`: no exception). */
static bool same_but(const struct stats_grid *g, size_t axes, size_t except, size_t a, size_t b)
{
  for (size_t k = 0; k < axes; k++)
    if (k != except && setting(g, k, a) != setting(g, k, b))
      return false;
  return true;
}

static enum status check_grid(const struct stats_grid *g, struct err *e)
{
  if (g->n < 2 || g->axes < 1)
    return err_set(e, STATUS_BAD_ARG, "ranking needs at least 2 runs and 1 axis, got %zu and %zu", g->n, g->axes);
  for (size_t i = 0; i < g->n; i++)
    if (!isfinite(g->x[i]) || !isfinite(g->y[i]))
      return err_set(e, STATUS_BAD_ARG, "ranking: run %zu has measure %g and gap %g; both must be finite", i + 1, g->x[i], g->y[i]);
  return STATUS_OK;
}

/* --- granulated Kendall ---------------------------------------------------------------------------- */

/* tau-a among the runs that differ from `first` on this axis alone; NaN if there is none, or `first` is not the first of them. */
static double tau_of_group(const struct stats_grid *g, size_t axis, size_t first)
{
  size_t all = g->axes + g->blocks;
  double sum = 0, pairs = 0;
  for (size_t a = 0; a < first; a++)
    if (same_but(g, all, axis, a, first))
      return (double)NAN;
  for (size_t a = first; a < g->n; a++)
    for (size_t b = a + 1; same_but(g, all, axis, first, a) && b < g->n; b++)
      if (same_but(g, all, axis, first, b) && setting(g, axis, a) != setting(g, axis, b)) {
        sum += sign_of(g->x[a] - g->x[b]) * sign_of(g->y[a] - g->y[b]);
        pairs++;
      }
  return pairs > 0 ? sum / pairs : (double)NAN;
}

enum status stats_granulated(const struct stats_grid *g, double *axis, double *psi, struct err *e)
{
  double total = 0, used = 0;
  enum status s = check_grid(g, e);
  for (size_t k = 0; k < g->axes && !s; k++) {
    double sum = 0, groups = 0;
    for (size_t i = 0; i < g->n; i++) {
      double tau = tau_of_group(g, k, i);
      sum += isnan(tau) ? 0 : tau;
      groups += !isnan(tau);
    }
    axis[k] = groups > 0 ? sum / groups : (double)NAN;
    total += groups > 0 ? axis[k] : 0;
    used += groups > 0;
  }
  if (!s && used == 0)
    s = err_set(e, STATUS_BAD_ARG, "ranking: no two runs differ on one axis alone");
  if (!s)
    *psi = total / used;
  return s;
}

/* --- robust sign error ----------------------------------------------------------------------------- */

/* Two settings that differ on one axis: its runs, whatever their blocks, against those of the other. */
struct environment { size_t axis; double error, ess; };

static bool first_of_setting(const struct stats_grid *g, size_t i)
{
  for (size_t a = 0; a < i; a++)
    if (same_but(g, g->axes, g->axes, a, i))
      return false;
  return true;
}

/* On which axis alone do a and b differ? `axes`: on none or several. */
static size_t lone_difference(const struct stats_grid *g, size_t a, size_t b)
{
  size_t found = g->axes;
  for (size_t k = 0; k < g->axes; k++)
    if (setting(g, k, a) != setting(g, k, b)) {
      if (found < g->axes)
        return g->axes;
      found = k;
    }
  return found;
}

/* How sure the order of two gaps is that were measured on n_test points each, above a coin's 1/2. */
static double weight_of(double difference, double n_test)
{
  double half = fabs(difference) / 2, p = fmax(0, 1 - 2 * exp(-2 * n_test * half * half));
  return fmax(0, p * p - 0.5);
}

static struct environment measure_environment(const struct stats_grid *g, size_t a, size_t b, size_t axis, double n_test)
{
  double sum = 0, weight = 0, square = 0;
  for (size_t i = 0; i < g->n; i++)
    for (size_t j = 0; same_but(g, g->axes, g->axes, a, i) && j < g->n; j++)
      if (same_but(g, g->axes, g->axes, b, j)) {
        double w = weight_of(g->y[i] - g->y[j], n_test);
        sum += w * (1 - sign_of(g->x[i] - g->x[j]) * sign_of(g->y[i] - g->y[j])) / 2;
        weight += w;
        square += w * w;
      }
  return (struct environment){axis, weight > 0 ? sum / weight : 0, square > 0 ? weight * weight / square : 0};
}

/* The environments of an axis (g->axes: of all) with at least so many effective pairs. */
static enum status sum_up(const struct environment *of, size_t n, size_t axis, size_t axes, double least_ess, double *scratch,
                          struct stats_sign_error *out, struct err *e)
{
  *out = (struct stats_sign_error){.mean = (double)NAN, .p90 = (double)NAN, .max = (double)NAN};
  for (size_t i = 0; i < n; i++)
    if (axis == axes || of[i].axis == axis) {
      out->environments++;
      if (of[i].ess >= least_ess)
        scratch[out->kept++] = of[i].error;
    }
  if (out->kept == 0)
    return STATUS_OK;
  out->max = 0;
  for (size_t i = 0; i < out->kept; i++)
    out->max = fmax(out->max, scratch[i]);
  enum status s = stats_mean(scratch, out->kept, &out->mean, e);
  return s ? s : stats_quantile(scratch, out->kept, 0.9, &out->p90, e);
}

static size_t gather(const struct stats_grid *g, double n_test, struct environment *out)
{
  size_t n = 0;
  for (size_t a = 0; a < g->n; a++)
    for (size_t b = a + 1; first_of_setting(g, a) && b < g->n; b++) {
      size_t axis = lone_difference(g, a, b);
      if (axis < g->axes && first_of_setting(g, b))
        out[n++] = measure_environment(g, a, b, axis, n_test);
    }
  return n;
}

enum status stats_sign_error(const struct stats_grid *g, double n_test, double least_ess, struct stats_sign_error *axis,
                             struct stats_sign_error *all, struct err *e)
{
  void *memory = NULL, *scratch = NULL;
  size_t pairs = 0;
  enum status s = check_grid(g, e);
  if (!s && !(n_test > 0 && least_ess >= 0))
    s = err_set(e, STATUS_BAD_ARG, "ranking: n_test must be above 0 and the effective sample size at least 0, got %g and %g", n_test, least_ess);
  if (!s && !size_mul(g->n, (g->n - 1), &pairs))
    s = err_set(e, STATUS_NO_MEMORY, "ranking: %zu runs are too many", g->n);
  s = s ? s : mem_new(&memory, pairs / 2, sizeof(struct environment), "pairs of settings", e);
  s = s ? s : mem_new(&scratch, pairs / 2, sizeof(double), "pairs of settings", e);
  size_t n = s ? 0 : gather(g, n_test, memory);
  for (size_t k = 0; k < g->axes && !s; k++)
    s = sum_up(memory, n, k, g->axes, least_ess, scratch, &axis[k], e);
  s = s ? s : sum_up(memory, n, g->axes, g->axes, least_ess, scratch, all, e);
  free(memory);
  free(scratch);
  return s;
}
