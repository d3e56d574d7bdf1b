/* Every average of iterates: constants stay, values stay between the extremes, the state is flat. */
#include <float.h>
#include <math.h>

#include "experiments/kernel/rng.h"
#include "experiments/optim/average.h"
#include "tests/conformance/walk.h"

#define SEED 11u
#define N 19
#define STEPS 60

struct bench {
  struct object o;
  size_t size;
  void *s32, *s64;
};

static void bench_make(struct bench *b, const struct method *m, const float *w32, const double *w64, size_t n)
{
  struct err e;
  if (base_object(&b->o, m, NULL, 0, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  b->size = average_state_size(n);
  if (mem_new(&b->s32, b->size, 1, "test", NULL) != STATUS_OK || mem_new(&b->s64, b->size, 1, "test", NULL) != STATUS_OK)
    tap_bail("no memory");
  average_init(b->s32, w32, n, DTYPE_F32);
  average_init(b->s64, w64, n, DTYPE_F64);
}

static void bench_update(struct bench *b, const float *w32, const double *w64, size_t n, uint64_t t)
{
  average_move(&b->o, b->s32, w32, n, DTYPE_F32, t, STEPS);
  average_move(&b->o, b->s64, w64, n, DTYPE_F64, t, STEPS);
}

static void bench_free(struct bench *b)
{
  free(b->s32);
  free(b->s64);
  object_free(&b->o);
}

static void random_weights(float *w32, double *w64, size_t n, uint64_t t)
{
  struct rng r = rng_make(SEED, RNG_TEST, t);
  for (size_t i = 0; i < n; i++)
    w64[i] = w32[i] = (float)rng_normal(&r);
}

static void check_constant(const struct method *m)
{
  struct bench b;
  float w32[N], out32[N];
  double w64[N], out64[N];
  random_weights(w32, w64, N, 0);
  bench_make(&b, m, w32, w64, N);
  for (uint64_t t = 0; t < STEPS; t++)
    bench_update(&b, w32, w64, N, t);
  average_weights(b.s32, out32, N, DTYPE_F32);
  average_weights(b.s64, out64, N, DTYPE_F64);
  double worst32 = 0, worst64 = 0;
  for (size_t i = 0; i < N; i++) {
    worst32 = fmax(worst32, fabs((double)(out32[i] - w32[i]) / (double)w32[i]));
    worst64 = fmax(worst64, fabs((out64[i] - w64[i]) / w64[i]));
  }
  tap_ok(worst32 <= 4 * (double)FLT_EPSILON && worst64 <= 4 * DBL_EPSILON,
         "%s: the average of a constant is that constant (to rounding: %.2g, %.2g)", m->id, worst32, worst64);
  bench_free(&b);
}

static void check_between(const struct method *m)
{
  struct bench b;
  float w32[N], out32[N];
  double w64[N], out64[N], low[N], high[N];
  bool between = true, agrees = true;
  random_weights(w32, w64, N, 0);
  bench_make(&b, m, w32, w64, N);
  memcpy(low, w64, sizeof low);
  memcpy(high, w64, sizeof high);
  for (uint64_t t = 0; t < STEPS; t++) {
    random_weights(w32, w64, N, t + 1);
    bench_update(&b, w32, w64, N, t);
    average_weights(b.s32, out32, N, DTYPE_F32);
    average_weights(b.s64, out64, N, DTYPE_F64);
    for (size_t i = 0; i < N; i++) {
      low[i] = fmin(low[i], w64[i]), high[i] = fmax(high[i], w64[i]);
      between = between && out64[i] >= low[i] - 1e-12 && out64[i] <= high[i] + 1e-12;
      agrees = agrees && fabs((double)out32[i] - out64[i]) <=
                             STEPS * (double)FLT_EPSILON * 4; /* one rounding per update of values below 4 */
    }
  }
  tap_ok(between, "%s: the average lies between the least and the greatest iterate, always", m->id);
  tap_ok(agrees, "%s: float32 agrees with float64 to rounding", m->id);
  bench_free(&b);
}

static void check_clone(const struct method *m)
{
  struct bench a, b;
  float w32[N];
  double w64[N];
  random_weights(w32, w64, N, 0);
  bench_make(&a, m, w32, w64, N);
  bench_make(&b, m, w32, w64, N);
  for (uint64_t t = 0; t < STEPS; t++) {
    random_weights(w32, w64, N, t + 1);
    bench_update(&a, w32, w64, N, t);
    if (t == STEPS / 2) {
      memcpy(b.s32, a.s32, a.size);
      memcpy(b.s64, a.s64, a.size);
    } else if (t > STEPS / 2) {
      bench_update(&b, w32, w64, N, t);
    }
  }
  tap_ok(same_bits(a.s32, b.s32, a.size) && same_bits(a.s64, b.s64, a.size),
         "%s: a state copied midway goes on with the same bits", m->id);
  bench_free(&a);
  bench_free(&b);
}

static void check_sizes(const struct method *m)
{
  for (size_t n = 0; n < 2; n++) {
    struct bench b;
    float w32[1] = {2}, out32[1] = {2};
    double w64[1] = {2}, out64[1] = {2};
    bench_make(&b, m, w32, w64, n);
    bench_update(&b, w32, w64, n, 0);
    average_weights(b.s32, out32, n, DTYPE_F32);
    average_weights(b.s64, out64, n, DTYPE_F64);
    tap_ok(out32[0] == 2 && out64[0] == 2, "%s: %zu weights are no trouble", m->id, n);
    bench_free(&b);
  }
}

static void check(const struct method *m)
{
  check_constant(m);
  check_between(m);
  check_clone(m);
  check_sizes(m);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  size_t n = walk(KIND_AVERAGE, check);
  tap_ok(n > 0, "the registry holds averages (%zu)", n);
  return tap_done();
}
