/* The check of the BLAS library: it passes the real one, and catches each kind of wrong product. */
#include "experiments/kernel/blas.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/tap.h"

/* The plain product, with faults to plant. */
enum fault { NONE, LAST_TERM, NAN_FROM_BETA, WRITES_BEYOND, READS_BEYOND, TRANSPOSE_IGNORED, BETA_IGNORED, LOW_PRECISION };
static enum fault planted;

static float rounded_to_bf16(float x)
{
  unsigned bits;
  memcpy(&bits, &x, sizeof bits);
  bits = (bits + 0x8000u) & 0xFFFF0000u;
  memcpy(&x, &bits, sizeof bits);
  return x;
}

static void faulty_gemm(bool ta, bool tb, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda, const float *b,
                        size_t ldb, float beta, float *c, size_t ldc)
{
  ta = ta && planted != TRANSPOSE_IGNORED;
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < n; j++) {
      float sum = 0.0f;
      size_t terms = planted == LAST_TERM && m > 4 && i == m - 1 ? k - 1 : k;
      for (size_t l = 0; l < terms; l++) {
        float x = ta ? a[l * lda + i] : a[i * lda + l], y = tb ? b[j * ldb + l] : b[l * ldb + j];
        sum += planted == LOW_PRECISION ? rounded_to_bf16(x) * rounded_to_bf16(y) : x * y;
      }
      if (planted == READS_BEYOND && i == 0 && j == n - 1)
        sum += 0.0f * b[tb ? j * ldb + k : n];
      float *to = &c[i * ldc + j];
      *to = alpha * sum + (planted == NAN_FROM_BETA ? beta * *to : beta == 0.0f || planted == BETA_IGNORED ? 0.0f : beta * *to);
    }
  if (planted == WRITES_BEYOND && n > 8)
    c[n] = 0.0f;
}

static void test_faults(void)
{
  static const struct { enum fault fault; const char *name; } faults[] = {
      {LAST_TERM, "one row missing its last term"},
      {NAN_FROM_BETA, "0 times an old NaN"},
      {WRITES_BEYOND, "a write beyond a row"},
      {READS_BEYOND, "a read beyond a row"},
      {TRANSPOSE_IGNORED, "an ignored transpose"},
      {BETA_IGNORED, "an ignored beta"},
      {LOW_PRECISION, "factors rounded to bfloat16"},
  };
  struct err e;
  planted = NONE;
  tap_is_int(blas_check_with(faulty_gemm, true, &e), STATUS_OK, "a plain product passes the thorough check");
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    planted = faults[i].fault;
    tap_is_int(blas_check_with(faulty_gemm, false, &e), STATUS_BAD_DATA, "the quick check catches %s", faults[i].name);
  }
  planted = LAST_TERM;
  tap_ok(blas_check_with(faulty_gemm, false, &e) != STATUS_OK, "a wrong product is refused");
  tap_has(e.message, "multiplies wrong", "the message says so");
  tap_has(e.message, "element (", "and where");
  tap_has(e.message, "libopenblas0-pthread", "and names the cure");
}

static void test_real(void)
{
  struct err e = {0};
  struct blas_info info = blas_info();
  tap_diag("%s; core %s; %s; %d threads; %s", info.name, info.core, info.parallel, info.threads, info.path);
  tap_ok(blas_check_with(blas_gemm_f32, true, &e) == STATUS_OK, "the library passes the thorough check %s", e.message);
  tap_has(info.name, "OpenBLAS", "the library says who it is");
  tap_ok(strlen(info.core) > 0 && info.threads >= 1, "and its core type and threads");
  tap_ok(info.path[0] == '/', "and where it was loaded from");
  tap_is_int(blas_check(false, &e), blas_check_build(&info, &e), "the start-up check depends on the build alone");

  double best = 1.0;
  for (int i = 0; i < 20; i++) {
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    enum status status = blas_check(false, &e);
    clock_gettime(CLOCK_MONOTONIC, &b);
    double t = (double)(b.tv_sec - a.tv_sec) + 1e-9 * (double)(b.tv_nsec - a.tv_nsec);
    best = status == STATUS_OK && t < best ? t : best;
  }
  tap_diag("quick check: %.3f ms", best * 1e3);
#ifdef __SANITIZE_ADDRESS__
  tap_skip(1, "time under sanitizers says nothing");
#else
  tap_ok(best < 1e-3, "the quick check takes less than 1 ms (best of 20)");
#endif
}

static void test_build(void)
{
  struct err e;
  struct blas_info info = {.parallel = "sequential", .path = "/usr/lib/libopenblas.so.0"};
  tap_is_int(blas_check_build(&info, &e), STATUS_BAD_DATA, "a sequential build is refused");
  tap_has(e.message, "libopenblas0-pthread", "with the package to install");
  strcpy(info.parallel, "openmp");
  tap_is_int(blas_check_build(&info, &e), STATUS_OK, "an OpenMP build is accepted");
}

static void test_settings(void)
{
  int threads = blas_info().threads;
  blas_set_threads(1);
  tap_is_int(blas_info().threads, 1, "the number of threads can be set");
  blas_set_threads(threads);
  double speed = blas_speed();
  tap_ok(speed > 0.1 && speed < 1e5 && isfinite(speed), "the speed of a product is measured (%.1f GFLOP/s)", speed);
  tap_is_int(blas_info().threads, threads, "which leaves the number of threads as it was");
  blas_gemm_f32(false, false, 0, 3, 2, 1.0f, NULL, 2, NULL, 3, 0.0f, NULL, 3);
  float c[2] = {1.0f, 2.0f};
  blas_gemm_f32(false, false, 1, 2, 0, 1.0f, c, 0, c, 2, 3.0f, c, 2);
  tap_ok(c[0] == 3.0f && c[1] == 6.0f, "an empty inner extent leaves beta C");
}

static int count_threads(void)
{
  int n = -2; /* . and .. */
  DIR *dir = opendir("/proc/self/task");
  while (dir && readdir(dir))
    n++;
  if (dir)
    closedir(dir);
  return n;
}

/* A product large enough to be shared by two threads: A of ones by B of twos. */
static double worst_of_large_product(size_t n)
{
  float *a = calloc(3 * n * n, sizeof *a), *b, *c;
  double worst = 0.0;
  if (!a)
    tap_bail("no memory");
  b = a + n * n;
  c = b + n * n;
  for (size_t i = 0; i < n * n; i++)
    a[i] = 1.0f, b[i] = 2.0f;
  blas_gemm_f32(false, false, n, n, n, 1.0f, a, n, b, n, 0.0f, c, n);
  for (size_t i = 0; i < n * n; i++)
    worst = fmax(worst, fabs((double)c[i] - 2.0 * (double)n));
  free(a);
  return worst;
}

static void test_rest(void)
{
  blas_set_threads(2);
  tap_ok(worst_of_large_product(512) == 0.0, "a product on two threads");
  blas_rest();
  tap_is_int(count_threads(), 1, "at rest the library has no threads");
  tap_ok(worst_of_large_product(512) == 0.0, "and multiplies right afterwards");
  blas_rest();
  blas_rest();
  tap_is_int(count_threads(), 1, "resting twice is harmless");
}

int main(void)
{
  test_faults();
  test_real();
  test_build();
  test_settings();
  test_rest();
  return tap_done();
}
