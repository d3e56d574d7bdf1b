/* curvature.c: Hessian and Gauss-Newton products, per-example norms and activations of every model, activation and
 * loss, in float64 against differences and materialised gradients; float32 against float64. */
#include <float.h>
#include <math.h>

#include "experiments/kernel/vec.h"
#include "experiments/models/derivatives.h"
#include "tests/fixture.h"

extern const struct model model_linear, model_logistic, model_softmax, model_mlp, model_convnet;
extern const struct loss loss_squared, loss_logistic, loss_cross_entropy, loss_hinge;

#define SEED 23u
#define EXAMPLES 150 /* two blocks, the second not full */
#define INPUTS 5

static void *array(size_t count, size_t size)
{
  struct err e;
  void *p;
  if (mem_new(&p, count, size, "test", &e))
    tap_bail("%s", e.message);
  return p;
}

/* One model with one loss on one batch; w, v, u are padded. */
struct subject {
  const char *name;
  struct net net;
  const struct object *loss;
  struct batch batch;
  double *w, *v, *u;
};

static void fill(const struct subject *s, struct rng *r, double sd, double *out)
{
  double *logical = array(s->net.n_logical, sizeof *logical);
  rng_fill_normal_f64(r, logical, s->net.n_logical, 0, sd);
  for (size_t i = 0; i < s->net.n_logical; i++)
    logical[i] = (double)(float)logical[i];
  net_pack_f64(&s->net, logical, out);
  free(logical);
}

static double *curve(const struct subject *s, enum curvature c, const double *v)
{
  struct err e;
  double *out = array(s->net.n_params, sizeof *out);
  if (net_curvature_f64(NULL, &s->net, s->loss, s->w, &s->batch, c, v, out, NULL, &e))
    tap_bail("%s: %s", s->name, e.message);
  return out;
}

static double relative_error(const double *a, const double *b, size_t n)
{
  double d = 0, scale = 0;
  for (size_t i = 0; i < n; i++) {
    d += (a[i] - b[i]) * (a[i] - b[i]);
    scale += b[i] * b[i];
  }
  return sqrt(d) / (sqrt(scale) + 1e-3);
}

/* (g(w + h v) - g(w - h v)) / 2h by the reference route; |v| is about sqrt(n), so h = 1e-6 keeps truncation (h^2) and
 * rounding (1e-16 / h) near 1e-10. A relu or hinge that switches inside 2h would show: no seed may have one. */
static void check_differences(const struct subject *s, const double *hv)
{
  const double h = 1e-6;
  size_t n = s->net.n_params;
  double *w = array(n, sizeof *w), *up = array(n, sizeof *up), *down = array(n, sizeof *down), value;
  struct err e;
  for (int sign = -1; sign <= 1; sign += 2) {
    for (size_t i = 0; i < n; i++)
      w[i] = s->w[i] + sign * h * s->v[i];
    if (net_loss_f64(&s->net, s->loss, w, &s->batch, &value, sign < 0 ? down : up, NULL, NULL, &e))
      tap_bail("%s: %s", s->name, e.message);
  }
  for (size_t i = 0; i < n; i++)
    up[i] = (up[i] - down[i]) / (2 * h);
  double error = relative_error(hv, up, n);
  tap_ok(error < 1e-7, "%s: H v is the difference of gradients (relative error %.1e)", s->name, error);
  free(w);
  free(up);
  free(down);
}

