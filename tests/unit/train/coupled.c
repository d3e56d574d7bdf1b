/* coupled.c: neighbours of a base have the bits that they have alone, distances are those of the weights at the
 * checkpoints, and training on rows is training on a copy of them. */
#include <math.h>

#include "tests/unit/train/trainer.h"

enum { TRAIN = 40, TEST = 9, D = 12, CLASSES = 3, STEPS = 24, N = 6 };

static struct fixture f;
static struct net net;
static struct object model, loss, sampler;

static void norms(const struct train_result *a, const struct train_result *b, double *out)
{
  double sum = 0;
  for (size_t i = 0; i < net.n_logical; i++)
    sum += pow((double)a->weights[i] - (double)b->weights[i], 2);
  *out = sqrt(sum);
}

/* A base, an example replaced by itself, and neighbours: the last one's example is drawn late or never. */
static void neighbours(struct train_replica *r, const struct train_replica *base)
{
  for (size_t i = 0; i < N; i++) {
    r[i] = *base;
    r[i].replace = i > 0;
    r[i].replace_at = 5 * i;
    r[i].replace_by = i == 1 ? r[i].replace_at : i;
    r[i].replace_from_train = i == 1 || i == 4;
  }
}

static void test_alone(const struct train_group *coupled, const struct train_replica *base, const char *name)
{
  static const char *const plans[] = {"auto", "", "block", "interleaved"};
  struct train_replica r[N];
  struct train_result one[N], all[N], early[N];
  struct train_group g = *coupled, sooner = *coupled;
  neighbours(r, base);
  g.coupled = false, g.n_checkpoints = 0;
  for (size_t i = 0; i < N; i++)
    train(&g, &r[i], 1, NULL, &one[i], NULL);
  sooner.steps = coupled->checkpoints[0], sooner.coupled = false, sooner.n_checkpoints = 0;
  train(&sooner, r, N, NULL, early, NULL);
  for (int plan = TRAIN_PLAN_AUTO; plan <= TRAIN_PLAN_INTERLEAVED; plan++) {
    if (plan == TRAIN_PLAN_REPLICA)
      continue;
    struct train_tuning small = {.block_bytes = plan == TRAIN_PLAN_BLOCK ? 20000 : 0};
    bool same = true, at_end = true, at_start = true;
    g = *coupled;
    g.plan = (enum train_plan)plan;
    train(&g, r, N, NULL, all, &small);
    for (size_t i = 0; i < N; i++) {
      double end, start;
      norms(&one[i], &one[0], &end);
      norms(&early[i], &early[0], &start);
      same &= same_result(&all[i], &one[i], net.n_logical);
      at_end &= fabs(all[i].distance[1] - end) <= 1e-12 * end; /* the same sum in another order */
      at_start &= fabs(all[i].distance[0] - start) <= 1e-12 * start;
    }
    tap_ok(same, "%s, plan %s: every neighbour has the bits that it has alone", name, plans[plan]);
    tap_ok(at_end && all[3].distance[1] > 0 && all[2].distance[1] == 0, "%s, plan %s: the last distances are those of the final weights, 0 for an example never drawn", name, plans[plan]);
    tap_ok(at_start, "%s, plan %s: earlier ones are those of trainings that end there", name, plans[plan]);
    tap_ok(all[1].distance[0] == 0 && all[1].distance[1] == 0, "%s, plan %s: an example replaced by itself changes no bit", name, plans[plan]);
    for (size_t i = 0; i < N; i++)
      train_result_free(&all[i]);
  }
  for (size_t i = 0; i < N; i++)
    train_result_free(&one[i]), train_result_free(&early[i]);
}

static void test_diverged(struct train_group g, struct train_replica base)
{
  struct object huge = at_peak(&schedule_constant, 1e6), line = plain(&model_linear.m), squares = plain(&loss_squared.m);
  struct train_replica r[N];
  struct train_result all[N], one;
  struct fixture own;
  fixture_make(&own, 5, TRAIN, 0, TEST, D, 0, 1);
  base.schedule = &huge;
  neighbours(r, &base);
  g.data = &own.data, g.model = &line, g.loss = &squares, g.plan = TRAIN_PLAN_INTERLEAVED;
  train(&g, r, N, NULL, all, NULL);
  bool same = all[0].status == STATUS_DIVERGED;
  g.coupled = false, g.n_checkpoints = 0;
  for (size_t i = 0; i < N; i++) {
    train(&g, &r[i], 1, NULL, &one, NULL);
    same &= same_result(&all[i], &one, 0) && isnan(all[i].distance[1]);
    train_result_free(&one), train_result_free(&all[i]);
  }
  tap_ok(same, "where the base diverges its neighbours do as they would alone, and there is no distance");
  fixture_free(&own);
  object_free(&huge), object_free(&line), object_free(&squares);
}

static void refuse(const struct train_group *g, const struct train_replica *r, size_t n, const char *part)
{
  struct err e = {0};
  struct train_result result[N];
  enum status s = train_run(NULL, g, r, n, NULL, result, &e);
  if (!tap_ok(s == STATUS_BAD_ARG && strstr(e.message, part), "refused: %s", part))
    tap_diag("%s", e.message);
  for (size_t i = 0; i < n; i++)
    train_result_free(&result[i]);
}

