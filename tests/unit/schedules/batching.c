/* batching.c: batch sizes: what batch-grow makes of a schedule, what the tests of batch-norm-test make of gradients. */
#include "experiments/schedules/batching.h"

#include <math.h>

#include "experiments/kernel/rng.h"
#include "experiments/schedules/schedule.h"
#include "tests/fixture.h"

extern const struct batching batching_batch_grow, batching_batch_norm_test;
extern const struct schedule schedule_step, schedule_cosine;

/* --- batch-grow -------------------------------------------------------------------------------------- */

static void test_step_schedule(void)
{
  const struct named_value values[] = {set_real("step_size", 10), set_real("gamma", 0.1), set_real("peak", 0.3)};
  const struct named_value most[] = {set_real("most", 1600)};
  struct object step = object_of(&schedule_step.m, values, 3), o = object_of(&batching_batch_grow.m, most, 1);
  struct batching_frame f = {16, 100000};
  double state = 0;
  bool counts = true, rates = true;
  static const size_t expected[] = {1, 10, 100, 100};
  static const double factor[] = {1, 1, 1, 0.1};
  for (int64_t t = 0; t < 40; t++) {
    double rate = schedule_at(&step, t, 40);
    counts &= batching_batch_grow.next(o.conf, &state, &f, &rate) == expected[t / 10];
    rates &= fabs(rate / (0.3 * factor[t / 10]) - 1) < 1e-12;
  }
  tap_ok(counts, "batch-grow: each drop of the rate by 10 is a batch 10 times as large, up to the most");
  tap_ok(rates, "batch-grow: meanwhile the rate stays, then it drops");
  object_free(&step), object_free(&o);
}

/* The noise eta/B is that of the schedule at batch b, to the update; with sqrt, eta^2/B. */
static void test_noise(void)
{
  static const char *const scaling[] = {"linear", "sqrt"};
  for (int k = 0; k < 2; k++) {
    const struct named_value warm[] = {set_real("warmup", 20)}, values[] = {set_string("scaling", scaling[k])};
    struct object cosine = object_of(&schedule_cosine.m, warm, 1), o = object_of(&batching_batch_grow.m, values, 1);
    struct batching_frame f = {10, 4000};
    double state = 0, worst = 0;
    bool grows = true, warm_up = true;
    size_t last = 1;
    for (int64_t t = 0; t < 200; t++) {
      double rate = schedule_at(&cosine, t, 200), plain = rate;
      size_t count = batching_batch_grow.next(o.conf, &state, &f, &rate);
      double noise = k ? rate * rate / (double)count : rate / (double)count;
      worst = fmax(worst, fabs(noise / (k ? plain * plain : plain) - 1));
      grows &= count >= last;
      warm_up &= t >= 20 || count == 1;
      last = count;
    }
    tap_ok(worst < 1e-12, "batch-grow, %s: the noise of each update is that of the schedule (%.2g)", scaling[k], worst);
    tap_ok(grows && last == 40, "batch-grow, %s: the batch grows, to a tenth of the examples unless told otherwise (%zu)", scaling[k], last);
    tap_ok(warm_up, "batch-grow, %s: not in the warm-up", scaling[k]);
    object_free(&cosine), object_free(&o);
  }
}

/* --- batch-norm-test --------------------------------------------------------------------------------- */

#define N 6
#define COUNT 11 /* mini-batches, so that the groups of 8 are of two sizes */

/* Groups of COUNT random mini-batch gradients: g = shift + noise. */
struct sample {
  double each[COUNT][N], group[BATCHING_GROUPS][N], mean[N];
};

static struct batching_seen draw(struct sample *s, size_t count, double shift, double noise, uint64_t number)
{
  struct rng r = rng_make(3, RNG_TEST, number);
  size_t groups = count < BATCHING_GROUPS ? count : BATCHING_GROUPS;
  struct batching_seen seen = {.n = N, .count = count, .groups = groups, .gradient = s->mean};
  memset(s, 0, sizeof *s);
  for (size_t j = 0; j < count; j++)
    for (size_t i = 0; i < N; i++) {
      s->each[j][i] = shift + noise * rng_normal(&r);
      s->mean[i] += s->each[j][i] / (double)count;
    }
  for (size_t k = 0; k < groups; k++) {
    size_t size = 0;
    for (size_t j = k; j < count; j += groups, size++)
      for (size_t i = 0; i < N; i++)
        s->group[k][i] += s->each[j][i];
    for (size_t i = 0; i < N; i++)
      s->group[k][i] /= (double)size;
    seen.group[k] = s->group[k];
  }
  return seen;
}

