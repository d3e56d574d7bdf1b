/* trainer.h: trainings for the tests of the engine: a small problem, replicas of many kinds, and the
 * comparison of everything that a training reports, to the bit. */
#ifndef ASSAY_TESTS_TRAINER_H
#define ASSAY_TESTS_TRAINER_H

#include "experiments/optim/optimizer.h"
#include "experiments/schedules/schedule.h"
#include "experiments/train/train_int.h"
#include "tests/fixture.h"

extern const struct model model_linear, model_logistic, model_softmax, model_mlp, model_convnet;
extern const struct loss loss_squared, loss_logistic, loss_cross_entropy, loss_hinge;
extern const struct optimizer optimizer_sgd, optimizer_heavy_ball, optimizer_nesterov, optimizer_adam, optimizer_adamw;
extern const struct optimizer optimizer_sam, optimizer_gam, optimizer_gr_fd, optimizer_smb, optimizer_oasis, optimizer_flooding;
extern const struct sampler sampler_iid, sampler_shuffle_once, sampler_random_reshuffling;
extern const struct schedule schedule_constant, schedule_cosine, schedule_linear_decay, schedule_wsd;
extern const struct controller controller_sls_armijo;
extern const struct average average_ema, average_polyak_average;
extern const struct selector selector_adaptive_k, selector_lowest_k;

#define MAX_REPLICAS 8
#define MAX_POINTS 4096

struct point {
  enum train_metric metric;
  uint64_t step;
  double value;
};

struct series {
  size_t n;
  struct point point[MAX_POINTS];
};

struct recorder {
  struct series of[MAX_REPLICAS];
};

static inline void record(void *self, size_t replica, enum train_metric m, uint64_t step, double value)
{
  struct series *s = &((struct recorder *)self)->of[replica];
  if (s->n == MAX_POINTS)
    tap_bail("too many points");
  s->point[s->n++] = (struct point){m, step, value};
}

static inline struct object plain(const struct method *m) { return object_of(m, NULL, 0); }

/* By id, for what stands in other methods. */
static inline const struct method *found(enum kind kind, const char *id)
{
  return kind == KIND_OPTIMIZER && strcmp(id, "sgd") == 0 ? &optimizer_sgd.m : NULL;
}

/* An optimizer around heavy-ball where it takes a base; with its defaults else. */
static inline struct object around_heavy_ball(const struct optimizer *m)
{
  struct object heavy = plain(&optimizer_heavy_ball.m), o;
  struct named_value base = {"base", {.kind = VALUE_OBJECT, .as.object = &heavy}};
  struct err e;
  if (params_parse(&o, &m->m, &base, params_find(&m->m, "base") != NULL, found, &e))
    tap_bail("%s", e.message);
  object_free(&heavy);
  return o;
}

static inline struct object at_peak(const struct schedule *s, double peak)
{
  struct named_value v = set_real("peak", peak);
  return object_of(&s->m, &v, 1);
}

static inline struct object mlp_of(const double *hidden, size_t n, const char *activation)
{
  struct named_value v[] = {set_list("hidden", hidden, n), set_string("activation", activation)};
  return object_of(&model_mlp.m, v, 2);
}

/* Two convolutions over an image {channels, height, width}, each with a pooling of 2, then a dense layer. */
static inline struct object convnet_of(const double *image, const double *channels, const char *activation, const char *pool)
{
  struct named_value v[] = {set_list("image", image, 3), set_list("channels", channels, 2), set_string("conv_activation", activation),
                            set_string("pool", pool)};
  return object_of(&model_convnet.m, v, 4);
}

/* One training of replicas; bails out if the call itself fails. */
static inline void train(const struct train_group *g, const struct train_replica *replica, size_t n, struct recorder *rec,
                         struct train_result *result, const struct train_tuning *tuning)
{
  struct err e = {0};
  struct exec x = {NULL, 1};
  struct train_sink sink = {.self = rec, .metric = record};
  for (size_t i = 0; rec && i < n; i++)
    rec->of[i].n = 0;
  if (train_run_tuned(&x, g, replica, n, rec ? &sink : NULL, result, tuning ? tuning : &(struct train_tuning){0}, &e))
    tap_bail("training: %s", e.message);
}

/* The same bits; NaN equals NaN. */
static inline bool same_number(double a, double b)
{
  uint64_t x, y;
  memcpy(&x, &a, sizeof x);
  memcpy(&y, &b, sizeof y);
  return x == y || (a != a && b != b);
}

/* Everything but the times. */
static inline bool same_result(const struct train_result *a, const struct train_result *b, size_t n_logical)
{
  const double x[] = {a->train_loss, a->valid_loss, a->valid_error, a->test_loss, a->test_error, a->best_valid_error, a->best_valid_loss,
                      a->best_test_error, a->average_valid_error, a->average_valid_loss, a->average_test_error, a->average_test_loss, a->cost,
                      a->chosen};
  const double y[] = {b->train_loss, b->valid_loss, b->valid_error, b->test_loss, b->test_error, b->best_valid_error, b->best_valid_loss,
                      b->best_test_error, b->average_valid_error, b->average_valid_loss, b->average_test_error, b->average_test_loss, b->cost,
                      b->chosen};
  bool weights = !a->weights == !b->weights && (!a->weights || memcmp(a->weights, b->weights, n_logical * sizeof(float)) == 0);
  bool numbers = true;
  for (size_t i = 0; i < sizeof x / sizeof *x; i++)
    numbers &= same_number(x[i], y[i]);
  return weights && numbers && strcmp(a->error.message, b->error.message) == 0 && a->status == b->status &&
         a->steps_done == b->steps_done && a->best_step == b->best_step;
}

static inline bool same_series(const struct series *a, const struct series *b)
{
  bool same = a->n == b->n;
  for (size_t i = 0; same && i < a->n; i++) {
    const struct point *p = &a->point[i], *q = &b->point[i];
    same = p->metric == q->metric && p->step == q->step && same_number(p->value, q->value);
  }
  return same;
}

#endif
