/* tile_avx2.c: tile_body.inc.c for AVX2 and FMA: 4 x 3 vectors, four times a tile. */
#include "experiments/kernel/tile_int.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <stdbool.h>

#define ROWS 4
typedef __m256d vd;
typedef __m256 vf;

static inline vd d_load(const double *p) { return _mm256_load_pd(p); }
static inline vd d_loadu(const double *p) { return _mm256_loadu_pd(p); }
static inline void d_store(double *p, vd a) { _mm256_store_pd(p, a); }
static inline void d_storeu(double *p, vd a) { _mm256_storeu_pd(p, a); }
static inline vd d_set1(double x) { return _mm256_set1_pd(x); }
static inline vd d_add(vd a, vd b) { return _mm256_add_pd(a, b); }
static inline vd d_fma(vd a, vd b, vd c) { return _mm256_fmadd_pd(a, b, c); }
static inline vd d_fnma(vd a, vd b, vd c) { return _mm256_fnmadd_pd(a, b, c); }
static inline vf f_load(const float *p) { return _mm256_load_ps(p); }
static inline vf f_set1(float x) { return _mm256_set1_ps(x); }
static inline vf f_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
static inline vd f_low(vf a) { return _mm256_cvtps_pd(_mm256_castps256_ps128(a)); }
static inline vd f_high(vf a) { return _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1)); }

#include "experiments/kernel/tile_body.inc.c" /* one body, two widths */

const struct tile tile_avx2 = {"avx2", add_f64, sub_f64, add_f32, rank_one};
#else
typedef int tile_avx2_needs_x86_64; /* ISO C forbids an empty translation unit */
#endif
