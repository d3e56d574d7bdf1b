/* exact.c: the engine against independent forms of the same training: the reference route step by step (to the
 * bit), the closed form of gradient descent on least squares, a data set that was edited by hand. */
#include <math.h>

#include "experiments/models/derivatives.h"
#include "tests/unit/train/trainer.h"

#define STEPS 9

/* The mini-batch at other points by the reference route. */
struct reference {
  const struct net *net;
  const struct object *loss;
  const struct batch *b;
  const float *w;
  void *scratch;
};

static enum status reference_gradient(struct oracle *o, const float *at, double *loss, float *g, struct err *e)
{
  const struct reference *r = o->self;
  return net_loss_f32(r->net, r->loss, at, r->b, loss, g, NULL, NULL, e);
}

static enum status reference_loss(struct oracle *o, const float *at, double *loss, struct err *e)
{
  return reference_gradient(o, at, loss, NULL, e);
}

static enum status reference_hvp(struct oracle *o, const float *v, float *out, struct err *e)
{
  const struct reference *r = o->self;
  return net_curvature_f32(NULL, r->net, r->loss, r->w, r->b, CURVATURE_HESSIAN, v, out, r->scratch, e);
}

/* Train by net_loss_f32() and optimizer_step_f32(): w is the padded result, losses[t] the mini-batch losses. */
static void train_by_reference(const struct dataset *data, const struct net *net, const struct train_group *g,
                               const struct train_replica *r, float *w, double *losses)
{
  const struct optimizer *o = (const struct optimizer *)r->optimizer->method;
  struct sample_stream *stream;
  struct err e;
  void *grad, *state, *scratch;
  uint32_t index[64];
  if (sample_stream_new(&stream, g->sampler, data->train.n, g->order_seed, &e) ||
      mem_new(&grad, net->n_params, sizeof(float), "gradient", &e) ||
      mem_new(&scratch, 1, net_curvature_bytes_f32(net), "products", &e) ||
      mem_new(&state, 1, o->state_size(r->optimizer->conf, net, net->n_params, DTYPE_F32), "state", &e) ||
      ((const struct model *)g->model->method)->init(g->model->conf, net, r->init_seed, w, &e))
    tap_bail("%s", e.message);
  o->init(r->optimizer->conf, net, state, w, net->n_params, DTYPE_F32);
  for (uint64_t t = 0; t < g->steps; t++) {
    struct batch b = batch_of(&data->train, data->outputs, index, g->batch);
    struct reference ref = {net, g->loss, &b, w, scratch};
    struct oracle oracle = {.self = &ref, .loss_f32 = reference_loss, .gradient_f32 = reference_gradient, .hvp_f32 = reference_hvp};
    struct step_info info = {.k = t + 1, .lr = schedule_at(r->schedule, (int64_t)t, (int64_t)g->steps), .net = net, .oracle = &oracle};
    if (sample_stream_batch(stream, t, g->batch, index, &e) ||
        net_loss_f32(net, g->loss, w, &b, &losses[t], grad, NULL, NULL, &e))
      tap_bail("%s", e.message);
    oracle.loss = losses[t];
    if (optimizer_step_f32(r->optimizer, state, w, grad, net->n_params, &info, &e))
      tap_bail("%s", e.message);
  }
  sample_stream_free(stream);
  free(grad);
  free(state);
  free(scratch);
}

static void test_reference(const struct object *model, const struct loss *loss, const struct optimizer *optimizer, size_t classes,
                           size_t batch, const char *name)
{
  static struct recorder rec;
  struct fixture f;
  struct net net;
  struct err e;
  struct object l = plain(&loss->m), o = around_heavy_ball(optimizer), sampler = plain(&sampler_iid.m), schedule = at_peak(&schedule_cosine, 0.02);
  struct train_result result;
  double losses[STEPS];
  void *w;
  fixture_make(&f, 3, 61, 10, 10, 40, classes, 2);
  if (model_build(&net, model, &l, &f.data, &e) || mem_new(&w, net.n_params, sizeof(float), "weights", &e))
    tap_bail("%s", e.message);
  float *logical = xcalloc(net.n_logical, sizeof *logical);
  struct train_group g = {.data = &f.data, .model = model, .loss = &l, .sampler = &sampler, .batch = batch, .steps = STEPS,
                          .order_seed = 8, .log_every = 1};
  struct train_replica r = {.optimizer = &o, .schedule = &schedule, .init_seed = 5, .keep_weights = true};
  train(&g, &r, 1, &rec, &result, NULL);
  train_by_reference(&f.data, &net, &g, &r, w, losses);
  net_unpack_f32(&net, w, logical);
  bool same = true;
  for (size_t i = 0; i < 2 * STEPS; i++) {
    const struct point *p = &rec.of[0].point[i];
    same &= p->metric != TRAIN_LOSS || p->value == losses[p->step];
  }
  tap_same_bits(result.weights, logical, net.n_logical * sizeof *logical, "%s with %s: the reference route gives the same weights", name, optimizer->m.id);
  tap_ok(same, "%s with %s: and the same losses", name, optimizer->m.id);
  free(w);
  free(logical);
  train_result_free(&result);
  object_free(&l), object_free(&o), object_free(&sampler), object_free(&schedule);
  fixture_free(&f);
}

