/* product_lanes_scalar.h: the vector vocabulary of product_math.inc.c with one lane, in plain C. */
#ifndef ASSAY_PRODUCT_LANES_H
#define ASSAY_PRODUCT_LANES_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define VL 1
typedef float vf;
typedef bool vmask;

static inline vf v_set1(float x) { return x; }
static inline vf v_fma(vf a, vf b, vf c) { return fmaf(a, b, c); }
static inline vf v_mul(vf a, vf b) { return a * b; }
static inline vf v_add(vf a, vf b) { return a + b; }
static inline vf v_sub(vf a, vf b) { return a - b; }
static inline vf v_div(vf a, vf b) { return a / b; }
static inline vf v_abs(vf a) { return fabsf(a); }
static inline vf v_round(vf a) { return rintf(a); } /* ties to even */
static inline vmask v_lt(vf a, vf b) { return a < b; }
static inline vf v_select(vmask m, vf a, vf b) { return m ? a : b; }
static inline vf v_copysign(vf a, vf s) { return copysignf(a, s); }

/* 2^n for a whole n in [-126, 127]; anything for NaN. */
static inline vf v_pow2(vf n)
{
  int32_t i = n == n ? (int32_t)n : 0;
  uint32_t bits = (uint32_t)(i + 127) << 23;
  float r;
  memcpy(&r, &bits, sizeof r);
  return r;
}

#endif
