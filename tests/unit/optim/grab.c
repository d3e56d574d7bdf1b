/* Gradient balancing: the order by the rule as it is written, and what it is for: small partial sums, and less error than
 * random reshuffling from the same start. */
#include <stdlib.h>

#include "tests/unit/optim/drive.h"

extern const struct sampler sampler_grab, sampler_grab_pair, sampler_random_reshuffling;

enum { N = 101, D = 4, EPOCHS = 6 };

static double norm_of_sum(const double *a, const double *c, double sign)
{
  double square = 0;
  for (int i = 0; i < D; i++)
    square += (a[i] + sign * c[i]) * (a[i] + sign * c[i]);
  return sqrt(square);
}

/* The next order, by the rule with its norms. */
static void textbook(bool pairs, const double g[N][D], const double mean[D], const uint32_t order[N], uint32_t next[N])
{
  double a[D] = {0}, c[D];
  int front = 0, back = N - 1;
  for (int k = 0; k < N; k += pairs ? 2 : 1) {
    bool alone = pairs && k + 1 == N;
    for (int i = 0; i < D; i++)
      c[i] = g[order[k]][i] - (pairs ? alone ? 0 : g[order[k + 1]][i] : mean[i]);
    bool plus = alone || norm_of_sum(a, c, 1) <= norm_of_sum(a, c, -1);
    for (int i = 0; i < D; i++)
      a[i] += plus ? c[i] : -c[i];
    if (plus)
      next[front++] = order[k];
    else
      next[back--] = order[k];
    if (pairs && !alone && plus)
      next[back--] = order[k + 1];
    else if (pairs && !alone)
      next[front++] = order[k + 1];
  }
}

