/* Random streams: Philox against its published vectors, the cursor's rules, our own log and sin/cos against libm,
 * and the distributions by chi-square and Kolmogorov-Smirnov tests. Seeds are fixed, so each outcome is fixed too;
 * a statistical test passes where p >= 0.001, which a right generator does for all but one seed in a thousand. */
#include "experiments/kernel/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "tests/tap.h"

#define SEED 20261122ull
#define P_MIN 1e-3

static struct rng stream(uint64_t n) { return rng_make(SEED, RNG_TEST, n); }

static void test_known_answers(void)
{
  char line[256];
  int vectors = 0;
  FILE *f = fopen("tests/unit/kernel/philox_kat.txt", "r");
  if (!f)
    tap_bail("philox_kat.txt not found: run from the source folder");
  while (fgets(line, sizeof line, f)) {
    uint32_t c[4], k[2], want[4], out[4];
    if (line[0] == '#')
      continue;
    int read = sscanf(line, "%x %x %x %x %x %x %x %x %x %x", &c[0], &c[1], &c[2], &c[3], &k[0], &k[1], &want[0], &want[1],
                      &want[2], &want[3]);
    if (read != 10)
      tap_bail("philox_kat.txt: bad line: %s", line);
    philox4x32(c, k, out);
    tap_same_bits(out, want, sizeof out, "Philox4x32-10 gives the published answer %08x…", want[0]);
    vectors++;
  }
  fclose(f);
  tap_is_int(vectors, 3, "all three published vectors were read");
}

static void test_cursor(void)
{
  struct rng a = stream(1), b = stream(1);
  uint64_t seen[10];
  for (int i = 0; i < 10; i++)
    seen[i] = rng_u64(&a);
  b.at = 7;
  tap_ok(rng_u64(&b) == seen[7], "setting `at` reaches a lane directly");
  tap_is_int((long long)a.at, 10, "each number takes one lane");

  /* The layout written in rng.c, which stored results depend on. */
  uint64_t far = 0x123456789abull;
  struct rng named = rng_make(0x1122334455667788ull, RNG_PROBE, 0xaabbccdd00000007ull);
  uint32_t counter[4] = {(uint32_t)(far >> 1), (uint32_t)(far >> 33) | RNG_PROBE << 16, 7, 0xaabbccdd}, out[4];
  philox4x32(counter, (uint32_t[]){0x55667788, 0x11223344}, out);
  named.at = far;
  tap_ok(rng_u64(&named) == (out[2] | (uint64_t)out[3] << 32), "seed, purpose, stream and lane have their documented places in a block");

  float drawn[9], filled[9];
  a = stream(2), b = stream(2);
  for (int i = 0; i < 9; i++)
    drawn[i] = (float)(1.0 + 2.0 * rng_normal(&a));
  rng_fill_normal_f32(&b, filled, 4, 1.0, 2.0);
  rng_fill_normal_f32(&b, filled + 4, 5, 1.0, 2.0);
  tap_same_bits(filled, drawn, sizeof drawn, "filling with normal numbers equals drawing them one by one");
  for (int i = 0; i < 9; i++)
    drawn[i] = (float)(-1.0 + 3.0 * rng_uniform(&a));
  rng_fill_uniform_f32(&b, filled, 3, -1.0, 2.0);
  rng_fill_uniform_f32(&b, filled + 3, 6, -1.0, 2.0);
  tap_same_bits(filled, drawn, sizeof drawn, "filling with uniform numbers equals drawing them, from an odd lane too");
  rng_fill_normal_f32(&b, NULL, 0, 0.0, 1.0);
  tap_ok(a.at == b.at, "filling nothing draws nothing");
}

/* Streams that differ in one part of their name share no block in the first 1000 lanes: 64-bit values repeat by
 * chance with probability 1e-12. */
