/* Scores that look at whole nets: synflow, lamp, the shuffled control; and random masks of layers of one shape. */
#include "experiments/pruning/net_int.h"
#include "experiments/pruning/pruning_int.h"
#include "tests/unit/pruning/layer.h"
#include "tests/unit/probe/subject.h"

extern const struct score score_lamp, score_shuffled, score_synflow;

enum { IN = 7, A = 6, B = 5, OUT = 3, LAYERS = 3, TOTAL = A * IN + B * A + OUT * B };

static const size_t outs[] = {A, B, OUT}, ins[] = {IN, A, B};
static double dense[TOTAL];
static struct prune_layer layer[LAYERS];

static void make_chain(void)
{
  struct rng r = rng_make(SEED, RNG_TEST, 77);
  double *at = dense;
  rng_fill_normal_f64(&r, dense, TOTAL, 0, 1);
  for (size_t i = 0; i < LAYERS; at += outs[i] * ins[i], i++)
    layer[i] = (struct prune_layer){.w = at, .out = outs[i], .in = ins[i], .place = i};
}

/* Sum of the outputs of the chain of absolute weights, some of them removed. */
static double signal(const double *w, const uint8_t *keep)
{
  double x[IN], y[IN] = {0}, sum = 0;
  size_t at = 0;
  for (size_t j = 0; j < IN; j++)
    x[j] = 1;
  for (size_t i = 0; i < LAYERS; i++) {
    for (size_t r = 0; r < outs[i]; r++) {
      y[r] = 0;
      for (size_t j = 0; j < ins[i]; j++, at++)
        y[r] += keep[at] ? fabs(w[at]) * x[j] : 0;
    }
    memcpy(x, y, sizeof x);
  }
  for (size_t j = 0; j < OUT; j++)
    sum += x[j];
  return sum;
}

/* R is linear in each weight: what it loses when the weight goes is the weight's score. */
static void brute_scores(const uint8_t *keep, double *score)
{
  uint8_t without[TOTAL];
  for (size_t i = 0; i < TOTAL; i++) {
    memcpy(without, keep, sizeof without);
    without[i] = 0;
    score[i] = keep[i] ? signal(dense, keep) - signal(dense, without) : -1;
  }
}

static void scores_of(const struct object *o, double *flat)
{
  double *rows[LAYERS] = {flat, flat + A * IN, flat + A * IN + B * A};
  const struct score *s = (const struct score *)o->method;
  if (s->rate_all(o->conf, NULL, layer, LAYERS, NULL, rows, NULL))
    tap_bail("no scores");
}

static void masks_of(const struct object *o, const double *sparsity, uint8_t *flat)
{
  uint8_t *keep[LAYERS] = {flat, flat + A * IN, flat + A * IN + B * A};
  struct err e = {0};
  if (prune_mask(o, NULL, layer, LAYERS, sparsity, keep, &e))
    tap_bail("%s", e.message);
}

static void test_conservation(void)
{
  struct object o = MAKE(&score_synflow.m, V_INT("rounds", 1), V_REAL("sparsity", 0));
  double score[TOTAL], brute[TOTAL], sum[LAYERS] = {0};
  uint8_t all[TOTAL];
  memset(all, 1, sizeof all);
  scores_of(&o, score);
  brute_scores(all, brute);
  double total = signal(dense, all);
  tap_near(largest_difference(score, brute, TOTAL), 0, 0, 1e-13 * total, "synflow: the score is what the flow loses without the weight");
  for (size_t i = 0, at = 0; i < LAYERS; i++)
    for (size_t j = 0; j < outs[i] * ins[i]; j++)
      sum[i] += score[at++];
  tap_ok(fabs(sum[0] - total) < 1e-12 * total && fabs(sum[1] - total) < 1e-12 * total && fabs(sum[2] - total) < 1e-12 * total,
         "synflow: the scores of every layer add up to the flow (%g)", total);
  bool conserved = true;
  for (size_t unit = 0; unit < A; unit++) {
    double in = 0, out = 0;
    for (size_t j = 0; j < IN; j++)
      in += score[unit * IN + j];
    for (size_t r = 0; r < B; r++)
      out += score[A * IN + r * A + unit];
    conserved = conserved && fabs(in - out) < 1e-12 * total;
  }
  tap_ok(conserved, "synflow: what goes into a hidden unit comes out of it");
  object_free(&o);
}

