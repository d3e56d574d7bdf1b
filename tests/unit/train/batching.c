/* batching.c: updates that take several mini-batches, in the engine. */
#include "tests/unit/train/trainer.h"

#include <math.h>

#include "experiments/kernel/rng.h"

extern const struct batching batching_batch_grow, batching_batch_norm_test;
extern const struct sampler sampler_incremental;
extern const struct schedule schedule_step;

static struct fixture f;
static struct object model, loss, incremental, iid, heavy_ball, adam;

static struct object never_grows(double start)
{
  const struct named_value values[] = {set_real("theta", 1e6), set_real("start", start)};
  return object_of(&batching_batch_norm_test.m, values, 2);
}

static struct net build(void)
{
  struct net net;
  struct err e;
  if (model_build(&net, &model, &loss, &f.data, &e))
    tap_bail("%s", e.message);
  return net;
}

/* Four mini-batches of 6 an update are mini-batches of 24. */
static void test_accumulation(const struct object *optimizer, const char *name)
{
  struct object constant = at_peak(&schedule_constant, 0.05), four = never_grows(4);
  struct train_group small = {.data = &f.data, .model = &model, .loss = &loss, .sampler = &incremental, .batch = 6, .steps = 40}, large = small;
  struct train_replica r = {.optimizer = optimizer, .schedule = &constant, .init_seed = 3, .batching = &four, .keep_weights = true};
  struct train_result a, b;
  struct net net = build();
  large.batch = 24, large.steps = 10;
  train(&small, &r, 1, NULL, &a, NULL);
  r.batching = NULL;
  train(&large, &r, 1, NULL, &b, NULL);
  double worst = 0;
  for (size_t i = 0; i < net.n_logical; i++)
    worst = fmax(worst, fabs((double)a.weights[i] - (double)b.weights[i]));
  /* ten updates, each with float32 sums over 24 examples in another order, of weights of size 1; Adam divides by them */
  tap_ok(worst < 1e-5, "%s: four mini-batches of 6 an update are mini-batches of 24 (%.2g)", name, worst);
  tap_ok(a.updates == 10 && a.steps_done == 40 && a.cost == 40, "%s: ten updates in 40 steps, at the cost of 40 gradients", name);
  train_result_free(&a), train_result_free(&b);
  object_free(&constant), object_free(&four);
}

/* A schedule that does not fall grows nothing: then the bits are those without batching. */
static void test_nothing_to_grow(void)
{
  struct object constant = at_peak(&schedule_constant, 0.05), grow = plain(&batching_batch_grow.m);
  struct train_group g = {.data = &f.data, .model = &model, .loss = &loss, .sampler = &incremental, .batch = 6, .steps = 40};
  struct train_replica r[2] = {{.optimizer = &heavy_ball, .schedule = &constant, .init_seed = 3, .batching = &grow, .keep_weights = true},
                               {.optimizer = &heavy_ball, .schedule = &constant, .init_seed = 3, .keep_weights = true}};
  struct train_result out[2];
  struct net net = build();
  train(&g, r, 2, NULL, out, NULL);
  tap_ok(same_result(&out[0], &out[1], net.n_logical) && out[0].updates == 40, "batch-grow of a constant rate changes no bit");
  train_result_free(&out[0]), train_result_free(&out[1]);
  object_free(&constant), object_free(&grow);
}

static struct recorder recorder;

