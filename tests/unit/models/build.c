/* build.c: layout, order of the parameters, closed-form gradients, initial weights, and what does not fit. */
#include <math.h>

#include "experiments/models/model.h"
#include "tests/fixture.h"

extern const struct model model_linear, model_logistic, model_softmax, model_mlp;
extern const struct loss loss_squared, loss_logistic, loss_cross_entropy, loss_hinge;

static struct object plain(const struct method *m) { return object_of(m, NULL, 0); }

static void test_layout(void)
{
  struct fixture f;
  struct net net;
  struct err e;
  const double hidden[] = {20, 32};
  struct named_value values[] = {set_list("hidden", hidden, 2)};
  struct object model = object_of(&model_mlp.m, values, 1), loss = plain(&loss_cross_entropy.m);
  fixture_make(&f, 1, 4, 0, 0, 5, 3, 0);
  tap_ok(model_build(&net, &model, &loss, &f.data, &e) == STATUS_OK, "an mlp with layers 5-20-32-3 is built");
  tap_is_int((long long)net.n_layers, 3, "it has three layers");
  tap_is_int((long long)net.n_logical, 20 * 6 + 32 * 21 + 3 * 33, "and the parameters of its weights and biases");
  tap_is_int((long long)net.n_params, 20 * 16 + 32 + 32 * 32 + 32 + 3 * 32 + 16, "rows and biases are padded to 16");
  float *logical = xcalloc(net.n_logical, sizeof *logical), *back = xcalloc(net.n_logical, sizeof *back);
  float *padded = xcalloc(net.n_params, sizeof *padded);
  for (size_t i = 0; i < net.n_logical; i++)
    logical[i] = (float)(i + 1);
  net_pack_f32(&net, logical, padded);
  net_unpack_f32(&net, padded, back);
  tap_same_bits(back, logical, net.n_logical * sizeof *back, "packing and unpacking gives the parameters back");
  double sum = 0, expected = 0;
  for (size_t i = 0; i < net.n_params; i++)
    sum += (double)padded[i];
  for (size_t i = 0; i < net.n_logical; i++)
    expected += (double)logical[i];
  tap_near(sum, expected, 0, 0, "the padding is zero");
  tap_ok(padded[16] == 6 && padded[net.layer[0].b_at] == 101 && padded[net.layer[1].w_at] == 121,
         "the order is W1, b1, W2, b2, … with W row major");
  free(logical);
  free(back);
  free(padded);
  object_free(&model);
  object_free(&loss);
  fixture_free(&f);
}

/* Linear regression: grad = (1/n) sum (W x + b - y) x'; softmax: (1/n) sum (p - onehot) x'. In float64. */
static void test_closed_form(const struct model *model, const struct loss *loss, size_t classes, size_t outputs)
{
  struct fixture f;
  struct net net;
  struct err e;
  struct object m = plain(&model->m), l = plain(&loss->m);
  double value, worst = 0;
  fixture_make(&f, 9, 40, 0, 0, 6, classes, outputs);
  size_t k = classes ? classes : outputs, d = 6, n = 40;
  if (model_build(&net, &m, &l, &f.data, &e))
    tap_bail("%s", e.message);
  double *w = xcalloc(net.n_logical, sizeof *w), *flat = xcalloc(net.n_params, sizeof *w), *grad = xcalloc(net.n_params, sizeof *w);
  double *expected = xcalloc(net.n_logical, sizeof *w), *z = xcalloc(k, sizeof *z), *g = xcalloc(net.n_logical, sizeof *g);
  struct rng r = rng_make(2, RNG_TEST, 4);
  rng_fill_normal_f64(&r, w, net.n_logical, 0, 1);
  net_pack_f64(&net, w, flat);
  struct batch b = batch_of(&f.data.train, k, NULL, n);
  if (net_loss_f64(&net, &l, flat, &b, &value, grad, NULL, NULL, &e))
    tap_bail("%s", e.message);
  net_unpack_f64(&net, grad, g);
  for (size_t i = 0; i < n; i++) {
    const float *x = f.data.train.x + i * f.data.train.stride;
    double sum = 0;
    for (size_t j = 0; j < k; j++) {
      z[j] = w[k * d + j];
      for (size_t c = 0; c < d; c++)
        z[j] += w[j * d + c] * (double)x[c];
      sum += exp(z[j]);
    }
    for (size_t j = 0; j < k; j++) {
      double residual = classes ? exp(z[j]) / sum - (f.data.train.label[i] == (int32_t)j) : z[j] - (double)f.data.train.target[i * k + j];
      for (size_t c = 0; c < d; c++)
        expected[j * d + c] += residual * (double)x[c] / (double)n;
      expected[k * d + j] += residual / (double)n;
    }
  }
  for (size_t i = 0; i < net.n_logical; i++)
    worst = fmax(worst, fabs(g[i] - expected[i]));
  tap_ok(worst < 1e-14, "the gradient of %s with %s loss is its closed form (error %.1e)", model->m.id, loss->m.id, worst);
  free(w), free(flat), free(grad), free(expected), free(z), free(g);
  object_free(&m);
  object_free(&l);
  fixture_free(&f);
}