static void check_forms(const struct subject *s, const double *hv)
{
  size_t n = s->net.n_params;
  double *hu = curve(s, CURVATURE_HESSIAN, s->u), *gv = curve(s, CURVATURE_GAUSS_NEWTON, s->v), *gu = curve(s, CURVATURE_GAUSS_NEWTON, s->u);
  double a = vec_dot_f64(s->u, hv, n), b = vec_dot_f64(s->v, hu, n), c = vec_dot_f64(s->u, gv, n), d = vec_dot_f64(s->v, gu, n);
  double size = vec_norm2_f64(s->u, n) * (vec_norm2_f64(hv, n) + vec_norm2_f64(gv, n)) + 1e-12;
  tap_ok(fabs(a - b) < 1e-12 * size && fabs(c - d) < 1e-12 * size, "%s: u'Hv = v'Hu and u'Gv = v'Gu (off by %.1e, %.1e)", s->name,
         fabs(a - b), fabs(c - d));
  tap_ok(vec_dot_f64(s->v, gv, n) >= 0 && vec_dot_f64(s->u, gu, n) >= 0, "%s: v'Gv >= 0", s->name);
  if (s->net.n_layers == 1)
    tap_ok(relative_error(gv, hv, n) < 1e-13, "%s: for a linear model G is H", s->name);
  double *packed = array(n, sizeof *packed), *logical = array(s->net.n_logical, sizeof *logical);
  net_unpack_f64(&s->net, hv, logical);
  net_pack_f64(&s->net, logical, packed);
  tap_ok(memcmp(packed, hv, n * sizeof *hv) == 0, "%s: the padding of H v is zero", s->name);
  void *owned[] = {hu, gv, gu, packed, logical};
  for (size_t i = 0; i < 5; i++)
    free(owned[i]);
}

/* Single precision: sums of 150 examples of products that chain a few hundred roundings of 6e-8. */
static void check_single(const struct subject *s, const double *hv)
{
  size_t n = s->net.n_params;
  float *w = array(n, sizeof *w), *v = array(n, sizeof *v), *out = array(n, sizeof *out);
  double *wide = array(n, sizeof *wide);
  void *scratch = array(net_curvature_bytes_f32(&s->net), 1);
  struct err e;
  for (size_t i = 0; i < n; i++)
    w[i] = (float)s->w[i], v[i] = (float)s->v[i];
  if (net_curvature_f32(NULL, &s->net, s->loss, w, &s->batch, CURVATURE_HESSIAN, v, out, scratch, &e))
    tap_bail("%s: %s", s->name, e.message);
  for (size_t i = 0; i < n; i++)
    wide[i] = (double)out[i];
  double error = relative_error(wide, hv, n);
  tap_ok(error < 2e-5, "%s: float32 agrees with float64 (relative error %.1e)", s->name, error);
  void *owned[] = {w, v, out, wide, scratch};
  for (size_t i = 0; i < 5; i++)
    free(owned[i]);
}

/* Against the gradient of each example alone, by the reference route. */
static void check_norms(const struct subject *s)
{
  size_t n = s->net.n_params;
  double *norm2 = array(EXAMPLES, sizeof *norm2), *g = array(n, sizeof *g), *mean = array(n, sizeof *mean), value, fast, worst = 0;
  struct err e;
  if (net_norms_f64(NULL, &s->net, s->loss, s->w, &s->batch, norm2, &e))
    tap_bail("%s: %s", s->name, e.message);
  for (uint32_t i = 0; i < EXAMPLES; i++) {
    struct batch one = s->batch;
    one.index = &i;
    one.n = 1;
    if (net_loss_f64(&s->net, s->loss, s->w, &one, &value, g, NULL, NULL, &e))
      tap_bail("%s: %s", s->name, e.message);
    worst = fmax(worst, fabs(vec_dot_f64(g, g, n) - norm2[i]) / (1e-12 + norm2[i]));
  }
  tap_ok(worst < 1e-12, "%s: per-example norms are those of materialised gradients (relative error %.1e)", s->name, worst);
  if (net_loss_f64(&s->net, s->loss, s->w, &s->batch, &value, g, NULL, NULL, &e) ||
      net_gradient_f64(NULL, &s->net, s->loss, s->w, &s->batch, &fast, mean, &e))
    tap_bail("%s: %s", s->name, e.message);
  tap_ok(fabs(fast - value) <= 1e-13 * (1 + value) && relative_error(mean, g, n) < 1e-12, "%s: the gradient by blocks is the reference's",
         s->name);
  free(norm2);
  free(g);
  free(mean);
}