static void test_separate_streams(void)
{
  enum { STREAMS = 7, LANES = 1000 };
  struct rng r[STREAMS] = {
      rng_make(1, RNG_INIT, 0),  rng_make(1, RNG_ORDER, 0), rng_make(1, RNG_INIT, 1),      rng_make(1, RNG_INIT, 1ull << 32),
      rng_make(2, RNG_INIT, 0), rng_make(1ull << 32, RNG_INIT, 0), rng_make(1, RNG_INIT, 0),
  };
  r[6].at = 1ull << 33; /* the block number's upper word */
  static uint64_t x[STREAMS][LANES];
  for (int s = 0; s < STREAMS; s++)
    for (int i = 0; i < LANES; i++)
      x[s][i] = rng_u64(&r[s]);
  int shared = 0;
  for (int s = 0; s < STREAMS; s++)
    for (int t = s + 1; t < STREAMS; t++)
      for (int i = 0; i < LANES; i++)
        for (int j = 0; j < LANES; j++)
          shared += x[s][i] == x[t][j];
  tap_is_int(shared, 0, "seed, purpose, stream and far lanes all separate streams");
}

/* Correlation of n independent pairs is N(0, 1/n) under independence. */
static double correlation_p(const double *x, const double *y, size_t n)
{
  double sxy = 0, sxx = 0, syy = 0;
  for (size_t i = 0; i < n; i++) {
    sxy += x[i] * y[i];
    sxx += x[i] * x[i];
    syy += y[i] * y[i];
  }
  return 2.0 * gsl_cdf_ugaussian_Q(fabs(sxy / sqrt(sxx * syy)) * sqrt((double)n));
}

static void test_independence(void)
{
  enum { N = 100000 };
  static double x[N], y[N];
  const struct { struct rng a, b; const char *what; } cases[] = {
      {rng_make(SEED, RNG_INIT, 0), rng_make(SEED, RNG_DATA, 0), "purposes"},
      {rng_make(SEED, RNG_INIT, 0), rng_make(SEED, RNG_INIT, 1), "neighbouring streams"},
      {rng_make(SEED, RNG_INIT, 0), rng_make(SEED + 1, RNG_INIT, 0), "neighbouring seeds"},
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    struct rng a = cases[c].a, b = cases[c].b;
    rng_fill_normal_f64(&a, x, N, 0.0, 1.0);
    rng_fill_normal_f64(&b, y, N, 0.0, 1.0);
    double p = correlation_p(x, y, N);
    tap_ok(p >= P_MIN, "%s are uncorrelated (p = %.3g)", cases[c].what, p);
  }
  struct rng r = stream(3), s = stream(3);
  rng_fill_normal_f64(&r, x, N, 0.0, 1.0);
  for (size_t i = 0; i < N; i++)
    y[i] = rng_uniform(&s) - 0.5;
  tap_ok(correlation_p(x, y, N) >= P_MIN, "normal and uniform numbers of the same lanes are uncorrelated");
  for (size_t i = 0; i < N; i++) {
    x[i] = fabs(x[i]) - 0.7978845608028654; /* minus its mean: the sizes must be independent as well */
    y[i] = fabs(y[i]) - 0.25;
  }
  tap_ok(correlation_p(x, y, N) >= P_MIN, "and so are their sizes");
}

static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Kolmogorov-Smirnov: p of the largest distance between the empirical and the stated distribution (Stephens 1970's
 * correction of the limit law for finite n). Sorts u, the values of the distribution function. */
static double ks_p(double *u, size_t n)
{
  double d = 0.0, root = sqrt((double)n), p = 0.0;
  qsort(u, n, sizeof *u, by_value);
  for (size_t i = 0; i < n; i++)
    d = fmax(d, fmax(u[i] - (double)i / (double)n, (double)(i + 1) / (double)n - u[i]));
  double t = d * (root + 0.12 + 0.11 / root);
  for (int k = 1; k <= 100; k++)
    p += (k % 2 ? 2.0 : -2.0) * exp(-2.0 * k * k * t * t);
  return p;
}

static double chi_square_p(const size_t *count, size_t bins, double expected)
{
  double x2 = 0.0;
  for (size_t i = 0; i < bins; i++)
    x2 += ((double)count[i] - expected) * ((double)count[i] - expected) / expected;
  return gsl_cdf_chisq_Q(x2, (double)(bins - 1));
}

