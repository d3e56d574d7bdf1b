/* cpu_peak_avx2.c: see cpu_peak.h. */
#include "experiments/kernel/cpu_peak.h"

#ifdef __AVX2__
#include <immintrin.h>

float cpu_peak_avx2(size_t rounds)
{
  float out[8];
  __m256 x[PEAK_CHAINS], a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.001f);
  for (int i = 0; i < PEAK_CHAINS; i++)
    x[i] = _mm256_set1_ps((float)i);
  for (size_t r = 0; r < rounds; r++)
    for (int i = 0; i < PEAK_CHAINS; i++)
      x[i] = _mm256_fmadd_ps(x[i], a, b);
  for (int i = 1; i < PEAK_CHAINS; i++)
    x[0] = _mm256_add_ps(x[0], x[i]);
  _mm256_storeu_ps(out, x[0]);
  return out[0];
}
#else
float cpu_peak_avx2(size_t rounds) { return (float)rounds; } /* never called: cpu.c asks the processor first */
#endif
