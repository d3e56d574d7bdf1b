/* behaviour.c: what a training does at its edges: divergence, masks, cancellation, sizes 1 and too large, what is
 * reported when, and what is refused. */
#include <math.h>
#include <stdatomic.h>

#include "tests/unit/train/trainer.h"

struct setting {
  struct fixture f;
  struct object model, loss, sampler, sgd, adam, constant;
  struct train_group g;
  struct train_replica r;
};

static void set_up(struct setting *s, size_t n, size_t batch, uint64_t steps)
{
  const double hidden[] = {12};
  fixture_make(&s->f, 41, n, 20, 20, 5, 3, 0);
  s->model = mlp_of(hidden, 1, "relu");
  s->loss = plain(&loss_cross_entropy.m);
  s->sampler = plain(&sampler_random_reshuffling.m);
  s->sgd = plain(&optimizer_sgd.m);
  s->adam = plain(&optimizer_adam.m);
  s->constant = at_peak(&schedule_constant, 0.1);
  s->g = (struct train_group){.data = &s->f.data, .model = &s->model, .loss = &s->loss, .sampler = &s->sampler, .batch = batch, .steps = steps};
  s->r = (struct train_replica){.optimizer = &s->sgd, .schedule = &s->constant, .init_seed = 3, .keep_weights = true};
}

static void tear_down(struct setting *s)
{
  object_free(&s->model), object_free(&s->loss), object_free(&s->sampler);
  object_free(&s->sgd), object_free(&s->adam), object_free(&s->constant);
  fixture_free(&s->f);
}

#define LOGICAL (12 * 6 + 3 * 13)

static void test_divergence(void)
{
  static struct recorder rec;
  struct setting s;
  struct train_result result[2];
  set_up(&s, 60, 16, 50);
  struct object huge = at_peak(&schedule_constant, 1e6);
  struct train_replica r[2] = {s.r, s.r};
  s.g.log_every = 1000;
  r[0].schedule = &huge;
  train(&s.g, r, 2, &rec, result, NULL);
  tap_is_int(result[0].status, STATUS_DIVERGED, "a rate of 1e6 diverges");
  char *start = xasprintf("diverged at step %llu: ", (unsigned long long)result[0].steps_done);
  tap_has(result[0].error.message, start, "the message names the step");
  tap_has(result[0].error.message, "(lr 1e+06)", "and the rate");
  const struct series *of = &rec.of[0];
  tap_ok(of->n >= 4 && of->point[of->n - 2].metric == TRAIN_LOSS && of->point[of->n - 2].step == result[0].steps_done,
         "the loss at which it diverged is reported although none was due");
  tap_ok(result[0].weights == NULL && isnan(result[0].test_loss), "it has no weights and no test loss");
  tap_is_int(result[1].status, STATUS_OK, "its neighbour goes on");
  tap_is_int((long long)result[1].steps_done, 50, "to the end");
  free(start);
  object_free(&huge);
  train_result_free(&result[1]);
  tear_down(&s);
}

static void test_mask(const struct object *optimizer, struct setting *s)
{
  uint8_t mask[LOGICAL];
  struct train_result result;
  size_t moved = 0, stray = 0;
  for (size_t i = 0; i < LOGICAL; i++)
    mask[i] = i % 2;
  s->r.mask = mask;
  s->r.optimizer = optimizer;
  train(&s->g, &s->r, 1, NULL, &result, NULL);
  for (size_t i = 0; i < LOGICAL; i++) {
    stray += !mask[i] && result.weights[i] != 0;
    moved += mask[i] && result.weights[i] != 0;
  }
  tap_is_int((long long)stray, 0, "masked weights stay zero under %s", optimizer->method->id);
  tap_ok(moved > LOGICAL / 3, "and the others do not");
  s->r.mask = NULL;
  train_result_free(&result);
}

/* So many gradients an update, and `more` at the start. */
static void test_cost(const struct object *optimizer, struct setting *s, double each, double more)
{
  struct train_result result;
  s->r.optimizer = optimizer;
  train(&s->g, &s->r, 1, NULL, &result, NULL);
  tap_near(result.cost, each * (double)s->g.steps + more, 1e-9, 0, "%s costs %g gradients an update", optimizer->method->id, each);
  train_result_free(&result);
}