static void test_uniform(void)
{
  enum { N = 200000 };
  static double u[N];
  static size_t count[256] = {0};
  struct rng r = stream(4);
  bool inside = true;
  for (size_t i = 0; i < N; i++) {
    u[i] = rng_uniform(&r);
    inside = inside && u[i] >= 0.0 && u[i] < 1.0;
  }
  tap_ok(inside, "uniform numbers are in [0, 1)");
  double p = ks_p(u, N);
  tap_ok(p >= P_MIN, "uniform numbers are uniform (Kolmogorov-Smirnov, p = %.3g)", p);
  for (size_t i = 0; i < N; i++)
    count[rng_u32(&r) >> 24]++;
  p = chi_square_p(count, 256, N / 256.0);
  tap_ok(p >= P_MIN, "the upper byte of rng_u32 is uniform (chi-square, p = %.3g)", p);
  size_t sign[2] = {0};
  bool unit = true;
  for (size_t i = 0; i < N; i++) {
    int s = rng_sign(&r);
    unit = unit && (s == -1 || s == 1);
    sign[s > 0]++;
  }
  tap_ok(unit, "a sign is -1 or 1");
  p = chi_square_p(sign, 2, N / 2.0);
  tap_ok(p >= P_MIN, "signs are balanced (chi-square, p = %.3g)", p);
}

static void test_normal(void)
{
  enum { N = 200000 };
  static double z[N];
  struct rng r = stream(5);
  rng_fill_normal_f64(&r, z, N, 0.0, 1.0);
  double m1 = 0, m2 = 0, m4 = 0;
  size_t far = 0;
  for (size_t i = 0; i < N; i++) {
    m1 += z[i];
    m2 += z[i] * z[i];
    m4 += z[i] * z[i] * z[i] * z[i];
    far += fabs(z[i]) > 3.0;
  }
  /* five standard errors each: var z = 1, var z^2 = 2, var z^4 = 96 */
  tap_near(m1 / N, 0.0, 0.0, 5.0 * sqrt(1.0 / N), "normal numbers have mean 0");
  tap_near(m2 / N, 1.0, 0.0, 5.0 * sqrt(2.0 / N), "and variance 1");
  tap_near(m4 / N, 3.0, 0.0, 5.0 * sqrt(96.0 / N), "and fourth moment 3");
  double expected = 2.0 * gsl_cdf_ugaussian_Q(3.0);
  tap_near((double)far / N, expected, 0.0, 5.0 * sqrt(expected / N), "0.27 %% of them are beyond 3");
  for (size_t i = 0; i < N; i++)
    z[i] = gsl_cdf_ugaussian_P(z[i]);
  double p = ks_p(z, N);
  tap_ok(p >= P_MIN, "normal numbers are normal (Kolmogorov-Smirnov, p = %.3g)", p);
}

/* The pair of a block against the same formula on libm's functions, from the block's own bits. */
static void test_normal_accuracy(void)
{
  enum { BLOCKS = 100000 };
  struct rng r = rng_make(SEED, RNG_TEST, 6);
  double worst = 0.0;
  for (uint64_t block = 0; block < BLOCKS; block++) {
    uint32_t counter[4] = {(uint32_t)block, 1u << 15 | RNG_TEST << 16, 6, 0}, out[4];
    uint32_t key[2] = {(uint32_t)SEED, (uint32_t)(SEED >> 32)};
    philox4x32(counter, key, out);
    double u = ((double)((out[0] | (uint64_t)out[1] << 32) >> 11) + 1.0) * 0x1p-53;
    double v = (double)((out[2] | (uint64_t)out[3] << 32) >> 11) * 0x1p-53;
    long double radius = sqrtl(-2.0L * logl(u)), angle = 6.283185307179586476925286766559L * v;
    double scale = (double)radius * 0x1p-53;
    worst = fmax(worst, (double)fabsl(rng_normal(&r) - radius * cosl(angle)) / scale);
    worst = fmax(worst, (double)fabsl(rng_normal(&r) - radius * sinl(angle)) / scale);
  }
  tap_ok(worst <= 4.0, "normal numbers agree with long double within 4 units of 2^-53 of the radius (worst %.2f)", worst);
}