/* The rounds by brute force: scores by removal, then the lowest go, one at a time. */
static void test_rounds(double sparsity, int rounds)
{
  struct object o = MAKE(&score_synflow.m, V_INT("rounds", rounds), V_REAL("sparsity", sparsity));
  uint8_t seen[TOTAL], keep[TOTAL];
  double score[TOTAL];
  masks_of(&o, NULL, seen);
  memset(keep, 1, sizeof keep);
  for (int k = 1; k <= rounds; k++) {
    size_t gone = removed(keep, TOTAL), wanted = (size_t)floor((1 - pow(1 - sparsity, (double)k / rounds)) * TOTAL + 0.5);
    brute_scores(keep, score);
    for (; gone < wanted; gone++) {
      size_t lowest = TOTAL;
      for (size_t i = 0; i < TOTAL; i++)
        if (keep[i] && (lowest == TOTAL || score[i] < score[lowest] - 1e-12))
          lowest = i;
      if (lowest < TOTAL)
        keep[lowest] = 0;
    }
  }
  bool whole = true;
  for (size_t i = 0, at = 0; i < LAYERS; at += outs[i] * ins[i], i++)
    whole = whole && removed(seen + at, outs[i] * ins[i]) < outs[i] * ins[i];
  tap_ok(memcmp(seen, keep, TOTAL) == 0 && whole, "synflow: %d rounds to %.2f by brute force; no layer is empty", rounds, sparsity);
  object_free(&o);
}

static void test_budgets(void)
{
  struct object o = MAKE(&score_synflow.m, V_TEXT("compare", "layer"), V_INT("rounds", 7));
  double sparsity[] = {0.5, 0, 0.8};
  uint8_t keep[TOTAL];
  masks_of(&o, sparsity, keep);
  tap_ok(removed(keep, A * IN) == A * IN / 2 && removed(keep + A * IN, B * A) == 0 && removed(keep + A * IN + B * A, OUT * B) == 12,
         "synflow: by layers with budgets from an allocator");
  struct object huge = MAKE_DEFAULT(&score_synflow.m);
  struct prune_layer large[LAYERS];
  double big[TOTAL], flat[TOTAL] = {0}, *rows[LAYERS] = {flat, flat + A * IN, flat + A * IN + B * A};
  struct err e = {0};
  for (size_t i = 0; i < TOTAL; i++)
    big[i] = 1e150;
  memcpy(large, layer, sizeof large);
  for (size_t i = 0; i < LAYERS; i++)
    large[i].w = big;
  tap_is_int(((const struct score *)huge.method)->rate_all(huge.conf, NULL, large, LAYERS, NULL, rows, &e), STATUS_DIVERGED,
             "synflow: a flow beyond float64 is a status");
  large[1].in = A - 1;
  tap_ok(((const struct score *)huge.method)->rate_all(huge.conf, NULL, large, LAYERS, NULL, rows, &e) == STATUS_BAD_ARG, "%s", e.message);
  object_free(&o);
  object_free(&huge);
}

/* Through a net with pooling and biases, by the layers' own patches and strides: conservation again. */
static void test_net(const struct model *model, const struct named_value *values, size_t n, size_t d)
{
  struct subject t;
  struct net_facts f;
  double total = 0, *w[NET_MAX_LAYERS], *g[NET_MAX_LAYERS], worst = 0;
  subject_make(&t, model, values, n, &loss_cross_entropy, 5, d, 3, 0);
  if (net_facts_new(&f, NULL, &t.s, 0, (const bool[NET_MAX_LAYERS]){false}, NULL))
    tap_bail("no facts");
  net_facts_flow(&f);
  for (size_t i = 0; i < f.n; i++) {
    size_t size = f.layer[i].out * f.layer[i].in;
    w[i] = numbers(size);
    g[i] = numbers(size);
    for (size_t j = 0; j < size; j++)
      w[i][j] = fabs(f.layer[i].w[j]);
  }
  if (prune_flow(f.layer, f.n, (const double *const *)w, &total, g, NULL))
    tap_bail("no flow");
  for (size_t i = 0; i < f.n; i++) {
    double sum = 0;
    for (size_t j = 0; j < f.layer[i].out * f.layer[i].in; j++)
      sum += w[i][j] * g[i][j];
    worst = fmax(worst, fabs(sum / total - 1));
    free(w[i]), free(g[i]);
  }
  tap_near(worst, 0, 0, 1e-13, "synflow: %s: every layer carries the whole flow (%g)", model->m.id, total);
  net_facts_free(&f);
  subject_free(&t);
}

