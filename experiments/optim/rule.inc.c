/* rule.inc.c: state and steps of an elementwise rule, for the file that includes it (rule.h shows such a file).
 *
 * It asks for
 *   SELF            the file that defines ELEMENT when it is read with REAL set
 *   VECTORS         vectors of n numbers in the state, at most RULE_MAX_VECTORS; where it depends on the parameters, the
 *                   largest number, with LEAST_VECTORS the smallest and COUNT_VECTORS(conf) the number itself
 *   EXTRA_VECTORS(conf)  (optional) so many vectors more, beyond those that ELEMENT sees
 *   EVALUATED       (optional) the vector that holds the weights to evaluate; then RULE_EVALUATION goes in the descriptor
 *   COPIES          bit j: vector j starts as the weights, not as zeros (default 0)
 *   SCALARS         (optional) the struct of what the rule remembers beside vectors; zeros, unless there is
 *   BEGIN           (optional) a function void (const void *conf, SCALARS *) that sets them
 *   SUMS            (optional) so many sums over all elements are needed before the update: MEASURE gives an element's terms
 *   SUMMED(conf)    (optional) with SUMS: false where these parameters need none
 *   AT_RATE(c, m)   (optional) multiply the rate in the constants by m; without it `rate` and `shrink`, 1 - lr decay, are they
 *   ONE_RATE        (optional) defined where all layers must share a rate
 *   prepare         enum status prepare(const struct update *, struct constants *, struct err *): the constants of an update
 *   settle          with SUMS: enum status settle(const struct update *, const double *sum, struct constants *, struct err *)
 * and of the file read with REAL set
 *   static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, REAL s[])      the new w; s: the state, in place
 *   static inline void MEASURE(const struct constants *c, REAL w, REAL g, REAL s[], double term[])
 * There K(name) is the constant c->name; FMA, SQRT, FABS, the unsigned integer BITS and its MANTISSA are of the type.
 * DIVISOR(x) is x, or infinity for x = 0: with epsilon 0 an element that has seen no gradient stays. */

#ifndef LEAST_VECTORS
#define LEAST_VECTORS VECTORS
#define COUNT_VECTORS(conf) VECTORS
#endif
#ifndef EXTRA_VECTORS
#define EXTRA_VECTORS(conf) ((size_t)0)
#endif
#ifndef COPIES
#define COPIES 0u
#endif
#ifdef SCALARS
#define HEADER round_up(sizeof(SCALARS), MEM_ALIGN)
#else
#define HEADER ((size_t)0)
#endif
#ifndef SUMS
#define SUMS 0
#endif
#ifndef SUMMED
#define SUMMED(conf) true
#endif
#ifndef AT_RATE
#define AT_RATE(c, m) ((c)->rate *= (m), (c)->shrink = 1.0 - (m) * (1.0 - (c)->shrink))
#endif
#ifdef ONE_RATE
#define LAYER_RATES false
#else
#define LAYER_RATES true
#endif
_Static_assert(VECTORS <= RULE_MAX_VECTORS, "a rule has few vectors");

static inline size_t vectors(const void *conf)
{
  (void)conf;
  return COUNT_VECTORS(conf);
}

static size_t state_size(const void *conf, const struct net *net, size_t n, enum dtype type)
{
  (void)net;
  return HEADER + (vectors(conf) + EXTRA_VECTORS(conf)) * n * dtype_size(type);
}

static void init(const void *conf, const struct net *net, void *state, const void *w, size_t n, enum dtype type)
{
  size_t bytes = n * dtype_size(type);
  memset(state, 0, state_size(conf, net, n, type));
#ifdef BEGIN
  BEGIN(conf, state);
#endif
  for (size_t j = 0; j < vectors(conf) && bytes; j++)
    if (COPIES >> j & 1)
      memcpy((char *)state + HEADER + j * bytes, w, bytes);
}

/* One function may be compiled for more than its file. A machine of another kind never chooses these. */
#ifndef __x86_64__
#define RULE_AVX2
#define RULE_AVX512
#elif defined __clang__
#define RULE_AVX2 __attribute__((target("avx2,fma")))
#define RULE_AVX512 __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,fma")))
#else
#define RULE_AVX2 __attribute__((target("avx2,fma")))
#define RULE_AVX512 __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,fma,prefer-vector-width=512")))
#endif
#define RULE_BLOCK ((size_t)512) /* elements whose terms are summed at a time */
#define K(name) ((REAL)c->name)
#define DIVISOR(x) ((x) > 0 ? (x) : (REAL)INFINITY) /* a branch could not be vectorised */
#define SIGN(x) ((x) > 0 ? (REAL)1 : (x) < 0 ? (REAL)-1 : (REAL)0)

#define REAL float
#define DTYPE DTYPE_F32
#define NAME(base) base##_f32
#define FMA fmaf
#define SQRT sqrtf
#define FABS fabsf
#define BITS uint32_t
#define MANTISSA 23
#define ELEMENT element_f32
#define MEASURE measure_f32
#include SELF
#include "experiments/optim/rule_typed.inc.c" /* one body, two types */
#undef REAL
#undef DTYPE
#undef NAME
#undef FMA
#undef SQRT
#undef FABS
#undef BITS
#undef MANTISSA
#undef ELEMENT
#undef MEASURE

#define REAL double
#define DTYPE DTYPE_F64
#define NAME(base) base##_f64
#define FMA fma
#define SQRT sqrt
#define FABS fabs
#define BITS uint64_t
#define MANTISSA 52
#define ELEMENT element_f64
#define MEASURE measure_f64
#include SELF
#include "experiments/optim/rule_typed.inc.c" /* one body, two types */
#undef REAL