/* step: gamma 1/2 every 16 mini-batches: batches of 1, 2, 4 mini-batches, at one rate; a last update that is cut short. */
static void test_growth(void)
{
  const struct named_value values[] = {set_real("step_size", 16), set_real("gamma", 0.5), set_real("peak", 0.1)}, most[] = {set_real("most", 24)};
  struct object step = object_of(&schedule_step.m, values, 3), grow = object_of(&batching_batch_grow.m, most, 1);
  struct train_group g = {.data = &f.data, .model = &model, .loss = &loss, .sampler = &incremental, .batch = 6, .steps = 51, .log_every = 1};
  struct train_replica r = {.optimizer = &heavy_ball, .schedule = &step, .init_seed = 3, .batching = &grow};
  struct train_result out;
  double batch[51] = {0}, rate[51] = {0};
  train(&g, &r, 1, &recorder, &out, NULL);
  for (size_t i = 0; i < recorder.of[0].n; i++) {
    const struct point *p = &recorder.of[0].point[i];
    if (p->metric == TRAIN_BATCH || p->metric == TRAIN_RATE)
      (p->metric == TRAIN_BATCH ? batch : rate)[p->step] = p->value;
  }
  bool batches = true, rates = true;
  for (int t = 0; t < 48; t++) {
    batches &= batch[t] == (t < 16 ? 6 : t < 32 ? 12 : 24);
    rates &= fabs(rate[t] - 0.1) < 1e-12;
  }
  tap_ok(batches, "the batch of each update is reported: it doubles where the rate would halve");
  tap_ok(rates && fabs(rate[50] - 0.05) < 1e-12, "and the rate stays, until the batch is the most");
  tap_ok(out.updates == 16 + 8 + 4 + 1 && batch[50] == 18, "the last update takes what is left");
  object_free(&step), object_free(&grow);
}

/* --- in company ---------------------------------------------------------------------------------------- */

static void test_plans(void)
{
  const struct named_value values[] = {set_real("theta", 0.3), set_real("most", 48)};
  struct object constant = at_peak(&schedule_constant, 0.05), test = object_of(&batching_batch_norm_test.m, values, 2), grow = plain(&batching_batch_grow.m);
  struct object decay = at_peak(&schedule_linear_decay, 0.1);
  struct train_replica r[3] = {{.optimizer = &heavy_ball, .schedule = &constant, .init_seed = 3, .batching = &test, .keep_weights = true},
                               {.optimizer = &adam, .schedule = &decay, .init_seed = 3, .batching = &grow, .keep_weights = true},
                               {.optimizer = &heavy_ball, .schedule = &decay, .init_seed = 4, .keep_weights = true}};
  struct train_group g = {.data = &f.data, .model = &model, .loss = &loss, .sampler = &iid, .batch = 6, .steps = 60};
  struct train_result all[3], one;
  struct net net = build();
  bool same = true, grown = false;
  for (int plan = TRAIN_PLAN_AUTO; plan <= TRAIN_PLAN_INTERLEAVED; plan++) {
    g.plan = (enum train_plan)plan;
    train(&g, r, 3, NULL, all, NULL);
    for (int i = 0; i < 3; i++) {
      train(&g, &r[i], 1, NULL, &one, NULL);
      same &= same_result(&all[i], &one, net.n_logical) && all[i].updates == one.updates;
      grown |= i == 0 && all[i].updates < 30 && all[i].updates > 5;
      train_result_free(&all[i]), train_result_free(&one);
    }
  }
  tap_ok(same, "each replica has the bits that it has alone, in every plan");
  tap_ok(grown, "and the norm test did grow its batch");
  object_free(&constant), object_free(&test), object_free(&grow), object_free(&decay);
}

/* --- the noise ----------------------------------------------------------------------------------------- */

#define TICKS 60000

struct moments { double n, sum, square; };

static enum status watch(void *self, size_t replica, uint64_t step, const struct net *net, const float *w, struct err *e)
{
  struct moments *m = (struct moments *)self + replica;
  (void)net, (void)e;
  if (step > 500)
    m->n++, m->sum += (double)w[0], m->square += (double)w[0] * (double)w[0];
  return STATUS_OK;
}

/* f_i(w) = (w - y_i)^2/2 over y = +-1: curvature 1, noise of the gradient y_i, of variance 1. SGD's stationary variance is
 * eta s^2/(B lambda (2 - eta lambda)). */
