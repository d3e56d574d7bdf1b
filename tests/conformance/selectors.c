/* Every selector: weights are numbers >= 0, a state copied midway goes on alike, one example is no trouble. */
#include <math.h>

#include "experiments/kernel/rng.h"
#include "experiments/optim/selector.h"
#include "tests/conformance/walk.h"

#define SEED 12u
#define N 24
#define STEPS 80

struct bench {
  struct object o;
  const struct selector *rule;
  size_t size;
  void *state;
};

static void bench_make(struct bench *b, const struct method *m)
{
  struct err e;
  if (base_object(&b->o, m, NULL, 0, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  b->rule = (const struct selector *)m;
  b->size = b->rule->state_size(b->o.conf);
  b->state = xcalloc(b->size + 1, 1);
  b->rule->init(b->o.conf, b->state);
}

static void bench_free(struct bench *b)
{
  free(b->state);
  object_free(&b->o);
}

/* Losses from 0 to about 10, other ones in each mini-batch. */
static void weigh(struct bench *b, uint64_t t, size_t n, double *weight)
{
  struct rng r = rng_make(SEED, RNG_TEST, t);
  double loss[N];
  for (size_t i = 0; i < n; i++)
    loss[i] = -log(rng_uniform(&r) + 1e-5);
  b->rule->weigh(b->o.conf, b->state, &(struct selection){.t = t, .steps = STEPS, .n = n, .loss = loss}, weight);
}

static void check(const struct method *m)
{
  struct bench a, b;
  double x[N], y[N];
  bool good = true, some = false, not_all = false, same = true;
  bench_make(&a, m);
  bench_make(&b, m);
  for (uint64_t t = 0; t < STEPS; t++) {
    weigh(&a, t, N, x);
    if (t == STEPS / 2)
      memcpy(b.state, a.state, a.size);
    if (t > STEPS / 2) {
      weigh(&b, t, N, y);
      same &= same_bits(x, y, sizeof x);
    }
    for (size_t i = 0; i < N; i++) {
      good &= isfinite(x[i]) && x[i] >= 0;
      some |= x[i] > 0;
      not_all |= x[i] == 0;
    }
  }
  tap_ok(good, "%s: weights are finite and not negative", m->id);
  tap_ok(some && not_all, "%s: some examples count, and some do not", m->id);
  tap_ok(same && same_bits(a.state, b.state, a.size), "%s: a state copied midway goes on with the same bits", m->id);
  weigh(&a, STEPS - 1, 1, x);
  tap_ok(isfinite(x[0]) && x[0] >= 0, "%s: a mini-batch of one example is no trouble", m->id);
  bench_free(&a);
  bench_free(&b);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  size_t n = walk(KIND_SELECTOR, check);
  tap_ok(n > 0, "the registry holds selectors (%zu)", n);
  return tap_done();
}
