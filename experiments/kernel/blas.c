/* blas.c: see blas.h. The check of the library's results is in blas_check.c; LAPACK's routines are in lapack.c. */
#include "experiments/kernel/blas.h"

#include <assert.h>
#include <cblas.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "experiments/kernel/mem.h"

static int as_int(size_t n)
{
  assert(n <= INT_MAX);
  return (int)n;
}

/* BLAS wants ld >= 1 even where there are no columns. */
static int as_ld(size_t ld) { return as_int(ld ? ld : 1); }

static enum CBLAS_TRANSPOSE as_transpose(bool t) { return t ? CblasTrans : CblasNoTrans; }

void blas_gemm_f32(bool ta, bool tb, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda, const float *b,
                   size_t ldb, float beta, float *c, size_t ldc)
{
  if (m && n)
    cblas_sgemm(CblasRowMajor, as_transpose(ta), as_transpose(tb), as_int(m), as_int(n), as_int(k), alpha, a, as_ld(lda), b,
                as_ld(ldb), beta, c, as_ld(ldc));
}

void blas_gemm_f64(bool ta, bool tb, size_t m, size_t n, size_t k, double alpha, const double *a, size_t lda, const double *b,
                   size_t ldb, double beta, double *c, size_t ldc)
{
  if (m && n)
    cblas_dgemm(CblasRowMajor, as_transpose(ta), as_transpose(tb), as_int(m), as_int(n), as_int(k), alpha, a, as_ld(lda), b,
                as_ld(ldb), beta, c, as_ld(ldc));
}

static const char *parallel_name(int kind)
{
  switch (kind) {
  case OPENBLAS_SEQUENTIAL: return "sequential";
  case OPENBLAS_THREAD: return "pthread";
  case OPENBLAS_OPENMP: return "openmp";
  }
  return "unknown";
}

/* The file that cblas_sgemm came from, with links followed (Debian's alternatives are links). */
static void library_path(char *out, size_t size)
{
  Dl_info where;
  void (*function)(void) = (void (*)(void))cblas_sgemm;
  void *address;
  static_assert(sizeof address == sizeof function, "POSIX: a function's address fits a data pointer");
  memcpy(&address, &function, sizeof address);
  char *real = dladdr(address, &where) && where.dli_fname ? realpath(where.dli_fname, NULL) : NULL;
  snprintf(out, size, "%s", real ? real : "unknown");
  free(real);
}

struct blas_info blas_info(void)
{
  struct blas_info info = {.threads = openblas_get_num_threads()};
  snprintf(info.name, sizeof info.name, "%s", openblas_get_config());
  snprintf(info.core, sizeof info.core, "%s", openblas_get_corename());
  snprintf(info.parallel, sizeof info.parallel, "%s", parallel_name(openblas_get_parallel()));
  library_path(info.path, sizeof info.path);
  return info;
}

void blas_set_threads(int n) { openblas_set_num_threads(n); }

/* Part of OpenBLAS's threaded builds (its own fork handler calls it), in none of its headers. */
extern int blas_thread_shutdown_(void) __attribute__((weak));

void blas_rest(void)
{
  if (blas_thread_shutdown_)
    blas_thread_shutdown_();
}

static double seconds(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Best of the products that fit in 50 ms (at least two: the first one warms up). */
static double best_time(const float *a, const float *b, float *c, size_t n)
{
  double start = seconds(), best = 1e9;
  for (int i = 0; i < 2 || seconds() - start < 0.05; i++) {
    double t = seconds();
    blas_gemm_f32(false, false, n, n, n, 1.0f, a, n, b, n, 0.0f, c, n);
    t = seconds() - t;
    best = t < best ? t : best;
  }
  return best;
}

double blas_speed(void)
{
  const size_t n = 512;
  void *memory;
  int threads = openblas_get_num_threads();
  if (mem_new(&memory, 3 * n * n, sizeof(float), "speed test", NULL))
    return 0.0;
  float *a = memory, *b = a + n * n, *c = b + n * n;
  for (size_t i = 0; i < 2 * n * n; i++)
    a[i] = (float)(i % 7) - 3.0f;
  openblas_set_num_threads(1);
  double best = best_time(a, b, c, n);
  openblas_set_num_threads(threads);
  free(memory);
  return 2e-9 * (double)(n * n * n) / best;
}
