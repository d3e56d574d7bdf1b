/* half.c: see half.h. */
#include "experiments/kernel/half.h"

#include <math.h>

uint16_t half_from_f32(float x)
{
  uint16_t sign = signbit(x) ? 0x8000 : 0;
  float a = fabsf(x);
  int exponent;
  if (isnan(x))
    return sign | 0x7e00;
  if (a >= HALF_MAX)
    return sign | 0x7bff;
  frexpf(a, &exponent); /* a in [2^(exponent-1), 2^exponent) */
  if (a == 0 || exponent < -13) /* below 2^-14: a multiple of 2^-24; 1024 of them are the least normal number, bits included */
    return sign | (uint16_t)lrintf(ldexpf(a, 24));
  /* 11 bits of mantissa; 2048 of them carry into the exponent, as the addition does */
  return sign | (uint16_t)(((exponent + 13) << 10) + (int)lrintf(ldexpf(a, 11 - exponent)));
}

float half_to_f32(uint16_t h)
{
  int exponent = h >> 10 & 31, mantissa = h & 1023;
  float a = exponent == 31 ? (mantissa ? NAN : INFINITY) : exponent ? ldexpf((float)(1024 + mantissa), exponent - 25) : ldexpf((float)mantissa, -24);
  return h & 0x8000 ? -a : a;
}