static void test_references(void)
{
  const double deep[] = {33, 16, 7}, one[] = {40};
  struct object relu = mlp_of(deep, 3, "relu"), tanh_net = mlp_of(deep, 2, "tanh"), gelu = mlp_of(one, 1, "gelu");
  struct object softmax = plain(&model_softmax.m);
  test_reference(&relu, &loss_cross_entropy, &optimizer_heavy_ball, 5, 32, "relu net");
  test_reference(&relu, &loss_cross_entropy, &optimizer_adam, 5, 32, "relu net");
  test_reference(&tanh_net, &loss_cross_entropy, &optimizer_nesterov, 5, 17, "tanh net");
  test_reference(&gelu, &loss_squared, &optimizer_sgd, 0, 8, "gelu net");
  test_reference(&tanh_net, &loss_logistic, &optimizer_adamw, 2, 1, "tanh net, logistic");
  test_reference(&gelu, &loss_hinge, &optimizer_heavy_ball, 5, 20, "gelu net, hinge");
  test_reference(&softmax, &loss_cross_entropy, &optimizer_sgd, 5, 61, "softmax regression");
  const double image[] = {2, 4, 5}, channels[] = {9, 5};
  struct object conv = convnet_of(image, channels, "relu", "max"), smooth = convnet_of(image, channels, "tanh", "average");
  test_reference(&conv, &loss_cross_entropy, &optimizer_heavy_ball, 5, 32, "convnet");
  test_reference(&conv, &loss_hinge, &optimizer_adam, 5, 37, "convnet, hinge");
  test_reference(&smooth, &loss_squared, &optimizer_nesterov, 0, 9, "convnet, tanh, average");
  const struct optimizer *const around[] = {&optimizer_sam, &optimizer_gam, &optimizer_gr_fd, &optimizer_smb, &optimizer_oasis, &optimizer_flooding, NULL};
  for (size_t i = 0; around[i]; i++) {
    test_reference(&tanh_net, &loss_cross_entropy, around[i], 5, 17, "tanh net");
    test_reference(&conv, &loss_cross_entropy, around[i], 5, 32, "convnet");
  }
  object_free(&conv), object_free(&smooth);
  object_free(&relu), object_free(&tanh_net), object_free(&gelu), object_free(&softmax);
}

