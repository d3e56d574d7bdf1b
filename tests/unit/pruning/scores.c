/* Scores: formulas, invariances, exact counts, ties, n:m, nested masks. */
#include "experiments/kernel/select.h"
#include "tests/unit/pruning/layer.h"

enum { OUT = 13, IN = 24, N = OUT * IN };

static struct own_layer base;

static void test_selection(void)
{
  struct rng r = rng_make(SEED, RNG_TEST, 900);
  bool same = true;
  for (size_t round = 0; round < 400; round++) {
    size_t n = 1 + rng_below(&r, 300), k = rng_below(&r, n + 1), spread = 1 + rng_below(&r, round % 3 ? 1000000 : 7);
    double x[300];
    double work[300];
    uint8_t keep[300];
    for (size_t i = 0; i < n; i++)
      x[i] = ((double)rng_below(&r, spread) - 0.5 * (double)spread) * (round % 5 ? 1 : exp(40 * rng_normal(&r)));
    select_lowest_f64(x, n, k, work, keep);
    for (size_t i = 0; i < n; i++) { /* i goes when fewer than k entries stand before it */
      size_t before = 0;
      for (size_t j = 0; j < n; j++)
        before += x[j] < x[i] || (j < i && x[j] == x[i]);
      same = same && keep[i] == (before >= k);
    }
  }
  tap_ok(same, "select_lowest agrees with counting, on 400 arrays with and without ties, of all scales");
  double zeros[] = {0.0, -0.0, 0.0, -1.0};
  double work[4];
  uint8_t keep[4];
  select_lowest_f64(zeros, 4, 2, work, keep);
  tap_ok(!keep[0] && keep[1] && keep[2] && !keep[3], "0 and -0 tie, and the first goes");
}

static void test_counts(const struct score *s)
{
  static const double levels[] = {0, 0.001, 0.1, 0.25, 1.0 / 3, 0.5, 0.6, 0.95, 0.999, 1};
  static const char *const compare[] = {"row", "layer", "global"};
  uint8_t keep[N];
  bool exact = true, nested = true;
  for (size_t c = 0; c < 3; c++) {
    uint8_t before[N];
    for (size_t i = 0; i < 10; i++) {
      struct object o = MAKE(&s->m, V_REAL("sparsity", levels[i]), V_TEXT("compare", compare[c]));
      size_t k = c == 0 ? OUT * (size_t)floor(levels[i] * IN + 0.5) : (size_t)floor(levels[i] * N + 0.5);
      mask_of(&o, &base.l, keep);
      exact = exact && removed(keep, N) == k;
      for (size_t w = 0; w < N && i; w++)
        nested = nested && keep[w] <= before[w];
      memcpy(before, keep, N);
      object_free(&o);
    }
  }
  tap_ok(exact, "%s: exactly floor(s N + 1/2) weights go, by row, layer and net, at 10 sparsities", s->m.id);
  tap_ok(nested, "%s: masks are nested in the sparsity", s->m.id);
}

static void test_patterns(const struct score *s)
{
  static const int64_t pattern[][2] = {{2, 4}, {1, 4}, {4, 8}, {3, 3}, {1, 24}};
  bool good = true;
  for (size_t p = 0; p < 5; p++) {
    uint8_t keep[N];
    struct object o = MAKE(&s->m, V_TEXT("compare", "n:m"), V_INT("n", pattern[p][0]), V_INT("m", pattern[p][1]));
    mask_of(&o, &base.l, keep);
    for (size_t g = 0; g < N; g += (size_t)pattern[p][1])
      good = good && removed(keep + g, (size_t)pattern[p][1]) == (size_t)(pattern[p][1] - pattern[p][0]);
    object_free(&o);
  }
  tap_ok(good, "%s: n:m keeps exactly n of every m", s->m.id);
}

static void test_zero(const struct score *s)
{
  struct object o = MAKE(&s->m, V_REAL("sparsity", 0));
  double w[N];
  applied(&o, &base.l, w, NULL);
  tap_same_bits(w, base.w, sizeof w, "%s: sparsity 0 changes not a bit", s->m.id);
  object_free(&o);
}

static bool same_mask(const struct object *a, const struct prune_layer *la, const struct object *b, const struct prune_layer *lb)
{
  uint8_t x[N], y[N];
  mask_of(a, la, x);
  mask_of(b, lb, y);
  return memcmp(x, y, N) == 0;
}

