/* What the machine says about itself. */
#include "experiments/kernel/cpu.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/kernel/cpu_peak.h"
#include "tests/tap.h"

/* Whether /proc/cpuinfo lists a flag: the kernel's word against the compiler's. */
static bool flag_listed(const char *flag)
{
  static char line[16384];
  char wanted[64];
  bool found = false;
  FILE *f = fopen("/proc/cpuinfo", "r");
  snprintf(wanted, sizeof wanted, " %s ", flag);
  while (f && !found && fgets(line, sizeof line, f)) {
    line[strcspn(line, "\n")] = ' ';
    found = strncmp(line, "flags", 5) == 0 && strstr(line, wanted);
  }
  if (f)
    fclose(f);
  return found;
}

/* x -> 0.999 x + 0.001 goes to 1 from anywhere. */
static void test_loop(float (*loop)(size_t), double chains, const char *name)
{
  tap_near((double)loop(40000), chains, 1e-4, 0, "the %s loop runs and converges to its fixed point", name);
}

int main(void)
{
  enum isa isa = cpu_best_isa();
  bool avx2 = flag_listed("avx2") && flag_listed("fma");
  bool avx512 = avx2 && flag_listed("avx512f") && flag_listed("avx512dq") && flag_listed("avx512bw") && flag_listed("avx512vl");
  tap_is_int(isa, avx512 ? ISA_AVX512 : avx2 ? ISA_AVX2 : ISA_GENERIC, "the instruction set is what /proc/cpuinfo lists");
  tap_is_str(isa_name(ISA_AVX512), "avx512", "sets have names");
  tap_ok(strlen(cpu_model()) > 0 && !strpbrk(cpu_model(), "\n\t"), "the model is one clean line: %s", cpu_model());
  test_loop(cpu_peak_generic, 4 * PEAK_CHAINS, "generic");
  if (isa >= ISA_AVX2)
    test_loop(cpu_peak_avx2, PEAK_CHAINS, "avx2");
  if (isa >= ISA_AVX512)
    test_loop(cpu_peak_avx512, PEAK_CHAINS, "avx512");
  double peak = cpu_peak_gflops();
  tap_ok(isfinite(peak) && peak > 0.1 && peak < 1e5, "the peak is measured (%.1f GFLOP/s, %s)", peak, isa_name(isa));
  return tap_done();
}
