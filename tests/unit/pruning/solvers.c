/* Solvers and restoration against least squares by elimination on X itself, brute force, and each other. */
#include "tests/unit/pruning/layer.h"

enum { OUT = 12, IN = 24, TOKENS = 150, N = OUT * IN };

/* Errors of ||wX||^2-sized numbers, condition number of H about 1e4. */
#define TIGHT 1e-9

static struct own_layer base;

static struct object row_pruner(const struct method *m, double sparsity)
{
  return MAKE(m, V_REAL("sparsity", sparsity), V_TEXT("compare", "row"));
}

static void test_gram(void)
{
  double worst = 0;
  struct mat x = mat_wrap(DTYPE_F64, base.x, IN, TOKENS, TOKENS);
  double norm2[IN];
  for (size_t i = 0; i < IN; i++)
    for (size_t j = 0; j < IN; j++) {
      double sum = 0;
      for (size_t t = 0; t < TOKENS; t++)
        sum += base.x[i * TOKENS + t] * base.x[j * TOKENS + t];
      worst = fmax(worst, fabs(sum - base.gram[i * IN + j]) / sqrt(base.norm2[i] * base.norm2[j]));
    }
  tap_ok(worst < 1e-14, "the Gram matrix by symmetry is X X' (worst relative difference %.2g)", worst);
  if (prune_calibrate(NULL, &x, norm2, NULL, NULL) != STATUS_OK)
    tap_bail("no norms");
  bool same = true;
  for (size_t j = 0; j < IN; j++)
    same = same && fabs(norm2[j] - base.norm2[j]) <= 1e-14 * norm2[j];
  tap_ok(same, "and its diagonal holds the column norms");
  double w[N], error, direct = 0, all = 0, zero[IN] = {0};
  for (size_t i = 0; i < N; i++)
    w[i] = i % 3 ? base.w[i] : 0;
  for (size_t i = 0; i < OUT; i++) {
    direct += row_error(&base, base.w + i * IN, w + i * IN);
    all += row_error(&base, base.w + i * IN, zero);
  }
  if (prune_relative_error(&base.l, w, &error, NULL) != STATUS_OK)
    tap_bail("no error");
  tap_near(error, direct / all, 1e-12, 0, "the relative output error equals the one computed from X");
}

/* The Gram matrix of float32 inputs against float64 sums of the same numbers, at the scale 2^e: worst |difference| over
 * sqrt(H_ii H_jj). */
static double worst_of_float32(int e)
{
  enum { D = 50, T = 300 };
  struct mat x, wide;
  double norm2[D], gram[D * D], exact2[D], exact[D * D], worst = 0;
  struct rng r = rng_make(SEED, RNG_TEST, 77);
  if (mat_new(&x, DTYPE_F32, D, T, NULL))
    tap_bail("no memory");
  for (size_t i = 0; i < D; i++)
    for (size_t t = 0; t < T; t++)
      mat_row_f32(&x, i)[t] = ldexpf((float)rng_normal(&r), e);
  if (mat_copy(&wide, &x, DTYPE_F64, NULL) || prune_calibrate(NULL, &x, norm2, gram, NULL) ||
      prune_calibrate(NULL, &wide, exact2, exact, NULL))
    tap_bail("no Gram matrix");
  for (size_t i = 0; i < D; i++)
    for (size_t j = 0; j < D; j++)
      worst = fmax(worst, fabs(gram[i * D + j] - exact[i * D + j]) / sqrt(exact2[i] * exact2[j]));
  mat_free(&x);
  mat_free(&wide);
  return worst;
}

static void test_float32_inputs(void)
{
  double one = worst_of_float32(0);
  tap_ok(one > 0 && one < 128 * 0x1p-24, "float32 inputs: blocks of 128 in float32, so within 128 u (%.2g)", one);
  tap_ok(worst_of_float32(20) == one && worst_of_float32(-30) == one, "and relative errors do not depend on the scale");
  tap_ok(worst_of_float32(-80) == 0 && worst_of_float32(70) == 0,
         "where float32 squares would overflow or vanish, float64 takes over");
}

