/* gradient.c: derivatives of every model, activation and loss against differences in float64, and the
 * float32 route against the float64 one. */
#include <math.h>

#include "experiments/models/model.h"
#include "tests/fixture.h"

extern const struct model model_linear, model_logistic, model_softmax, model_mlp, model_convnet;
extern const struct loss loss_squared, loss_logistic, loss_cross_entropy, loss_hinge;

#define EXAMPLES 7
#define INPUTS 5
#define MAX_PARAMS 4096

static double norm_of_difference(const double *a, const double *b, size_t n)
{
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sqrt(sum);
}

static double loss_at(const struct net *net, const struct object *loss, const double *w, const struct batch *b)
{
  struct err e;
  double value;
  if (net_loss_f64(net, loss, w, b, &value, NULL, NULL, NULL, &e))
    tap_bail("%s", e.message);
  return value;
}

/* Central differences with h = 1e-5: truncation and rounding are both near 1e-10. Returns |g - fd| / |g|. */
static double difference_error(const struct net *net, const struct object *loss, double *w, const struct batch *b, const double *g)
{
  static double fd[MAX_PARAMS], flat[MAX_PARAMS], zero[MAX_PARAMS];
  const double h = 1e-5;
  for (size_t i = 0; i < net->n_logical; i++) {
    double keep = w[i];
    w[i] = keep + h;
    net_pack_f64(net, w, flat);
    double up = loss_at(net, loss, flat, b);
    w[i] = keep - h;
    net_pack_f64(net, w, flat);
    fd[i] = (up - loss_at(net, loss, flat, b)) / (2 * h);
    w[i] = keep;
  }
  return norm_of_difference(g, fd, net->n_logical) / norm_of_difference(g, zero, net->n_logical);
}

/* Float32 against float64: a few hundred roundings of 6e-8 each. */
static void check_single(const struct net *net, const struct object *loss, const double *w, const struct batch *b, double value,
                         const double *g, const char *name)
{
  static float w32[MAX_PARAMS], flat[MAX_PARAMS], grad[MAX_PARAMS], logical[MAX_PARAMS];
  static double g32[MAX_PARAMS], zero[MAX_PARAMS];
  struct err e;
  double value32;
  for (size_t i = 0; i < net->n_logical; i++)
    w32[i] = (float)w[i];
  net_pack_f32(net, w32, flat);
  tap_ok(net_loss_f32(net, loss, flat, b, &value32, grad, NULL, NULL, &e) == STATUS_OK, "%s: the float32 route runs", name);
  net_unpack_f32(net, grad, logical);
  for (size_t i = 0; i < net->n_logical; i++)
    g32[i] = (double)logical[i];
  tap_near(value32, value, 2e-6, 1e-6, "%s: float32 loss agrees with float64", name);
  double error = norm_of_difference(g32, g, net->n_logical) / norm_of_difference(g, zero, net->n_logical);
  tap_ok(error < 2e-5, "%s: float32 gradient agrees with float64 (relative error %.1e)", name, error);
}

static void check(const struct dataset *data, const struct object *model, const struct object *loss, const char *name)
{
  static double w[MAX_PARAMS], flat[MAX_PARAMS], grad[MAX_PARAMS], g[MAX_PARAMS];
  struct net net;
  struct err e;
  struct rng r = rng_make(11, RNG_TEST, 1);
  double value, losses[EXAMPLES], sum = 0;
  if (model_build(&net, model, loss, data, &e) || net.n_params > MAX_PARAMS)
    tap_bail("%s: %s", name, e.message);
  rng_fill_normal_f64(&r, w, net.n_logical, 0, 0.5);
  net_pack_f64(&net, w, flat);
  struct batch b = batch_of(&data->train, data->outputs, NULL, data->train.n);
  if (net_loss_f64(&net, loss, flat, &b, &value, grad, losses, NULL, &e))
    tap_bail("%s: %s", name, e.message);
  net_unpack_f64(&net, grad, g);
  double error = difference_error(&net, loss, w, &b, g);
  tap_ok(error < 1e-6, "%s: the gradient agrees with differences (relative error %.1e)", name, error);
  for (size_t i = 0; i < data->train.n; i++)
    sum += losses[i];
  tap_near(sum / (double)data->train.n, value, 1e-15, 0, "%s: the losses of the examples average to the loss", name);
  check_single(&net, loss, w, &b, value, g, name);
}

