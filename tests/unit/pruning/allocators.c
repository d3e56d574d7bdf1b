/* Allocators: budgets that add up, and the densities of the formulas. */
#include "tests/unit/pruning/layer.h"

enum { LAYERS = 4 };
static const size_t shape[LAYERS][2] = {{6, 8}, {8, 40}, {40, 40}, {3, 40}};
static struct own_layer own[LAYERS];
static struct prune_layer layer[LAYERS];

static size_t total_weights(void)
{
  size_t n = 0;
  for (size_t i = 0; i < LAYERS; i++)
    n += layer[i].out * layer[i].in;
  return n;
}

static void allocate(const struct object *o, double *s)
{
  struct err e = {0};
  if (prune_allocate(o, NULL, layer, LAYERS, s, &e) != STATUS_OK)
    tap_bail("%s", e.message);
}

static void test_budget(const struct allocator *a)
{
  static const double levels[] = {0, 0.001, 0.1, 0.5, 0.7, 0.9, 0.95, 0.999, 1};
  bool exact = true, range = true;
  for (size_t k = 0; k < 9; k++) {
    struct object o = MAKE(&a->m, V_REAL("sparsity", levels[k]));
    double s[LAYERS];
    size_t sum = 0;
    allocate(&o, s);
    for (size_t i = 0; i < LAYERS; i++) {
      range = range && s[i] >= 0 && s[i] <= 1;
      sum += prune_count(s[i], layer[i].out * layer[i].in);
    }
    exact = exact && sum == (size_t)floor(levels[k] * (double)total_weights() + 0.5);
    object_free(&o);
  }
  tap_ok(exact && range, "%s: the counts of the layers add up to exactly floor(s N + 1/2), at 9 sparsities", a->m.id);
}

static void test_uniform(void)
{
  struct object o = MAKE(&allocator_uniform.m, V_REAL("sparsity", 0.8)), ends = MAKE(&allocator_uniform.m, V_BOOL("first_dense", true),
                                                                                   V_BOOL("last_dense", true));
  double s[LAYERS], t[LAYERS];
  allocate(&o, s);
  allocate(&ends, t);
  tap_ok(s[0] == 0.8 && s[1] == 0.8 && s[2] == 0.8 && s[3] == 0.8, "uniform: s everywhere");
  tap_ok(t[0] == 0 && t[1] == 0.5 && t[2] == 0.5 && t[3] == 0, "uniform: the ends may stay dense");
  object_free(&o);
  object_free(&ends);
}

/* Densities in the ratio of (in + out)/(in out), within one weight of a layer, except where a layer is dense. */
static void test_erk(void)
{
  struct object sparse = MAKE(&allocator_erk.m, V_REAL("sparsity", 0.9)), denser = MAKE(&allocator_erk.m, V_REAL("sparsity", 0.6));
  double s[LAYERS];
  allocate(&sparse, s);
  bool ratio = true;
  double raw2 = 80.0 / 1600, eps = (1 - s[2]) / raw2;
  for (size_t i = 0; i < LAYERS; i++) {
    double in = (double)shape[i][1], out = (double)shape[i][0];
    ratio = ratio && fabs(1 - s[i] - eps * (in + out) / (in * out)) <= 1 / (in * out) + eps * (in + out) / (in * out) / 1600 * 20;
  }
  tap_ok(ratio, "erk: density is proportional to (in + out)/(in out), to a weight");
  allocate(&denser, s);
  tap_ok(s[0] == 0 && s[3] == 0 && s[2] > 0.6 && s[1] > 0 && s[1] < s[2], "erk: small layers are dense where their share exceeds 1");
  object_free(&sparse);
  object_free(&denser);
}

static void test_owl(void)
{
  struct object o = MAKE(&allocator_owl.m, V_REAL("sparsity", 0.7)), flat = MAKE(&allocator_owl.m, V_REAL("sparsity", 0.7), V_REAL("lambda", 0));
  double s[LAYERS], even[LAYERS], widest = 0, d[LAYERS], lowest = 1, highest = 0, mean = 0;
  for (size_t i = 0; i < LAYERS; i++) { /* outliers counted here on their own */
    size_t n = layer[i].out * layer[i].in;
    double sum = 0, count = 0;
    for (size_t k = 0; k < n; k++)
      sum += fabs(layer[i].w[k]) * sqrt(layer[i].norm2[k % layer[i].in]);
    for (size_t k = 0; k < n; k++)
      count += fabs(layer[i].w[k]) * sqrt(layer[i].norm2[k % layer[i].in]) > 5 * sum / (double)n;
    d[i] = count / (double)n;
    lowest = fmin(lowest, d[i]);
    highest = fmax(highest, d[i]);
  }
  tap_ok(highest > lowest, "owl: these layers differ in outliers");
  for (size_t i = 0; i < LAYERS; i++) {
    d[i] = 0.16 * (d[i] - lowest) / (highest - lowest);
    mean += d[i] * (double)(layer[i].out * layer[i].in) / (double)total_weights();
  }
  allocate(&o, s);
  allocate(&flat, even);
  bool formula = true;
  for (size_t i = 0; i < LAYERS; i++) {
    double one = 1.0 / (double)(layer[i].out * layer[i].in);
    formula = formula && fabs(s[i] - (0.7 - d[i] + mean)) <= one;
    widest = fmax(widest, fabs(even[i] - 0.7) / one);
  }
  tap_ok(formula, "owl: s - d_l + mean(d), to a weight");
  tap_ok(widest <= 1, "owl: lambda = 0 is uniform, to a weight");
  struct prune_layer same[2] = {layer[2], layer[2]};
  double twin[2];
  if (prune_allocate(&o, NULL, same, 2, twin, NULL) != STATUS_OK)
    tap_bail("no allocation");
  tap_ok(fabs(twin[0] - 0.7) <= 1.0 / 1600 && fabs(twin[1] - 0.7) <= 1.0 / 1600, "owl: equal layers, max = min: uniform");
  struct err e;
  same[1].norm2 = NULL;
  tap_ok(prune_allocate(&o, NULL, same, 2, twin, &e) == STATUS_BAD_ARG, "owl without inputs is refused");
  tap_has(e.message, "needs the inputs X", "and says why");
  object_free(&o);
  object_free(&flat);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  for (size_t i = 0; i < LAYERS; i++) {
    own[i] = layer_new(50 + i, shape[i][0], shape[i][1], 60);
    for (size_t k = 0; k < shape[i][0] * shape[i][1]; k += 7 + i)
      own[i].w[k] *= 4 * (double)(i + 1); /* outliers */
    layer[i] = own[i].l;
  }
  test_budget(&allocator_erk);
  test_budget(&allocator_owl);
  test_uniform();
  test_erk();
  test_owl();
  for (size_t i = 0; i < LAYERS; i++)
    layer_free(&own[i]);
  return tap_done();
}