/* Epoch by epoch through a stream, with gradients that depend on example and epoch. */
static void test_rule(const struct sampler *m, bool pairs)
{
  struct object o = MAKE_DEFAULT(&m->m);
  struct sample_stream *s;
  struct err e = {0};
  double g[N][D], mean[D] = {0};
  uint32_t order[N], next[N] = {0}, first[N];
  bool same = true;
  if (sample_stream_new_seeing(&s, &o, N, D, 5, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
    struct rng r = rng_make(77, RNG_TEST, epoch);
    rng_fill_normal_f64(&r, &g[0][0], sizeof g / sizeof(double), 0.5, 1);
    for (uint64_t k = 0; k < N; k++) {
      if (sample_stream_batch(s, epoch * N + k, 1, &order[k], &e) != STATUS_OK)
        tap_bail("%s", e.message);
      sample_stream_see(s, g[order[k]]);
    }
    same = same && (epoch == 0 || same_bits(order, next, sizeof order));
    textbook(pairs, (const double (*)[D])g, mean, order, next);
    for (int i = 0; i < D; i++) {
      mean[i] = 0;
      for (int k = 0; k < N; k++)
        mean[i] += g[order[k]][i] / N;
    }
    if (epoch == 0)
      memcpy(first, order, sizeof first);
  }
  tap_ok(same, "%s: every order is that of the rule, epoch after epoch", m->m.id);
  if (sampler_random_reshuffling.epoch(NULL, N, 5, 0, order, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  tap_ok(same_bits(order, first, sizeof order), "%s: the first epoch is that of random-reshuffling", m->m.id);
  tap_ok(sample_stream_batch(s, (EPOCHS + 1) * N, 1, order, &e) == STATUS_BAD_ARG, "%s: an epoch cannot be asked for before the one it follows from", m->m.id);
  sample_stream_free(s);
  tap_ok(sample_stream_new(&s, &o, N, 5, &e) == STATUS_UNSUPPORTED && !s, "%s: who has no gradients to show is refused", m->m.id);
  tap_has(e.message, "minimizer \"stochastic\" with batch = 1", "and told who has them");
  object_free(&o);
}

/* SGD on f_i = |x - a_i|^2/2 from the origin, one example an update: the distance to the mean of a after each epoch. */
static void descend(const struct sampler *m, const double (*a)[D], size_t n, uint64_t seed, double rate, int epochs, double *error)
{
  struct object o = MAKE_DEFAULT(&m->m);
  struct sample_stream *s;
  double x[D] = {0}, g[D];
  if (sample_stream_new_seeing(&s, &o, n, D, seed, NULL) != STATUS_OK)
    tap_bail("no stream");
  for (int k = 0; k < epochs; k++) {
    for (size_t j = 0; j < n; j++) {
      uint32_t at;
      if (sample_stream_batch(s, (uint64_t)k * n + j, 1, &at, NULL) != STATUS_OK)
        tap_bail("no example");
      for (int i = 0; i < D; i++) {
        g[i] = x[i] - a[at][i];
        x[i] -= rate * g[i];
      }
      sample_stream_see(s, g);
    }
    error[k] = 0;
    for (int i = 0; i < D; i++)
      error[k] += x[i] * x[i];
  }
  sample_stream_free(s);
  object_free(&o);
}

/* n = 1000, centred a_i. With rate r the error is that of the order, r |sum of the late part|, once (1 - r)^(nK) has gone:
 * r = 0.01 leaves e^-20 after two epochs. Means over 20 seeds of squared distances, whose relative spread of about 1 gives 22 %
 * each; the differences found are factors above 5. */
static void test_quadratics(void)
{
  enum { BIG = 1000, K = 10, SEEDS = 20 };
  static double a[BIG][D];
  double rr[K], grab[K], pair[K], total[3][K] = {{0}}, mean[D] = {0};
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    struct rng r = rng_make(20220522, RNG_TEST, seed);
    rng_fill_normal_f64(&r, &a[0][0], BIG * D, 0, 1);
    for (int i = 0; i < D; i++) {
      mean[i] = 0;
      for (int k = 0; k < BIG; k++)
        mean[i] += a[k][i] / BIG;
      for (int k = 0; k < BIG; k++)
        a[k][i] -= mean[i];
    }
    descend(&sampler_random_reshuffling, (const double (*)[D])a, BIG, seed, 0.01, K, rr);
    descend(&sampler_grab, (const double (*)[D])a, BIG, seed, 0.01, K, grab);
    descend(&sampler_grab_pair, (const double (*)[D])a, BIG, seed, 0.01, K, pair);
    for (int k = 0; k < K; k++)
      total[0][k] += rr[k], total[1][k] += grab[k], total[2][k] += pair[k];
  }
  tap_diag("mean squared distance after epochs 1, 2, 3, 10: random %.2g %.2g %.2g %.2g, grab %.2g %.2g %.2g %.2g, pairs %.2g %.2g %.2g %.2g",
           total[0][0] / SEEDS, total[0][1] / SEEDS, total[0][2] / SEEDS, total[0][K - 1] / SEEDS, total[1][0] / SEEDS, total[1][1] / SEEDS,
           total[1][2] / SEEDS, total[1][K - 1] / SEEDS, total[2][0] / SEEDS, total[2][1] / SEEDS, total[2][2] / SEEDS, total[2][K - 1] / SEEDS);
  bool below = true, pairs_below = true;
  for (int k = 1; k < K; k++) {
    below = below && total[1][k] < total[0][k];
    pairs_below = pairs_below && total[2][k] < total[0][k];
  }
  tap_ok(total[0][0] == total[1][0], "the first epoch is the same");
  tap_ok(below, "grab is below random reshuffling from the second epoch on");
  tap_ok(pairs_below, "and so are pairs");
  tap_ok(total[1][K - 1] < total[0][K - 1] / 5 && total[2][K - 1] < total[0][K - 1] / 5, "in the end by more than a factor of 5");
}

int main(void)
{
  test_rule(&sampler_grab, false);
  test_rule(&sampler_grab_pair, true);
  test_quadratics();
  return tap_done();
}
