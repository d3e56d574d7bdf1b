/* cpu.c: see cpu.h. */
#include "experiments/kernel/cpu.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "experiments/kernel/cpu_peak.h"

enum isa cpu_best_isa(void)
{
#if defined(__x86_64__)
  __builtin_cpu_init();
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl"))
    return ISA_AVX512;
  if (avx2)
    return ISA_AVX2;
#endif
  return ISA_GENERIC;
}

const char *isa_name(enum isa isa)
{
  switch (isa) {
  case ISA_GENERIC: return "generic";
  case ISA_AVX2: return "avx2";
  case ISA_AVX512: return "avx512";
  }
  return "unknown";
}

/* The text after "model name : ", without the newline; false when the line is another one. */
static bool model_of_line(char *line, char *out, size_t size)
{
  char *value = strchr(line, ':');
  if (strncmp(line, "model name", 10) != 0 || !value)
    return false;
  value += 1 + strspn(value + 1, " \t");
  value[strcspn(value, "\n")] = '\0';
  snprintf(out, size, "%s", value);
  return true;
}

const char *cpu_model(void)
{
  static _Thread_local char model[128]; /* the caller's own copy: no lock, and the text lives as long as the thread */
  char line[512];
  bool found = false;
  FILE *f = fopen("/proc/cpuinfo", "r");
  while (f && !found && fgets(line, sizeof line, f))
    found = model_of_line(line, model, sizeof model);
  if (f)
    fclose(f);
  return found ? model : "unknown";
}

/* Four lanes that a compiler for any 64-bit processor keeps in one register. */
float cpu_peak_generic(size_t rounds)
{
  float x[PEAK_CHAINS][4];
  for (int i = 0; i < PEAK_CHAINS; i++)
    for (int l = 0; l < 4; l++)
      x[i][l] = (float)(i + l);
  for (size_t r = 0; r < rounds; r++)
    for (int i = 0; i < PEAK_CHAINS; i++)
      for (int l = 0; l < 4; l++)
        x[i][l] = x[i][l] * 0.999f + 0.001f;
  float sum = 0.0f;
  for (int i = 0; i < PEAK_CHAINS; i++)
    sum += x[i][0] + x[i][1] + x[i][2] + x[i][3];
  return sum;
}

static double seconds(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double cpu_peak_gflops(void)
{
  static float (*const loop[])(size_t) = {cpu_peak_generic, cpu_peak_avx2, cpu_peak_avx512};
  static const int lanes[] = {4, 8, 16};
  enum isa isa = cpu_best_isa();
  volatile float sink;
  size_t rounds = 50000;
  double best = 1e9, start = seconds();
  while (seconds() - start < 0.02) { /* the best of many short runs: the others were interrupted or not warm yet */
    double t = seconds();
    sink = loop[isa](rounds);
    t = seconds() - t;
    best = t < best ? t : best;
  }
  (void)sink;
  return 2e-9 * PEAK_CHAINS * lanes[isa] * (double)rounds / best;
}
