/* plans.c: whatever the plan, the block, the instruction set, the route and the company, a replica's result and
 * everything that it reports have the same bits. */
#include "tests/unit/train/trainer.h"

#define REPLICAS 8
#define STEPS 23

static struct recorder alone, together, single;

struct company {
  struct object object[32];
  size_t n_objects;
  struct train_replica replica[REPLICAS];
  uint8_t *mask;
  double layer_rates[NET_MAX_LAYERS];
};

static const struct object *hold(struct company *c, struct object o)
{
  c->object[c->n_objects] = o;
  return &c->object[c->n_objects++];
}

/* Replicas of all kinds: fused rules, others, masks, controllers, layers with rates of their own, averages, selectors, a replaced example, one that diverges. */
static void gather_company(struct company *c, size_t n_logical)
{
  struct named_value momentum[] = {set_real("momentum", 0.8), set_real("weight_decay", 0.01), set_real("l2", 0.001)};
  const struct object *sgd = hold(c, plain(&optimizer_sgd.m)), *heavy = hold(c, object_of(&optimizer_heavy_ball.m, momentum, 3));
  const struct object *nesterov = hold(c, plain(&optimizer_nesterov.m)), *adam = hold(c, plain(&optimizer_adam.m));
  const struct object *adamw = hold(c, plain(&optimizer_adamw.m)), *ema = hold(c, plain(&average_ema.m));
  const struct object *polyak = hold(c, plain(&average_polyak_average.m)), *armijo = hold(c, plain(&controller_sls_armijo.m));
  const struct object *constant = hold(c, at_peak(&schedule_constant, 0.05)), *cosine = hold(c, at_peak(&schedule_cosine, 0.1));
  const struct object *decay = hold(c, at_peak(&schedule_linear_decay, 0.01)), *huge = hold(c, at_peak(&schedule_constant, 1e6));
  const struct object *lowest = hold(c, plain(&selector_lowest_k.m)), *adaptive = hold(c, plain(&selector_adaptive_k.m));
  c->mask = xcalloc(n_logical, 1);
  for (size_t i = 0; i < n_logical; i++)
    c->mask[i] = i % 3 != 0;
  for (size_t l = 0; l < NET_MAX_LAYERS; l++)
    c->layer_rates[l] = 1 / (1 + 0.7 * (double)l);
  struct train_replica all[REPLICAS] = {
    {.optimizer = sgd, .schedule = constant, .init_seed = 1, .keep_weights = true},
    {.optimizer = heavy, .schedule = cosine, .init_seed = 2, .average = ema, .layer_rates = c->layer_rates, .selector = lowest, .keep_weights = true},
    {.optimizer = heavy, .schedule = huge, .init_seed = 1, .keep_weights = true},
    {.optimizer = nesterov, .schedule = decay, .init_seed = 1, .mask = c->mask, .layer_rates = c->layer_rates, .keep_weights = true},
    {.optimizer = adam, .schedule = decay, .init_seed = 3, .average = polyak, .layer_rates = c->layer_rates, .keep_weights = true},
    {.optimizer = sgd, .controller = armijo, .init_seed = 1, .keep_weights = true},
    {.optimizer = adamw, .schedule = cosine, .init_seed = 1, .replace = true, .replace_at = 7, .replace_by = 3, .keep_weights = true},
    {.optimizer = heavy, .controller = armijo, .init_seed = 1, .mask = c->mask, .selector = adaptive, .keep_weights = true},
  };
  memcpy(c->replica, all, sizeof all);
}

static void leave_company(struct company *c)
{
  for (size_t i = 0; i < c->n_objects; i++)
    object_free(&c->object[i]);
  free(c->mask);
}

static void compare(const struct train_result *a, const struct train_result *b, size_t n_logical, const char *name)
{
  bool results = true, metrics = true;
  for (size_t i = 0; i < REPLICAS; i++) {
    bool same = same_result(&a[i], &b[i], n_logical);
    if (!same)
      tap_diag("replica %zu: %s | %s", i, a[i].error.message, b[i].error.message);
    results &= same;
    metrics &= same_series(&alone.of[i], &together.of[i]);
  }
  tap_ok(results, "%s: each replica's result is that of training it alone", name);
  tap_ok(metrics, "%s: and so is every metric", name);
}