static void test_ties(void)
{
  double w[N], ones[IN];
  uint8_t keep[N];
  for (size_t i = 0; i < N; i++)
    w[i] = i % 2 ? 1 : -1;
  for (size_t j = 0; j < IN; j++)
    ones[j] = 1;
  struct prune_layer l = {.w = w, .out = OUT, .in = IN, .norm2 = ones};
  struct object layer = MAKE(&score_wanda.m, V_REAL("sparsity", 0.3), V_TEXT("compare", "layer"));
  struct object row = MAKE(&score_wanda.m, V_REAL("sparsity", 0.3));
  size_t k = prune_count(0.3, N), per_row = prune_count(0.3, IN);
  mask_of(&layer, &l, keep);
  tap_ok(removed(keep, k) == k && removed(keep, N) == k, "equal scores in a layer: the lowest flat indices go");
  mask_of(&row, &l, keep);
  bool first = true;
  for (size_t i = 0; i < OUT; i++)
    first = first && removed(keep + i * IN, per_row) == per_row && removed(keep + i * IN, IN) == per_row;
  tap_ok(first, "equal scores in rows: the first of each row go");
  object_free(&layer);
  object_free(&row);
}

static void test_wanda(void)
{
  struct object wanda = MAKE_DEFAULT(&score_wanda.m), by_row = MAKE(&score_magnitude.m, V_TEXT("compare", "row"));
  struct prune_layer identity = base.l, scaled = base.l, moved = base.l;
  double ones[IN], more[IN], shifted[IN], w[N], score[N];
  for (size_t j = 0; j < IN; j++) {
    double a = (j % 3 == 0) ? 4 : 0.5; /* powers of two: exact */
    ones[j] = 1;
    more[j] = 64 * base.norm2[j];
    shifted[j] = a * a * base.norm2[j];
    for (size_t i = 0; i < OUT; i++)
      w[i * IN + j] = base.w[i * IN + j] / a;
  }
  identity.norm2 = ones;
  scaled.norm2 = more;
  moved.norm2 = shifted;
  moved.w = w;
  tap_ok(same_mask(&wanda, &identity, &by_row, &base.l), "wanda: X = I is magnitude per row");
  tap_ok(same_mask(&wanda, &scaled, &wanda, &base.l), "wanda: scaling X changes nothing");
  tap_ok(same_mask(&wanda, &moved, &wanda, &base.l), "wanda: input j times a and column j over a changes nothing");
  tap_ok(!same_mask(&wanda, &base.l, &by_row, &base.l), "wanda: on these inputs it is not magnitude");
  /* with a diagonal H the square of the score is the output error of removing that weight alone */
  double all = 0, error;
  struct own_layer diagonal = layer_new(1, OUT, IN, IN);
  memset(diagonal.x, 0, IN * IN * sizeof(double));
  for (size_t j = 0; j < IN; j++)
    diagonal.x[j * IN + j] = 1 + (double)j;
  calibrate(&diagonal);
  for (size_t i = 0; i < N; i++)
    all += pow(diagonal.w[i] * (1 + (double)(i % IN)), 2);
  double one_gone[N];
  memcpy(one_gone, diagonal.w, sizeof one_gone);
  one_gone[77] = 0;
  if (prune_score(&wanda, NULL, &diagonal.l, score, NULL) || prune_relative_error(&diagonal.l, one_gone, &error, NULL))
    tap_bail("no score");
  tap_near(score[77] * score[77], error * all, 1e-12, 0, "wanda: with diagonal H its square is the error of removing the weight");
  layer_free(&diagonal);
  object_free(&wanda);
  object_free(&by_row);
}

static void test_ria(void)
{
  struct object o = MAKE(&score_ria.m, V_REAL("a", 0.5)), flat = MAKE(&score_ria.m, V_REAL("a", 0));
  double score[N], scaled[N], w[N], column = 0, row = 0;
  if (prune_score(&o, NULL, &base.l, score, NULL) != STATUS_OK)
    tap_bail("no score");
  for (size_t i = 0; i < OUT; i++)
    column += fabs(base.w[i * IN + 5]);
  for (size_t j = 0; j < IN; j++)
    row += fabs(base.w[2 * IN + j]);
  double v = fabs(base.w[2 * IN + 5]);
  tap_near(score[2 * IN + 5], (v / column + v / row) * pow(base.norm2[5], 0.25), 1e-14, 0, "ria: the formula");
  struct prune_layer l = base.l;
  l.w = w;
  for (size_t i = 0; i < N; i++)
    w[i] = 8 * base.w[i];
  if (prune_score(&o, NULL, &l, scaled, NULL) != STATUS_OK)
    tap_bail("no score");
  tap_same_bits(scaled, score, sizeof score, "ria: scaling W changes nothing");
  memset(w, 0, IN * sizeof *w); /* a row of zeros */
  tap_ok(prune_score(&o, NULL, &l, scaled, NULL) == STATUS_OK && scaled[0] == 0, "ria: a row of zeros has score 0");
  l = base.l;
  double norms[IN];
  for (size_t j = 0; j < IN; j++)
    norms[j] = (double)(j + 1);
  l.norm2 = norms;
  tap_ok(same_mask(&flat, &l, &flat, &base.l), "ria: a = 0 leaves the inputs out");
  object_free(&o);
  object_free(&flat);
}