static size_t wanted(const struct object *o, const struct batching_frame *f, const struct batching_seen *seen)
{
  size_t state = 0;
  double rate = 1;
  batching_batch_norm_test.next(o->conf, &state, f, &rate);
  batching_batch_norm_test.see(o->conf, &state, f, seen);
  return batching_batch_norm_test.next(o->conf, &state, f, &rate);
}

/* Two mini-batches: V = B |g_a - g_b|^2/4, of the half-batches of one batch of B = 2 b. */
static void test_halves(void)
{
  const struct named_value theta[] = {set_real("theta", 0.5)}, inner[] = {set_real("theta", 0.5), set_string("test", "inner-product")};
  struct object norm = object_of(&batching_batch_norm_test.m, theta, 1), product = object_of(&batching_batch_norm_test.m, inner, 2);
  struct batching_frame f = {10, 1000000};
  struct sample s;
  struct batching_seen seen = draw(&s, 2, 0.3, 1, 1);
  double apart = 0, signal = 0, along = 0, B = 20;
  for (size_t i = 0; i < N; i++) {
    apart += (s.each[0][i] - s.each[1][i]) * (s.each[0][i] - s.each[1][i]);
    signal += s.mean[i] * s.mean[i];
    along += (s.each[0][i] - s.each[1][i]) * s.mean[i];
  }
  double by_norm = ceil(B * apart / 4 / (0.25 * signal) / 10), by_product = ceil(B * along * along / 4 / (0.25 * signal * signal) / 10);
  tap_is_int((long long)wanted(&norm, &f, &seen), (long long)by_norm, "norm test: from two half-batches, in mini-batches of 10");
  tap_is_int((long long)wanted(&product, &f, &seen), (long long)fmax(by_product, 2), "inner-product test: the noise along the gradient");
  tap_ok(by_norm > 4 && by_norm > by_product, "the norm test grows sooner (%g, %g)", by_norm, by_product);
  f.examples = 300;
  tap_is_int((long long)wanted(&norm, &f, &seen), 3, "a tenth of the examples is the most");
  seen = draw(&s, 2, 10, 0.01, 2);
  tap_is_int((long long)wanted(&norm, &f, &seen), 2, "where the gradient is clear nothing grows");
  object_free(&norm), object_free(&product);
}

/* What is estimated has the variance of an example as its mean, though the groups are not of one size. */
static void test_unbiased(void)
{
  const struct named_value values[] = {set_real("theta", 0.01)};
  struct object o = object_of(&batching_batch_norm_test.m, values, 1);
  struct batching_frame f = {10, SIZE_MAX / 2};
  struct sample s;
  double sum = 0, square = 0;
  int trials = 4000;
  for (int i = 0; i < trials; i++) {
    struct batching_seen seen = draw(&s, COUNT, 5, 0.5, (uint64_t)i + 10);
    double signal = 0;
    for (size_t j = 0; j < N; j++)
      signal += s.mean[j] * s.mean[j];
    double variance = (double)wanted(&o, &f, &seen) * 10 * 0.01 * 0.01 * signal;
    sum += variance, square += variance * variance;
  }
  double mean = sum / trials, se = sqrt((square / trials - mean * mean) / trials), truth = 10 * N * 0.25; /* b * 6 * 0.5^2 */
  /* ceil() adds half a mini-batch of some 100: 0.4 %; and 4 standard errors */
  tap_ok(fabs(mean - truth) < 4 * se + 0.01 * truth, "the variance of an example is %g; estimated %.4g +- %.2g", truth, mean, se);
  object_free(&o);
}

int main(void)
{
  tap_diag("seed 3");
  test_step_schedule();
  test_noise();
  test_halves();
  test_unbiased();
  return tap_done();
}
