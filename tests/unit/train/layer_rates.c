/* layer_rates.c: trainings whose layers have rates of their own, against a loop in float64 and against one rate. */
#include "tests/unit/train/trainer.h"

#include <math.h>

#include "experiments/models/derivatives.h"

#define STEPS 12
#define N 24
#define LAYERS 3

static struct fixture f;
static struct object model, loss, incremental, sgd, adam, dadapt;

extern const struct sampler sampler_incremental;
extern const struct optimizer optimizer_dadapt_adam;

static struct train_group group_of(size_t batch)
{
  return (struct train_group){.data = &f.data, .model = &model, .loss = &loss, .sampler = &incremental, .batch = batch, .steps = STEPS};
}

/* Full-batch gradient descent, w_l <- w_l - lr c_l g_l, in float64. */
static void textbook(const struct net *net, const double *factor, double lr, double *w)
{
  struct batch b = batch_of(&f.data.train, f.data.outputs, NULL, N);
  double *g = xcalloc(net->n_params, sizeof *g), value;
  struct err e;
  size_t n;
  for (int t = 0; t < STEPS; t++) {
    if (net_gradient_f64(NULL, net, &loss, w, &b, &value, g, &e))
      tap_bail("%s", e.message);
    for (size_t l = 0; l < LAYERS; l++) {
      size_t at = optimizer_layer_span(net, l, &n);
      for (size_t i = at; i < at + n; i++)
        w[i] -= lr * factor[l] * g[i];
    }
  }
  free(g);
}

static void test_textbook(void)
{
  const double factor[] = {0.5, 2, 0};
  struct object constant = at_peak(&schedule_constant, 0.1);
  struct train_group g = group_of(N);
  struct train_replica r = {.optimizer = &sgd, .schedule = &constant, .init_seed = 3, .layer_rates = factor, .keep_weights = true};
  struct train_result result;
  struct net net;
  struct err e;
  if (model_build(&net, &model, &loss, &f.data, &e))
    tap_bail("%s", e.message);
  float *w32 = fixture_take(&f, net.n_params, sizeof *w32), *end = fixture_take(&f, net.n_params, sizeof *end);
  double *w = xcalloc(net.n_params, sizeof *w), worst = 0, moved = 0;
  size_t n, last = optimizer_layer_span(&net, 2, &n);
  if (((const struct model *)model.method)->init(model.conf, &net, 3, w32, &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < net.n_params; i++)
    w[i] = (double)w32[i];
  textbook(&net, factor, 0.1, w);
  train(&g, &r, 1, NULL, &result, NULL);
  net_pack_f32(&net, result.weights, end);
  for (size_t i = 0; i < net.n_params; i++) {
    worst = fmax(worst, fabs((double)end[i] - w[i]));
    moved = fmax(moved, fabs((double)w32[i] - w[i]));
  }
  /* twelve steps of float32 sums over 24 examples, on weights of size 1 */
  tap_ok(worst < 2e-6 && moved > 0.01, "three layers at factors 0.5, 2, 0 follow a float64 loop (%.2g, moved %.2g)", worst, moved);
  tap_ok(memcmp(end + last, w32 + last, n * sizeof(float)) == 0, "with factor 0 a layer stays where it was");
  train_result_free(&result);
  free(w);
  object_free(&constant);
}

/* Factors that are all c are the rate times c, to the bit: powers of 2 round nothing. */
static void test_uniform(const struct object *optimizer, const char *name)
{
  const double factor[] = {0.25, 0.25, 0.25};
  struct object whole = at_peak(&schedule_cosine, 0.2), quarter = at_peak(&schedule_cosine, 0.05);
  struct train_group g = group_of(8);
  struct train_replica r[2] = {{.optimizer = optimizer, .schedule = &whole, .init_seed = 3, .layer_rates = factor, .keep_weights = true},
                               {.optimizer = optimizer, .schedule = &quarter, .init_seed = 3, .keep_weights = true}};
  struct train_result result[2];
  struct net net;
  struct err e;
  if (model_build(&net, &model, &loss, &f.data, &e))
    tap_bail("%s", e.message);
  train(&g, r, 2, NULL, result, NULL);
  tap_ok(same_result(&result[0], &result[1], net.n_logical), "%s: one factor for all layers is a factor of the rate", name);
  train_result_free(&result[0]), train_result_free(&result[1]);
  object_free(&whole), object_free(&quarter);
}

static void refuse(const struct train_replica *r, const char *part, const char *name)
{
  struct train_group g = group_of(8);
  struct train_result result;
  struct exec x = {NULL, 1};
  struct err e = {0};
  tap_ok(train_run(&x, &g, r, 1, NULL, &result, &e) == STATUS_BAD_ARG && strstr(e.message, part), "%s is refused: %s", name, e.message);
}

static void test_refusals(void)
{
  const double factor[] = {1, 1, 1}, negative[] = {1, -1, 1};
  struct object constant = at_peak(&schedule_constant, 0.1), armijo = plain(&controller_sls_armijo.m);
  refuse(&(struct train_replica){.optimizer = &dadapt, .schedule = &constant, .layer_rates = factor}, "\"dadapt-adam\" has one rate",
         "a rule that estimates one rate");
  refuse(&(struct train_replica){.optimizer = &sgd, .controller = &armijo, .layer_rates = factor}, "one rate for all layers", "a controller");
  refuse(&(struct train_replica){.optimizer = &sgd, .schedule = &constant, .layer_rates = negative}, "the factor of layer 2 is -1", "a negative factor");
  object_free(&constant), object_free(&armijo);
}

int main(void)
{
  const double hidden[] = {7, 5};
  model = mlp_of(hidden, 2, "tanh"), loss = plain(&loss_cross_entropy.m), incremental = plain(&sampler_incremental.m);
  sgd = plain(&optimizer_sgd.m), adam = plain(&optimizer_adam.m), dadapt = plain(&optimizer_dadapt_adam.m);
  struct object heavy = plain(&optimizer_heavy_ball.m);
  fixture_make(&f, 9, N, 0, 0, 6, 3, 0);
  test_textbook();
  test_uniform(&heavy, "heavy-ball");
  test_uniform(&adam, "adam");
  test_refusals();
  object_free(&model), object_free(&loss), object_free(&incremental), object_free(&sgd), object_free(&adam), object_free(&dadapt);
  object_free(&heavy);
  fixture_free(&f);
  return tap_done();
}