static void check_activations(const struct subject *s)
{
  size_t k = s->net.out, d = s->net.in;
  double *a = array(EXAMPLES * k, sizeof *a), *b = array(EXAMPLES * k, sizeof *b), *x = array(EXAMPLES * d, sizeof *x), value, worst = 0;
  struct err e;
  bool same = true;
  if (net_activations_f64(NULL, &s->net, s->w, &s->batch, s->net.n_layers, a, &e) || net_activations_f64(NULL, &s->net, s->w, &s->batch, 0, x, &e) ||
      net_loss_f64(&s->net, s->loss, s->w, &s->batch, &value, NULL, NULL, b, &e))
    tap_bail("%s: %s", s->name, e.message);
  for (size_t i = 0; i < EXAMPLES * k; i++)
    worst = fmax(worst, fabs(a[i] - b[i]) / (1 + fabs(b[i])));
  for (size_t i = 0; i < EXAMPLES; i++)
    for (size_t j = 0; j < d; j++)
      same = same && x[i * d + j] == (double)s->batch.x[i * s->batch.stride + j];
  tap_ok(worst < 1e-13 && same, "%s: activations run from the inputs to the outputs of the reference (error %.1e)", s->name, worst);
  tap_ok(net_activations_f64(NULL, &s->net, s->w, &s->batch, s->net.n_layers + 1, a, &e) == STATUS_BAD_ARG,
         "%s: a layer that is not there is refused", s->name);
  free(a);
  free(b);
  free(x);
}

/* Forward only, of the examples in another order: in float32 the reference's bits, in float64 its numbers. */
static void check_evaluation(const struct subject *s)
{
  size_t n = s->net.n_params, k = s->net.out;
  const struct loss *loss = (const struct loss *)s->loss->method;
  uint32_t *index = array(EXAMPLES, sizeof *index);
  float *w = array(n, sizeof *w), *out = array(EXAMPLES * k, sizeof *out), *expected = array(EXAMPLES * k, sizeof *expected);
  double *each = array(EXAMPLES, sizeof *each), *error = array(EXAMPLES, sizeof *error), *other = array(EXAMPLES, sizeof *other);
  double *z = array(k, sizeof *z), mean, mean2, worst = 0;
  struct batch b = s->batch;
  struct err e;
  bool same = true, match = true;
  for (uint32_t i = 0; i < EXAMPLES; i++)
    index[i] = (i * 7) % EXAMPLES;
  b.index = index;
  for (size_t i = 0; i < n; i++)
    w[i] = (float)s->w[i];
  if (net_evaluate_f32(NULL, &s->net, s->loss, w, &b, &mean, each, error, out, &e) ||
      net_loss_f32(&s->net, s->loss, w, &b, &mean2, NULL, other, expected, &e))
    tap_bail("%s: %s", s->name, e.message);
  match = mean == mean2;
  for (size_t i = 0; i < EXAMPLES; i++) {
    for (size_t j = 0; j < k; j++)
      z[j] = (double)out[i * k + j];
    double exact = loss->error(s->loss->conf, z, k, b.label ? b.label[index[i]] : 0,
                               b.target ? b.target + index[i] * b.target_stride : NULL);
    match = match && each[i] == other[i] && memcmp(out + i * k, expected + i * k, k * sizeof *out) == 0;
    same = same && fabs(error[i] - exact) <= 2e-7 * exact; /* the engine rounds a residual to float32 before it squares */
  }
  tap_ok(match, "%s: losses and outputs by blocks are the reference's, to the bit", s->name);
  tap_ok(same, "%s: the errors are those of the outputs", s->name);
  if (net_evaluate_f64(NULL, &s->net, s->loss, s->w, &b, &mean, each, error, NULL, &e) ||
      net_loss_f64(&s->net, s->loss, s->w, &b, &mean2, NULL, other, NULL, &e))
    tap_bail("%s: %s", s->name, e.message);
  for (size_t i = 0; i < EXAMPLES; i++)
    worst = fmax(worst, fabs(each[i] - other[i]) / (1 + other[i]));
  tap_ok(worst < 1e-13 && fabs(mean - mean2) < 1e-13 * (1 + mean2), "%s: in float64 to rounding (%.1e)", s->name, worst);
  void *owned[] = {index, w, out, expected, each, error, other, z};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
    free(owned[i]);
}