static void stop_at(void *self, size_t replica, enum train_metric m, uint64_t step, double value)
{
  (void)replica, (void)value;
  if (m == TRAIN_LOSS && step == 5)
    atomic_store((atomic_int *)self, 1);
}

static void test_cancel(void)
{
  struct setting s;
  struct train_result result[2];
  struct err e;
  atomic_int cancel = 0;
  struct exec x = {&cancel, 1};
  struct train_sink sink = {.self = &cancel, .metric = stop_at};
  set_up(&s, 60, 16, 1000000000);
  s.g.log_every = 1;
  struct train_replica r[2] = {s.r, s.r};
  tap_is_int(train_run(&x, &s.g, r, 2, &sink, result, &e), STATUS_CANCELLED, "a cancelled training returns at once");
  tap_is_int((long long)result[0].steps_done, 6, "after the update in which the flag was raised");
  tap_ok(result[0].status == STATUS_CANCELLED && result[1].status == STATUS_CANCELLED, "and every unfinished replica says so");
  tear_down(&s);
}

static void test_sizes(void)
{
  struct setting s;
  struct train_result result, cut;
  set_up(&s, 1, 8, 10);
  train(&s.g, &s.r, 1, NULL, &result, NULL);
  tap_ok(result.status == STATUS_OK && result.steps_done == 10, "one training example is enough, whatever the batch");
  train_result_free(&result);
  tear_down(&s);
  set_up(&s, 10, 100, 10);
  train(&s.g, &s.r, 1, NULL, &result, NULL);
  s.g.batch = 10;
  train(&s.g, &s.r, 1, NULL, &cut, NULL);
  tap_same_bits(result.weights, cut.weights, LOGICAL * sizeof(float), "a batch larger than the data is cut to it");
  train_result_free(&result), train_result_free(&cut);
  s.f.data.valid.n = s.f.data.test.n = 0;
  train(&s.g, &s.r, 1, NULL, &result, NULL);
  tap_ok(result.status == STATUS_OK && isnan(result.valid_loss) && isnan(result.test_error) && isnan(result.best_test_error) && isfinite(result.train_loss),
         "without validation and test parts their figures are NaN");
  train_result_free(&result);
  tear_down(&s);
}

static size_t count(const struct series *s, enum train_metric m)
{
  size_t n = 0;
  for (size_t i = 0; i < s->n; i++)
    n += s->point[i].metric == m;
  return n;
}

static void test_reports(void)
{
  static struct recorder rec;
  struct setting s;
  struct train_result result;
  struct object armijo = plain(&controller_sls_armijo.m);
  double loss, error, best = 2;
  struct err e;
  set_up(&s, 60, 20, 30);
  s.g.eval_every = 7, s.g.log_every = 4;
  train(&s.g, &s.r, 1, &rec, &result, NULL);
  tap_is_int((long long)count(&rec.of[0], TRAIN_LOSS), 8, "losses of updates 0, 4, …, 28");
  tap_is_int((long long)count(&rec.of[0], TRAIN_VALID_ERROR), 5, "evaluations after 7, 14, 21, 28 and 30 updates");
  tap_near(result.cost, 30, 0, 0, "30 updates cost 30 gradient evaluations");
  for (size_t i = 0; i < rec.of[0].n; i++)
    if (rec.of[0].point[i].metric == TRAIN_VALID_ERROR)
      best = fmin(best, rec.of[0].point[i].value);
  tap_near(result.best_valid_error, best, 0, 0, "the best validation error is the least that was reported");
  if (train_evaluate(NULL, &s.model, &s.loss, &s.f.data, &s.f.data.test, result.weights, &loss, &error, &e))
    tap_bail("%s", e.message);
  tap_ok(loss == result.test_loss && error == result.test_error, "evaluating the returned weights gives the test figures");
  train_result_free(&result);
  s.r.schedule = NULL, s.r.controller = &armijo;
  train(&s.g, &s.r, 1, &rec, &result, NULL);
  tap_is_int((long long)count(&rec.of[0], TRAIN_RATE), 30, "a controller's rate is reported at every update");
  tap_ok(result.cost >= 30 + 30.0 / 3 - 1e-9, "and its forward passes count a third each (cost %g)", result.cost);
  train_result_free(&result);
  object_free(&armijo);
  tear_down(&s);
}