/* Least squares by hand in float64: x* and the map x - x* -> (I - lr A)(x - x*), A = X'X/n. */
static void test_least_squares(void)
{
  enum { N = 50, D = 4, LONG = 4000 };
  struct fixture f;
  struct named_value no_bias = set_bool("bias", false);
  struct object model = object_of(&model_linear.m, &no_bias, 1), l = plain(&loss_squared.m), o = plain(&optimizer_sgd.m);
  struct object sampler = plain(&sampler_random_reshuffling.m), schedule = at_peak(&schedule_constant, 0.1);
  struct train_result result;
  struct mat a, b, best;
  struct err e;
  double x[D] = {0}, worst = 0, off = 0;
  const float init[D] = {1, -2, 0.5f, 3};
  fixture_make(&f, 17, N, 0, 0, D, 0, 1);
  if (mat_new(&a, DTYPE_F64, D, D, &e) || mat_new(&b, DTYPE_F64, D, 1, &e))
    tap_bail("%s", e.message);
  for (size_t n = 0; n < N; n++)
    for (size_t i = 0; i < D; i++) {
      const float *row = f.data.train.x + n * f.data.train.stride;
      mat_row_f64(&b, i)[0] += (double)row[i] * (double)f.data.train.target[n] / N;
      for (size_t j = 0; j < D; j++)
        mat_row_f64(&a, i)[j] += (double)row[i] * (double)row[j] / N;
    }
  if (mat_solve(&best, &a, &b, &e))
    tap_bail("%s", e.message);
  struct train_group g = {.data = &f.data, .model = &model, .loss = &l, .sampler = &sampler, .batch = N, .steps = 7};
  struct train_replica r = {.optimizer = &o, .schedule = &schedule, .init = init, .keep_weights = true};
  train(&g, &r, 1, NULL, &result, NULL);
  for (size_t i = 0; i < D; i++)
    x[i] = (double)init[i] - mat_row_f64(&best, i)[0];
  for (int t = 0; t < 7; t++) {
    double next[D];
    for (size_t i = 0; i < D; i++) {
      next[i] = x[i];
      for (size_t j = 0; j < D; j++)
        next[i] -= 0.1 * mat_row_f64(&a, i)[j] * x[j];
    }
    memcpy(x, next, sizeof x);
  }
  for (size_t i = 0; i < D; i++)
    worst = fmax(worst, fabs((double)result.weights[i] - (mat_row_f64(&best, i)[0] + x[i])));
  tap_ok(worst < 2e-6, "full-batch descent on least squares is (I - lr A)^t (x0 - x*) (error %.1e; seven float32 updates of size 1)", worst);
  train_result_free(&result);
  g.steps = LONG;
  train(&g, &r, 1, NULL, &result, NULL);
  for (size_t i = 0; i < D; i++)
    off = fmax(off, fabs((double)result.weights[i] - mat_row_f64(&best, i)[0]));
  tap_ok(off < 2e-6, "after 4000 updates the weights are the least-squares solution (error %.1e)", off);
  train_result_free(&result);
  mat_free(&a), mat_free(&b), mat_free(&best);
  object_free(&model), object_free(&l), object_free(&o), object_free(&sampler), object_free(&schedule);
  fixture_free(&f);
}

/* One example replaced, against a data set in which it stands. */
static void test_replaced(void)
{
  struct fixture f;
  struct object model = plain(&model_softmax.m), l = plain(&loss_cross_entropy.m), o = plain(&optimizer_heavy_ball.m);
  struct object sampler = plain(&sampler_iid.m), schedule = at_peak(&schedule_constant, 0.1);
  struct train_result pair[2], edited;
  fixture_make(&f, 29, 30, 12, 9, 6, 3, 0);
  struct train_group g = {.data = &f.data, .model = &model, .loss = &l, .sampler = &sampler, .batch = 16, .steps = 12, .order_seed = 1};
  struct train_replica r[2] = {{.optimizer = &o, .schedule = &schedule, .keep_weights = true}, {0}};
  r[1] = r[0];
  r[1].replace = true, r[1].replace_at = 11, r[1].replace_by = 2;
  train(&g, r, 2, NULL, pair, NULL);
  struct dataset data = f.data;
  size_t stride = data.train.stride;
  float *x = fixture_take(&f, 30, stride * sizeof *x);
  int32_t *label = fixture_take(&f, 30, sizeof *label);
  memcpy(x, data.train.x, 30 * stride * sizeof *x);
  memcpy(label, data.train.label, 30 * sizeof *label);
  memcpy(x + 11 * stride, data.test.x + 2 * stride, stride * sizeof *x);
  label[11] = data.test.label[2];
  data.train.x = x, data.train.label = label;
  g.data = &data;
  train(&g, r, 1, NULL, &edited, NULL);
  size_t bytes = 3 * 7 * sizeof(float);
  tap_same_bits(pair[1].weights, edited.weights, bytes, "replacing an example is training on the data set with it replaced");
  tap_ok(memcmp(pair[0].weights, edited.weights, bytes) != 0, "and the replica beside it trains on the original");
  train_result_free(&pair[0]), train_result_free(&pair[1]), train_result_free(&edited);
  object_free(&model), object_free(&l), object_free(&o), object_free(&sampler), object_free(&schedule);
  fixture_free(&f);
}

int main(void)
{
  test_references();
  test_least_squares();
  test_replaced();
  return tap_done();
}
