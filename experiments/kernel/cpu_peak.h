/* cpu_peak.h: loops of nothing but float32 fused multiply-adds, for cpu_peak_gflops() only. Each does
 * `rounds` times PEAK_CHAINS independent vector operations and returns a value that depends on all. */
#ifndef ASSAY_KERNEL_CPU_PEAK_H
#define ASSAY_KERNEL_CPU_PEAK_H

#include <stddef.h>

#define PEAK_CHAINS 12 /* latency 4 or 5 cycles times 2 units needs at least 10 */

float cpu_peak_generic(size_t rounds); /* multiply and add apart, 4 lanes */
float cpu_peak_avx2(size_t rounds);    /* 8 lanes */
float cpu_peak_avx512(size_t rounds);  /* 16 lanes */

#endif