static void test_repair(void)
{
  struct object wanda = MAKE_DEFAULT(&score_wanda.m), repair = MAKE_DEFAULT(&restorer_lsq_repair.m);
  double w[N], best[N], before, after;
  uint8_t keep[N];
  before = applied(&wanda, &base.l, w, keep);
  if (prune_restore(&repair, NULL, &base.l, keep, w, NULL, NULL) || prune_relative_error(&base.l, w, &after, NULL))
    tap_bail("no repair");
  double residual = 0;
  bool zeros = true;
  for (size_t i = 0; i < OUT; i++) {
    brute_least_squares(&base, base.w + i * IN, keep + i * IN, best + i * IN);
    for (size_t j = 0; j < IN; j++) { /* (v - w) H = 0 on the kept ones */
      double s = 0;
      for (size_t k = 0; k < IN; k++)
        s += (w[i * IN + k] - base.w[i * IN + k]) * base.gram[k * IN + j];
      residual = keep[i * IN + j] ? fmax(residual, fabs(s) / base.gram[j * IN + j]) : residual;
      zeros = zeros && (keep[i * IN + j] || w[i * IN + j] == 0);
    }
  }
  tap_near(largest_difference(w, best, N), 0, 0, TIGHT, "lsq-repair solves the normal equations on the kept weights");
  tap_ok(residual < TIGHT && zeros, "(v - w) H is 0 on the kept weights (%.2g), removed ones stay 0", residual);
  tap_ok(after < 0.8 * before, "it lowers the output error (%.4f to %.4f)", before, after);
  memset(keep, 1, N);
  memcpy(w, base.w, sizeof w);
  if (prune_restore(&repair, NULL, &base.l, keep, w, NULL, NULL) != STATUS_OK)
    tap_bail("no repair");
  tap_same_bits(w, base.w, sizeof w, "a mask that keeps everything changes not a bit");
  memset(keep, 0, N);
  memset(w, 0, sizeof w);
  if (prune_restore(&repair, NULL, &base.l, keep, w, NULL, NULL) != STATUS_OK)
    tap_bail("no repair");
  tap_ok(largest_difference(w, (double[N]){0}, N) == 0, "one that keeps nothing gives zeros");
  object_free(&wanda);
  object_free(&repair);
}

/* One greedy step of optimal brain surgeon per row, by trying every weight. */
static void brute_greedy(const double *w, size_t count, uint8_t *keep, double *out, double *total)
{
  memset(keep, 1, IN);
  for (size_t t = 0; t < count; t++) {
    size_t best = IN;
    double lowest = 0, v[IN];
    for (size_t q = 0; q < IN; q++) {
      if (!keep[q])
        continue;
      keep[q] = 0;
      brute_least_squares(&base, w, keep, v);
      double error = row_error(&base, w, v);
      keep[q] = 1;
      if (best == IN || error < lowest) {
        best = q;
        lowest = error;
      }
    }
    keep[best] = 0;
    *total = lowest;
  }
  brute_least_squares(&base, w, keep, out);
}

