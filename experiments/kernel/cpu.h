/* cpu.h: which instruction set the tuned kernels use, chosen once at run time.
 *
 * All sets give the same bits: every product is one chain of fused multiply-adds in index order per
 * element, whatever the vector width, and the transcendental functions are our own. */
#ifndef ASSAY_KERNEL_CPU_H
#define ASSAY_KERNEL_CPU_H

enum isa { ISA_GENERIC = 0, ISA_AVX2 = 1, ISA_AVX512 = 2 };

enum isa cpu_best_isa(void);          /* what this machine offers */
const char *isa_name(enum isa isa);
const char *cpu_model(void);          /* "AMD EPYC …", from /proc/cpuinfo; "unknown" elsewhere. Valid in this thread until its end. */
/* Measured peak of float32 multiply-adds on one thread with the best set, GFLOP/s (about 20 ms). */
double cpu_peak_gflops(void);

#endif