static void test_routes(struct train_group *g, const struct company *c, const struct train_result *one, size_t n_logical, const char *name)
{
  struct train_result all[REPLICAS];
  for (int plan = TRAIN_PLAN_AUTO; plan <= TRAIN_PLAN_INTERLEAVED; plan++)
    for (int isa = plan == TRAIN_PLAN_AUTO ? ISA_GENERIC : ISA_AVX2; isa <= ISA_AVX512; isa++) /* plain C is slow: once */
      for (int unfused = 0; unfused < 2; unfused++) {
        struct train_tuning t = {.product = product_for((enum isa)isa), .unfused = unfused,
                                 .block_bytes = plan == TRAIN_PLAN_BLOCK ? 40000 : 0};
        g->plan = (enum train_plan)plan;
        train(g, c->replica, REPLICAS, &together, all, &t);
        char *label = xasprintf("%s, plan %s, %s%s", name, train_plan_names[plan], t.product->name, unfused ? ", unfused" : "");
        compare(all, one, n_logical, label);
        free(label);
        for (size_t i = 0; i < REPLICAS; i++)
          train_result_free(&all[i]);
      }
}

static void test_problem(const struct object *model, const struct loss *loss, size_t classes, size_t outputs, size_t batch, const char *name)
{
  struct fixture f;
  struct company c = {0};
  struct net net;
  struct err e;
  struct object l = plain(&loss->m), sampler = plain(&sampler_random_reshuffling.m);
  struct train_result one[REPLICAS];
  fixture_make(&f, 21, 150, 37, 130, 20, classes, outputs);
  if (model_build(&net, model, &l, &f.data, &e))
    tap_bail("%s", e.message);
  gather_company(&c, net.n_logical);
  struct train_group g = {.data = &f.data, .model = model, .loss = &l, .sampler = &sampler, .batch = batch, .steps = STEPS,
                          .order_seed = 4, .eval_every = 5, .log_every = 3};
  for (size_t i = 0; i < REPLICAS; i++) {
    train(&g, &c.replica[i], 1, &single, &one[i], NULL);
    alone.of[i] = single.of[0];
    bool diverges = i == 2 && loss != &loss_hinge && loss != &loss_logistic && loss != &loss_cross_entropy;
    tap_ok(one[i].status == STATUS_OK || i == 2, "%s: replica %zu trains %s", name, i, one[i].error.message);
    tap_ok(!diverges || one[i].status == STATUS_DIVERGED, "%s: replica %zu diverges if it should", name, i);
  }
  test_routes(&g, &c, one, net.n_logical, name);
  for (size_t i = 0; i < REPLICAS; i++)
    train_result_free(&one[i]);
  leave_company(&c);
  object_free(&l);
  object_free(&sampler);
  fixture_free(&f);
}

int main(void)
{
  const double hidden[] = {32, 19};
  struct object relu = mlp_of(hidden, 2, "relu"), tanh_net = mlp_of(hidden, 2, "tanh"), gelu = mlp_of(hidden, 1, "gelu");
  struct object softmax = plain(&model_softmax.m), linear = plain(&model_linear.m), logistic = plain(&model_logistic.m);
  test_problem(&relu, &loss_cross_entropy, 3, 0, 32, "relu net");
  test_problem(&tanh_net, &loss_hinge, 4, 0, 7, "tanh net");
  test_problem(&gelu, &loss_squared, 0, 2, 16, "gelu net");
  test_problem(&softmax, &loss_cross_entropy, 10, 0, 64, "softmax regression");
  test_problem(&linear, &loss_squared, 0, 1, 1, "linear regression, batch 1");
  test_problem(&logistic, &loss_logistic, 2, 0, 50, "logistic regression");
  const double image[] = {1, 4, 5}, channels[] = {9, 3};
  struct object conv = convnet_of(image, channels, "relu", "max"), smooth = convnet_of(image, channels, "gelu", "average");
  test_problem(&conv, &loss_cross_entropy, 3, 0, 20, "convnet");
  test_problem(&smooth, &loss_cross_entropy, 4, 0, 33, "convnet, gelu, average");
  object_free(&conv), object_free(&smooth);
  object_free(&relu), object_free(&tanh_net), object_free(&gelu);
  object_free(&softmax), object_free(&linear), object_free(&logistic);
  return tap_done();
}