static void test_obc(void)
{
  static const size_t counts[] = {1, 5};
  double w[N], best[N], error;
  uint8_t keep[N], brute[N];
  for (size_t c = 0; c < 2; c++) {
    struct object obc = row_pruner(&solver_obc.m, (double)counts[c] / IN);
    applied(&obc, &base.l, w, keep);
    for (size_t i = 0; i < 4; i++)
      brute_greedy(base.w + i * IN, counts[c], brute + i * IN, best + i * IN, &error);
    tap_ok(memcmp(keep, brute, 4 * IN) == 0, "obc: %zu removals per row are those of brute force, step by step", counts[c]);
    tap_near(largest_difference(w, best, 4 * IN), 0, 0, TIGHT, "obc: and the weights those of least squares");
    object_free(&obc);
  }
  /* one removal: no other weight of the row could go more cheaply: cost w_q^2 / [H^-1]_qq */
  struct object one = row_pruner(&solver_obc.m, 1.0 / IN);
  struct mat h = mat_wrap(DTYPE_F64, base.gram, IN, IN, IN), inverse, eye;
  applied(&one, &base.l, w, keep);
  if (mat_new(&eye, DTYPE_F64, IN, IN, NULL))
    tap_bail("no memory");
  for (size_t j = 0; j < IN; j++)
    mat_set(&eye, j, j, 1);
  if (mat_solve(&inverse, &h, &eye, NULL))
    tap_bail("no inverse");
  bool optimal = true;
  double worst = 0;
  for (size_t i = 0; i < OUT; i++) {
    double lowest = INFINITY, seen = row_error(&base, base.w + i * IN, w + i * IN);
    size_t at = 0;
    for (size_t q = 0; q < IN; q++) {
      double cost = base.w[i * IN + q] * base.w[i * IN + q] / mat_get(&inverse, q, q);
      at = cost < lowest ? q : at;
      lowest = fmin(lowest, cost);
    }
    optimal = optimal && !keep[i * IN + at];
    worst = fmax(worst, fabs(seen - lowest) / lowest);
  }
  tap_ok(optimal && worst < 1e-8, "obc: removing one weight costs the least w_q^2/[H^-1]_qq of the row (within %.2g)", worst);
  mat_free(&eye);
  mat_free(&inverse);
  object_free(&one);
}

/* More inputs than one refresh of the inverse (64 removals) spans. */
static void test_obc_refresh(void)
{
  struct own_layer wide = layer_new(5, 3, 160, 500);
  struct object obc = MAKE(&solver_obc.m, V_REAL("sparsity", 0.75));
  double w[3 * 160], best[3 * 160];
  uint8_t keep[3 * 160];
  applied(&obc, &wide.l, w, keep);
  for (size_t i = 0; i < 3; i++)
    brute_least_squares(&wide, wide.w + i * 160, keep + i * 160, best + i * 160);
  tap_is_int((long long)removed(keep, 480), 360, "obc: the exact number goes from a layer of 3 x 160");
  tap_near(largest_difference(w, best, 480), 0, 0, 1e-8, "obc: its weights are least squares on what is kept");
  object_free(&obc);
  layer_free(&wide);
}

/* SparseGPT written from the paper, column at a time, with the inverse of each trailing part of H by Gaussian elimination. */
struct slow {
  const double *h; /* d x d, damped */
  size_t out, d, block, n, m; /* m = 0: half of each block's weights */
  double *first;   /* d x d: row j from j on: first row of (H_{j:,j:})^-1 */
};

static void invert_trailing(struct slow *s)
{
  for (size_t j = 0; j < s->d; j++) {
    size_t n = s->d - j;
    struct mat trailing, unit, first;
    if (mat_new(&trailing, DTYPE_F64, n, n, NULL) || mat_new(&unit, DTYPE_F64, n, 1, NULL))
      tap_bail("no memory");
    for (size_t r = 0; r < n; r++)
      for (size_t c = 0; c < n; c++)
        mat_set(&trailing, r, c, s->h[(j + r) * s->d + j + c]);
    mat_set(&unit, 0, 0, 1);
    if (mat_solve(&first, &trailing, &unit, NULL))
      tap_bail("singular");
    for (size_t c = 0; c < n; c++)
      s->first[j * s->d + j + c] = mat_get(&first, c, 0);
    mat_free(&trailing);
    mat_free(&unit);
    mat_free(&first);
  }
}

/* keep = 0 for the k cheapest of columns [at, end) of `rows` rows from `row` on, as the weights are now. */
static void slow_choose(const struct slow *s, const double *w, size_t row, size_t rows, size_t at, size_t end, size_t k, uint8_t *keep)
{
  for (size_t gone = 0; gone < k; gone++) {
    size_t best = SIZE_MAX;
    double lowest = 0;
    for (size_t i = row; i < row + rows; i++)
      for (size_t j = at; j < end; j++) {
        double cost = w[i * s->d + j] * w[i * s->d + j] / s->first[j * s->d + j];
        if (keep[i * s->d + j] && (best == SIZE_MAX || cost < lowest)) {
          best = i * s->d + j;
          lowest = cost;
        }
      }
    keep[best] = 0;
  }
}