static void check_model(const struct dataset *data, const struct object *model, const struct loss *loss, const char *label)
{
  struct object l = object_of(&loss->m, NULL, 0);
  char *name = xasprintf("%s, %s loss, %zu outputs", label, loss->m.id, loss->outputs(data->outputs));
  check(data, model, &l, name);
  free(name);
  object_free(&l);
}

static void check_dataset(const struct dataset *data, const struct loss *const *losses)
{
  static const char *const activations[] = {"relu", "tanh", "gelu"};
  static const double hidden[] = {6, 17};
  for (; *losses; losses++) {
    const struct model *flat = (*losses)->outputs(data->outputs) == 1 ? &model_logistic : data->task == TASK_CLASSES ? &model_softmax : &model_linear;
    for (int bias = 0; bias < 2; bias++) {
      struct named_value values[] = {set_bool("bias", bias)};
      struct object model = object_of(&flat->m, values, 1), linear = object_of(&model_linear.m, values, 1);
      check_model(data, &model, *losses, bias ? flat->m.id : "no bias");
      check_model(data, &linear, *losses, bias ? "linear" : "linear, no bias");
      object_free(&model);
      object_free(&linear);
    }
    for (size_t a = 0; a < 3; a++) {
      struct named_value values[] = {set_list("hidden", hidden, 2), set_string("activation", activations[a]), set_bool("bias", a != 1)};
      struct object model = object_of(&model_mlp.m, values, 3);
      check_model(data, &model, *losses, activations[a]);
      object_free(&model);
    }
  }
}

/* Convolutions: padded and not, both poolings and none, every activation. */
static void check_convnets(void)
{
  static const double image[] = {2, 4, 5}, channels[] = {3, 2}, hidden[] = {4};
  static const char *const activations[] = {"relu", "tanh", "gelu", "none"}, *const pools[] = {"max", "average", "none"};
  struct fixture f;
  fixture_make(&f, 31, EXAMPLES, 0, 0, 40, 4, 0);
  for (size_t i = 0; i < 12; i++) {
    struct named_value values[] = {set_list("image", image, 3), set_list("channels", channels, 2), set_string("pool", pools[i % 3]),
                                   set_string("conv_activation", activations[i / 3]), set_list("hidden", hidden, i % 2),
                                   set_string("padding", i % 3 == 2 ? "valid" : "same"),
                                   {"kernel", {.kind = VALUE_INT, .as.i = i % 3 == 2 ? 2 : 3}}};
    struct object model = object_of(&model_convnet.m, values, 7);
    char *label = xasprintf("convnet, %s, pool %s", activations[i / 3], pools[i % 3]);
    check_model(&f.data, &model, &loss_cross_entropy, label);
    free(label);
    object_free(&model);
  }
  fixture_free(&f);
}

int main(void)
{
  check_convnets();
  static const struct loss *const two[] = {&loss_logistic, &loss_hinge, &loss_cross_entropy, NULL};
  static const struct loss *const many[] = {&loss_cross_entropy, &loss_hinge, NULL};
  static const struct loss *const real[] = {&loss_squared, NULL};
  struct { size_t classes, outputs; const struct loss *const *losses; } sets[] = {{2, 0, two}, {4, 0, many}, {0, 3, real}};
  for (size_t i = 0; i < 3; i++) {
    struct fixture f;
    fixture_make(&f, 5 + i, EXAMPLES, 0, 0, INPUTS, sets[i].classes, sets[i].outputs);
    check_dataset(&f.data, sets[i].losses);
    fixture_free(&f);
  }
  return tap_done();
}
