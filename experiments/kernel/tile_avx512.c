/* tile_avx512.c: tile_body.inc.c for AVX-512: 8 x 3 vectors are one tile. */
#include "experiments/kernel/tile_int.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <stdbool.h>

#define ROWS 8
typedef __m512d vd;
typedef __m512 vf;

static inline vd d_load(const double *p) { return _mm512_load_pd(p); }
static inline vd d_loadu(const double *p) { return _mm512_loadu_pd(p); }
static inline void d_store(double *p, vd a) { _mm512_store_pd(p, a); }
static inline void d_storeu(double *p, vd a) { _mm512_storeu_pd(p, a); }
static inline vd d_set1(double x) { return _mm512_set1_pd(x); }
static inline vd d_add(vd a, vd b) { return _mm512_add_pd(a, b); }
static inline vd d_fma(vd a, vd b, vd c) { return _mm512_fmadd_pd(a, b, c); }
static inline vd d_fnma(vd a, vd b, vd c) { return _mm512_fnmadd_pd(a, b, c); }
static inline vf f_load(const float *p) { return _mm512_load_ps(p); }
static inline vf f_set1(float x) { return _mm512_set1_ps(x); }
static inline vf f_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
static inline vd f_low(vf a) { return _mm512_cvtps_pd(_mm512_castps512_ps256(a)); }
static inline vd f_high(vf a) { return _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1)); }

#include "experiments/kernel/tile_body.inc.c" /* one body, two widths */

const struct tile tile_avx512 = {"avx512", add_f64, sub_f64, add_f32, rank_one};
#else
typedef int tile_avx512_needs_x86_64; /* ISO C forbids an empty translation unit */
#endif