static void slow_sparsegpt(const struct slow *s, double *w, uint8_t *keep)
{
  memset(keep, 1, s->out * s->d);
  for (size_t j = 0; j < s->d; j++) {
    const double *first = s->first + j * s->d;
    size_t end = j + s->block < s->d ? j + s->block : s->d;
    if (s->m == 0 && j % s->block == 0) /* floor(s N + 1/2) up to here and up to the end */
      slow_choose(s, w, 0, s->out, j, end, (s->out * end + 1) / 2 - (s->out * j + 1) / 2, keep);
    for (size_t i = 0; i < s->out; i++) {
      double *row = w + i * s->d;
      if (s->m && j % s->m == 0)
        slow_choose(s, w, i, 1, j, j + s->m, s->m - s->n, keep);
      double lost = keep[i * s->d + j] ? 0 : row[j] / first[j];
      for (size_t t = j; t < s->d; t++)
        row[t] -= lost * first[t];
      row[j] = keep[i * s->d + j] ? row[j] : 0;
    }
  }
}

/* One layer, pruned in several ways: blocks shorter and longer than the steps inside them, groups that do and do not divide 8,
 * rows that do and do not fill a panel. */
static void test_sparsegpt_against_slow(size_t out, size_t d, bool dead)
{
  static const struct { int64_t block, n, m; } ways[] = {{1, 0, 0}, {5, 0, 0}, {40, 0, 0}, {128, 0, 0}, {128, 2, 4}, {7, 1, 6}, {48, 5, 12}};
  struct own_layer o = layer_new(out * 1000 + d, out, d, 3 * d);
  if (dead) {
    memset(o.x + 9 * o.tokens, 0, o.tokens * sizeof *o.x);
    calibrate(&o);
  }
  double *h = numbers(d * d), *w = numbers(out * d), *expected = numbers(out * d), mean = 0;
  uint8_t *keep = xcalloc(out * d, 1), *mask = xcalloc(out * d, 1);
  struct slow s = {.h = h, .out = out, .d = d, .first = numbers(d * d)};
  memcpy(h, o.gram, d * d * sizeof *h);
  if (dead)
    h[9 * d + 9] = 1;
  for (size_t j = 0; j < d; j++)
    mean += h[j * d + j] / (double)d;
  for (size_t j = 0; j < d; j++)
    h[j * d + j] += 0.01 * mean;
  invert_trailing(&s);
  bool same = true;
  double worst = 0;
  for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
    struct object g = ways[i].m ? MAKE(&solver_sparsegpt.m, V_TEXT("compare", "n:m"), V_INT("n", ways[i].n), V_INT("m", ways[i].m),
                                       V_INT("block", ways[i].block))
                                : MAKE(&solver_sparsegpt.m, V_REAL("sparsity", 0.5), V_INT("block", ways[i].block));
    s.block = (size_t)ways[i].block;
    s.n = (size_t)ways[i].n;
    s.m = (size_t)ways[i].m;
    memcpy(expected, o.w, out * d * sizeof *expected);
    for (size_t r = 0; dead && r < out; r++)
      expected[r * d + 9] = 0;
    slow_sparsegpt(&s, expected, mask);
    applied(&g, &o.l, w, keep);
    same = same && memcmp(keep, mask, out * d) == 0;
    worst = fmax(worst, largest_difference(w, expected, out * d));
    object_free(&g);
  }
  tap_ok(same, "sparsegpt: %zu x %zu%s: the masks are those of one column at a time with explicit inverses, 7 ways", out, d,
         dead ? " with a dead input" : "");
  tap_near(worst, 0, 0, TIGHT, "sparsegpt: and so are the weights");
  free(h), free(w), free(expected), free(keep), free(mask), free(s.first);
  layer_free(&o);
}

