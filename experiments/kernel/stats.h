/* stats.h: statistics of small samples in float64: means with intervals, paired tests, rank correlation.
 *
 * All input must be finite; too few values, a level outside (0, 1), or an input for which the answer does not
 * exist (a correlation with a constant) gives STATUS_BAD_ARG and a message, never a NaN. Tests are two-sided. */
#ifndef ASSAY_KERNEL_STATS_H
#define ASSAY_KERNEL_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "experiments/kernel/err.h"
#include "experiments/kernel/exec.h"

struct interval { double low, high; };

/* Arithmetic mean, n >= 1. Two passes: exact for constant input, error near one rounding otherwise. */
NODISCARD enum status stats_mean(const double *x, size_t n, double *mean, struct err *e);
/* Standard deviation with divisor n - 1, n >= 2 (corrected two-pass: Chan, Golub, LeVeque 1983). */
NODISCARD enum status stats_sd(const double *x, size_t n, double *sd, struct err *e);
/* Quantile q in [0, 1] by linear interpolation between order statistics (type 7 of Hyndman and Fan 1996, the
 * default of R and NumPy), n >= 1. */
NODISCARD enum status stats_quantile(const double *x, size_t n, double q, double *out, struct err *e);
NODISCARD enum status stats_median(const double *x, size_t n, double *out, struct err *e);

/* mean -+ t sd / sqrt(n), with Student's t of n - 1 degrees of freedom at the given level (0.95), n >= 2. Of a
 * constant: that one point. */
NODISCARD enum status stats_mean_interval(const double *x, size_t n, double level, struct interval *out, struct err *e);

/* Bootstrap interval of the mean (Efron and Tibshirani 1993, chapters 13 and 14): quantiles of the means of samples
 * drawn with replacement, either as they are or bias-corrected and accelerated (Efron 1987). n >= 2; 100 to
 * 10,000,000 resamples (10,000 is usual); the result depends on the seed (RNG_BOOTSTRAP) alone. Below n of about 10
 * both are too narrow: prefer the t interval. Of a constant: that one point. STATUS_CANCELLED when asked to stop. */
enum stats_bootstrap { STATS_PERCENTILE, STATS_BCA };
NODISCARD enum status stats_bootstrap_mean(const struct exec *exec, const double *x, size_t n, enum stats_bootstrap kind,
                                           double level, size_t resamples, uint64_t seed, struct interval *out, struct err *e);

/* Student's paired t test (Student 1908) of mean(x - y) = 0, n >= 2. Refused where the differences are constant up to
 * rounding: t does not exist then. */
struct stats_t_test {
  double mean_difference, t, df, p;
  struct interval interval; /* of the mean difference, at the given level */
};
NODISCARD enum status stats_paired_t(const double *x, const double *y, size_t n, double level, struct stats_t_test *out, struct err *e);

/* Wilcoxon's signed-rank test (Wilcoxon 1945) that x - y is symmetric about 0. Zero differences are dropped, tied sizes
 * get average ranks. Up to 50 differences p is exact: all sign patterns of the ranks at hand count alike, ties
 * included. Beyond, the normal approximation with correction for ties and continuity (Hollander, Wolfe, Chicken
 * 2014, 3.1). Refused where all differences are 0. */
struct stats_wilcoxon {
  double w_plus, w_minus; /* rank sums of the positive and negative differences */
  size_t used, zeros;     /* differences counted, and dropped */
  bool exact;             /* else the normal approximation */
  double p;
};
NODISCARD enum status stats_wilcoxon(const double *x, const double *y, size_t n, struct stats_wilcoxon *out, struct err *e);

/* Holm's step-down adjustment of n p-values (Holm 1979): adjusted[i] <= alpha rejects hypothesis i with family-wise
 * error at most alpha. adjusted may be p. */
NODISCARD enum status stats_holm(const double *p, size_t n, double *adjusted, struct err *e);

/* rank[i] = rank of x[i] from 1, tied values sharing the average. *tie_term (may be NULL) = sum of t^3 - t over
 * the groups of t tied values. */
NODISCARD enum status stats_ranks(const double *x, size_t n, double *rank, double *tie_term, struct err *e);

/* Kendall's tau-b in O(n log n) (Knight 1966), n >= 2, neither input constant. p: exact up to n = 50 without ties, else
 * the normal approximation with the variance under ties (Kendall 1970, 4.4), no continuity correction. The interval
 * is that of Fieller, Hartley and Pearson 1957, atanh(tau) -+ z sqrt(0.437/(n - 4)): meant for n >= 10 with few ties;
 * [-1, 1] for n <= 4, and the point itself where |tau| = 1. */
struct stats_kendall {
  double tau, p;
  bool exact;
  struct interval interval;
};
NODISCARD enum status stats_kendall(const double *x, const double *y, size_t n, double level, struct stats_kendall *out, struct err *e);

/* Spearman's rho: Pearson's correlation of average ranks, n >= 2, neither input constant. p: exact over all n! orders
 * for n <= 9 (ties included), else by Student's t of n - 2 degrees of freedom (Kendall 1970, 5.9). */
struct stats_spearman {
  double rho, p;
  bool exact;
};
NODISCARD enum status stats_spearman(const double *x, const double *y, size_t n, struct stats_spearman *out, struct err *e);

/* Hill's estimate of the tail index (P(X > x) ~ x^-index) from the k largest of n values, 1 <= k < n, which must be
 * positive; +inf when they are all equal. 5 % to 10 % of n is usual: look at several k. */
NODISCARD enum status stats_hill(const double *x, size_t n, size_t k, double *index, struct err *e);

/* --- does a measure rank runs as their gaps do? (stats_ranking.c) --- */

/* n runs with measure x and gap y. setting: (axes + blocks) x n numbers, axis after axis: what each run was given. Blocks
 * (a seed) are settings that rankings hold fixed but do not ask about. */
struct stats_grid {
  size_t n, axes, blocks;
  const double *x, *y, *setting;
};

/* Granulated Kendall (Jiang et al. 2020): axis[k] = mean, over all settings of the other axes and blocks, of tau-a (ties count 0)
 * among the runs that differ on axis k alone; NaN where no run has a partner. *psi = mean of the axes that have a value. O(axes n^2)
 * for a full grid. */
NODISCARD enum status stats_granulated(const struct stats_grid *g, double *axis, double *psi, struct err *e);

/* Robust sign error (Dziugaite et al. 2020). An environment is a pair of settings that differ on one axis alone. Its error: the
 * mean of (1 - sign sign)/2 over pairs of their runs, whatever the blocks, each pair with weight max(0, p^2 - 1/2), p = max(0,
 * 1 - 2 exp(-2 n_test (|y1 - y2|/2)^2)): how sure the order of its gaps is when each was measured on n_test points. Kept are
 * environments whose effective number of pairs (sum w)^2/sum w^2 is at least least_ess. axis[k], and *all: their mean, 90th
 * percentile and largest error; NaN where none is kept. 1/2 is a coin; a largest error near 1: somewhere the measure is wrong. */
struct stats_sign_error {
  size_t environments, kept;
  double mean, p90, max;
};
NODISCARD enum status stats_sign_error(const struct stats_grid *g, double n_test, double least_ess, struct stats_sign_error *axis,
                                       struct stats_sign_error *all, struct err *e);

#endif