/* The end of the first epoch (of 4 updates) whose mean loss is at most `limit`; 0 if there is none. */
static uint64_t epoch_below(const struct series *of, double limit, double *mean)
{
  double sum = 0;
  uint64_t updates = 0;
  for (size_t i = 0; i < of->n; i++) {
    if (of->point[i].metric != TRAIN_LOSS)
      continue;
    sum += of->point[i].value;
    if (++updates % 4)
      continue;
    *mean = sum / 4;
    if (*mean <= limit)
      return updates;
    sum = 0;
  }
  return 0;
}

static bool same_weights(const struct train_result *a, const struct train_result *b)
{
  bool same = true;
  for (size_t i = 0; i < LOGICAL; i++)
    same = same && same_number((double)a->weights[i], (double)b->weights[i]);
  return same;
}

static void test_until_loss(void)
{
  static struct recorder rec;
  struct setting s;
  struct train_result whole, result[2], cut;
  double mean = 0;
  set_up(&s, 60, 16, 200);
  s.g.log_every = 1;
  train(&s.g, &s.r, 1, &rec, &whole, NULL);
  uint64_t at = epoch_below(&rec.of[0], 0.5, &mean);
  tap_ok(at > 8 && at < 196, "the loss comes down to 0.5 after %llu updates", (unsigned long long)at);
  struct train_replica r[2] = {s.r, s.r};
  r[0].until_loss = 0.5;
  train(&s.g, r, 2, &rec, result, NULL);
  tap_is_int((long long)result[0].steps_done, (long long)at, "training until then stops there");
  tap_ok(result[0].reached && result[0].train_loss == mean, "and reports the loss of that epoch");
  tap_ok(!result[1].reached && result[1].steps_done == 200 && same_weights(&result[1], &whole),
         "its neighbour goes on to the end");
  s.g.steps = at;
  train(&s.g, &s.r, 1, NULL, &cut, NULL);
  tap_ok(same_weights(&result[0], &cut) && result[0].test_loss == cut.test_loss &&
           result[0].valid_error == cut.valid_error, "what it gives is what a training of so many updates gives");
  train_result_free(&cut);
  s.g.steps = 40, r[0].until_loss = 1e-9;
  struct train_result never;
  train(&s.g, r, 1, NULL, &never, NULL);
  tap_ok(!never.reached && never.steps_done == 40, "a loss that is not reached stops nothing");
  train_result_free(&never), train_result_free(&result[0]), train_result_free(&result[1]), train_result_free(&whole);
  tear_down(&s);
}

static void refuse(struct setting *s, const char *part, const char *name)
{
  struct err e = {0};
  struct train_result result;
  tap_is_int(train_run(NULL, &s->g, &s->r, 1, NULL, &result, &e), STATUS_BAD_ARG, "%s is refused", name);
  tap_has(e.message, part, "and the message says why");
}

/* What a controller sees: the loss along the direction and the gradient elsewhere are those of the same batch. */
static enum status look(const void *conf, void *state, struct control *c, double *lr, struct err *e)
{
  double at = NAN, along = NAN, loss = NAN, *worst = state;
  float *w = xcalloc(c->n, sizeof *w), *g = xcalloc(c->n, sizeof *g);
  double norm2 = 0, spread = 0;
  (void)conf;
  *lr = 0.05;
  for (size_t i = 0; i < c->n; i++) {
    w[i] = fmaf(-0.05f, c->direction[i], c->w[i]);
    norm2 += (double)c->g[i] * (double)c->g[i];
  }
  enum status s = c->loss_along(c, 0, &at, e);
  s = s ? s : c->loss_along(c, 0.05, &along, e);
  s = s ? s : c->grad_at(c, w, &loss, g, e);
  worst[0] = fmax(worst[0], fabs(at - c->loss) + fabs(along - loss));
  s = s ? s : c->grad_at(c, c->w, &loss, g, e);
  for (size_t i = 0; i < c->n; i++)
    spread = fmax(spread, fabs((double)g[i] - (double)c->g[i]));
  worst[0] = fmax(worst[0], spread + fabs(loss - c->loss));
  worst[1] = fmax(worst[1], fabs(norm2 - c->grad_norm2) / norm2);
  worst[2] += c->cost;
  free(w);
  free(g);
  return s;
}