static void test_sparsegpt_diagonal(void)
{
  struct own_layer diagonal = layer_new(3, OUT, IN, IN);
  memset(diagonal.x, 0, IN * IN * sizeof(double));
  for (size_t j = 0; j < IN; j++)
    diagonal.x[j * IN + j] = 1 + (double)(j * 5 % IN);
  calibrate(&diagonal);
  static const char *const compare[] = {"row", "layer"};
  for (size_t c = 0; c < 2; c++) {
    struct object gpt = MAKE(&solver_sparsegpt.m, V_REAL("damp", 0), V_TEXT("compare", compare[c]));
    struct object wanda = MAKE(&score_wanda.m, V_TEXT("compare", compare[c]));
    double a[N], b[N];
    uint8_t x[N], y[N];
    applied(&gpt, &diagonal.l, a, x);
    applied(&wanda, &diagonal.l, b, y);
    tap_ok(memcmp(x, y, N) == 0 && largest_difference(a, b, N) == 0,
           "sparsegpt: with diagonal H, no damping, one block, it is wanda by %s, and nothing else moves", compare[c]);
    object_free(&gpt);
    object_free(&wanda);
  }
  layer_free(&diagonal);
}

static void test_patterns(const struct method *m)
{
  static const int64_t pattern[][2] = {{2, 4}, {1, 4}, {3, 8}};
  bool good = true, zeros = true;
  for (size_t p = 0; p < 3; p++) {
    double w[N];
    uint8_t keep[N];
    struct object o = MAKE(m, V_TEXT("compare", "n:m"), V_INT("n", pattern[p][0]), V_INT("m", pattern[p][1]));
    applied(&o, &base.l, w, keep);
    for (size_t g = 0; g < N; g += (size_t)pattern[p][1])
      good = good && removed(keep + g, (size_t)pattern[p][1]) == (size_t)(pattern[p][1] - pattern[p][0]);
    for (size_t i = 0; i < N; i++)
      zeros = zeros && (keep[i] || w[i] == 0);
    object_free(&o);
  }
  tap_ok(good && zeros, "%s: n:m keeps exactly n of every m, the others are 0", m->id);
}

static void test_counts(const struct method *m)
{
  static const double levels[] = {0.01, 0.3, 0.5, 0.77, 0.95, 1};
  bool exact = true, zeros = true;
  for (size_t c = 0; c < 2; c++)
    for (size_t i = 0; i < 6; i++) {
      double w[N];
      uint8_t keep[N];
      struct object o = MAKE(m, V_REAL("sparsity", levels[i]), V_TEXT("compare", c ? "layer" : "row"));
      size_t k = c ? (size_t)floor(levels[i] * N + 0.5) : OUT * (size_t)floor(levels[i] * IN + 0.5);
      applied(&o, &base.l, w, keep);
      exact = exact && removed(keep, N) == k;
      for (size_t j = 0; j < N; j++)
        zeros = zeros && (keep[j] || w[j] == 0);
      object_free(&o);
    }
  tap_ok(exact && zeros, "%s: exactly floor(s N + 1/2) weights are 0, by row and layer", m->id);
  double w[N];
  struct object none = MAKE(m, V_REAL("sparsity", 0));
  applied(&none, &base.l, w, NULL);
  tap_same_bits(w, base.w, sizeof w, "%s: sparsity 0 changes not a bit", m->id);
  object_free(&none);
}

