/* last_iterate_bound.h: what the theory says of the last iterate of a run with these rates and gradient norms. */
#ifndef ASSAY_LAST_ITERATE_BOUND_H
#define ASSAY_LAST_ITERATE_BOUND_H

#include <stddef.h>

/* Defazio et al. 2023: for convex f, any rates > 0 and (stochastic) gradients g_t at x_t with norms[t] = |g_t|, n of each,
 *   E f(x_{n-1}) - f* <= D^2/(2S) + sum_t l_t^2 |g_t|^2/(2S) + (1/2) sum_{k<n-1} l_k/(S_{>=k} S_{>k}) sum_{t>=k} l_t^2 |g_t|^2,
 * with S the sum of the rates l, S_{>=k} and S_{>k} those from k and after k on, D = distance >= |x_0 - x*|. The iterate
 * bounded is where the last gradient was taken. n >= 1. Infinite on overflow. */
double last_iterate_bound(const double *rates, const double *norms, size_t n, double distance);

/* The same for the rates eta_t = w_t sum_{p>t} w_p / sum_p w_p of the best weights for these norms > 0, w_t = c |g_t|^-2:
 * D/sqrt(sum |g_t|^-2); *scale = c, which leads to it. */
double refined_bound(const double *norms, size_t n, double distance, double *scale);

#endif
