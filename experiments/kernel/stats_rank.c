/* stats_rank.c: ranks, Wilcoxon's signed-rank test and Spearman's rho. See stats.h.
 *
 * The exact tests count with doubled ranks, which are integers even where ties share an average. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/stats_int.h"

#define WILCOXON_EXACT 50 /* 2^50 sign patterns are counted exactly in float64 */
#define SPEARMAN_EXACT 9  /* 9! = 362,880 orders: some milliseconds */

struct placed { double value; size_t index; };

static int by_value(const void *a, const void *b)
{
  const struct placed *x = a, *y = b;
  return (x->value > y->value) - (x->value < y->value);
}

enum status stats_ranks(const double *x, size_t n, double *rank, double *tie_term, struct err *e)
{
  void *memory;
  enum status status;
  if ((status = stats_check_sample(x, n, 0, "ranks", e)) || (status = mem_new(&memory, n, sizeof(struct placed), "ranks", e)))
    return status;
  struct placed *sorted = memory;
  double ties = 0.0;
  for (size_t i = 0; i < n; i++)
    sorted[i] = (struct placed){x[i], i};
  qsort(sorted, n, sizeof *sorted, by_value);
  for (size_t first = 0, end; first < n; first = end) {
    for (end = first + 1; end < n && sorted[end].value == sorted[first].value; end++) {}
    double t = (double)(end - first);
    ties += t * t * t - t;
    for (size_t i = first; i < end; i++)
      rank[sorted[i].index] = 0.5 * (double)(first + 1 + end);
  }
  free(sorted);
  if (tie_term)
    *tie_term = ties;
  return STATUS_OK;
}

/* P(W <= w) where each rank is counted or not with probability 1/2; counts[s] = sign patterns of doubled sum s. */
static double signed_rank_cdf(const double *rank, size_t n, double w)
{
  static_assert(WILCOXON_EXACT <= 52, "counts must stay exact");
  double counts[WILCOXON_EXACT * (WILCOXON_EXACT + 1) + 1] = {1.0}, below = 0.0;
  size_t reach = 0;
  for (size_t i = 0; i < n; i++) {
    size_t step = (size_t)(2.0 * rank[i]);
    for (size_t s = reach + 1; s-- > 0;)
      counts[s + step] += counts[s];
    reach += step;
  }
  for (size_t s = 0; s <= (size_t)(2.0 * w); s++)
    below += counts[s];
  return ldexp(below, -(int)n);
}

static double wilcoxon_normal(double w_small, double n, double tie_term)
{
  double mean = n * (n + 1.0) / 4.0, variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - tie_term / 48.0;
  double distance = fmax(mean - w_small - 0.5, 0.0); /* half a unit: the continuity correction */
  return 2.0 * gsl_cdf_ugaussian_Q(distance / sqrt(variance));
}

/* Drops zeros from d and fills the sizes; returns how many are left. */
static size_t drop_zeros(double *d, double *size, size_t n)
{
  size_t used = 0;
  for (size_t i = 0; i < n; i++)
    if (d[i] != 0.0) {
      size[used] = fabs(d[i]);
      d[used++] = d[i];
    }
  return used;
}

enum status stats_wilcoxon(const double *x, const double *y, size_t n, struct stats_wilcoxon *out, struct err *e)
{
  double *d = NULL, tie_term;
  void *size = NULL, *rank = NULL;
  struct stats_wilcoxon w = {0};
  enum status status;
  if ((status = stats_differences(x, y, n, 1, &d, e)) || (status = mem_new(&size, n, sizeof *d, "Wilcoxon's test", e)) ||
      (status = mem_new(&rank, n, sizeof *d, "Wilcoxon's test", e)))
    goto done;
  w.used = drop_zeros(d, size, n);
  w.zeros = n - w.used;
  if (w.used == 0) {
    status = err_set(e, STATUS_BAD_ARG, "Wilcoxon's test: all %zu differences are 0, so that there is nothing to rank", n);
    goto done;
  }
  if ((status = stats_ranks(size, w.used, rank, &tie_term, e)))
    goto done;
  for (size_t i = 0; i < w.used; i++)
    *(d[i] > 0.0 ? &w.w_plus : &w.w_minus) += ((double *)rank)[i];
  double least = fmin(w.w_plus, w.w_minus);
  w.exact = w.used <= WILCOXON_EXACT;
  w.p = fmin(1.0, w.exact ? 2.0 * signed_rank_cdf(rank, w.used, least) : wilcoxon_normal(least, (double)w.used, tie_term));
  *out = w;
done:
  free(d);
  free(size);
  free(rank);
  return status;
}