static void test_lamp(void)
{
  struct object o = MAKE_DEFAULT(&score_lamp.m);
  double w[] = {3, -1, 0.5, 2, -0.5, 0, 0.5, 1.5, 2, 0}, scaled[10], score[10], again[10], expected[10];
  struct prune_layer l = {.w = w, .out = 2, .in = 5};
  for (size_t i = 0; i < 10; i++) {
    double sum = 0;
    for (size_t j = 0; j < 10; j++)
      sum += w[j] * w[j] >= w[i] * w[i] ? w[j] * w[j] : 0;
    expected[i] = w[i] * w[i] / sum;
    scaled[i] = 1024 * w[i];
  }
  if (prune_score(&o, NULL, &l, score, NULL))
    tap_bail("no scores");
  tap_near(largest_difference(score, expected, 10), 0, 0, 1e-15, "lamp: the square over all squares at least as large, ties and zeros too");
  tap_ok(score[0] == 1 && score[5] == 0, "lamp: the largest weight has score 1, a zero 0");
  l.w = scaled;
  if (prune_score(&o, NULL, &l, again, NULL))
    tap_bail("no scores");
  tap_same_bits(again, score, sizeof score, "lamp: rescaling a layer by a power of two changes not a bit");
  object_free(&o);
  struct object lamp = MAKE(&score_lamp.m, V_TEXT("compare", "layer")), magnitude = MAKE(&score_magnitude.m, V_TEXT("compare", "layer"));
  uint8_t a[TOTAL], b[TOTAL];
  masks_of(&lamp, NULL, a);
  masks_of(&magnitude, NULL, b);
  tap_same_bits(a, b, TOTAL, "lamp: inside a layer it is magnitude");
  object_free(&lamp);
  object_free(&magnitude);
  struct object hard = MAKE(&score_lamp.m, V_REAL("sparsity", 1 - (double)LAYERS / TOTAL));
  masks_of(&hard, NULL, a);
  tap_ok(removed(a, A * IN) == A * IN - 1 && removed(a + A * IN, B * A) == B * A - 1, "lamp: three weights left of three layers: one each");
  object_free(&hard);
}

static void shuffled_and_own(const char *compare, const double *sparsity, uint8_t *shuffled, uint8_t *own, int64_t seed)
{
  struct object of = MAKE_DEFAULT(&score_magnitude.m), plain = MAKE(&score_magnitude.m, V_TEXT("compare", compare));
  struct named_value v[] = {V_TEXT("compare", compare), {"of", {.kind = VALUE_OBJECT, .as.object = &of}}, V_INT("seed", seed)};
  struct object o = object_made(&score_shuffled.m, v, 3);
  masks_of(&o, sparsity, shuffled);
  masks_of(&plain, sparsity, own);
  object_free(&of), object_free(&plain), object_free(&o);
}

static void test_shuffled(void)
{
  uint8_t a[TOTAL], b[TOTAL], c[TOTAL];
  bool same = true;
  shuffled_and_own("global", NULL, a, b, 0);
  shuffled_and_own("global", NULL, c, b, 1);
  for (size_t i = 0, at = 0; i < LAYERS; at += outs[i] * ins[i], i++)
    same = same && removed(a + at, outs[i] * ins[i]) == removed(b + at, outs[i] * ins[i]);
  tap_ok(same && memcmp(a, b, TOTAL) != 0 && memcmp(a, c, TOTAL) != 0, "shuffled: the layers' densities stay, positions go by the seed");
  shuffled_and_own("row", NULL, a, b, 0);
  same = true;
  for (size_t r = 0; r < A; r++)
    same = same && removed(a + r * IN, IN) == removed(b + r * IN, IN);
  tap_ok(same, "shuffled: by rows the rows' counts stay");
  /* over many seeds a kept place stays kept with probability (kept - k)/n of its layer: hypergeometric */
  double both = 0, mean = 0, variance = 0;
  for (int64_t seed = 0; seed < 200; seed++) {
    double sparsity[] = {0.5, 0.5, 0.5};
    shuffled_and_own("layer", sparsity, a, b, seed);
    for (size_t i = 0; i < TOTAL; i++)
      both += a[i] && b[i];
  }
  for (size_t i = 0; i < LAYERS; i++) {
    double n = (double)(outs[i] * ins[i]), k = n - floor(0.5 * n + 0.5);
    mean += 200 * k * k / n;
    variance += 200 * k * k / n * (1 - k / n) * (n - k) / (n - 1);
  }
  tap_near(both, mean, 0, 5 * sqrt(variance), "shuffled: common places as by chance (five standard deviations)");
}

static void test_random(void)
{
  struct object o = MAKE_DEFAULT(&score_random.m);
  struct prune_layer two[] = {layer[0], layer[0]};
  uint8_t a[A * IN] = {0}, b[A * IN] = {0}, *keep[] = {a, b};
  two[1].place = 1;
  if (prune_mask(&o, NULL, two, 2, NULL, keep, NULL))
    tap_bail("no masks");
  tap_ok(memcmp(a, b, sizeof a) != 0, "random: layers of one shape get masks of their own");
  object_free(&o);
}

int main(void)
{
  const double hidden[] = {8, 6}, channels[] = {3, 4}, image[] = {1, 9, 8};
  struct named_value mlp[] = {set_list("hidden", hidden, 2)}, convnet[] = {set_list("channels", channels, 2), set_list("image", image, 3)};
  make_chain();
  test_conservation();
  test_rounds(0.5, 5);
  test_rounds(0.9, 20);
  test_rounds(0.95, 100);
  test_budgets();
  test_net(&model_mlp, mlp, 1, 10);
  test_net(&model_convnet, convnet, 2, 72);
  test_lamp();
  test_shuffled();
  test_random();
  return tap_done();
}