static void check(const struct dataset *data, const struct object *model, const struct loss *loss, const char *label)
{
  struct object l = object_of(&loss->m, NULL, 0);
  struct subject s = {.loss = &l};
  struct rng r = rng_make(SEED, RNG_TEST, 1);
  struct err e;
  if (model_build(&s.net, model, &l, data, &e))
    tap_bail("%s: %s", label, e.message);
  char *name = xasprintf("%s, %s loss, %zu outputs", label, loss->m.id, s.net.out);
  s.name = name;
  s.batch = batch_of(&data->train, data->outputs, NULL, data->train.n);
  double **triple[] = {&s.w, &s.v, &s.u};
  for (size_t i = 0; i < 3; i++) {
    *triple[i] = array(s.net.n_params, sizeof(double));
    fill(&s, &r, i ? 1 : 0.5, *triple[i]);
  }
  double *hv = curve(&s, CURVATURE_HESSIAN, s.v);
  check_differences(&s, hv);
  check_forms(&s, hv);
  check_single(&s, hv);
  check_norms(&s);
  check_activations(&s);
  check_evaluation(&s);
  free(hv);
  for (size_t i = 0; i < 3; i++)
    free(*(triple[i]));
  free(name);
  object_free(&l);
}

static void check_dataset(const struct dataset *data, const struct loss *const *losses)
{
  static const char *const activations[] = {"relu", "tanh", "gelu"};
  static const double hidden[] = {6, 17};
  for (; *losses; losses++) {
    const struct model *flat = (*losses)->outputs(data->outputs) == 1 ? &model_logistic : data->task == TASK_CLASSES ? &model_softmax : &model_linear;
    struct named_value bias[] = {set_bool("bias", *losses != &loss_hinge)};
    struct object linear = object_of(&flat->m, bias, 1);
    check(data, &linear, *losses, flat->m.id);
    object_free(&linear);
    for (size_t a = 0; a < 3; a++) {
      struct named_value values[] = {set_list("hidden", hidden, 2), set_string("activation", activations[a]), set_bool("bias", a != 1)};
      struct object model = object_of(&model_mlp.m, values, 3);
      check(data, &model, *losses, activations[a]);
      object_free(&model);
    }
  }
}

struct convolutions {
  const char *activation, *pool, *padding;
  int64_t kernel, pool_size;
  size_t layers, hidden; /* convolutions, and dense layers before the last */
  const struct loss *loss;
};

/* Padded and not, with each pooling and without, windows that leave an edge out, an image (after pooling) smaller than the
 * padding, and a single position. */
static void check_convnets(void)
{
  static const double image[] = {2, 5, 4}, channels[] = {3, 2}, hidden[] = {6};
  static const struct convolutions sets[] = {
    {"tanh", "max", "same", 3, 2, 2, 1, &loss_cross_entropy},     {"tanh", "average", "same", 5, 2, 2, 0, &loss_squared},
    {"gelu", "average", "valid", 2, 2, 1, 1, &loss_cross_entropy}, {"gelu", "none", "same", 3, 1, 2, 0, &loss_cross_entropy},
    {"relu", "max", "same", 5, 3, 1, 1, &loss_squared},           {"relu", "none", "valid", 2, 1, 2, 1, &loss_hinge},
    {"none", "max", "valid", 1, 2, 2, 0, &loss_cross_entropy},    {"relu", "average", "same", 7, 2, 2, 1, &loss_cross_entropy},
  };
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
    const struct convolutions *c = &sets[i];
    struct fixture f;
    fixture_make(&f, 40 + i, EXAMPLES, 0, 0, 40, c->loss == &loss_squared ? 0 : 3, 3);
    struct named_value values[] = {set_list("image", image, 3), set_list("channels", channels, c->layers), set_string("pool", c->pool),
                                   set_string("conv_activation", c->activation), set_list("hidden", hidden, c->hidden),
                                   set_string("padding", c->padding), {"kernel", {.kind = VALUE_INT, .as.i = c->kernel}},
                                   {"pool_size", {.kind = VALUE_INT, .as.i = c->pool_size}}, set_bool("bias", i != 3)};
    struct object model = object_of(&model_convnet.m, values, sizeof values / sizeof *values);
    char *label = xasprintf("convnet %s %s %lld, pool %s", c->activation, c->padding, (long long)c->kernel, c->pool);
    check(&f.data, &model, c->loss, label);
    free(label);
    object_free(&model);
    fixture_free(&f);
  }
}

