/* Every model, with every loss that fits: its layout, its initial weights, its gradient. */
#include <float.h>
#include <math.h>

#include "experiments/kernel/rng.h"
#include "experiments/models/model.h"
#include "tests/conformance/walk.h"

#define SEED 3u
#define IN 5
#define STRIDE 16
#define B 9 /* examples in the batch */

static const struct model *model_of(const struct object *o) { return (const struct model *)o->method; }

static void *array(size_t count, size_t size)
{
  void *p;
  if (mem_new(&p, count, size, "test", NULL) != STATUS_OK)
    tap_bail("no memory");
  return p;
}

/* A model small enough for differences: hidden layers of 4 units where it has any. */
static void small_model(struct object *o, const struct method *m)
{
  static const double widths[] = {4, 3}, image[] = {1, 1, IN};
  struct named_value hidden = {"hidden", {.kind = VALUE_LIST, .as.list = {2, widths}}},
                     smooth = {"activation", {.kind = VALUE_STRING, .as.s = "tanh"}};
  struct named_value conv_smooth = {"conv_activation", smooth.value}, row = {"image", {.kind = VALUE_LIST, .as.list = {3, image}}},
                     channels = {"channels", hidden.value}, one = {"pool_size", {.kind = VALUE_INT, .as.i = 1}};
  struct named_value v[6];
  struct err e;
  size_t n = 0;
  if (params_find(m, "image")) /* a convolution sees a row of pixels */
    v[n++] = row, v[n++] = conv_smooth, v[n++] = channels, v[n++] = one;
  if (params_find(m, "hidden"))
    v[n++] = hidden;
  if (params_find(m, "activation"))
    v[n++] = smooth;
  if (base_object(o, m, v, n, &e) != STATUS_OK)
    tap_bail("%s", e.message);
}

static void check_layout(const struct method *m, const struct net *net)
{
  size_t logical = 0;
  bool inside = net->n_layers > 0 && net->layer[0].in == net->in && net->layer[net->n_layers - 1].out == net->out;
  for (size_t i = 0; i < net->n_layers; i++) {
    const struct layer *l = &net->layer[i];
    logical += l->rows * l->cols + (l->bias ? l->rows : 0);
    inside = inside && l->w_stride >= l->cols && l->w_stride % 16 == 0 && l->w_at + l->rows * l->w_stride <= net->n_params;
    inside = inside && (!l->bias || l->b_at + round_up(l->rows, 16) <= net->n_params);
    inside = inside && (i == 0 || l->in == net->layer[i - 1].out);
  }
  tap_is_int((long long)net->n_logical, (long long)logical, "%s with %zu outputs: the parameters add up", m->id,
             net->out);
  tap_ok(inside && net->n_params % 16 == 0, "%s with %zu outputs: its layers fit together and lie inside the vector",
         m->id, net->out);
}

static void check_init(const struct object *o, const struct net *net)
{
  float *a = array(net->n_params, sizeof *a), *b = array(net->n_params, sizeof *b), *c = array(net->n_params, sizeof *c);
  float *logical = array(net->n_logical, sizeof *logical);
  bool zero = true, finite = true;
  if (model_of(o)->init(o->conf, net, 1, a, NULL) || model_of(o)->init(o->conf, net, 1, b, NULL) ||
      model_of(o)->init(o->conf, net, 2, c, NULL))
    tap_bail("%s has no initial weights", o->method->id);
  for (size_t i = 0; i < net->n_params; i++) {
    zero = zero && a[i] == 0;
    finite = finite && isfinite(a[i]);
  }
  size_t size = net->n_params * sizeof *a;
  tap_ok(finite && same_bits(a, b, size) && (zero || memcmp(a, c, size) != 0),
         "%s: a seed gives its initial weights, another seed others (or all start at 0)", o->method->id);
  net_unpack_f32(net, a, logical);
  memset(b, 0, size);
  net_pack_f32(net, logical, b);
  tap_ok(same_bits(a, b, size), "%s: unpacking and packing gives the weights back: the padding is zero", o->method->id);
  free(a);
  free(b);
  free(c);
  free(logical);
}

/* A mini-batch that fits the loss. */
struct sample {
  _Alignas(64) float x[B * STRIDE];
  float target[B * 8];
  int32_t label[B];
  struct batch batch;
};

static void sample_make(struct sample *s, size_t classes, size_t outputs)
{
  struct rng r = rng_make(SEED, RNG_TEST, classes);
  memset(s->x, 0, sizeof s->x);
  for (size_t i = 0; i < B; i++) {
    for (size_t j = 0; j < IN; j++)
      s->x[i * STRIDE + j] = (float)rng_normal(&r);
    for (size_t j = 0; j < outputs; j++)
      s->target[i * outputs + j] = (float)rng_normal(&r);
    s->label[i] = (int32_t)rng_below(&r, classes);
  }
  s->batch = (struct batch){
      .n = B, .d = IN, .stride = STRIDE, .x = s->x, .label = s->label, .target = s->target, .target_stride = outputs};
}