static double variance(const float *x, size_t n, double *largest)
{
  double sum = 0, squares = 0;
  *largest = 0;
  for (size_t i = 0; i < n; i++) {
    sum += (double)x[i];
    squares += (double)x[i] * (double)x[i];
    *largest = fmax(*largest, fabs((double)x[i]));
  }
  return squares / (double)n - (sum / (double)n) * (sum / (double)n);
}

/* Variances of 30,000 and more draws: standard error under 1 %, checked at 4 %. */
static void test_init(const char *rule, const char *activation, double first, double last, double bound, bool biases)
{
  struct fixture f;
  struct net net;
  struct err e;
  const double hidden[] = {200, 300};
  struct named_value values[] = {set_list("hidden", hidden, 2), set_string("init", rule), set_string("activation", activation)};
  struct object model = object_of(&model_mlp.m, values, 3), loss = plain(&loss_squared.m);
  double largest;
  fixture_make(&f, 1, 2, 0, 0, 160, 0, 100);
  if (model_build(&net, &model, &loss, &f.data, &e))
    tap_bail("%s", e.message);
  float *w = xcalloc(net.n_params, sizeof *w), *again = xcalloc(net.n_params, sizeof *w), *other = xcalloc(net.n_params, sizeof *w);
  if (model_mlp.init(model.conf, &net, 7, w, &e) || model_mlp.init(model.conf, &net, 7, again, &e) || model_mlp.init(model.conf, &net, 8, other, &e))
    tap_bail("%s", e.message);
  tap_same_bits(again, w, net.n_params * sizeof *w, "%s: the same seed gives the same weights", rule);
  tap_ok(memcmp(other, w, net.n_params * sizeof *w) != 0, "%s: another seed gives others", rule);
  double v = variance(w, 200 * 160, &largest);
  tap_near(v, first, 0.04, 0, "%s before %s: variance of the first layer", rule, activation);
  tap_ok(bound == 0 || (largest <= bound && largest > 0.99 * bound), "%s: its bound", rule);
  v = variance(w + net.layer[2].w_at, 100 * net.layer[2].w_stride, &largest) * (double)net.layer[2].w_stride / 300;
  tap_near(v, last, 0.04, 0, "%s before %s: variance of the output layer", rule, activation);
  variance(w + net.layer[0].b_at, 200, &largest);
  tap_ok((largest > 0) == biases, "%s: biases are %s", rule, biases ? "drawn" : "zero");
  free(w), free(again), free(other);
  object_free(&model);
  object_free(&loss);
  fixture_free(&f);
}

static void refuse(const struct dataset *data, const struct model *model, const struct loss *loss, const char *part)
{
  struct net net;
  struct err e = {0};
  struct object m = plain(&model->m), l = plain(&loss->m);
  tap_is_int(model_build(&net, &m, &l, data, &e), STATUS_BAD_ARG, "%s with %s loss on \"%s\" is refused", model->m.id, loss->m.id, data->name);
  tap_has(e.message, part, "and the message says why");
  object_free(&m);
  object_free(&l);
}

static void test_refusals(void)
{
  struct fixture three, two, real;
  fixture_make(&three, 1, 4, 0, 0, 5, 3, 0);
  fixture_make(&two, 1, 4, 0, 0, 5, 2, 0);
  fixture_make(&real, 1, 4, 0, 0, 5, 0, 2);
  refuse(&three.data, &model_mlp, &loss_logistic, "has 3");
  refuse(&three.data, &model_logistic, &loss_cross_entropy, "ask for 3");
  refuse(&two.data, &model_softmax, &loss_logistic, "ask for 1");
  refuse(&two.data, &model_mlp, &loss_squared, "needs real targets");
  refuse(&real.data, &model_mlp, &loss_cross_entropy, "needs classes");
  struct err e = {0};
  struct object o;
  const double odd[] = {3.5}, huge[] = {1e6, 1e6, 1e6};
  struct named_value values[] = {set_list("hidden", odd, 1)};
  tap_ok(params_parse(&o, &model_mlp.m, values, 1, NULL, &e) == STATUS_BAD_ARG, "a width of 3.5 is refused");
  tap_has(e.message, "3.5", "and named");
  values[0] = set_list("hidden", huge, 3);
  o = object_of(&model_mlp.m, values, 1);
  struct object l = plain(&loss_cross_entropy.m);
  struct net net;
  tap_is_int(model_build(&net, &o, &l, &two.data, &e), STATUS_OK, "a net of 2e12 parameters can be laid out (not held)");
  object_free(&o);
  object_free(&l);
  fixture_free(&three);
  fixture_free(&two);
  fixture_free(&real);
}

int main(void)
{
  test_layout();
  test_closed_form(&model_linear, &loss_squared, 0, 2);
  test_closed_form(&model_softmax, &loss_cross_entropy, 4, 0);
  test_init("he", "relu", 2.0 / 160, 1.0 / 300, 0, false);
  test_init("he", "tanh", 1.0 / 160, 1.0 / 300, 0, false);
  test_init("glorot", "relu", 2.0 / 360, 2.0 / 400, sqrt(6.0 / 360), false);
  test_init("torch", "gelu", 1.0 / 480, 1.0 / 900, sqrt(1.0 / 160), true);
  test_refusals();
  return tap_done();
}
