/* Every score, solver, restorer and allocator: exact counts, n:m, sparsity 0, same bits, odd sizes, refusals. */
#include <math.h>

#include "experiments/kernel/rng.h"
#include "experiments/pruning/pruning.h"
#include "tests/conformance/walk.h"

#define SEED 20240716u

enum { OUT = 5, IN = 12, N = OUT * IN, TOKENS = 40 };

static double w[N], x[IN * TOKENS], norm2[IN], gram[IN * IN], gradient[2 * N], curvature[N];
static struct prune_layer layer = {.w = w, .out = OUT, .in = IN, .norm2 = norm2, .gram = gram, .gradient = gradient,
                                   .n_gradients = 2, .curvature = curvature};

static void fill_layer(void)
{
  struct rng r = rng_make(SEED, RNG_TEST, 0);
  struct mat inputs = mat_wrap(DTYPE_F64, x, IN, TOKENS, TOKENS);
  rng_fill_normal_f64(&r, w, N, 0, 1);
  rng_fill_normal_f64(&r, x, IN * TOKENS, 0, 1);
  rng_fill_normal_f64(&r, gradient, 2 * N, 0, 1);
  for (size_t i = 0; i < N; i++)
    curvature[i] = rng_uniform(&r);
  if (prune_calibrate(NULL, &inputs, norm2, gram, NULL) != STATUS_OK)
    tap_bail("no calibration");
}

static enum status apply(const struct method *m, const struct named_value *v, size_t n, const struct prune_layer *l, double *out,
                         uint8_t *keep)
{
  struct object o;
  if (base_object(&o, m, v, n, NULL) != STATUS_OK)
    tap_bail("%s cannot be made", m->id);
  enum status s = prune_apply(&o, NULL, l, 1, NULL, &out, &keep, NULL, NULL);
  object_free(&o);
  return s;
}

static size_t gone(const uint8_t *keep, size_t n)
{
  size_t k = 0;
  for (size_t i = 0; i < n; i++)
    k += !keep[i];
  return k;
}

static void check_counts(const struct method *m)
{
  static const double levels[] = {0, 0.05, 0.3, 0.5, 0.9, 1};
  static const char *const compare[] = {"row", "layer"};
  bool exact = true, zeros = true, again = true;
  for (size_t c = 0; c < 2; c++)
    for (size_t i = 0; i < 6; i++) {
      const struct named_value v[] = {number_value("sparsity", levels[i]), {"compare", {.kind = VALUE_STRING, .as.s = compare[c]}}};
      double out[N], twice[N];
      uint8_t keep[N];
      if (apply(m, v, 2, &layer, out, keep) != STATUS_OK || apply(m, v, 2, &layer, twice, keep) != STATUS_OK)
        tap_bail("%s fails", m->id);
      size_t span = c ? N : IN;
      exact = exact && gone(keep, N) == N / span * (size_t)floor(levels[i] * (double)span + 0.5);
      again = again && same_bits(out, twice, sizeof out);
      for (size_t k = 0; k < N; k++)
        zeros = zeros && (keep[k] || out[k] == 0);
      if (i == 0)
        zeros = zeros && same_bits(out, w, sizeof w);
    }
  tap_ok(exact, "%s: exactly floor(s N + 1/2) weights go", m->id);
  tap_ok(zeros && again, "%s: they are 0, sparsity 0 changes not a bit, and it comes out the same twice", m->id);
}

static void check_pattern(const struct method *m)
{
  const struct named_value v[] = {{"compare", {.kind = VALUE_STRING, .as.s = "n:m"}}, {"n", {.kind = VALUE_INT, .as.i = 1}},
                                  {"m", {.kind = VALUE_INT, .as.i = 4}}};
  double out[N];
  uint8_t keep[N];
  bool good = apply(m, v, 3, &layer, out, keep) == STATUS_OK;
  for (size_t g = 0; g < N && good; g += 4)
    good = gone(keep + g, 4) == 3;
  tap_ok(good, "%s: 1:4 keeps one of every four", m->id);
}

