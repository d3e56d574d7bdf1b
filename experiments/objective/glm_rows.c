/* glm_rows.c: which set of glm_rows.h this machine uses. */
#include "experiments/objective/glm_rows.h"

#include "experiments/kernel/cpu.h"

const struct glm_rows *glm_rows_best(void)
{
#if defined(__x86_64__)
  enum isa isa = cpu_best_isa();
  return isa == ISA_AVX512 ? &glm_rows_avx512 : isa == ISA_AVX2 ? &glm_rows_avx2 : &glm_rows_generic;
#else
  return &glm_rows_generic;
#endif
}
