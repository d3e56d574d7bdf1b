/* linear.c: linear regression: z = W x + b. The layer that logistic and softmax regression share. */
#include <stddef.h>

#include "experiments/models/net_int.h"

const struct param linear_params[] = {
  {.id = "bias", .type = PARAM_BOOL, .at = offsetof(struct linear_conf, bias), .def = 1, .doc = "add a bias to each output",
   .example = "false"},
  {.id = "init", .type = PARAM_CHOICE, .at = offsetof(struct linear_conf, init), .def = INIT_ZERO, .choices = init_rule_names,
   .flags = PARAM_ADVANCED, .doc = "initial weights: he N(0, 1/in), glorot and torch uniform, zero", .example = "torch"},
  {0},
};

enum status linear_build(const void *conf, const struct io_shape *io, struct net *out, struct err *e)
{
  const struct linear_conf *c = conf;
  return net_add_dense(out, io->in, io->out, ACT_NONE, c->bias, e);
}

enum status linear_init(const void *conf, const struct net *net, uint64_t seed, float *w, struct err *e)
{
  const struct linear_conf *c = conf;
  (void)e;
  net_init(net, (enum init_rule)c->init, seed, w);
  return STATUS_OK;
}

const struct model model_linear = {
  .m = {.kind = KIND_MODEL, .id = "linear", .name = "Linear model", .summary = "one dense layer, any number of outputs",
        .formula = "z = W x + b",
        .cite = "Legendre 1805, Nouvelles méthodes pour la détermination des orbites des comètes",
        .notes = "With the loss squared: linear regression; with hinge: a linear support vector machine.",
        .example = "assay.model(\"linear\", {bias = false})", .conf_size = sizeof(struct linear_conf), .params = linear_params},
  .build = linear_build,
  .init = linear_init,
};
