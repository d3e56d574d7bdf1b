/* rng.c: see rng.h.
 *
 * Where the bits of a stream come from. Philox maps a 128-bit counter under a 64-bit key to 128 bits:
 *
 *   key     = seed
 *   counter = { block bits 0..31,  block bits 32..46 | domain << 15 | purpose << 16,  stream low,  stream high }
 *
 * so (seed, purpose, stream, domain, block) never collide. A block holds two lanes of 64 bits. Normal
 * numbers come in pairs, cosine and sine of one block; they use domain 1, so that a normal number and a
 * uniform one drawn beside it in the same stream never share bits.
 *
 * The normal numbers use only + - * / and sqrt, which IEEE 754 rounds exactly, and no function of libm:
 * log, sin and cos differ between versions of glibc and between processors with and without FMA, and a
 * run's initial weights may not. */
#include "experiments/kernel/rng.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define PHILOX_M0 0xD2511F53u /* multipliers and Weyl constants: Salmon et al. 2011, section 3.3 */
#define PHILOX_M1 0xCD9E8D57u
#define PHILOX_W0 0x9E3779B9u
#define PHILOX_W1 0xBB67AE85u

enum domain { DOMAIN_BITS = 0, DOMAIN_NORMAL = 1 };

__extension__ typedef unsigned __int128 u128;

void philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    uint64_t p0 = (uint64_t)PHILOX_M0 * c0, p1 = (uint64_t)PHILOX_M1 * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c1 = (uint32_t)p1;
    c3 = (uint32_t)p0;
    k0 += PHILOX_W0;
    k1 += PHILOX_W1;
  }
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

struct rng rng_make(uint64_t seed, enum rng_purpose purpose, uint64_t stream)
{
  assert((uint32_t)purpose < 1u << 16);
  return (struct rng){.seed = seed, .purpose = (uint32_t)purpose, .stream = stream, .at = 0};
}

/* Both lanes of a block. */
static void draw_block(const struct rng *r, enum domain domain, uint64_t block, uint64_t lane[2])
{
  assert(block < 1ull << 47);
  uint32_t counter[4] = {
      (uint32_t)block,
      (uint32_t)(block >> 32) | (uint32_t)domain << 15 | r->purpose << 16,
      (uint32_t)r->stream,
      (uint32_t)(r->stream >> 32),
  };
  uint32_t key[2] = {(uint32_t)r->seed, (uint32_t)(r->seed >> 32)}, out[4];
  philox4x32(counter, key, out);
  lane[0] = out[0] | (uint64_t)out[1] << 32;
  lane[1] = out[2] | (uint64_t)out[3] << 32;
}

/* Draws many numbers of a stream, keeping the block at hand. */
struct cursor {
  struct rng *r;
  uint64_t block; /* which block `lane` holds */
  uint64_t lane[2];
};

static struct cursor cursor_start(struct rng *r) { return (struct cursor){.r = r, .block = UINT64_MAX}; }

static uint64_t cursor_next(struct cursor *c)
{
  uint64_t at = c->r->at++;
  if (at >> 1 != c->block) {
    c->block = at >> 1;
    draw_block(c->r, DOMAIN_BITS, c->block, c->lane);
  }
  return c->lane[at & 1];
}

uint64_t rng_u64(struct rng *r)
{
  struct cursor c = cursor_start(r);
  return cursor_next(&c);
}

uint32_t rng_u32(struct rng *r) { return (uint32_t)rng_u64(r); }

/* The upper 53 bits of x as a multiple of 2^-53 in [0, 1). */
static double unit(uint64_t x) { return (double)(x >> 11) * 0x1p-53; }

double rng_uniform(struct rng *r) { return unit(rng_u64(r)); }

int rng_sign(struct rng *r) { return rng_u64(r) >> 63 ? 1 : -1; }

/* Lemire 2019, "Fast random integer generation in an interval": the high word of x n, with the few low
 * words that would make some results more likely rejected. */
static uint64_t cursor_below(struct cursor *c, uint64_t n)
{
  assert(n >= 1);
  u128 product = (u128)cursor_next(c) * n;
  if ((uint64_t)product < n) {
    uint64_t excess = (0 - n) % n; /* 2^64 mod n */
    while ((uint64_t)product < excess)
      product = (u128)cursor_next(c) * n;
  }
  return (uint64_t)(product >> 64);
}

uint64_t rng_below(struct rng *r, uint64_t n)
{
  struct cursor c = cursor_start(r);
  return cursor_below(&c, n);
}

/* ln u for a normal u in (0, 1], to about 2 ulp: u = 2^e m with m in [sqrt 1/2, sqrt 2), ln m = 2 artanh s with
 * s = (m - 1)/(m + 1), |s| <= 0.172; the first term left out of the series is below 2^-60 of the sum. */
static double unit_log(double u)
{
  static const double odd[] = {1. / 23, 1. / 21, 1. / 19, 1. / 17, 1. / 15, 1. / 13, 1. / 11, 1. / 9, 1. / 7, 1. / 5, 1. / 3};
  uint64_t bits;
  memcpy(&bits, &u, sizeof bits);
  int e = (int)(bits >> 52) - 1023;
  bits = (bits & 0x000FFFFFFFFFFFFFull) | 0x3FF0000000000000ull;
  double m;
  memcpy(&m, &bits, sizeof m);
  if (m > 0x1.6a09e667f3bcdp+0) {
    m *= 0.5;
    e++;
  }
  double s = (m - 1.0) / (m + 1.0), z = s * s, sum = 0.0;
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
    sum = sum * z + odd[i];
  return (double)e * 0x1.62e42fefa39efp-1 + 2.0 * (s + s * (z * sum)); /* e ln 2 + ln m */
}

