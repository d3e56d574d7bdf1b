/* net.c: layout of the flat parameter vector, and fitting a model to a data set. See model.h. */
#include "experiments/models/net_int.h"

#include <string.h>

#include "experiments/kernel/mem.h"

#define LANES 16 /* floats that rows are padded to */

/* Append a layer with a rows x cols weight matrix; everything but its kind is filled in. */
static enum status add(struct net *net, struct layer layer, const char *what, struct err *e)
{
  size_t weights, params, bytes, rows = layer.rows, cols = layer.cols;
  if (net->n_layers == NET_MAX_LAYERS)
    return err_set(e, STATUS_BAD_ARG, "a model has at most %d layers", NET_MAX_LAYERS);
  if (layer.in > SIZE_MAX / 32 || layer.out > SIZE_MAX / 32 || !size_mul(rows, round_up(cols, LANES), &weights) ||
      __builtin_add_overflow(net->n_params, weights, &params) || __builtin_add_overflow(params, round_up(rows, LANES), &params) ||
      !size_mul(params, 8 * sizeof(double), &bytes))
    return err_set(e, STATUS_BAD_ARG, "%s from %zu to %zu units is more than this machine can address", what, layer.in, layer.out);
  layer.w_stride = round_up(cols, LANES);
  layer.w_at = net->n_params;
  layer.b_at = net->n_params + weights;
  net->layer[net->n_layers++] = layer;
  net->n_params += weights + (layer.bias ? round_up(rows, LANES) : 0);
  net->n_logical += rows * cols + (layer.bias ? rows : 0);
  if (net->n_layers == 1)
    net->in = layer.in;
  net->out = layer.out;
  return STATUS_OK;
}

enum status net_add_dense(struct net *net, size_t in, size_t out, enum activation act, bool bias, struct err *e)
{
  if (in == 0 || out == 0)
    return err_set(e, STATUS_BAD_ARG, "a layer from %zu to %zu units: both must be at least 1", in, out);
  return add(net, (struct layer){.kind = LAYER_DENSE, .act = act, .in = in, .out = out, .rows = out, .cols = in, .bias = bias},
             "a layer", e);
}

enum status net_add_conv(struct net *net, struct image *image, size_t filters, size_t kernel, bool same,
                         enum activation act, bool bias, struct err *e)
{
  size_t pad = same ? kernel / 2 : 0, h = image->height, w = image->width, positions, in, out, cols;
  if (same && kernel % 2 == 0)
    return err_set(e, STATUS_BAD_ARG, "a kernel of %zu x %zu cannot keep the size of the image: use an odd one", kernel, kernel);
  if (kernel == 0 || filters == 0 || h + 2 * pad < kernel || w + 2 * pad < kernel)
    return err_set(e, STATUS_BAD_ARG, "a convolution of %zu filters of %zu x %zu does not fit an image of %zu x %zu", filters,
                   kernel, kernel, h, w);
  struct conv_shape s = {image->channels, h, w, filters, h + 2 * pad - kernel + 1, w + 2 * pad - kernel + 1, kernel, pad};
  if (!size_mul(h, w, &positions) || !size_mul(positions, image->channels, &in) ||
      !size_mul(s.out_height * s.out_width, filters, &out) || !size_mul(image->channels, kernel * kernel, &cols))
    return err_set(e, STATUS_BAD_ARG, "a convolution of %zu filters is more than this machine can address", filters);
  *image = (struct image){filters, s.out_height, s.out_width};
  return add(net, (struct layer){.kind = LAYER_CONV, .act = act, .in = in, .out = out, .rows = filters, .cols = cols,
                                 .bias = bias, .conv = s}, "a convolution", e);
}

enum status net_add_pool(struct net *net, struct image *image, size_t size, bool average, struct err *e)
{
  size_t h = image->height, w = image->width;
  if (size == 0 || size > h || size > w)
    return err_set(e, STATUS_BAD_ARG, "a pooling window of %zu x %zu does not fit an image of %zu x %zu", size, size, h, w);
  struct pool_shape s = {image->channels, h, w, h / size, w / size, size, average};
  *image = (struct image){image->channels, s.out_height, s.out_width};
  return add(net, (struct layer){.kind = LAYER_POOL, .in = s.channels * h * w, .out = s.channels * s.out_height * s.out_width,
                                 .pool = s}, "a pooling", e);
}

#define REAL float
#define FN(name) name##_f32
#include "experiments/models/net_pack.inc.c" /* one body, two types */
#undef REAL
#undef FN
#define REAL double
#define FN(name) name##_f64
#include "experiments/models/net_pack.inc.c" /* one body, two types */
#undef REAL
#undef FN

struct batch batch_of(const struct examples *ex, size_t outputs, const uint32_t *index, size_t n)
{
  return (struct batch){.n = n, .d = ex->d, .stride = ex->stride, .x = ex->x, .index = index, .label = ex->label,
                        .target = ex->target, .target_stride = ex->target ? outputs : 0};
}

static enum status check_target(const struct loss *loss, const struct dataset *data, struct err *e)
{
  const char *name = data->name ? data->name : "?";
  if (loss->target == TARGET_CLASS && data->task != TASK_CLASSES)
    return err_set(e, STATUS_BAD_ARG, "loss \"%s\" needs classes, but the data set \"%s\" has real targets; use the loss \"squared\"",
                   loss->m.id, name);
  if (loss->target == TARGET_REAL && data->task != TASK_REGRESSION)
    return err_set(e, STATUS_BAD_ARG,
                   "loss \"%s\" needs real targets, but the data set \"%s\" has %zu classes; use \"cross-entropy\", \"logistic\" or \"hinge\"",
                   loss->m.id, name, data->classes);
  return STATUS_OK;
}

enum status model_build(struct net *net, const struct object *model, const struct object *loss,
                        const struct dataset *data, struct err *e)
{
  const struct model *m = (const struct model *)model->method;
  const struct loss *l = (const struct loss *)loss->method;
  enum status s = check_target(l, data, e);
  if (s)
    return s;
  struct io_shape io = {data->d, l->outputs(data->task == TASK_CLASSES ? data->classes : data->outputs)};
  if (io.out == 0)
    return err_set(e, STATUS_BAD_ARG, "loss \"%s\" is for two classes, but the data set \"%s\" has %zu; use \"cross-entropy\" or \"hinge\"",
                   l->m.id, data->name ? data->name : "?", data->classes);
  *net = (struct net){0};
  return m->build(model->conf, &io, net, e);
}
