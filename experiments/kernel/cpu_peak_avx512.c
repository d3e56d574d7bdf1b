/* cpu_peak_avx512.c: see cpu_peak.h. */
#include "experiments/kernel/cpu_peak.h"

#ifdef __AVX512F__
#include <immintrin.h>

float cpu_peak_avx512(size_t rounds)
{
  float out[16];
  __m512 x[PEAK_CHAINS], a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.001f);
  for (int i = 0; i < PEAK_CHAINS; i++)
    x[i] = _mm512_set1_ps((float)i);
  for (size_t r = 0; r < rounds; r++)
    for (int i = 0; i < PEAK_CHAINS; i++)
      x[i] = _mm512_fmadd_ps(x[i], a, b);
  for (int i = 1; i < PEAK_CHAINS; i++)
    x[0] = _mm512_add_ps(x[0], x[i]);
  _mm512_storeu_ps(out, x[0]);
  return out[0];
}
#else
float cpu_peak_avx512(size_t rounds) { return (float)rounds; } /* never called: cpu.c asks the processor first */
#endif