/* cos and sin of 2 pi u, u in [0, 1): exact reduction to |angle| <= pi/4, then Taylor's series to full precision. */
static void turn(double u, double *cosine, double *sine)
{
  /* 1 - z/(1 2) (1 - z/(3 4) (…)) is the cosine, 1 - z/(2 3) (1 - z/(4 5) (…)) the sine over a */
  static const double even[] = {1. / 306, 1. / 240, 1. / 182, 1. / 132, 1. / 90, 1. / 56, 1. / 30, 1. / 12, 1. / 2};
  static const double odd[] = {1. / 342, 1. / 272, 1. / 210, 1. / 156, 1. / 110, 1. / 72, 1. / 42, 1. / 20, 1. / 6};
  int quarter = (int)(u * 4.0 + 0.5);
  double a = (u - 0.25 * quarter) * 0x1.921fb54442d18p+2, z = a * a, s = 0.0, c = 0.0;
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
    c = z * even[i] * (1.0 - c);
    s = z * odd[i] * (1.0 - s);
  }
  c = 1.0 - c;
  s = a - a * s;
  switch (quarter & 3) {
  case 0: *cosine = c, *sine = s; break;
  case 1: *cosine = -s, *sine = c; break;
  case 2: *cosine = -c, *sine = -s; break;
  default: *cosine = s, *sine = -c; break;
  }
}

/* Box and Muller 1958: both normal numbers of a block. */
static void draw_normals(const struct rng *r, uint64_t block, double z[2])
{
  uint64_t lane[2];
  draw_block(r, DOMAIN_NORMAL, block, lane);
  double radius = sqrt(-2.0 * unit_log(unit(lane[0]) + 0x1p-53)); /* the logarithm's argument is in (0, 1] */
  turn(unit(lane[1]), &z[0], &z[1]);
  z[0] *= radius;
  z[1] *= radius;
}

double rng_normal(struct rng *r)
{
  double z[2];
  uint64_t at = r->at++;
  draw_normals(r, at >> 1, z);
  return z[at & 1];
}

void rng_fill_uniform_f32(struct rng *r, float *x, size_t n, double low, double high)
{
  struct cursor c = cursor_start(r);
  for (size_t i = 0; i < n; i++)
    x[i] = (float)(low + (high - low) * unit(cursor_next(&c)));
}

/* The next normal number, one block for two of them; `first` starts a run of calls with the same pair. */
static double next_normal(struct rng *r, bool first, double pair[2])
{
  uint64_t at = r->at++;
  if (first || !(at & 1))
    draw_normals(r, at >> 1, pair);
  return pair[at & 1];
}

void rng_fill_normal_f32(struct rng *r, float *x, size_t n, double mean, double sd)
{
  double pair[2];
  for (size_t i = 0; i < n; i++)
    x[i] = (float)(mean + sd * next_normal(r, i == 0, pair));
}

void rng_fill_normal_f64(struct rng *r, double *x, size_t n, double mean, double sd)
{
  double pair[2];
  for (size_t i = 0; i < n; i++)
    x[i] = mean + sd * next_normal(r, i == 0, pair);
}

static void shuffle(struct rng *r, uint32_t *p, size_t n)
{
  struct cursor c = cursor_start(r);
  for (size_t i = n; i > 1; i--) {
    size_t j = (size_t)cursor_below(&c, i);
    uint32_t kept = p[i - 1];
    p[i - 1] = p[j];
    p[j] = kept;
  }
}

void rng_permutation(struct rng *r, uint32_t *p, size_t n)
{
  for (size_t i = 0; i < n; i++)
    p[i] = (uint32_t)i;
  shuffle(r, p, n);
}

/* Floyd's method (Bentley and Floyd 1987): for j = n-k … n-1 take a random t <= j, or j where t is taken. */
static void sample_few(struct rng *r, uint32_t *out, size_t k, size_t n)
{
  struct cursor c = cursor_start(r);
  for (size_t m = 0; m < k; m++) {
    size_t j = n - k + m;
    uint32_t t = (uint32_t)cursor_below(&c, j + 1);
    for (size_t i = 0; i < m; i++)
      if (out[i] == t) {
        t = (uint32_t)j;
        break;
      }
    out[m] = t;
  }
}

/* Selection sampling (Knuth, volume 2, 3.4.2, algorithm S): i is taken with probability wanted/left. */
static void sample_many(struct rng *r, uint32_t *out, size_t k, size_t n)
{
  struct cursor c = cursor_start(r);
  size_t m = 0;
  for (size_t i = 0; m < k; i++)
    if (cursor_below(&c, n - i) < k - m)
      out[m++] = (uint32_t)i;
}

void rng_sample(struct rng *r, uint32_t *out, size_t k, size_t n)
{
  assert(k <= n);
  if (k < 65536 && k * k <= n)
    sample_few(r, out, k, n);
  else
    sample_many(r, out, k, n);
  shuffle(r, out, k); /* both methods give a uniform set in an order that is not */
}
