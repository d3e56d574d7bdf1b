/* observe.c: whoever observes a training sees the weights after the updates it asked for, the same in every plan, and
 * changes no bit of it. */
#include "tests/unit/train/trainer.h"

#include "experiments/kernel/vec.h"

#define STEPS 23
#define EVERY 5
#define REPLICAS 3
#define LOOKS 6 /* after 0, 5, 10, 15, 20 and 23 updates */

struct seen {
  struct recorder record;
  size_t n[REPLICAS], n_params;
  uint64_t step[REPLICAS][LOOKS + 1];
  float *w[REPLICAS][LOOKS + 1]; /* logical */
  size_t fails; /* this replica, counted from 1, at its second look */
};

static void on_metric(void *self, size_t replica, enum train_metric m, uint64_t step, double value)
{
  record(&((struct seen *)self)->record, replica, m, step, value);
}

static enum status on_observe(void *self, size_t replica, uint64_t step, const struct net *net, const float *w, struct err *e)
{
  struct seen *s = self;
  size_t k = s->n[replica]++;
  if (k > LOOKS)
    tap_bail("too many looks");
  if (s->fails == replica + 1 && k == 1)
    return err_set(e, STATUS_UNSUPPORTED, "not with this net");
  s->step[replica][k] = step;
  s->w[replica][k] = xcalloc(net->n_logical, sizeof(float));
  net_unpack_f32(net, w, s->w[replica][k]);
  s->n_params = net->n_logical;
  return STATUS_OK;
}

static void forget(struct seen *s)
{
  for (size_t i = 0; i < REPLICAS; i++)
    for (size_t k = 0; k <= LOOKS; k++)
      free(s->w[i][k]);
  *s = (struct seen){0};
}

static void run(const struct train_group *g, const struct train_replica *replica, size_t n, struct seen *s, struct train_result *result,
                bool observing)
{
  struct err e = {0};
  struct exec x = {NULL, 1};
  struct train_sink sink = {.self = s, .metric = on_metric, .observe = observing ? on_observe : NULL};
  if (train_run(&x, g, replica, n, &sink, result, &e))
    tap_bail("training: %s", e.message);
}

static bool same_looks(const struct seen *a, size_t i, const struct seen *b, size_t j)
{
  bool same = a->n[i] == b->n[j];
  for (size_t k = 0; same && k < a->n[i]; k++)
    same = a->step[i][k] == b->step[j][k] && memcmp(a->w[i][k], b->w[j][k], a->n_params * sizeof(float)) == 0;
  return same;
}

static struct seen blind, seen, other;

static void free_results(struct train_result *r, size_t n)
{
  for (size_t i = 0; i < n; i++)
    train_result_free(&r[i]);
}

static void test_unchanged(struct train_group *g, const struct train_replica *replica)
{
  struct train_result without[REPLICAS], with[REPLICAS], alone;
  run(g, replica, REPLICAS, &blind, without, false);
  bool same = true, steps = true, first = true, last = true;
  for (int plan = TRAIN_PLAN_AUTO; plan <= TRAIN_PLAN_INTERLEAVED; plan++) {
    g->plan = (enum train_plan)plan;
    forget(&seen);
    run(g, replica, REPLICAS, &seen, with, true);
    for (size_t i = 0; i < REPLICAS; i++) {
      static const uint64_t expected[LOOKS] = {0, 5, 10, 15, 20, 23};
      same &= same_result(&with[i], &without[i], seen.n_params) && same_series(&seen.record.of[i], &blind.record.of[i]);
      steps &= seen.n[i] == LOOKS && memcmp(seen.step[i], expected, sizeof expected) == 0;
      last &= steps && memcmp(seen.w[i][LOOKS - 1], with[i].weights, seen.n_params * sizeof(float)) == 0;
      forget(&other);
      run(g, &replica[i], 1, &other, &alone, true);
      first &= same_looks(&seen, i, &other, 0);
      train_result_free(&alone);
    }
    free_results(with, REPLICAS);
  }
  tap_ok(same, "results and metrics have the same bits with an observer and without, in every plan");
  tap_ok(steps, "it is called before the first update, every %d, and after the last", EVERY);
  tap_ok(last, "with the weights that are evaluated: the last are those that are kept");
  tap_ok(first, "and sees of each replica what it sees when that is trained alone");
  g->plan = TRAIN_PLAN_AUTO;
  free_results(without, REPLICAS);
}

static void test_failure(struct train_group *g, const struct train_replica *replica)
{
  struct train_result r[REPLICAS];
  forget(&seen);
  seen.fails = 2;
  run(g, replica, REPLICAS, &seen, r, true);
  tap_ok(r[1].status == STATUS_UNSUPPORTED && strcmp(r[1].error.message, "not with this net") == 0, "a look that fails ends its replica");
  tap_ok(r[0].status == STATUS_OK && r[2].status == STATUS_OK && seen.n[0] == LOOKS && seen.n[1] == 2, "and no other");
  free_results(r, REPLICAS);
}

static void test_divergence(struct train_group g, struct train_replica replica)
{
  struct fixture f;
  struct object huge = at_peak(&schedule_constant, 1e3), model = plain(&model_linear.m), loss = plain(&loss_squared.m);
  struct train_result without, with;
  fixture_make(&f, 5, 60, 0, 0, 6, 0, 1);
  g.data = &f.data, g.model = &model, g.loss = &loss;
  replica.schedule = &huge;
  forget(&blind), forget(&seen);
  run(&g, &replica, 1, &blind, &without, false);
  run(&g, &replica, 1, &seen, &with, true);
  tap_ok(with.status == STATUS_DIVERGED && same_result(&with, &without, 0), "a training that diverges ends as it does unobserved: %s", with.error.message);
  bool finite = true;
  for (size_t k = 0; k < seen.n[0]; k++)
    finite &= vec_finite_f32(seen.w[0][k], seen.n_params);
  tap_ok(finite && seen.n[0] >= 1 && seen.n[0] < LOOKS, "and weights that are no numbers are not shown (%zu looks)", seen.n[0]);
  object_free(&huge), object_free(&model), object_free(&loss);
  fixture_free(&f);
}

int main(void)
{
  const double hidden[] = {9};
  struct fixture f;
  struct object model = mlp_of(hidden, 1, "tanh"), loss = plain(&loss_cross_entropy.m), sampler = plain(&sampler_random_reshuffling.m);
  struct object heavy = plain(&optimizer_heavy_ball.m), adam = plain(&optimizer_adam.m), ema = plain(&average_ema.m);
  struct object constant = at_peak(&schedule_constant, 0.05);
  fixture_make(&f, 5, 60, 20, 20, 6, 3, 0);
  struct train_group g = {.data = &f.data, .model = &model, .loss = &loss, .sampler = &sampler, .batch = 8, .steps = STEPS, .order_seed = 3,
                          .eval_every = 7, .log_every = 1, .observe_every = EVERY};
  const struct train_replica replica[REPLICAS] = {
    {.optimizer = &heavy, .schedule = &constant, .init_seed = 1, .keep_weights = true},
    {.optimizer = &adam, .schedule = &constant, .init_seed = 1, .average = &ema, .keep_weights = true},
    {.optimizer = &heavy, .schedule = &constant, .init_seed = 2, .keep_weights = true},
  };
  test_unchanged(&g, replica);
  test_failure(&g, replica);
  test_divergence(g, replica[0]);
  forget(&blind), forget(&seen), forget(&other);
  object_free(&model), object_free(&loss), object_free(&sampler), object_free(&heavy), object_free(&adam), object_free(&ema);
  object_free(&constant);
  fixture_free(&f);
  return tap_done();
}
