/* select.c: training with a selector is training on the examples that it chooses. */
#include <math.h>

#include "tests/unit/train/trainer.h"

enum { TRAIN = 40, D = 9, CLASSES = 3 };

static struct fixture f;
static struct net net;
static struct object model, loss, sampler, sgd, constant;

static struct train_group group_of(size_t batch, uint64_t steps)
{
  return (struct train_group){.data = &f.data, .model = &model, .loss = &loss, .sampler = &sampler, .batch = batch, .steps = steps,
                              .order_seed = 2, .log_every = 1};
}

static struct train_replica plain_replica(void)
{
  return (struct train_replica){.optimizer = &sgd, .schedule = &constant, .init_seed = 5, .keep_weights = true};
}

static struct object lowest_k(double share)
{
  struct named_value v = set_real("share", share);
  return object_of(&selector_lowest_k.m, &v, 1);
}

static double furthest(const float *a, const float *b)
{
  double most = 0;
  for (size_t i = 0; i < net.n_logical; i++)
    most = fmax(most, fabs((double)a[i] - (double)b[i]));
  return most;
}

/* The k training examples of lowest loss at weights w, by evaluating each alone. */
static void lowest_rows(const float *w, size_t k, uint32_t *rows)
{
  double each[TRAIN], error;
  struct err e = {0};
  for (size_t i = 0; i < TRAIN; i++) {
    struct examples one = f.data.train;
    one.n = 1, one.x += i * one.stride, one.label += i;
    if (train_evaluate(NULL, &model, &loss, &f.data, &one, w, &each[i], &error, &e))
      tap_bail("%s", e.message);
  }
  for (size_t i = 0, at = 0; i < TRAIN; i++) {
    size_t before = 0;
    for (size_t j = 0; j < TRAIN; j++)
      before += each[j] < each[i];
    if (before < k)
      rows[at++] = (uint32_t)i;
  }
}

/* Full batches: each update on the k lowest is an update of a training whose rows they are. */
static void test_subset(void)
{
  const size_t k = 14;
  struct object lowest = lowest_k((double)k / TRAIN);
  struct train_replica chosen = plain_replica(), part = plain_replica();
  struct train_group all = group_of(TRAIN, 1), some = group_of(k, 1);
  struct train_result a, b;
  uint32_t rows[TRAIN];
  chosen.selector = &lowest;
  some.n_rows = k;
  double off = 0, moved = 0;
  float *w = xcalloc(net.n_logical, sizeof *w);
  struct rng r = rng_make(8, RNG_TEST, 0);
  rng_fill_normal_f32(&r, w, net.n_logical, 0, 0.5);
  for (int step = 0; step < 5; step++) {
    lowest_rows(w, k, rows);
    chosen.init = part.init = w, part.rows = rows;
    train(&all, &chosen, 1, NULL, &a, NULL);
    train(&some, &part, 1, NULL, &b, NULL);
    off = fmax(off, furthest(a.weights, b.weights));
    moved = fmax(moved, furthest(a.weights, w));
    if (a.chosen != (double)k / TRAIN)
      tap_bail("%g of the examples counted", a.chosen);
    off = fmax(off, fabs(a.train_loss - b.train_loss));
    memcpy(w, a.weights, net.n_logical * sizeof *w);
    train_result_free(&a), train_result_free(&b);
  }
  /* float32: sums of 40 against 14 terms, and factors 40/14 that are rounded */
  tap_ok(off < 2e-6 && moved > 1e-2, "an update on the lowest k is one on these rows alone (%.2g, moved by %.2g)", off, moved);
  free(w);
  object_free(&lowest);
}

static void test_whole(void)
{
  static struct recorder with, without;
  struct object whole = lowest_k(1), sam = around_heavy_ball(&optimizer_sam);
  const struct object *rule[] = {&sgd, &sam};
  struct train_group g = group_of(7, 30);
  for (size_t i = 0; i < 2; i++) {
    struct train_replica r = plain_replica();
    struct train_result a, b;
    r.optimizer = rule[i];
    train(&g, &r, 1, &without, &a, NULL);
    r.selector = &whole;
    train(&g, &r, 1, &with, &b, NULL);
    tap_ok(isnan(a.chosen) && b.chosen == 1, "%s: the part that counts is known with a selector only", rule[i]->method->id);
    b.chosen = a.chosen;
    tap_ok(same_result(&a, &b, net.n_logical), "%s: where all count, nothing changes", rule[i]->method->id);
    tap_ok(with.of[0].n == without.of[0].n + 30 && with.of[0].point[1].metric == TRAIN_CHOSEN && with.of[0].point[1].value == 1,
           "%s: and the part is reported with each loss", rule[i]->method->id);
    train_result_free(&a), train_result_free(&b);
  }
  object_free(&whole), object_free(&sam);
}

/* Equal outputs for all classes: every loss is ln 3, above the threshold of 1. */
static void test_nothing(void)
{
  struct named_value v[] = {set_real("begin", 0), set_real("b1", 0), set_real("b2", 0)};
  struct object strict = object_of(&selector_adaptive_k.m, v, 3);
  struct train_replica r = plain_replica();
  struct train_group g = group_of(8, 10);
  struct train_result a;
  float *zero = xcalloc(net.n_logical, sizeof *zero);
  r.selector = &strict, r.init = zero;
  train(&g, &r, 1, NULL, &a, NULL);
  tap_ok(a.status == STATUS_OK && memcmp(a.weights, zero, net.n_logical * sizeof *zero) == 0 && a.chosen == 0, "where none counts, sgd stays where it is");
  tap_ok(fabs(a.train_loss - log(3)) < 1e-6, "and the loss is that of all");
  train_result_free(&a);
  free(zero);
  object_free(&strict);
}

static void test_refused(void)
{
  struct object lowest = lowest_k(0.5), oasis = plain(&optimizer_oasis.m);
  struct train_replica r = plain_replica();
  struct train_group g = group_of(8, 10);
  struct train_result a;
  struct err e = {0};
  r.selector = &lowest, r.optimizer = &oasis;
  enum status s = train_run(NULL, &g, &r, 1, NULL, &a, &e);
  tap_ok(s == STATUS_BAD_ARG && strstr(e.message, "selector \"lowest-k\""), "Hessian-vector products are refused: %s", e.message);
  train_result_free(&a);
  object_free(&lowest), object_free(&oasis);
}

int main(void)
{
  const double hidden[] = {11};
  struct err e;
  model = mlp_of(hidden, 1, "tanh"), loss = plain(&loss_cross_entropy.m), sampler = plain(&sampler_random_reshuffling.m);
  sgd = plain(&optimizer_sgd.m), constant = at_peak(&schedule_constant, 0.3);
  fixture_make(&f, 17, TRAIN, 0, 0, D, CLASSES, 0);
  if (model_build(&net, &model, &loss, &f.data, &e))
    tap_bail("%s", e.message);
  test_subset();
  test_whole();
  test_nothing();
  test_refused();
  object_free(&model), object_free(&loss), object_free(&sampler), object_free(&sgd), object_free(&constant);
  fixture_free(&f);
  return tap_done();
}