static void test_refusals(const struct train_group *coupled, const struct train_replica *base)
{
  static const uint64_t twice[] = {7, 7}, late[] = {STEPS + 1};
  struct train_replica r[N];
  struct train_group g = *coupled;
  neighbours(r, base);
  r[2].init_seed++;
  refuse(&g, r, N, "replica 3 has another initial weights");
  neighbours(r, base);
  struct object lowest = plain(&selector_lowest_k.m);
  r[1].selector = &lowest;
  refuse(&g, r, N, "replica 2 has another selector");
  object_free(&lowest);
  neighbours(r, base);
  r[3].replace = false;
  refuse(&g, r, N, "replica 4 has no example replaced");
  refuse(&g, r + 1, 2, "must not replace");
  neighbours(r, base);
  g.checkpoints = twice;
  refuse(&g, r, N, "but number 2 is 7");
  g.checkpoints = late, g.n_checkpoints = 1;
  refuse(&g, r, N, "but number 1 is 25");
  g = *coupled, g.plan = TRAIN_PLAN_REPLICA;
  refuse(&g, r, N, "side by side");
  g = *coupled, g.coupled = false;
  refuse(&g, r, N, "checkpoints are for coupled replicas");
}

/* The data set whose training part is these rows, in this order. */
static struct dataset copy_rows(struct fixture *to, const uint32_t *rows, size_t n)
{
  struct dataset d = f.data;
  float *x = fixture_take(to, n, d.train.stride * sizeof *x);
  int32_t *label = fixture_take(to, n, sizeof *label);
  for (size_t i = 0; i < n; i++) {
    memcpy(x + i * d.train.stride, d.train.x + rows[i] * d.train.stride, d.train.stride * sizeof *x);
    label[i] = d.train.label[rows[i]];
  }
  d.train.n = n, d.train.x = x, d.train.label = label;
  return d;
}

static void test_rows(struct train_group g, const struct train_replica *base)
{
  enum { ROWS = 21 };
  static const char *const plans[] = {"auto", "replica", "block", "interleaved"};
  uint32_t rows[N][ROWS];
  struct train_replica r[N];
  struct train_result one[N], all[N];
  struct fixture copies = {0};
  struct rng random = rng_make(3, RNG_TEST, 0);
  g.coupled = false, g.n_checkpoints = 0, g.checkpoints = NULL;
  for (size_t i = 0; i < N; i++) {
    rng_sample(&random, rows[i], ROWS, TRAIN);
    struct dataset data = copy_rows(&copies, rows[i], ROWS);
    struct train_group copied = g;
    copied.data = &data;
    r[i] = *base;
    r[i].init_seed = i;
    train(&copied, &r[i], 1, NULL, &one[i], NULL);
    r[i].rows = rows[i];
  }
  g.n_rows = ROWS;
  for (int plan = TRAIN_PLAN_AUTO; plan <= TRAIN_PLAN_INTERLEAVED; plan++) {
    bool same = true;
    g.plan = (enum train_plan)plan;
    train(&g, r, N, NULL, all, NULL);
    for (size_t i = 0; i < N; i++) {
      same &= same_result(&all[i], &one[i], net.n_logical);
      train_result_free(&all[i]);
    }
    tap_ok(same, "plan %s: replicas on their rows have the bits of training on a copy of the rows", plans[plan]);
  }
  g.plan = TRAIN_PLAN_AUTO;
  r[1].skip_test = true;
  train(&g, r, 2, NULL, all, NULL);
  tap_ok(isnan(all[1].test_loss) && isnan(all[1].best_test_error) && memcmp(all[1].weights, one[1].weights, net.n_logical * sizeof(float)) == 0,
         "without the test part all else stays");
  train_result_free(&all[0]), train_result_free(&all[1]);
  for (size_t i = 0; i < N; i++)
    train_result_free(&one[i]);
  uint32_t beyond[ROWS] = {0};
  beyond[4] = TRAIN;
  r[2].rows = beyond;
  refuse(&g, r, N, "row 4 is training example 40: there are 40");
  r[2].rows = NULL;
  refuse(&g, r, N, "there are no rows");
  fixture_free(&copies);
}

int main(void)
{
  static const uint64_t checkpoints[] = {11, STEPS};
  const double hidden[] = {17};
  struct object heavy = plain(&optimizer_heavy_ball.m), adam = plain(&optimizer_adam.m), constant = at_peak(&schedule_constant, 0.05);
  struct object armijo = plain(&controller_sls_armijo.m), ema = plain(&average_ema.m);
  model = mlp_of(hidden, 1, "relu"), loss = plain(&loss_cross_entropy.m), sampler = plain(&sampler_iid.m);
  fixture_make(&f, 31, TRAIN, 13, TEST, D, CLASSES, 0);
  struct err e;
  if (model_build(&net, &model, &loss, &f.data, &e))
    tap_bail("%s", e.message);
  struct train_group g = {.data = &f.data, .model = &model, .loss = &loss, .sampler = &sampler, .batch = 2, .steps = STEPS, .order_seed = 6,
                          .eval_every = 5, .coupled = true, .checkpoints = checkpoints, .n_checkpoints = 2};
  struct train_replica base = {.optimizer = &heavy, .schedule = &constant, .init_seed = 9, .average = &ema, .keep_weights = true};
  test_alone(&g, &base, "momentum with an average");
  test_rows(g, &base);
  test_refusals(&g, &base);
  test_diverged(g, base);
  base.optimizer = &adam, base.average = NULL;
  test_alone(&g, &base, "adam");
  base.schedule = NULL, base.controller = &armijo;
  test_alone(&g, &base, "a line search");
  struct named_value at_once = set_real("begin", 0); /* a state from the first update on */
  struct object adaptive = object_of(&selector_adaptive_k.m, &at_once, 1);
  base.schedule = &constant, base.controller = NULL, base.selector = &adaptive;
  test_alone(&g, &base, "a selector");
  object_free(&adaptive);
  object_free(&heavy), object_free(&adam), object_free(&constant), object_free(&armijo), object_free(&ema);
  object_free(&model), object_free(&loss), object_free(&sampler);
  fixture_free(&f);
  return tap_done();
}