static void test_random(void)
{
  struct object a = MAKE_DEFAULT(&score_random.m), b = MAKE(&score_random.m, V_INT("seed", 1));
  tap_ok(same_mask(&a, &base.l, &a, &base.l), "random: the same seed gives the same mask");
  tap_ok(!same_mask(&a, &base.l, &b, &base.l), "random: another seed another one");
  object_free(&a);
  object_free(&b);
}

static void test_gradients(void)
{
  struct object snip = MAKE_DEFAULT(&score_snip.m), taylor = MAKE_DEFAULT(&score_taylor.m), obd = MAKE_DEFAULT(&score_obd.m);
  struct object absolute = MAKE(&score_taylor.m, V_TEXT("form", "absolute"));
  struct object normal = MAKE(&score_snip.m, V_BOOL("normalize", true));
  double s[N], n[N], t[N], a[N], h[N], sum = 0;
  if (prune_score(&snip, NULL, &base.l, s, NULL) || prune_score(&taylor, NULL, &base.l, t, NULL) ||
      prune_score(&obd, NULL, &base.l, h, NULL) || prune_score(&absolute, NULL, &base.l, a, NULL) ||
      prune_score(&normal, NULL, &base.l, n, NULL))
    tap_bail("no score");
  double w = base.w[9], g0 = base.gradient[9], g1 = base.gradient[N + 9], g2 = base.gradient[2 * N + 9];
  for (size_t i = 0; i < N; i++)
    sum += n[i];
  tap_near(s[9], fabs(w * (g0 + g1 + g2)), 1e-14, 0, "snip: |w g|, gradients summed before the absolute value");
  tap_near(sum, 1, 1e-13, 0, "snip: normalized scores add up to 1");
  tap_near(t[9], w * w * (g0 * g0 + g1 * g1 + g2 * g2) / 3, 1e-14, 0, "taylor: the mean of the squares");
  tap_near(a[9], fabs(w) * (fabs(g0) + fabs(g1) + fabs(g2)) / 3, 1e-14, 0, "taylor: the mean of the absolute values");
  tap_near(h[9], 0.5 * w * w * (g0 * g0 + g1 * g1 + g2 * g2) / 3, 1e-14, 0, "obd: the empirical Fisher, mean of squares");
  /* relu(u x) v: scaling u by a and v by 1/a scales their gradients by 1/a and a */
  struct prune_layer l = base.l;
  double *scaled_w = numbers(N), *scaled_g = numbers(3 * N), again[N];
  for (size_t i = 0; i < 3 * N; i++) {
    double k = i % N / IN % 2 ? 4 : 0.25;
    scaled_g[i] = base.gradient[i] / k;
    scaled_w[i % N] = base.w[i % N] * k;
  }
  l.w = scaled_w;
  l.gradient = scaled_g;
  if (prune_score(&snip, NULL, &l, again, NULL) != STATUS_OK)
    tap_bail("no score");
  tap_same_bits(again, s, sizeof s, "snip: rescaling the weights of a neuron changes nothing");
  double curvature[N];
  for (size_t i = 0; i < N; i++)
    curvature[i] = i == 9 ? -2 : 3;
  l = base.l;
  l.curvature = curvature;
  struct object rank = MAKE(&score_obd.m, V_TEXT("negative", "rank"));
  if (prune_score(&obd, NULL, &l, h, NULL) || prune_score(&rank, NULL, &l, a, NULL))
    tap_bail("no score");
  tap_ok(h[9] == 0 && a[9] == -w * w && h[10] == 1.5 * base.w[10] * base.w[10],
         "obd: h w^2 / 2 with the given diagonal, negative curvature as 0 or as it is");
  free(scaled_w);
  free(scaled_g);
  object_free(&rank);
  object_free(&snip);
  object_free(&taylor);
  object_free(&obd);
  object_free(&absolute);
  object_free(&normal);
}