static double loss_at(const struct net *net, const struct object *loss, const double *w, const struct batch *b)
{
  double value;
  struct err e;
  if (net_loss_f64(net, loss, w, b, &value, NULL, NULL, NULL, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  return value;
}

/* Central differences of step 1e-5, as for losses; tanh keeps third derivatives small. */
static double gradient_error(const struct net *net, const struct object *loss, double *w, const double *g,
                             const struct batch *b)
{
  double worst = 0, h = 1e-5;
  double *logical = array(net->n_logical, sizeof *logical), *slope = array(net->n_logical, sizeof *slope);
  net_unpack_f64(net, w, logical);
  net_unpack_f64(net, g, slope);
  for (size_t i = 0; i < net->n_logical; i++) {
    double middle = logical[i];
    logical[i] = middle + h;
    net_pack_f64(net, logical, w);
    double above = loss_at(net, loss, w, b);
    logical[i] = middle - h;
    net_pack_f64(net, logical, w);
    double below = loss_at(net, loss, w, b);
    logical[i] = middle;
    net_pack_f64(net, logical, w);
    worst = fmax(worst, fabs((above - below) / (2 * h) - slope[i]));
  }
  free(logical);
  free(slope);
  return worst;
}

static void check_gradient(const struct object *model, const struct net *net, const struct object *loss,
                           const struct sample *s)
{
  const char *id = model->method->id, *with = loss->method->id;
  size_t n = net->n_params;
  double *w = array(n, sizeof *w), *g = array(n, sizeof *g), *logical = array(net->n_logical, sizeof *logical), each[B],
         each32[B], mean, mean32, sum = 0, worst = 0;
  float *w32 = array(n, sizeof *w32), *g32 = array(n, sizeof *g32);
  struct rng r = rng_make(SEED, RNG_INIT, 0);
  struct err e;
  for (size_t i = 0; i < net->n_logical; i++)
    logical[i] = (double)(float)(0.5 * rng_normal(&r));
  net_pack_f64(net, logical, w);
  for (size_t i = 0; i < n; i++)
    w32[i] = (float)w[i];
  if (net_loss_f64(net, loss, w, &s->batch, &mean, g, each, NULL, &e) ||
      net_loss_f32(net, loss, w32, &s->batch, &mean32, g32, each32, NULL, &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < B; i++)
    sum += each[i] / B;
  for (size_t i = 0; i < n; i++)
    worst = fmax(worst, fabs(g[i] - (double)g32[i]) / (1 + fabs(g[i])));
  tap_near(sum, mean, 1e-14, 1e-14, "%s with %s: the loss is the mean over the examples", id, with);
  /* Chains of at most B + 5 fused float32 operations on values near 1. */
  tap_ok(worst < 64 * (double)FLT_EPSILON && fabs(mean - mean32) < 64 * (double)FLT_EPSILON * (1 + mean),
         "%s with %s: float32 agrees with float64 to rounding (%.2g)", id, with, worst);
  double error = gradient_error(net, loss, w, g, &s->batch);
  tap_ok(error < 1e-8, "%s with %s: the gradient is that of the loss (error %.2g)", id, with, error);
  void *owned[] = {w, g, logical, w32, g32};
  for (size_t i = 0; i < 5; i++)
    free(owned[i]);
}

static void check_with_losses(const struct object *model)
{
  static const size_t counts[] = {2, 4};
  size_t checked = 0;
  for (size_t i = 0; i < registry_count(); i++) {
    const struct method *l = registry_at(i);
    struct object loss;
    if (l->kind != KIND_LOSS || base_object(&loss, l, NULL, 0, NULL) != STATUS_OK)
      continue;
    for (size_t k = 0; k < 2; k++) {
      struct net net = {0};
      struct io_shape io = {IN, ((const struct loss *)l)->outputs(counts[k])};
      struct sample s;
      if (io.out == 0 || model_of(model)->build(model->conf, &io, &net, NULL) != STATUS_OK)
        continue;
      check_layout(model->method, &net);
      check_init(model, &net);
      sample_make(&s, counts[k], io.out);
      check_gradient(model, &net, &loss, &s);
      checked++;
    }
    object_free(&loss);
  }
  tap_ok(checked > 0, "%s: some loss fits", model->method->id);
}

/* Absurd sizes are refused, not tried. */
static void check_sizes(const struct object *o)
{
  static struct net net;
  struct io_shape huge = {(size_t)1 << 60, 1}, huge2 = {(size_t)1 << 60, 2};
  struct err e = {0};
  net = (struct net){0};
  enum status a = model_of(o)->build(o->conf, &huge, &net, &e);
  net = (struct net){0};
  enum status b = model_of(o)->build(o->conf, &huge2, &net, &e);
  tap_ok(a != STATUS_OK && b != STATUS_OK && *e.message, "%s: 2^60 inputs are refused with a message", o->method->id);
}

static void check(const struct method *m)
{
  struct object o;
  small_model(&o, m);
  check_with_losses(&o);
  check_sizes(&o);
  object_free(&o);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  size_t n = walk(KIND_MODEL, check);
  tap_ok(n > 0, "the registry holds models (%zu)", n);
  return tap_done();
}
