/* softmax.c: softmax (multinomial logistic) regression: one linear output per class. */
#include "experiments/models/net_int.h"

static enum status build(const void *conf, const struct io_shape *io, struct net *out, struct err *e)
{
  if (io->out < 2)
    return err_set(e, STATUS_BAD_ARG, "model \"softmax\" has one output per class, but data and loss ask for %zu; use the model "
                   "\"logistic\", or the loss \"cross-entropy\"", io->out);
  return linear_build(conf, io, out, e);
}

const struct model model_softmax = {
  .m = {.kind = KIND_MODEL, .id = "softmax", .name = "Softmax regression", .summary = "one linear output per class",
        .formula = "P(y = j | x) = exp(z_j) / sum_l exp(z_l),  z = W x + b",
        .cite = "Bridle 1990, Probabilistic interpretation of feedforward classification network outputs",
        .notes = "Takes a loss on k outputs: cross-entropy, or hinge on more than two classes.",
        .example = "assay.model(\"softmax\")", .conf_size = sizeof(struct linear_conf), .params = linear_params},
  .build = build,
  .init = linear_init,
};
