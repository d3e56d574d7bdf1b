/* tail.h: inverses of the two tails that certify a risk: the Chernoff bound (relative entropy of coins) and
 * the binomial distribution.
 *
 * An upper inverse never falls below the exact value, a lower one never rises above it: the bisection keeps an
 * end that fails the inequality by more than the rounding of its evaluation, and returns that end. Arguments
 * outside their range give NaN. All logarithms are natural. */
#ifndef ASSAY_KERNEL_TAIL_H
#define ASSAY_KERNEL_TAIL_H

#include <stdint.h>

/* kl(q||p) = q ln(q/p) + (1-q) ln((1-q)/(1-p)) for q, p in [0, 1]; +inf where p excludes what q allows. */
double kl_bernoulli(double q, double p);
/* sup{p in [q, 1] : kl(q||p) <= c} and inf{p in [0, q] : kl(q||p) <= c}, for q in [0, 1] and c >= 0. */
double kl_inv(double q, double c);
double kl_inv_lower(double q, double c);

#define BIN_N_MAX 1000000000000 /* trials: beyond, the sums would take seconds */

/* ln P(X <= k) for X ~ Bin(n, p), 0 <= k <= n, n >= 1: accurate far below the smallest double. */
double bin_log_cdf(int64_t k, int64_t n, double p);
/* sup{p : P(X <= k) >= delta} = (1 - delta)-quantile of Beta(k+1, n-k), from ln delta <= 0 (union bounds ask for
 * delta = 1e-300 and less); bin_inv takes delta in (0, 1]. */
double bin_inv_log(int64_t k, int64_t n, double log_delta);
double bin_inv(int64_t k, int64_t n, double delta);
/* inf{p : P(X >= k) >= delta}: the lower confidence limit. */
double bin_inv_lower(int64_t k, int64_t n, double delta);

/* ln of the binomial coefficient, 0 <= k <= n. */
double log_choose(double n, double k);

/* KL(N(mean_q, diag sd_q^2) || N(mean_p, diag sd_p^2)) of one coordinate; sd > 0. Accurate where sd_q is near sd_p. */
double kl_gaussian(double mean_q, double sd_q, double mean_p, double sd_p);

#endif