struct orders {
  size_t n;
  int64_t a[SPEARMAN_EXACT], b[SPEARMAN_EXACT]; /* doubled ranks, minus their mean: n + 1 */
  int64_t limit;                                /* the size seen of sum a b */
  int64_t extreme, all;                         /* orders at least that far from 0; orders */
};

/* Counts the orders of b[i..n), with `sum` of the products before i. */
static void count_orders(struct orders *o, size_t i, int64_t sum)
{
  if (i == o->n) {
    o->all++;
    o->extreme += llabs(sum) >= o->limit;
    return;
  }
  for (size_t j = i; j < o->n; j++) {
    int64_t chosen = o->b[j];
    o->b[j] = o->b[i];
    o->b[i] = chosen;
    count_orders(o, i + 1, sum + o->a[i] * chosen);
    o->b[i] = o->b[j];
    o->b[j] = chosen;
  }
}

static double spearman_exact(const double *a, const double *b, size_t n)
{
  struct orders o = {.n = n};
  int64_t seen = 0;
  for (size_t i = 0; i < n; i++) {
    o.a[i] = (int64_t)(2.0 * a[i]) - (int64_t)(n + 1);
    o.b[i] = (int64_t)(2.0 * b[i]) - (int64_t)(n + 1);
    seen += o.a[i] * o.b[i];
  }
  o.limit = llabs(seen);
  count_orders(&o, 0, 0);
  return (double)o.extreme / (double)o.all;
}

static double spearman_t(double rho, size_t n)
{
  double df = (double)n - 2.0;
  return fmin(1.0, 2.0 * gsl_cdf_tdist_Q(fabs(rho) * sqrt(df / ((1.0 - rho) * (1.0 + rho))), df));
}

/* Pearson's correlation of two rankings, whose means are (n + 1)/2; 0/0 where one is constant. */
static double rank_correlation(const double *a, const double *b, size_t n)
{
  double mean = 0.5 * (double)(n + 1), ab = 0.0, aa = 0.0, bb = 0.0;
  for (size_t i = 0; i < n; i++) {
    ab += (a[i] - mean) * (b[i] - mean);
    aa += (a[i] - mean) * (a[i] - mean);
    bb += (b[i] - mean) * (b[i] - mean);
  }
  return fmax(-1.0, fmin(1.0, ab / sqrt(aa * bb)));
}

enum status stats_spearman(const double *x, const double *y, size_t n, struct stats_spearman *out, struct err *e)
{
  void *a = NULL, *b = NULL;
  double all = (double)n * ((double)n * (double)n - 1.0), ties_x, ties_y; /* n^3 - n: one group of n ties */
  enum status status;
  if ((status = stats_check_sample(x, n, 2, "Spearman's rho, first input", e)) ||
      (status = stats_check_sample(y, n, 2, "Spearman's rho, second input", e)) ||
      (status = mem_new(&a, n, sizeof *x, "ranks", e)) || (status = mem_new(&b, n, sizeof *x, "ranks", e)) ||
      (status = stats_ranks(x, n, a, &ties_x, e)) || (status = stats_ranks(y, n, b, &ties_y, e)))
    goto done;
  if (ties_x >= all || ties_y >= all) {
    status = err_set(e, STATUS_BAD_ARG, "Spearman's rho: the %s input is constant", ties_x >= all ? "first" : "second");
    goto done;
  }
  struct stats_spearman s = {.rho = rank_correlation(a, b, n), .exact = n <= SPEARMAN_EXACT};
  s.p = s.exact ? spearman_exact(a, b, n) : spearman_t(s.rho, n);
  *out = s;
done:
  free(a);
  free(b);
  return status;
}
