/* net.c: layout of the flat parameter vector, and fitting a model to a data set. See model.h. */
#include "experiments/models/net_int.h"

#include <string.h>

#include "experiments/kernel/mem.h"

#define LANES 16 /* floats that rows are padded to */

enum status net_add_dense(struct net *net, size_t in, size_t out, enum activation act, bool bias, struct err *e)
{
  size_t weights, params, bytes;
  if (net->n_layers == NET_MAX_LAYERS)
    return err_set(e, STATUS_BAD_ARG, "a model has at most %d layers", NET_MAX_LAYERS);
  if (in == 0 || out == 0)
    return err_set(e, STATUS_BAD_ARG, "a layer from %zu to %zu units: both must be at least 1", in, out);
  if (in > SIZE_MAX / 32 || out > SIZE_MAX / 32 || !size_mul(out, round_up(in, LANES), &weights) ||
      __builtin_add_overflow(net->n_params, weights, &params) || __builtin_add_overflow(params, round_up(out, LANES), &params) ||
      !size_mul(params, 8 * sizeof(double), &bytes))
    return err_set(e, STATUS_BAD_ARG, "a layer from %zu to %zu units is more than this machine can address", in, out);
  struct layer *l = &net->layer[net->n_layers++];
  *l = (struct layer){.kind = LAYER_DENSE, .act = act, .in = in, .out = out, .w_stride = round_up(in, LANES),
                      .w_at = net->n_params, .b_at = net->n_params + weights, .bias = bias};
  net->n_params += weights + (bias ? round_up(out, LANES) : 0);
  net->n_logical += in * out + (bias ? out : 0);
  if (net->n_layers == 1)
    net->in = in;
  net->out = out;
  return STATUS_OK;
}

#define REAL float
#define FN(name) name##_f32
#include "experiments/models/net_pack.inc.c" /* NOLINT(bugprone-suspicious-include): one body, two types */
#undef REAL
#undef FN
#define REAL double
#define FN(name) name##_f64
#include "experiments/models/net_pack.inc.c" /* NOLINT(bugprone-suspicious-include): one body, two types */
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