/* Least squares without bias: H = X'X / n for each output, whatever the weights. */
static void check_least_squares(void)
{
  struct fixture f;
  struct net net;
  struct err e;
  double w[64] = {0}, v[64] = {0}, out[64], gram, worst = 0;
  fixture_make(&f, 3, EXAMPLES, 0, 0, INPUTS, 0, 1);
  struct named_value values[] = {set_bool("bias", false)};
  struct object model = object_of(&model_linear.m, values, 1), loss = object_of(&loss_squared.m, NULL, 0);
  if (model_build(&net, &model, &loss, &f.data, &e))
    tap_bail("%s", e.message);
  struct batch b = batch_of(&f.data.train, 1, NULL, EXAMPLES);
  for (size_t j = 0; j < INPUTS; j++) {
    memset(v, 0, sizeof v);
    v[j] = 1;
    if (net_curvature_f64(NULL, &net, &loss, w, &b, CURVATURE_HESSIAN, v, out, NULL, &e))
      tap_bail("%s", e.message);
    for (size_t i = 0; i < INPUTS; i++) {
      gram = 0;
      for (size_t n = 0; n < EXAMPLES; n++)
        gram += (double)b.x[n * b.stride + i] * (double)b.x[n * b.stride + j] / EXAMPLES;
      worst = fmax(worst, fabs(out[i] - gram));
    }
  }
  tap_ok(worst < 1e-14, "least squares: the columns of H are those of X'X/n (error %.1e)", worst);
  w[0] = (double)NAN;
  tap_ok(net_curvature_f64(NULL, &net, &loss, w, &b, CURVATURE_HESSIAN, w, out, NULL, &e) == STATUS_DIVERGED &&
             net_norms_f64(NULL, &net, &loss, w, &b, (double[EXAMPLES]){0}, &e) == STATUS_DIVERGED,
         "weights that are nan are a status, not a number");
  b.d++;
  tap_ok(net_curvature_f64(NULL, &net, &loss, w, &b, CURVATURE_HESSIAN, v, out, NULL, &e) == STATUS_BAD_ARG, "a batch of another width is refused");
  object_free(&model);
  object_free(&loss);
  fixture_free(&f);
}

static void check_cancel(void)
{
  struct fixture f;
  struct net net;
  struct err e;
  atomic_int stop = 1;
  struct exec x = {&stop, 1};
  double w[256] = {0}, out[256], norm2[EXAMPLES];
  fixture_make(&f, 3, EXAMPLES, 0, 0, INPUTS, 3, 0);
  struct object model = object_of(&model_softmax.m, NULL, 0), loss = object_of(&loss_cross_entropy.m, NULL, 0);
  if (model_build(&net, &model, &loss, &f.data, &e))
    tap_bail("%s", e.message);
  struct batch b = batch_of(&f.data.train, 3, NULL, EXAMPLES);
  tap_ok(net_curvature_f64(&x, &net, &loss, w, &b, CURVATURE_HESSIAN, w, out, NULL, &e) == STATUS_CANCELLED &&
             net_norms_f64(&x, &net, &loss, w, &b, norm2, &e) == STATUS_CANCELLED,
         "the cancel flag is answered");
  object_free(&model);
  object_free(&loss);
  fixture_free(&f);
}

int main(void)
{
  static const struct loss *const two[] = {&loss_logistic, &loss_hinge, &loss_cross_entropy, NULL};
  static const struct loss *const many[] = {&loss_cross_entropy, &loss_hinge, NULL};
  static const struct loss *const real[] = {&loss_squared, NULL};
  struct { size_t classes, outputs; const struct loss *const *losses; } sets[] = {{2, 0, two}, {4, 0, many}, {0, 3, real}};
  tap_diag("seed %u", SEED);
  for (size_t i = 0; i < 3; i++) {
    struct fixture f;
    fixture_make(&f, 5 + i, EXAMPLES, 0, 0, INPUTS, sets[i].classes, sets[i].outputs);
    check_dataset(&f.data, sets[i].losses);
    fixture_free(&f);
  }
  check_convnets();
  check_least_squares();
  check_cancel();
  return tap_done();
}