static void test_stationary_variance(void)
{
  struct object linear = plain(&model_linear.m), squared = plain(&loss_squared.m), sgd = plain(&optimizer_sgd.m), two = never_grows(2);
  struct object small = at_peak(&schedule_constant, 0.05), large = at_peak(&schedule_constant, 0.1);
  struct fixture g;
  struct err e = {0};
  struct exec x = {NULL, 1};
  struct moments m[3] = {{0}};
  const struct named_value no_bias[] = {set_bool("bias", false)};
  object_free(&linear);
  linear = object_of(&model_linear.m, no_bias, 1);
  fixture_make(&g, 5, 2, 0, 0, 1, 0, 1);
  struct examples *part = &g.data.train;
  for (size_t i = 0; i < 2; i++) {
    ((float *)part->x)[i * part->stride] = 1;
    ((float *)part->target)[i] = i ? 1 : -1;
  }
  struct train_group group = {.data = &g.data, .model = &linear, .loss = &squared, .sampler = &iid, .batch = 1, .steps = TICKS, .observe_every = 1};
  const struct train_replica r[3] = {{.optimizer = &sgd, .schedule = &small}, {.optimizer = &sgd, .schedule = &large, .batching = &two},
                                     {.optimizer = &sgd, .schedule = &large}};
  struct train_result out[3];
  struct train_sink sink = {.self = m, .observe = watch};
  if (train_run(&x, &group, r, 3, &sink, out, &e))
    tap_bail("%s", e.message);
  static const double eta[] = {0.05, 0.1, 0.1}, B[] = {1, 2, 1};
  const double lambda = 1, noise = 1;
  double variance[3];
  for (int i = 0; i < 3; i++) {
    double mean = m[i].sum / m[i].n, theory = eta[i] * noise / (B[i] * lambda * (2 - eta[i] * lambda));
    variance[i] = m[i].square / m[i].n - mean * mean;
    /* squares of an autoregression of memory rho^2 per update: relative variance 2 (1 + rho^2)/(1 - rho^2)/updates */
    double rho2 = (1 - eta[i] * lambda) * (1 - eta[i] * lambda), se = sqrt(2 * (1 + rho2) / (1 - rho2) / (m[i].n / B[i]));
    tap_ok(fabs(variance[i] / theory - 1) < 4 * se, "eta %g, batch %g: stationary variance %.4g, theory %.4g (se %.1g)", eta[i], B[i], variance[i], theory, se * theory);
  }
  tap_ok(fabs(variance[1] / variance[0] - 1) < 0.2 && variance[2] > 1.5 * variance[0],
         "twice the rate and twice the batch: the same noise to first order; without the batch twice as much");
  object_free(&linear), object_free(&squared), object_free(&sgd), object_free(&two), object_free(&small), object_free(&large);
  fixture_free(&g);
}

/* --- refusals ------------------------------------------------------------------------------------------ */

static void refuse(const struct train_replica *r, bool coupled, const char *part)
{
  struct train_group g = {.data = &f.data, .model = &model, .loss = &loss, .sampler = &incremental, .batch = 6, .steps = 4, .coupled = coupled};
  struct train_result out;
  struct exec x = {NULL, 1};
  struct err e = {0};
  tap_ok(train_run(&x, &g, r, 1, NULL, &out, &e) == STATUS_BAD_ARG && strstr(e.message, part), "refused: %s", e.message);
}

int main(void)
{
  const double hidden[] = {7};
  model = mlp_of(hidden, 1, "tanh"), loss = plain(&loss_cross_entropy.m), incremental = plain(&sampler_incremental.m), iid = plain(&sampler_iid.m);
  heavy_ball = plain(&optimizer_heavy_ball.m), adam = plain(&optimizer_adam.m);
  fixture_make(&f, 9, 120, 0, 0, 6, 3, 0);
  test_accumulation(&heavy_ball, "heavy-ball");
  test_accumulation(&adam, "adam");
  test_nothing_to_grow();
  test_growth();
  test_plans();
  test_stationary_variance();
  struct object constant = at_peak(&schedule_constant, 0.1), armijo = plain(&controller_sls_armijo.m), grow = plain(&batching_batch_grow.m);
  struct object sam = around_heavy_ball(&optimizer_sam);
  refuse(&(struct train_replica){.optimizer = &heavy_ball, .controller = &armijo, .batching = &grow}, false, "a controller looks at one mini-batch");
  refuse(&(struct train_replica){.optimizer = &sam, .schedule = &constant, .batching = &grow}, false, "asks for gradients of one mini-batch");
  refuse(&(struct train_replica){.optimizer = &heavy_ball, .schedule = &constant, .batching = &grow}, true, "leave batching out");
  object_free(&constant), object_free(&armijo), object_free(&grow), object_free(&sam);
  object_free(&model), object_free(&loss), object_free(&incremental), object_free(&iid), object_free(&heavy_ball), object_free(&adam);
  fixture_free(&f);
  return tap_done();
}