static void masks_of_two(const struct object *o, const double *w1, const double *w2, uint8_t *first, uint8_t *second)
{
  const struct prune_layer l[] = {{.w = w1, .out = OUT, .in = IN}, {.w = w2, .out = 4, .in = IN}};
  uint8_t *keep[] = {first, second};
  if (prune_mask(o, NULL, l, 2, NULL, keep, NULL) != STATUS_OK)
    tap_bail("no mask");
}

static void test_magnitude(void)
{
  struct object blind = MAKE_DEFAULT(&score_magnitude.m), uniform = MAKE(&score_magnitude.m, V_TEXT("compare", "layer"));
  struct object deviation = MAKE(&score_magnitude.m, V_TEXT("scale", "deviation"));
  tap_ok(same_mask(&blind, &base.l, &uniform, &base.l) && same_mask(&blind, &base.l, &deviation, &base.l),
         "magnitude: global, layer and distribution coincide for one layer");
  double small[N];
  uint8_t a1[N], a2[4 * IN], b1[N], b2[4 * IN];
  for (size_t i = 0; i < N; i++)
    small[i] = base.w[i] / 1024;
  const double *other = base.gradient; /* any other weights */
  masks_of_two(&blind, base.w, other, a1, a2);
  size_t total = removed(a1, N) + removed(a2, 4 * IN);
  tap_is_int((long long)total, (long long)prune_count(0.5, N + 4 * IN), "magnitude: a global ranking removes the exact number in all");
  masks_of_two(&blind, small, other, b1, b2);
  tap_ok(memcmp(a1, b1, N) != 0, "magnitude: class-blind feels the scale of a layer");
  tap_ok(removed(b1, N) == prune_count(0.5, N + 4 * IN), "and can take everything from a small one");
  masks_of_two(&deviation, base.w, other, a1, a2);
  masks_of_two(&deviation, small, other, b1, b2);
  tap_ok(memcmp(a1, b1, N) == 0 && memcmp(a2, b2, 4 * IN) == 0, "magnitude: class-distribution does not");
  object_free(&blind);
  object_free(&uniform);
  object_free(&deviation);
}

static const char *refusal(const struct object *o, const struct prune_layer *l)
{
  static struct err e;
  uint8_t keep[N], *mask = keep;
  e.message[0] = 0;
  if (prune_mask(o, NULL, l, 1, NULL, &mask, &e) == STATUS_OK)
    return "accepted";
  return e.message;
}

static void test_refusals(void)
{
  struct object wanda = MAKE_DEFAULT(&score_wanda.m), snip = MAKE_DEFAULT(&score_snip.m);
  struct object five = MAKE(&score_wanda.m, V_TEXT("compare", "n:m"), V_INT("n", 2), V_INT("m", 5));
  struct prune_layer bare = {.w = base.w, .out = OUT, .in = IN};
  tap_is_str(refusal(&wanda, &bare), "score \"wanda\" needs the inputs X of the layer", "missing inputs are named");
  tap_is_str(refusal(&snip, &bare), "score \"snip\" needs gradients of the loss", "missing gradients, too");
  tap_is_str(refusal(&five, &base.l), "score \"wanda\": 2:5 needs a number of inputs that is a multiple of 5, this layer has 24",
             "a pattern that does not fit is refused");
  double w[N];
  memcpy(w, base.w, sizeof w);
  w[3] = NAN;
  bare = base.l;
  bare.w = w;
  tap_has(refusal(&wanda, &bare), "NaN or infinity", "NaN in the weights is refused");
  tap_has(REFUSED(&score_wanda.m, V_TEXT("compare", "n:m"), V_INT("n", 5)), "n must be at most m (4)", "n > m is refused");
  tap_has(REFUSED(&score_wanda.m, V_TEXT("compare", "n:m"), V_REAL("sparsity", 0.3)), "sparsity must be 0.5",
          "a sparsity that contradicts n:m is refused");
  object_free(&wanda);
  object_free(&snip);
  object_free(&five);
}

int main(void)
{
  static const struct score *const all[] = {&score_magnitude, &score_random, &score_wanda, &score_ria,
                                            &score_snip,      &score_taylor, &score_obd};
  tap_diag("seed %u", SEED);
  base = layer_new(0, OUT, IN, 200);
  test_selection();
  for (size_t i = 0; i < sizeof all / sizeof(const struct score *); i++) {
    test_counts(all[i]);
    test_patterns(all[i]);
    test_zero(all[i]);
  }
  test_ties();
  test_magnitude();
  test_wanda();
  test_ria();
  test_random();
  test_gradients();
  test_refusals();
  layer_free(&base);
  return tap_done();
}
