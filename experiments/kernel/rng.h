/* rng.h: counter-based random numbers (Philox4x32-10; Salmon, Moraes, Dror, Shaw 2011, "Parallel random
 * numbers: as easy as 1, 2, 3").
 *
 * A value is a pure function of (seed, purpose, stream, lane). There is no state to share, lock or
 * save, and a value does not depend on who asked first, on the machine or on the C library.
 *
 * A struct rng is a cursor over the lanes of one stream. Each number drawn takes one lane (rng_below
 * rarely more), so that setting `at` reaches any of them directly, and filling an array equals drawing
 * its elements one by one. A stream has 2^48 lanes. */
#ifndef ASSAY_KERNEL_RNG_H
#define ASSAY_KERNEL_RNG_H

#include <stddef.h>
#include <stdint.h>

/* What a stream is for. Append only: the numbers reach stored results. */
enum rng_purpose {
  RNG_INIT = 1,       /* initial weights */
  RNG_ORDER = 2,      /* mini-batch order */
  RNG_DATA = 3,       /* synthetic inputs */
  RNG_TEACHER = 4,    /* hidden parameters of a synthetic problem */
  RNG_LABEL_NOISE = 5,
  RNG_GRAD_NOISE = 6, /* noise added to gradients */
  RNG_SPLIT = 7,      /* train/validation/test split */
  RNG_BOOTSTRAP = 8,
  RNG_PROBE = 9,      /* Rademacher/Gaussian probe vectors */
  RNG_USER = 10,      /* assay.random at the prompt */
  RNG_TEST = 11,
  RNG_SAMPLE = 12,    /* which examples a study takes: samples, ghosts, supersamples and their masks */
};

struct rng {
  uint64_t seed;
  uint32_t purpose; /* below 2^16 */
  uint64_t stream; /* e.g. the epoch or the layer */
  uint64_t at;     /* next lane */
};

/* One Philox4x32-10 block: out[0..3] from a 128-bit counter and a 64-bit key. */
void philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

struct rng rng_make(uint64_t seed, enum rng_purpose purpose, uint64_t stream);

uint32_t rng_u32(struct rng *r);
uint64_t rng_u64(struct rng *r);
double rng_uniform(struct rng *r);              /* [0, 1), 53 bits */
/* N(0, 1) by Box-Muller in float64, with log, sin and cos of our own (within 2 ulp): the same bits
 * everywhere. |value| <= 8.58. */
double rng_normal(struct rng *r);
/* Symmetric laws with P(|x| > t) ~ t^-alpha, alpha > 0: Student's t of alpha degrees of freedom, and Pareto's from 1 on with a random sign.
 * They take pow, log and expm1 from libm: another C library may give other last bits. */
double rng_student(struct rng *r, double alpha);
double rng_pareto(struct rng *r, double alpha);
uint64_t rng_below(struct rng *r, uint64_t n);  /* unbiased integer in [0, n), n >= 1 */
int rng_sign(struct rng *r);                    /* -1 or +1 */

/* Uniform in [low, high); rounding to float32 may give high itself. */
void rng_fill_uniform_f32(struct rng *r, float *x, size_t n, double low, double high);
void rng_fill_normal_f32(struct rng *r, float *x, size_t n, double mean, double sd);
void rng_fill_normal_f64(struct rng *r, double *x, size_t n, double mean, double sd);

/* p[0..n) = a uniformly random permutation of 0..n-1 (Fisher-Yates), n <= 2^32. */
void rng_permutation(struct rng *r, uint32_t *p, size_t n);

/* k distinct values of 0..n-1, in random order (k <= n <= 2^32). O(min(k^2, n)), no memory. */
void rng_sample(struct rng *r, uint32_t *out, size_t k, size_t n);

#endif