static void check_odd(const struct method *m)
{
  double out[N], bad[N];
  uint8_t keep[N];
  struct prune_layer l = layer;
  l.out = 1;
  l.in = 1;
  const struct named_value all = number_value("sparsity", 1);
  tap_ok(apply(m, &all, 1, &l, out, keep) == STATUS_OK && !keep[0] && out[0] == 0, "%s: a layer of one weight can lose it", m->id);
  l.out = 0;
  l.in = IN;
  tap_ok(apply(m, NULL, 0, &l, out, keep) == STATUS_OK, "%s: a layer without weights is no trouble", m->id);
  l = layer;
  memcpy(bad, w, sizeof bad);
  bad[7] = INFINITY;
  l.w = bad;
  tap_ok(apply(m, NULL, 0, &l, out, keep) == STATUS_BAD_DATA, "%s: infinity in the weights is refused", m->id);
  l = (struct prune_layer){.w = w, .out = OUT, .in = IN};
  tap_ok(apply(m, NULL, 0, &l, out, keep) == (m->needs ? STATUS_BAD_ARG : STATUS_OK), "%s: what it needs and lacks is a status", m->id);
}

static void check_pruner(const struct method *m)
{
  check_counts(m);
  check_pattern(m);
  check_odd(m);
}

static void check_restorer(const struct method *m)
{
  struct object o;
  double out[N], error, before;
  uint8_t keep[N];
  bool zeros = true;
  if (base_object(&o, m, NULL, 0, NULL) != STATUS_OK)
    tap_bail("%s cannot be made", m->id);
  for (size_t i = 0; i < N; i++) {
    keep[i] = i % 3 != 1;
    out[i] = keep[i] ? w[i] : 0;
  }
  if (prune_relative_error(&layer, out, &before, NULL) || prune_restore(&o, NULL, &layer, keep, out, NULL, NULL) ||
      prune_relative_error(&layer, out, &error, NULL))
    tap_bail("%s fails", m->id);
  for (size_t i = 0; i < N; i++)
    zeros = zeros && (keep[i] || out[i] == 0);
  tap_ok(zeros && error <= before, "%s: the mask stays, the output error does not grow (%.4f to %.4f)", m->id, before, error);
  memset(keep, 1, N);
  memcpy(out, w, sizeof out);
  tap_ok(prune_restore(&o, NULL, &layer, keep, out, NULL, NULL) == STATUS_OK && same_bits(out, w, sizeof w),
         "%s: a mask that keeps all changes not a bit", m->id);
  object_free(&o);
}

static void check_allocator(const struct method *m)
{
  struct object o;
  struct prune_layer net[3] = {layer, layer, layer};
  bool range = true;
  net[1].out = 2;
  net[2].out = 1;
  for (int k = 0; k <= 10; k++) {
    const struct named_value v = number_value("sparsity", k / 10.0);
    double s[3], sum = 0;
    if (base_object(&o, m, &v, 1, NULL) || prune_allocate(&o, NULL, net, 3, s, NULL))
      tap_bail("%s fails", m->id);
    for (size_t i = 0; i < 3; i++) {
      range = range && s[i] >= 0 && s[i] <= 1;
      sum += (double)prune_count(s[i], net[i].out * IN);
    }
    range = range && fabs(sum - k / 10.0 * 8 * IN) <= 1.5; /* each of the 3 counts rounds by at most 1/2 */
    object_free(&o);
  }
  tap_ok(range, "%s: sparsities in [0, 1] that meet the budget", m->id);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  fill_layer();
  tap_ok(walk(KIND_SCORE, check_pruner) > 0 && walk(KIND_SOLVER, check_pruner) > 0, "the registry holds scores and solvers");
  tap_ok(walk(KIND_RESTORER, check_restorer) > 0, "and restorers");
  tap_ok(walk(KIND_ALLOCATOR, check_allocator) > 0, "and allocators");
  return tap_done();
}