/* Dead inputs, duplicated inputs, fewer examples than inputs. */
static void test_hard_inputs(const struct method *m)
{
  struct own_layer poor = layer_new(7, OUT, IN, 10);
  for (size_t t = 0; t < poor.tokens; t++) {
    poor.x[4 * poor.tokens + t] = 0;
    poor.x[5 * poor.tokens + t] = poor.x[6 * poor.tokens + t];
  }
  calibrate(&poor);
  double w[N], *weights = w;
  uint8_t keep[N], *mask = keep;
  struct prune_note note;
  struct err e = {0};
  struct object o = MAKE(m, V_REAL("damp", 0), V_REAL("sparsity", 0.5));
  enum status s = prune_apply(&o, NULL, &poor.l, 1, NULL, &weights, &mask, &note, &e);
  bool dead = s == STATUS_OK, gone = dead;
  for (size_t i = 0; i < OUT && dead; i++) {
    dead = dead && w[i * IN + 4] == 0;
    gone = gone && !keep[i * IN + 4];
  }
  tap_ok(dead && gone && removed(keep, N) == N / 2, "%s: a dead input's weights go first and use up budget %s", m->id, e.message);
  tap_ok(note.damp >= 1e-6, "%s: a singular H is damped, and the damping is told (%g)", m->id, note.damp);
  object_free(&o);
  layer_free(&poor);
}

/* The order that the methods promise, on every one of a few layers. */
static void test_order(void)
{
  bool order = true, repaired = true;
  for (uint64_t stream = 20; stream < 25; stream++) {
    struct own_layer layer = layer_new(stream, 24, 48, 600);
    struct object magnitude = row_pruner(&score_magnitude.m, 0.5), wanda = row_pruner(&score_wanda.m, 0.5),
                  gpt = MAKE_DEFAULT(&solver_sparsegpt.m), obc = MAKE_DEFAULT(&solver_obc.m),
                  repair = MAKE_DEFAULT(&restorer_lsq_repair.m);
    double *w = numbers(24 * 48), again;
    uint8_t keep[24 * 48];
    double m = applied(&magnitude, &layer.l, NULL, NULL), a = applied(&wanda, &layer.l, NULL, NULL),
           c = applied(&obc, &layer.l, NULL, NULL), g = applied(&gpt, &layer.l, w, keep);
    if (prune_restore(&repair, NULL, &layer.l, keep, w, NULL, NULL) || prune_relative_error(&layer.l, w, &again, NULL))
      tap_bail("no repair");
    tap_diag("layer %d: magnitude %.4f wanda %.4f sparsegpt %.4f repaired %.4f obc %.4f", (int)stream, m, a, g, again, c);
    order = order && m > a && a > g && g > c;
    repaired = repaired && again < g;
    free(w);
    object_free(&magnitude);
    object_free(&wanda);
    object_free(&gpt);
    object_free(&obc);
    object_free(&repair);
    layer_free(&layer);
  }
  tap_ok(order, "output error at 50 %%: magnitude > wanda > sparsegpt > obc, on 5 correlated layers");
  tap_ok(repaired, "lsq-repair lowers sparsegpt's error on its own mask");
}

static void test_cancel(const struct method *m)
{
  atomic_int stop = 1;
  struct exec x = {.cancel = &stop, .threads = 1};
  struct object o = MAKE_DEFAULT(m);
  double w[N], *weights = w;
  uint8_t keep[N], *mask = keep;
  tap_ok(prune_apply(&o, &x, &base.l, 1, NULL, &weights, &mask, NULL, NULL) == STATUS_CANCELLED, "%s: answers a cancel", m->id);
  object_free(&o);
}

int main(void)
{
  static const struct method *const solvers[] = {&solver_sparsegpt.m, &solver_obc.m};
  tap_diag("seed %u", SEED);
  base = layer_new(0, OUT, IN, TOKENS);
  test_gram();
  test_float32_inputs();
  test_repair();
  test_obc();
  test_obc_refresh();
  test_sparsegpt_against_slow(OUT, IN, false);
  test_sparsegpt_against_slow(31, 108, true);
  test_sparsegpt_diagonal();
  for (size_t i = 0; i < 2; i++) {
    test_counts(solvers[i]);
    test_patterns(solvers[i]);
    test_hard_inputs(solvers[i]);
    test_cancel(solvers[i]);
  }
  test_order();
  layer_free(&base);
  return tap_done();
}