static void test_integers(void)
{
  enum { N = 120000 };
  struct rng r = stream(7);
  const uint64_t sizes[] = {2, 3, 7, 10, 1000};
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    static size_t count[1000] = {0};
    memset(count, 0, sizeof count);
    for (int i = 0; i < N; i++)
      count[rng_below(&r, sizes[s])]++;
    double p = chi_square_p(count, sizes[s], N / (double)sizes[s]);
    tap_ok(p >= P_MIN, "integers below %d are uniform (chi-square, p = %.3g)", (int)sizes[s], p);
  }
  /* n = 3 2^62: without rejection, multiples of 3 would come twice as often as the others */
  size_t half[3] = {0};
  for (int i = 0; i < N; i++)
    half[rng_below(&r, 3ull << 62) % 3]++;
  double p = chi_square_p(half, 3, N / 3.0);
  tap_ok(p >= P_MIN, "a huge range has no bias (chi-square of the remainder by 3, p = %.3g)", p);
  tap_is_int((long long)rng_below(&r, 1), 0, "the only integer below 1 is 0");
}

static void test_permutations(void)
{
  enum { N = 48000 };
  struct rng r = stream(8);
  size_t count[24] = {0};
  for (int i = 0; i < N; i++) {
    uint32_t p[4];
    size_t rank = 0;
    rng_permutation(&r, p, 4);
    for (size_t a = 0; a < 4; a++) {
      size_t smaller = 0;
      for (size_t b = a + 1; b < 4; b++)
        smaller += p[b] < p[a];
      rank = rank * (4 - a) + smaller;
    }
    count[rank]++;
  }
  double p = chi_square_p(count, 24, N / 24.0);
  tap_ok(p >= P_MIN, "the 24 permutations of 4 are equally likely (chi-square, p = %.3g)", p);

  enum { BIG = 60000 };
  static uint32_t order[BIG];
  static uint8_t seen[BIG] = {0};
  rng_permutation(&r, order, BIG);
  size_t distinct = 0;
  for (size_t i = 0; i < BIG; i++)
    distinct += !seen[order[i]]++;
  tap_is_int((long long)distinct, BIG, "a permutation of %d holds each number once", BIG);
}

/* Ordered samples of 2 of 5: 20 outcomes; 4 of 6 takes the other algorithm: 15 sets and each place uniform. */
static void test_samples(void)
{
  enum { N = 60000 };
  struct rng r = stream(9);
  size_t pair[20] = {0}, set[64] = {0}, first[6] = {0}, sets[15] = {0}, used = 0;
  uint32_t s[4];
  for (int i = 0; i < N; i++) {
    rng_sample(&r, s, 2, 5);
    pair[s[0] * 4 + s[1] - (s[1] > s[0])]++;
    rng_sample(&r, s, 4, 6);
    set[1u << s[0] | 1u << s[1] | 1u << s[2] | 1u << s[3]]++;
    first[s[0]]++;
  }
  for (unsigned i = 0; i < 64; i++)
    if (__builtin_popcount(i) == 4)
      sets[used++] = set[i];
  double p = chi_square_p(pair, 20, N / 20.0);
  tap_ok(p >= P_MIN, "ordered samples of 2 of 5 are equally likely (chi-square, p = %.3g)", p);
  p = chi_square_p(sets, 15, N / 15.0);
  tap_ok(p >= P_MIN, "sets of 4 of 6 are equally likely (chi-square, p = %.3g)", p);
  p = chi_square_p(first, 6, N / 6.0);
  tap_ok(p >= P_MIN, "and so is each number as the first (chi-square, p = %.3g)", p);
  rng_sample(&r, s, 0, 0);
  rng_sample(&r, s, 4, 4);
  tap_ok((1u << s[0] | 1u << s[1] | 1u << s[2] | 1u << s[3]) == 15, "a sample of all is a permutation");
}

int main(void)
{
  tap_diag("seed %llu", SEED);
  test_known_answers();
  test_cursor();
  test_separate_streams();
  test_independence();
  test_uniform();
  test_normal();
  test_normal_accuracy();
  test_integers();
  test_permutations();
  test_samples();
  return tap_done();
}
