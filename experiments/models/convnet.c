/* convnet.c: convolutions with pooling between them, then dense layers. */
#include <math.h>
#include <stddef.h>

#include "experiments/models/net_int.h"
#include "experiments/params.h"

struct conf {
  struct param_list channels, hidden, image;
  int64_t kernel, pool_size;
  int pool, padding;                /* indices into the words below */
  int activation, conv_activation;  /* enum activation */
  int init;                         /* enum init_rule */
  bool bias;
};

static const char *const activations[] = {"none", "relu", "tanh", "gelu", NULL}; /* in the order of enum activation */
static const char *const pools[] = {"max", "average", "none", NULL};
static const char *const paddings[] = {"same", "valid", NULL};

static const struct param params[] = {
  {.id = "channels", .type = PARAM_LIST, .at = offsetof(struct conf, channels), .def_text = "16,32", .min = 1, .max = 65536,
   .unit = "filters", .doc = "filters of each convolution, from input to output", .example = "{8, 16}"},
  {.id = "hidden", .type = PARAM_LIST, .at = offsetof(struct conf, hidden), .def_text = "", .min = 1, .max = 1e6,
   .unit = "units", .doc = "widths of dense hidden layers after the convolutions", .example = "{64}"},
  {.id = "kernel", .type = PARAM_INT, .at = offsetof(struct conf, kernel), .def = 3, .min = 1, .max = 255, .unit = "pixels",
   .doc = "side of the square filters", .example = "5"},
  {.id = "padding", .type = PARAM_CHOICE, .at = offsetof(struct conf, padding), .def = 0, .choices = paddings,
   .doc = "same: zeros around the image keep its size (odd kernels); valid: none", .example = "valid"},
  {.id = "pool", .type = PARAM_CHOICE, .at = offsetof(struct conf, pool), .def = 0, .choices = pools,
   .doc = "pooling after each convolution", .example = "average"},
  {.id = "pool_size", .type = PARAM_INT, .at = offsetof(struct conf, pool_size), .def = 2, .min = 1, .max = 255, .unit = "pixels",
   .doc = "side of the pooling windows, which lie side by side", .example = "3"},
  {.id = "activation", .type = PARAM_CHOICE, .at = offsetof(struct conf, activation), .def = ACT_RELU, .choices = activations,
   .doc = "function of the hidden dense layers", .example = "tanh"},
  {.id = "conv_activation", .type = PARAM_CHOICE, .at = offsetof(struct conf, conv_activation), .def = ACT_RELU,
   .choices = activations, .doc = "function of the convolutions, before pooling", .example = "none"},
  {.id = "image", .type = PARAM_LIST, .at = offsetof(struct conf, image), .def_text = "", .min = 1, .max = 1e6,
   .doc = "channels, height, width of the inputs; empty: one channel, a square", .example = "{1, 28, 28}"},
  {.id = "init", .type = PARAM_CHOICE, .at = offsetof(struct conf, init), .def = INIT_HE, .choices = init_rule_hidden_names,
   .doc = "initial weights, as for mlp; a filter's fan-in is its number of taps", .example = "torch", .flags = PARAM_ADVANCED},
  {.id = "bias", .type = PARAM_BOOL, .at = offsetof(struct conf, bias), .def = 1, .doc = "add a bias to each filter and unit",
   .example = "false", .flags = PARAM_ADVANCED},
  {0},
};

static enum status whole(const char *what, const struct param_list *list, struct err *e)
{
  for (size_t i = 0; i < list->n; i++)
    if (!(list->v[i] >= 1 && list->v[i] <= 1e6) || floor(list->v[i]) != list->v[i])
      return err_set(e, STATUS_BAD_ARG, "model \"convnet\": %s must be whole numbers from 1 to 1000000, got %g", what, list->v[i]);
  return STATUS_OK;
}

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  if (c->image.n != 0 && c->image.n != 3)
    return err_set(e, STATUS_BAD_ARG, "model \"convnet\": image must be {channels, height, width}, got %zu numbers", c->image.n);
  if (c->padding == 0 && c->kernel % 2 == 0)
    return err_set(e, STATUS_BAD_ARG, "model \"convnet\": padding \"same\" needs an odd kernel, got %lld; use padding = \"valid\"",
                   (long long)c->kernel);
  enum status s = whole("channels", &c->channels, e);
  s = s ? s : whole("hidden", &c->hidden, e);
  return s ? s : whole("image", &c->image, e);
}

static enum status find_image(const struct conf *c, size_t in, struct image *image, struct err *e)
{
  size_t side = (size_t)llround(sqrt((double)in));
  *image = (struct image){1, side, side};
  if (c->image.n == 3)
    *image = (struct image){(size_t)c->image.v[0], (size_t)c->image.v[1], (size_t)c->image.v[2]};
  if (image->channels * image->height * image->width != in)
    return err_set(e, STATUS_BAD_ARG, "model \"convnet\": %zu inputs are not an image of %zu x %zu x %zu; say image = {channels, height, width}",
                   in, image->channels, image->height, image->width);
  return STATUS_OK;
}

static enum status build(const void *conf, const struct io_shape *io, struct net *out, struct err *e)
{
  const struct conf *c = conf;
  struct image image;
  enum status s = find_image(c, io->in, &image, e);
  for (size_t i = 0; i < c->channels.n && !s; i++) {
    s = net_add_conv(out, &image, (size_t)c->channels.v[i], (size_t)c->kernel, c->padding == 0,
                     (enum activation)c->conv_activation, c->bias, e);
    if (!s && c->pool != 2)
      s = net_add_pool(out, &image, (size_t)c->pool_size, c->pool == 1, e);
  }
  size_t in = image.channels * image.height * image.width;
  for (size_t i = 0; i < c->hidden.n && !s; i++) {
    s = net_add_dense(out, in, (size_t)c->hidden.v[i], (enum activation)c->activation, c->bias, e);
    in = (size_t)c->hidden.v[i];
  }
  return s ? s : net_add_dense(out, in, io->out, ACT_NONE, c->bias, e);
}

static enum status init(const void *conf, const struct net *net, uint64_t seed, float *w, struct err *e)
{
  (void)e;
  net_init(net, (enum init_rule)((const struct conf *)conf)->init, seed, w);
  return STATUS_OK;
}

const struct model model_convnet = {
  .m = {.kind = KIND_MODEL, .id = "convnet", .name = "Small convolutional net",
        .summary = "convolutions with pooling, then dense layers",
        .formula = "h_l = pool(act(W_l * h_{l-1} + b_l)) for each convolution;  then as mlp",
        .cite = "LeCun, Bottou, Bengio, Haffner 1998, Gradient-based learning applied to document recognition",
        .notes = "Stride 1. Pooling windows lie side by side; what is left at the edge is dropped. Of equal maxima the first "
                 "takes the derivative.",
        .example = "assay.model(\"convnet\", {channels = {16, 32}, kernel = 3})",
        .conf_size = sizeof(struct conf), .params = params, .resolve = resolve},
  .build = build,
  .init = init,
};