static double seen[3];
static size_t look_size(const void *conf, size_t n) { return (void)conf, (void)n, sizeof seen; }
static void look_init(const void *conf, void *state, size_t n) { (void)conf, (void)state, (void)n; }

static enum status look_and_tell(const void *conf, void *state, struct control *c, double *lr, struct err *e)
{
  (void)state;
  return look(conf, seen, c, lr, e);
}

static void test_control(void)
{
  const struct controller looking = {.m = {.kind = KIND_CONTROLLER, .id = "looking"}, .state_size = look_size, .init = look_init,
                                     .rate = look_and_tell};
  struct object o = {.method = &looking.m}, constant = at_peak(&schedule_constant, 0.05), heavy = plain(&optimizer_heavy_ball.m);
  struct setting s;
  struct train_result looked, plainly;
  set_up(&s, 60, 16, 10);
  s.r.schedule = NULL, s.r.controller = &o, s.r.optimizer = &heavy;
  train(&s.g, &s.r, 1, NULL, &looked, NULL);
  s.r.schedule = &constant, s.r.controller = NULL;
  train(&s.g, &s.r, 1, NULL, &plainly, NULL);
  tap_near(seen[0], 0, 0, 0, "losses along the direction and gradients elsewhere are those of the same batch, to the bit");
  tap_near(seen[1], 0, 0, 1e-12, "the squared norm is that of the gradient");
  tap_near(seen[2], looked.cost, 1e-12, 0, "the cost is one for the update, two for gradients and two thirds for losses");
  tap_near(looked.cost, 10 * (1 + 2 + 2.0 / 3), 1e-12, 0, "at each update");
  tap_same_bits(looked.weights, plainly.weights, LOGICAL * sizeof(float), "looking around leaves no trace in the weights");
  train_result_free(&looked), train_result_free(&plainly);
  object_free(&constant), object_free(&heavy);
  tear_down(&s);
}

/* On a quadratic loss g(w - d) = g(w) - H d. */
static enum status bend(const void *conf, void *state, struct control *c, double *lr, struct err *e)
{
  float *w = xcalloc(c->n + 1, sizeof *w), *g = xcalloc(c->n + 1, sizeof *g), *hd = xcalloc(c->n + 1, sizeof *hd);
  double off = 0, size = 0, loss, cost = c->cost;
  (void)conf, (void)state;
  *lr = 0.05;
  for (size_t i = 0; i < c->n; i++) {
    w[i] = c->w[i] - c->direction[i];
    hd[i + 1] = c->direction[i];
  }
  enum status s = c->hvp(c, hd + 1, hd + 1, e); /* in place, and not aligned */
  seen[1] += c->cost - cost;
  s = s ? s : c->grad_at(c, w, &loss, g, e);
  for (size_t i = 0; i < c->n && !s; i++) {
    double expected = (double)c->g[i] - (double)g[i];
    off += ((double)hd[i + 1] - expected) * ((double)hd[i + 1] - expected);
    size += expected * expected;
  }
  seen[0] = fmax(seen[0], sqrt(off / size));
  free(w), free(g), free(hd);
  return s;
}

static void test_hvp(const uint8_t *mask, const char *name)
{
  static const char *const needs[] = {"hvp", NULL};
  const struct controller bending = {.m = {.kind = KIND_CONTROLLER, .id = "bending", .needs = needs}, .state_size = look_size,
                                     .init = look_init, .rate = bend};
  struct named_value init = set_string("init", "torch");
  struct object o = {.method = &bending.m}, constant = at_peak(&schedule_constant, 0.05), linear = object_of(&model_linear.m, &init, 1),
                squared = plain(&loss_squared.m);
  struct setting s;
  struct fixture real;
  struct train_result bent, plainly;
  set_up(&s, 60, 16, 10);
  fixture_make(&real, 8, 150, 0, 0, 5, 0, 2);
  s.g.data = &real.data, s.g.model = &linear, s.g.loss = &squared, s.g.batch = 140;
  s.r.schedule = NULL, s.r.controller = &o, s.r.mask = mask;
  memset(seen, 0, sizeof seen);
  train(&s.g, &s.r, 1, NULL, &bent, NULL);
  s.r.schedule = &constant, s.r.controller = NULL;
  train(&s.g, &s.r, 1, NULL, &plainly, NULL);
  /* float32: gradients of size 1 carry 1e-7 each, and their difference shrinks no further than a hundredth. */
  tap_ok(seen[0] > 0 && seen[0] < 5e-6, "%s: H d is the change of the same batch's gradient (relative error %.1e)", name, seen[0]);
  tap_near(seen[1], 20, 0, 0, "%s: and costs two gradients", name);
  tap_near(bent.cost, 10 * (1 + 2 + 1), 1e-12, 0, "%s: which the replica's cost counts", name);
  tap_same_bits(bent.weights, plainly.weights, 12 * sizeof(float), "%s: asking leaves no trace in the weights", name);
  train_result_free(&bent), train_result_free(&plainly);
  object_free(&constant), object_free(&linear), object_free(&squared);
  fixture_free(&real);
  tear_down(&s);
}

