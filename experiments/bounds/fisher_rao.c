/* fisher_rao.c: the Fisher-Rao norm of a bias-free relu net, from one number per example. */
#include "experiments/bounds/bound.h"

struct conf {
  struct param_list inner;
  int64_t depth;
};

static const struct param params[] = {
  {.id = "inner", .type = PARAM_LIST, .at = offsetof(struct conf, inner),
   .doc = "per example, the loss's derivative in the outputs times the outputs, summed (has to be given)", .example = "0.5,-1"},
  {.id = "depth", .type = PARAM_INT, .at = offsetof(struct conf, depth), .min = 1, .max = 1e6, .flags = PARAM_AUTO,
   .doc = "number of weight matrices D (has to be given)", .example = "2"},
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in, (void)e;
  const struct conf *c = conf;
  double sum = 0;
  for (size_t i = 0; i < c->inner.n; i++)
    sum += c->inner.v[i] * c->inner.v[i];
  double mean = sum / (double)c->inner.n;
  bound_term(out, "mean_square", mean);
  out->trivial = INFINITY;
  out->value = (double)c->depth * sqrt(mean);
  return STATUS_OK;
}

static const char *const required[] = {"inner", "depth", NULL};

const struct bound bound_fisher_rao = {
  .m = {.kind = KIND_BOUND,
        .id = "fisher-rao",
        .name = "Fisher-Rao norm",
        .summary = "size of the weights in the metric of the predictions; unchanged by rescaling a relu net",
        .formula = "|w|_fr = sqrt(w' I(w) w) = D sqrt(E <d loss/d f, f(x)>^2),  D = number of weight matrices",
        .cite = "Liang, Poggio, Rakhlin and Stokes 2019, Fisher-Rao metric, geometry, and complexity of neural networks",
        .notes = "For positively homogeneous activations without biases. For softmax cross-entropy d loss/d f = p - onehot. It "
                 "ranks models, it bounds nothing.",
        .example = "assay.bound(\"fisher-rao\", {depth = 2, inner = {0.5, -1, 0.25}})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
