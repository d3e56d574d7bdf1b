/* Every method in a training: three replicas together have the bits of each alone, one and two threads agree,
 * one example is enough, and inputs that are nan or infinite end as a divergence, not as a number. */
#include <math.h>

#include "tests/conformance/walk.h"
#include "tests/unit/train/trainer.h"

#define STEPS 12
#define EXAMPLES 24

/* A training with the defaults of every kind, where `m` takes its kind's place. */
struct plain_training {
  struct fixture f;
  struct object optimizer, schedule, controller, average, selector, sampler, loss, model, batching;
  struct train_group g;
  struct train_replica r[3];
};

static struct object pick(const struct method *m, enum kind kind, const char *usual)
{
  struct object o;
  struct err e = {0};
  const struct method *use = m->kind == kind ? m : registry_find(kind, usual);
  static const double shape[] = {1, 4, 4};
  struct named_value v[2];
  size_t n = 0;
  if (params_find(use, "image"))
    v[n++] = set_list("image", shape, 3);
  if (kind == KIND_SCHEDULE && params_find(use, "peak"))
    v[n++] = set_real("peak", 0.01); /* stable for every model here */
  if (base_object(&o, use, v, n, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  return o;
}

static void set_up(struct plain_training *t, const struct method *m, size_t classes, size_t examples)
{
  *t = (struct plain_training){.optimizer = pick(m, KIND_OPTIMIZER, "sgd"), .schedule = pick(m, KIND_SCHEDULE, "constant"),
                               .controller = pick(m, KIND_CONTROLLER, "sls-armijo"), .average = pick(m, KIND_AVERAGE, "ema"),
                               .selector = pick(m, KIND_SELECTOR, "lowest-k"),
                               .sampler = pick(m, KIND_SAMPLER, "random-reshuffling"), .loss = pick(m, KIND_LOSS, "squared"),
                               .model = pick(m, KIND_MODEL, "linear"),
                               .batching = pick(m, KIND_BATCHING, "batch-grow")};
  fixture_make(&t->f, 9, examples, 8, 8, 16, classes, 1);
  t->g = (struct train_group){.data = &t->f.data, .model = &t->model, .loss = &t->loss, .sampler = &t->sampler, .batch = 5, .steps = STEPS,
                              .order_seed = 4, .eval_every = 5, .log_every = 1};
  for (size_t i = 0; i < 3; i++)
    t->r[i] = (struct train_replica){.optimizer = &t->optimizer, .average = &t->average, .init_seed = i + 1, .keep_weights = true,
                                     .selector = m->kind == KIND_SELECTOR ? &t->selector : NULL,
                                     .schedule = m->kind == KIND_CONTROLLER ? NULL : &t->schedule,
                                     .controller = m->kind == KIND_CONTROLLER ? &t->controller : NULL,
                                     .batching = m->kind == KIND_BATCHING ? &t->batching : NULL};
}

static void tear_down(struct plain_training *t)
{
  object_free(&t->optimizer), object_free(&t->schedule), object_free(&t->controller), object_free(&t->average);
  object_free(&t->selector), object_free(&t->sampler), object_free(&t->loss), object_free(&t->model), object_free(&t->batching);
  fixture_free(&t->f);
}

/* Does the model fit the loss on data of so many classes (0: a number to predict)? *n: its weights. */
static bool fits(struct plain_training *t, const struct method *m, size_t examples, size_t *n)
{
  static const size_t classes[] = {0, 2, 3};
  static struct net net;
  struct err e;
  for (size_t c = 0; c < 3; c++) {
    static const char *const losses[] = {"squared", "cross-entropy", "logistic", "hinge"};
    for (size_t l = 0; l < (m->kind == KIND_MODEL ? 4 : 1); l++) {
      set_up(t, m, classes[c], examples);
      if (m->kind == KIND_MODEL) {
        object_free(&t->loss);
        t->loss = pick(m, KIND_LOSS, losses[l]);
      }
      if (model_build(&net, &t->model, &t->loss, &t->f.data, &e) == STATUS_OK) {
        *n = net.n_logical;
        return true;
      }
      tear_down(t);
    }
  }
  return false;
}

static void run(const struct plain_training *t, size_t from, size_t n, int threads, struct recorder *rec, struct train_result *result)
{
  struct err e = {0};
  struct exec x = {NULL, threads};
  struct train_sink sink = {.self = rec, .metric = record};
  *rec = (struct recorder){0};
  if (train_run(&x, &t->g, t->r + from, n, &sink, result, &e) != STATUS_OK)
    tap_bail("%s", e.message);
}

static void check_company(const struct method *m, const struct plain_training *t, size_t n)
{
  static struct recorder together, threaded, alone;
  struct train_result three[3], two[3], one;
  run(t, 0, 3, 1, &together, three);
  run(t, 0, 3, 2, &threaded, two);
  bool same = true, threads = true;
  for (size_t i = 0; i < 3; i++) {
    run(t, i, 1, 1, &alone, &one);
    same &= same_result(&three[i], &one, n) && same_series(&together.of[i], &alone.of[0]);
    threads &= same_result(&three[i], &two[i], n) && same_series(&together.of[i], &threaded.of[i]);
    train_result_free(&one);
    train_result_free(&two[i]);
  }
  tap_ok(same, "%s %s: three replicas together have the bits of each alone", kind_name(m->kind), m->id);
  tap_ok(threads, "%s %s: and so with two threads", kind_name(m->kind), m->id);
  tap_ok(three[0].status == STATUS_OK && three[0].steps_done == STEPS, "%s %s: the training ends well (%s)", kind_name(m->kind), m->id,
         three[0].error.message);
  for (size_t i = 0; i < 3; i++)
    train_result_free(&three[i]);
}

static void check_bad_inputs(const struct method *m, struct plain_training *t)
{
  static struct recorder rec;
  const double bad[] = {NAN, INFINITY};
  for (size_t k = 0; k < 2; k++) {
    struct train_result r;
    for (size_t i = 0; i < t->f.data.train.n; i++)
      ((float *)t->f.memory[0])[i * t->f.data.train.stride] = (float)bad[k];
    run(t, 0, 1, 1, &rec, &r);
    tap_ok(r.status == STATUS_DIVERGED && r.error.message[0] && !r.weights, "%s %s: an input of %g is a divergence with a message",
           kind_name(m->kind), m->id, bad[k]);
    train_result_free(&r);
  }
}

/* A sampler that must see the gradient of each example has no place in a training, which says so. */
static bool sees_gradients(const struct method *m)
{
  if (m->kind != KIND_SAMPLER || !((const struct sampler *)m)->see)
    return false;
  struct object o;
  if (base_object(&o, m, NULL, 0, NULL) != STATUS_OK)
    tap_bail("%s cannot be made", m->id);
  tap_ok(sampler_check_blind(&o, NULL) == STATUS_UNSUPPORTED, "sampler %s: it is for minimizers only", m->id);
  object_free(&o);
  return true;
}

static void check(const struct method *m)
{
  static struct plain_training t;
  static struct recorder rec;
  size_t n;
  if (sees_gradients(m))
    return;
  if (!fits(&t, m, EXAMPLES, &n)) {
    tap_ok(false, "%s %s: it fits some data", kind_name(m->kind), m->id);
    return;
  }
  check_company(m, &t, n);
  check_bad_inputs(m, &t);
  tear_down(&t);
  struct train_result r;
  if (!fits(&t, m, 1, &n))
    tap_bail("%s %s fits no single example", kind_name(m->kind), m->id);
  run(&t, 0, 1, 1, &rec, &r);
  tap_ok(r.status == STATUS_OK, "%s %s: one example is enough", kind_name(m->kind), m->id);
  train_result_free(&r);
  tear_down(&t);
}

int main(void)
{
  static const enum kind kinds[] = {KIND_OPTIMIZER, KIND_SCHEDULE, KIND_CONTROLLER, KIND_AVERAGE, KIND_SAMPLER, KIND_LOSS, KIND_MODEL,
                                    KIND_SELECTOR, KIND_BATCHING};
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
    tap_ok(walk(kinds[k], check) > 0, "the registry holds methods of the kind %s", kind_name(kinds[k]));
  return tap_done();
}
