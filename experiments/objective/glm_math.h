/* glm_math.h: the logistic link in float64 from additions, products and divisions alone, in one fixed order: the same bits on every
 * machine and C library, and loops over it become vectors. tests/unit/objective/glm.c holds the errors against libm. */
#ifndef ASSAY_OBJECTIVE_GLM_MATH_H
#define ASSAY_OBJECTIVE_GLM_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* e^-a for a >= 0 (beyond 708: e^-708; NaN stays): a = n ln 2 - r, |r| <= ln 2 / 2, and Taylor's series of e^r, whose rest is below
 * 5e-18. ln 2 in two parts, the first with 21 zero bits at its end, so that n times it is exact. */
static inline double exp_minus(double a)
{
  const double shift = 0x1.8p52; /* adding it rounds to an integer, which then stands in the low bits */
  a = a > 708 ? 708 : a;
  double k = a * 1.4426950408889634 + shift, n = k - shift, p = 1.0 / 6227020800;
  double r = (n * 0x1.62e42fee00000p-1 - a) + n * 0x1.a39ef35793c76p-33;
  p = p * r + 1.0 / 479001600, p = p * r + 1.0 / 39916800, p = p * r + 1.0 / 3628800, p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320, p = p * r + 1.0 / 5040, p = p * r + 1.0 / 720, p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24, p = p * r + 1.0 / 6, p = p * r + 0.5, p = p * r + 1, p = p * r + 1;
  uint64_t bits;
  memcpy(&bits, &k, sizeof bits);
  bits = (1023 - (bits & 0x7ff)) << 52; /* 2^-n, n <= 1022 */
  double scale;
  memcpy(&scale, &bits, sizeof scale);
  return p * scale;
}

/* ln(1 + t) for 0 <= t <= 1: 2 artanh(t/(2 + t)), the argument at most 1/3; the rest of the series is below 1e-18. */
static inline double log_one_plus(double t)
{
  double f = t / (2 + t), s = f * f, p = 1.0 / 35;
  p = p * s + 1.0 / 33, p = p * s + 1.0 / 31, p = p * s + 1.0 / 29, p = p * s + 1.0 / 27;
  p = p * s + 1.0 / 25, p = p * s + 1.0 / 23, p = p * s + 1.0 / 21, p = p * s + 1.0 / 19;
  p = p * s + 1.0 / 17, p = p * s + 1.0 / 15, p = p * s + 1.0 / 13, p = p * s + 1.0 / 11;
  p = p * s + 1.0 / 9, p = p * s + 1.0 / 7, p = p * s + 1.0 / 5, p = p * s + 1.0 / 3;
  return 2 * f * (p * s + 1);
}

#endif
