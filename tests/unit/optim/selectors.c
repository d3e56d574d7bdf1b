/* Selectors of examples: k lowest against counting, ties, the threshold of Adaptive-k against its closed form. */
#include <math.h>

#include "experiments/kernel/rng.h"
#include "experiments/optim/selector.h"
#include "tests/unit/objects.h"

extern const struct selector selector_adaptive_k, selector_lowest_k;

#define LOWEST(...) MAKE(&selector_lowest_k.m, __VA_ARGS__)
#define ADAPTIVE(...) MAKE(&selector_adaptive_k.m, __VA_ARGS__)
#define MOST 32

struct driven {
  struct object o;
  const struct selector *rule;
  double state[8], weight[MOST];
};

static struct driven start(struct object o)
{
  struct driven d = {.o = o, .rule = (const struct selector *)o.method};
  if (d.rule->state_size(o.conf) > sizeof d.state)
    tap_bail("the state needs more room");
  d.rule->init(o.conf, d.state);
  return d;
}

static void weigh(struct driven *d, uint64_t t, uint64_t steps, const double *loss, size_t n)
{
  const struct selection s = {.t = t, .steps = steps, .n = n, .loss = loss};
  d->rule->weigh(d->o.conf, d->state, &s, d->weight);
}

/* An example counts where fewer than k others come before it: those of a lower loss, or of the same and an earlier place. */
static bool counts(const double *loss, size_t n, size_t i, size_t k)
{
  size_t before = 0;
  for (size_t j = 0; j < n; j++)
    before += loss[j] < loss[i] || (j < i && loss[j] == loss[i]);
  return before < k;
}

static void test_lowest(void)
{
  static const struct { double share; size_t n, k; } cases[] = {
    {0.5, 7, 4}, {0.55, 20, 11}, {0.7, 10, 7}, {1e-9, 31, 1}, {1, 13, 13}, {0.3, 1, 1}, {0.34, 3, 2}, {2.0 / 3, 3, 2},
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    struct driven d = start(LOWEST(V_REAL("share", cases[c].share)));
    bool right = true;
    for (uint64_t draw = 0; draw < 50; draw++) {
      struct rng r = rng_make(3, RNG_TEST, draw);
      double loss[MOST];
      for (size_t i = 0; i < cases[c].n; i++)
        loss[i] = draw % 2 ? rng_uniform(&r) : (double)rng_below(&r, 4); /* few values: many ties */
      weigh(&d, draw, 50, loss, cases[c].n);
      for (size_t i = 0; i < cases[c].n; i++)
        right &= d.weight[i] == (counts(loss, cases[c].n, i, cases[c].k) ? 1 : 0);
    }
    tap_ok(right, "share %g of %zu: the %zu lowest, the first among equals", cases[c].share, cases[c].n, cases[c].k);
    object_free(&d.o);
  }
}

static void test_begin(struct object o, const char *name)
{
  const double loss[] = {9, 1, 8};
  struct driven d = start(o);
  bool all = true;
  for (uint64_t t = 0; t < 4; t++) {
    weigh(&d, t, 10, loss, 3);
    all &= d.weight[0] == 1 && d.weight[1] == 1 && d.weight[2] == 1;
  }
  tap_ok(all, "%s, begin = 0.4: all count in the first 4 of 10 updates", name);
  weigh(&d, 4, 10, loss, 3);
  tap_ok(d.weight[0] == 0 && d.weight[1] == 1, "%s: not in the fifth", name);
  object_free(&d.o);
}

/* The greatest loss that counts, by halving: a copy of the state is asked about an example of loss x among others that
 * make the mean 2. */
static double threshold_after(const struct driven *d, uint64_t t)
{
  double low = 0, high = 2 * MOST, loss[MOST];
  for (int i = 0; i < 60; i++) {
    struct driven copy = *d;
    loss[0] = (low + high) / 2;
    for (size_t k = 1; k < MOST; k++)
      loss[k] = (2 * MOST - loss[0]) / (MOST - 1);
    weigh(&copy, t, 1000000, loss, MOST);
    *(copy.weight[0] > 0 ? &low : &high) = loss[0];
  }
  return (low + high) / 2;
}

/* A constant mean loss of 2: m = 2 (1 - b1^k), v = 4 (1 - b2^k). */
static void test_threshold(void)
{
  static const double flat[] = {2, 2, 2};
  for (int mean = 0; mean < 2; mean++) {
    struct driven d = start(ADAPTIVE(V_REAL("begin", 0), V_TEXT("threshold", mean ? "mean" : "normalized")));
    double worst = 0;
    for (uint64_t t = 0; t < 300; t++) {
      double k = (double)t + 1, expected = mean ? 2 : 2 * (1 - pow(0.9, k)) / (sqrt(4 * (1 - pow(0.999, k))) + 1e-8);
      if (t % 25 == 0)
        worst = fmax(worst, fabs(threshold_after(&d, t) / expected - 1));
      weigh(&d, t, 1000000, flat, 3);
    }
    /* rounding: 300 updates of two moving averages, and 32 losses in a mean */
    tap_ok(worst < 1e-12, "%s: the threshold is that of the closed form (%.2g)", mean ? "mean" : "normalized", worst);
    object_free(&d.o);
  }
}

static void test_none(void)
{
  const double high[] = {1.5, 1.25}, low[] = {0.5, 0.25};
  struct driven d = start(ADAPTIVE(V_REAL("begin", 0), V_REAL("b1", 0), V_REAL("b2", 0)));
  weigh(&d, 0, 10, high, 2);
  tap_ok(d.weight[0] == 0 && d.weight[1] == 0, "without memory the normalized threshold is 1: no loss above it counts");
  weigh(&d, 1, 10, low, 2);
  tap_ok(d.weight[0] == 1 && d.weight[1] == 1, "and every loss below it does");
  object_free(&d.o);
}

int main(void)
{
  test_lowest();
  test_begin(LOWEST(V_REAL("share", 0.3), V_REAL("begin", 0.4)), "lowest-k");
  test_begin(ADAPTIVE(V_REAL("begin", 0.4)), "adaptive-k");
  test_threshold();
  test_none();
  return tap_done();
}