static void test_refusals(void)
{
  struct setting s;
  set_up(&s, 10, 4, 5);
  float init[LOGICAL] = {0};
  s.g.batch = 0, refuse(&s, "batch", "batch 0"), s.g.batch = 4;
  s.g.steps = 0, refuse(&s, "steps", "no updates"), s.g.steps = 5;
  s.r.schedule = NULL, refuse(&s, "schedule or a controller", "no schedule"), s.r.schedule = &s.constant;
  s.r.replace = true, s.r.replace_at = 10, refuse(&s, "example 10", "an example that does not exist"), s.r.replace = false;
  init[3] = NAN, s.r.init = init, refuse(&s, "finite", "a NaN among the initial weights"), s.r.init = NULL;
  struct object sam = around_heavy_ball(&optimizer_sam), search = plain(&controller_sls_armijo.m);
  s.r.optimizer = &sam, s.r.controller = &search, s.r.schedule = NULL;
  refuse(&s, "give a schedule", "a controller for a rule that asks itself");
  s.r.optimizer = &s.sgd, s.r.controller = NULL, s.r.schedule = &s.constant;
  object_free(&sam), object_free(&search);
  s.g.coupled = true, s.r.until_loss = 0.1, refuse(&s, "until_loss", "coupled replicas that stop by themselves");
  s.g.coupled = false, s.r.until_loss = 0;
  struct object logistic = plain(&loss_logistic.m);
  s.g.loss = &logistic, refuse(&s, "has 3", "logistic loss on three classes"), s.g.loss = &s.loss;
  struct train_group other = s.g;
  tap_ok(train_groupable(&s.g, &other), "equal groups may be joined");
  other.order_seed = 1;
  tap_ok(!train_groupable(&s.g, &other), "groups of different order may not");
  other = s.g, other.loss = &logistic;
  tap_ok(!train_groupable(&s.g, &other), "nor of different loss");
  struct net net;
  struct err e;
  if (model_build(&net, &s.model, &s.loss, &s.f.data, &e))
    tap_bail("%s", e.message);
  size_t one = train_memory(&s.g, &net, 1), three = train_memory(&s.g, &net, 3);
  tap_is_int((long long)(three - one), (long long)(2 * 4 * net.n_params * sizeof(float)), "each replica needs four vectors");
  object_free(&logistic);
  tear_down(&s);
}

int main(void)
{
  struct setting s;
  test_divergence();
  set_up(&s, 60, 16, 40);
  test_mask(&s.sgd, &s);
  test_mask(&s.adam, &s);
  struct object sam = around_heavy_ball(&optimizer_sam), oasis = around_heavy_ball(&optimizer_oasis);
  test_mask(&sam, &s);
  test_cost(&sam, &s, 2, 0);
  struct object quicker = at_peak(&schedule_constant, 1); /* oasis finds its own length, from a small first one */
  s.r.schedule = &quicker;
  test_mask(&oasis, &s);
  test_cost(&oasis, &s, 4, 2 * 10 - 3); /* ten products and no second gradient at first */
  s.r.schedule = &s.constant;
  object_free(&sam), object_free(&oasis), object_free(&quicker);
  tear_down(&s);
  test_cancel();
  test_sizes();
  test_reports();
  test_until_loss();
  test_control();
  test_hvp(NULL, "all weights free");
  test_hvp((const uint8_t[12]){1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 1}, "under a mask");
  test_refusals();
  return tap_done();
}
