/* Samplers: what their orders are, how batches are cut from them, and the exact identity of one epoch of
 * SGD on one-dimensional quadratics. */
#include "tests/unit/optim/drive.h"

extern const struct sampler sampler_flipflop, sampler_iid, sampler_incremental, sampler_random_reshuffling, sampler_shuffle_once;

#define N 101

static void order_of(const struct sampler *m, uint64_t seed, uint64_t epoch, uint32_t order[N])
{
  struct object o = MAKE_DEFAULT(&m->m);
  struct err e = {0};
  if (m->epoch(o.conf, N, seed, epoch, order, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  object_free(&o);
}

static bool is_permutation(const uint32_t order[N])
{
  bool seen[N] = {0};
  for (int i = 0; i < N; i++) {
    if (order[i] >= N || seen[order[i]])
      return false;
    seen[order[i]] = true;
  }
  return true;
}

static bool differs(const uint32_t a[N], const uint32_t b[N]) { return memcmp(a, b, N * sizeof *a) != 0; }

static void test_orders(void)
{
  const struct sampler *const all[] = {&sampler_iid, &sampler_random_reshuffling, &sampler_shuffle_once};
  for (int s = 0; s < 3; s++) {
    uint32_t a[N], b[N], other_epoch[N], other_seed[N];
    bool permutation = true, same = true;
    for (uint64_t epoch = 0; epoch < 50; epoch++) {
      order_of(all[s], 7, epoch, a);
      order_of(all[s], 7, epoch, b);
      permutation = permutation && is_permutation(a);
      same = same && !differs(a, b);
    }
    order_of(all[s], 7, 0, a);
    order_of(all[s], 7, 1, other_epoch);
    order_of(all[s], 8, 0, other_seed);
    if (s == 0)
      tap_ok(!permutation, "iid draws with replacement");
    else
      tap_ok(permutation, "%s: each epoch is a permutation", all[s]->m.id);
    tap_ok(same, "%s: the same seed gives the same order", all[s]->m.id);
    tap_ok(differs(a, other_seed), "%s: another seed gives another order", all[s]->m.id);
    tap_ok(differs(a, other_epoch) == (s != 2), "%s: epochs %s", all[s]->m.id, s == 2 ? "repeat" : "differ");
  }
  uint32_t once[N], every[N];
  order_of(&sampler_shuffle_once, 7, 5, once);
  order_of(&sampler_random_reshuffling, 7, 0, every);
  tap_ok(!differs(once, every), "shuffle-once repeats the first epoch of random-reshuffling");
}

static void test_fixed_orders(void)
{
  uint32_t data[N], there[N] = {0}, back[N] = {0}, next[N] = {0}, every[N];
  bool counts = true;
  order_of(&sampler_incremental, 7, 3, data);
  for (uint32_t i = 0; i < N; i++)
    counts = counts && data[i] == i;
  tap_ok(counts, "incremental is the order of the data");
  static const char *const bases[] = {"random-reshuffling", "shuffle-once", "incremental"};
  const struct sampler *const same[] = {&sampler_random_reshuffling, &sampler_shuffle_once, &sampler_incremental};
  for (int b = 0; b < 3; b++) {
    struct object o = MAKE(&sampler_flipflop.m, V_TEXT("base", bases[b]));
    uint32_t *const orders[] = {there, back, next};
    for (uint64_t epoch = 4; epoch < 7; epoch++)
      if (sampler_flipflop.epoch(o.conf, N, 7, epoch, orders[epoch - 4], NULL) != STATUS_OK)
        tap_bail("flipflop refused an epoch");
    bool mirrored = true;
    for (int i = 0; i < N; i++)
      mirrored = mirrored && back[i] == there[N - 1 - i];
    order_of(same[b], 7, 2, every);
    tap_ok(mirrored, "flipflop on %s: every second epoch is the one before backwards", bases[b]);
    tap_ok(!differs(there, every), "and the others are the epochs of its base");
    tap_ok(differs(next, there) == (b == 0), "which %s", b == 0 ? "differ" : "repeat");
    object_free(&o);
  }
}

/* Chi-square over the examples drawn, 100 degrees of freedom: 1 in 10,000 exceeds 161.3, 1 in 10,000 is
 * below 54.1 (quantiles of the chi-square distribution). */
static void test_uniform(void)
{
  const uint64_t seed = 424242;
  const int epochs = 1000;
  double count[N] = {0}, chi2 = 0;
  uint32_t order[N];
  for (uint64_t epoch = 0; epoch < (uint64_t)epochs; epoch++) {
    order_of(&sampler_iid, seed, epoch, order);
    for (int i = 0; i < N; i++)
      count[order[i]]++;
  }
  for (int i = 0; i < N; i++)
    chi2 += (count[i] - epochs) * (count[i] - epochs) / epochs;
  tap_diag("seed %llu, chi-square %.1f", (unsigned long long)seed, chi2);
  tap_ok(chi2 > 54.1 && chi2 < 161.3, "iid draws every example equally often");
}

static void test_stream(void)
{
  struct object o = MAKE_DEFAULT(&sampler_random_reshuffling.m);
  struct sample_stream *s;
  struct err e = {0};
  enum { EPOCHS = 9 };
  static uint32_t endless[EPOCHS * N];
  for (uint64_t epoch = 0; epoch < EPOCHS; epoch++)
    order_of(&sampler_random_reshuffling, 3, epoch, endless + epoch * N);
  if (sample_stream_new(&s, &o, N, 3, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  const size_t batches[] = {1, 16, 100, N, 250};
  for (size_t b = 0; b < sizeof batches / sizeof *batches; b++) {
    uint32_t index[250];
    bool right = true;
    for (uint64_t t = 0; (t + 1) * batches[b] <= EPOCHS * N; t++)
      right = right && sample_stream_batch(s, t, batches[b], index, &e) == STATUS_OK &&
              same_bits(index, endless + t * batches[b], batches[b] * sizeof *index);
    tap_ok(right, "batches of %zu are cut from the endless order, over the ends of epochs", batches[b]);
  }
  uint32_t later[16], again[16];
  bool ok = sample_stream_batch(s, 40, 16, later, &e) == STATUS_OK && sample_stream_batch(s, 2, 16, again, &e) == STATUS_OK &&
            same_bits(again, endless + 32, sizeof again) && sample_stream_batch(s, 40, 16, again, &e) == STATUS_OK;
  tap_ok(ok && same_bits(later, again, sizeof later), "updates may be asked for in any order");
  ok = sample_stream_take(s, 7, 16, later, &e) == STATUS_OK && same_bits(later, endless + 7, sizeof later) &&
       sample_stream_take(s, N - 3, 5, later, &e) == STATUS_OK && same_bits(later, endless + N - 3, 5 * sizeof *later);
  tap_ok(ok, "examples may be taken from any place on");
  tap_ok(sample_stream_take(s, UINT64_MAX - 3, 16, later, &e) == STATUS_BAD_ARG, "but not beyond 2^64");
  tap_ok(sample_stream_batch(s, UINT64_MAX / 2, 16, later, &e) == STATUS_BAD_ARG, "a position beyond 2^64 is refused");
  tap_ok(sample_stream_batch(s, UINT64_MAX / 16, 16, later, &e) == STATUS_BAD_ARG, "and so is a batch that would reach it");
  sample_stream_free(s);
  sample_stream_free(NULL);
  tap_ok(sample_stream_new(&s, &o, 0, 3, &e) == STATUS_BAD_ARG && !s, "no examples: refused");
  tap_has(e.message, "sampler \"random-reshuffling\": there are no examples", "and the message says so");
  tap_ok(sample_stream_new(&s, &o, (size_t)UINT32_MAX + 1, 3, &e) == STATUS_BAD_ARG, "more examples than can be numbered: refused");
  if (sample_stream_new(&s, &o, 1, 3, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  tap_ok(sample_stream_batch(s, 5, 3, later, &e) == STATUS_OK && later[0] == 0 && later[1] == 0 && later[2] == 0, "one example is drawn every time");
  sample_stream_free(s);
  object_free(&o);
}

struct components { const double *a; const uint32_t *order; };

static void component_gradient(const void *problem, uint64_t k, const double *w, double *g, size_t n)
{
  const struct components *c = problem;
  (void)n;
  g[0] = w[0] - c->a[c->order[k - 1]];
}

/* f_i = (x - a_i)^2/2, constant eta: x_n = (1 - eta)^n x_0 + eta sum_j (1 - eta)^(n-1-j) a_{order(j)}. */
static void test_epoch_identity(void)
{
  const double eta = 0.03, x0 = 2;
  double a[N], x = x0, expected = pow(1 - eta, N) * x0;
  uint32_t order[N];
  order_of(&sampler_random_reshuffling, 99, 4, order);
  for (int i = 0; i < N; i++)
    a[i] = sin(1.7 * i);
  for (int j = 0; j < N; j++)
    expected += eta * pow(1 - eta, N - 1 - j) * a[order[j]];
  struct object sgd = MAKE_DEFAULT(&optimizer_sgd.m);
  struct components c = {a, order};
  struct drive d = {.o = &sgd, .n = 1, .gradient = component_gradient, .problem = &c, .lr = eta};
  run_f64(&d, &x, N);
  tap_near(x, expected, 1e-13, 0, "one epoch of SGD on (x - a_i)^2/2 ends where the closed form says");
  object_free(&sgd);
}

/* --- what reshuffling gains ------------------------------------------------------------------------ */

/* Components h_i (x - a_i)^2/2 by their curvatures and their gradients g_i at the optimum 0, which sum to 0. */
struct sum { size_t n; const double *h, *g; };

/* Mean of x^2 over runs from the optimum: K epochs of SGD with rate eta. The error is then all noise. */
static double mean_square(const struct sampler *m, const struct sum *f, uint64_t K, double eta, uint64_t runs)
{
  struct object o = MAKE_DEFAULT(&m->m);
  struct err e = {0};
  uint32_t order[N];
  double sum = 0;
  for (uint64_t seed = 0; seed < runs; seed++) {
    double x = 0;
    for (uint64_t epoch = 0; epoch < K; epoch++) {
      if (m->epoch(o.conf, f->n, seed, epoch, order, &e) != STATUS_OK)
        tap_bail("%s", e.message);
      for (size_t j = 0; j < f->n; j++)
        x -= eta * (f->h[order[j]] * x + f->g[order[j]]);
    }
    sum += x * x;
  }
  object_free(&o);
  return sum / (double)runs;
}

/* Equal curvatures 1, q = 1 - eta: an epoch adds eta sum_j q^(n-1-j) g of variance eta^2 s2 sum_j c_j^2 for iid draws, and for a
 * permutation eta^2 s2 n/(n-1) (sum c_j^2 - (sum c_j)^2/n), as for a sum without replacement; epochs decay by q^(2n). */
static double variance(const struct sum *f, uint64_t K, double eta, bool permuted)
{
  double s2 = 0, c = 1, sum = 0, squares = 0, n = (double)f->n, decay = pow(1 - eta, 2 * n), total = 0;
  for (size_t i = 0; i < f->n; i++, c *= 1 - eta) {
    s2 += f->g[i] * f->g[i] / n;
    sum += c;
    squares += c * c;
  }
  for (uint64_t k = 0; k < K; k++)
    total = total * decay + eta * eta * s2 * (permuted ? n / (n - 1) * (squares - sum * sum / n) : squares);
  return total;
}

static void test_equal_curvatures(void)
{
  enum { COUNT = 50, RUNS = 2000 };
  double h[COUNT], g[COUNT], mean = 0, ratio[2];
  for (int i = 0; i < COUNT; i++) {
    h[i] = 1;
    g[i] = sin(1.7 * i);
    mean += g[i] / COUNT;
  }
  for (int i = 0; i < COUNT; i++)
    g[i] -= mean;
  const struct sum f = {COUNT, h, g};
  for (int i = 0; i < 2; i++) {
    uint64_t K = i ? 32 : 8;
    double eta = 2.0 / (COUNT * (double)K);
    double iid = mean_square(&sampler_iid, &f, K, eta, RUNS), rr = mean_square(&sampler_random_reshuffling, &f, K, eta, RUNS);
    /* x is a sum of many terms, near normal: the mean of its square over 2000 runs has 3.2 % of error; 4.5 of these */
    tap_near(iid, variance(&f, K, eta, false), 4.5 * sqrt(2.0 / RUNS), 0, "iid, %d epochs: the error is that of the closed form", (int)K);
    tap_near(rr, variance(&f, K, eta, true), 4.5 * sqrt(2.0 / RUNS), 0, "reshuffled, %d epochs: so is it", (int)K);
    ratio[i] = variance(&f, K, eta, true) / variance(&f, K, eta, false);
  }
  /* with eta = 2/(nK) the ratio is (eta n)^2/12 = 1/(3 K^2), up to terms of order eta n = 1/16 */
  tap_near(ratio[0] / ratio[1], 16, 0.15, 0, "of equal curvatures, reshuffling gains a factor of K^2");
}

/* Of different curvatures an epoch is off by -eta^2/2 sum h_i g_i on average, which no averaging over epochs removes: the
 * error is then eta^2, against eta for iid draws, and with eta = 2/(nK) their ratio falls like 1/K once K exceeds n. */
static void test_gain(void)
{
  enum { COUNT = 10, POINTS = 4, RUNS = 300 };
  double h[COUNT], g[COUNT], mean = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (int i = 0; i < COUNT; i++) {
    h[i] = 1 + 0.8 * sin(2.3 * i);
    mean += h[i] / COUNT;
  }
  for (int i = 0; i < COUNT; i++)
    g[i] = h[i] - mean;
  const struct sum f = {COUNT, h, g};
  for (int i = 0; i < POINTS; i++) {
    uint64_t K = (uint64_t)40 << i;
    double eta = 2.0 / (COUNT * (double)K);
    double ratio = mean_square(&sampler_random_reshuffling, &f, K, eta, RUNS) / mean_square(&sampler_iid, &f, K, eta, RUNS);
    double x = log((double)K), y = log(ratio);
    tap_diag("%d epochs: error of reshuffling over that of iid draws %.4g", (int)K, ratio);
    sx += x, sy += y, sxx += x * x, sxy += x * y;
  }
  double slope = (POINTS * sxy - sx * sy) / (POINTS * sxx - sx * sx);
  /* each ratio has 8 to 12 % of error, hence the slope over a factor of 8 in K about 0.06; 4 of these */
  tap_near(slope, -1, 0, 0.25, "of different curvatures, reshuffling gains a factor of K");
}

int main(void)
{
  test_equal_curvatures();
  test_gain();
  test_orders();
  test_fixed_orders();
  test_uniform();
  test_stream();
  test_epoch_identity();
  return tap_done();
}
