/* mlp.c: multi-layer perceptron: dense layers with one activation between them. */
#include <math.h>
#include <stddef.h>

#include "experiments/models/net_int.h"
#include "experiments/params.h"

struct conf {
  struct param_list hidden;
  int activation; /* index into activations; one less than enum activation */
  int init;       /* enum init_rule */
  bool bias;
};

static const char *const activations[] = {"relu", "tanh", "gelu", NULL};

static const struct param params[] = {
  {.id = "hidden", .type = PARAM_LIST, .at = offsetof(struct conf, hidden), .def_text = "256,256", .min = 1, .max = 1e6,
   .unit = "units", .doc = "widths of the hidden layers, from input to output", .example = "{64, 64}"},
  {.id = "activation", .type = PARAM_CHOICE, .at = offsetof(struct conf, activation), .def = ACT_RELU - 1, .choices = activations,
   .doc = "function between layers; gelu is the exact form with erf", .example = "tanh"},
  {.id = "init", .type = PARAM_CHOICE, .at = offsetof(struct conf, init), .def = INIT_HE, .choices = init_rule_hidden_names,
   .doc = "initial weights: he N(0, 2/in) before relu and gelu, N(0, 1/in) elsewhere, zero biases; glorot U(+-sqrt(6/(in+out))), "
          "zero biases; torch U(+-1/sqrt(in)) for weights and biases",
   .example = "torch"},
  {.id = "bias", .type = PARAM_BOOL, .at = offsetof(struct conf, bias), .def = 1, .doc = "add a bias to each unit", .example = "false"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  if (c->hidden.n >= NET_MAX_LAYERS)
    return err_set(e, STATUS_BAD_ARG, "model \"mlp\": hidden has %zu layers; at most %d are allowed", c->hidden.n, NET_MAX_LAYERS - 1);
  for (size_t i = 0; i < c->hidden.n; i++)
    if (!(c->hidden.v[i] >= 1 && c->hidden.v[i] <= 1e6) || floor(c->hidden.v[i]) != c->hidden.v[i])
      return err_set(e, STATUS_BAD_ARG, "model \"mlp\": hidden must be whole numbers from 1 to 1000000, got %g", c->hidden.v[i]);
  return STATUS_OK;
}

static enum status build(const void *conf, const struct io_shape *io, struct net *out, struct err *e)
{
  const struct conf *c = conf;
  size_t in = io->in;
  enum status s = STATUS_OK;
  for (size_t i = 0; i < c->hidden.n && !s; i++) {
    size_t width = (size_t)c->hidden.v[i];
    s = net_add_dense(out, in, width, (enum activation)(c->activation + 1), c->bias, e);
    in = width;
  }
  return s ? s : net_add_dense(out, in, io->out, ACT_NONE, c->bias, e);
}

static enum status init(const void *conf, const struct net *net, uint64_t seed, float *w, struct err *e)
{
  const struct conf *c = conf;
  (void)e;
  net_init(net, (enum init_rule)c->init, seed, w);
  return STATUS_OK;
}

const struct model model_mlp = {
  .m = {.kind = KIND_MODEL, .id = "mlp", .name = "Multi-layer perceptron", .summary = "dense layers with relu, tanh or gelu between them",
        .formula = "h_0 = x;  h_l = act(W_l h_{l-1} + b_l);  z = W_L h_{L-1} + b_L",
        .cite = "Rumelhart, Hinton, Williams 1986, Learning representations by back-propagating errors",
        .notes = "An empty list of hidden widths gives a linear model. The derivative of relu at 0 is 0.",
        .example = "assay.model(\"mlp\", {hidden = {64, 64}, activation = \"tanh\"})",
        .conf_size = sizeof(struct conf), .params = params, .resolve = resolve},
  .build = build,
  .init = init,
};
