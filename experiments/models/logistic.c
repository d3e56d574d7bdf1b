/* logistic.c: logistic regression: one output, whose sign is the class. */
#include "experiments/models/net_int.h"

static enum status build(const void *conf, const struct io_shape *io, struct net *out, struct err *e)
{
  if (io->out != 1)
    return err_set(e, STATUS_BAD_ARG, "model \"logistic\" has 1 output, but data and loss ask for %zu; use the model \"softmax\", "
                   "or the loss \"logistic\" on two classes", io->out);
  return linear_build(conf, io, out, e);
}

const struct model model_logistic = {
  .m = {.kind = KIND_MODEL, .id = "logistic", .name = "Logistic regression", .summary = "one linear output for two classes",
        .formula = "P(y = 1 | x) = 1 / (1 + exp(-(w x + b)))",
        .cite = "Cox 1958, The regression analysis of binary sequences",
        .notes = "Takes a loss on one output: logistic or hinge, on two classes.",
        .example = "assay.model(\"logistic\")", .conf_size = sizeof(struct linear_conf), .params = linear_params},
  .build = build,
  .init = linear_init,
};
