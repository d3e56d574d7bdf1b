/* fisher_rao.c: the Fisher-Rao norm of a bias-free relu net, from one number per example. */
#include <stdlib.h>

#include "experiments/bounds/measure.h"
#include "experiments/kernel/mem.h"

extern const struct probe probe_margins;

struct conf {
  struct param_list inner;
  int64_t depth;
};

static enum status fits(const struct net *net, struct err *e)
{
  for (size_t l = 0; l < net->n_layers; l++)
    if (net->layer[l].bias || (net->layer[l].act != ACT_RELU && net->layer[l].act != ACT_NONE))
      return err_set(e, STATUS_UNSUPPORTED, "layer %zu has %s: the closed form is for relu nets without biases", l + 1,
                     net->layer[l].bias ? "biases" : "another activation than relu");
  return STATUS_OK;
}

/* <d loss/d f, f(x)> of each example. */
static enum status take_inner(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  const struct probe_subject *q = in->subject;
  const struct loss *loss = (const struct loss *)(const void *)q->loss->method;
  const struct probe_value *v;
  double *g = xcalloc(q->net->out, sizeof *g);
  enum status s = fits(q->net, e);
  s = s ? s : bound_probe(x, in, &probe_margins, NULL, 0, &v, e);
  s = s ? s : taken_list(out, q->part->n, e);
  for (size_t i = 0; i < out->list.n && !s; i++) {
    const double *z = mat_row_f64(&probe_find(v, "output", PROBE_WHOLE)->value, i);
    loss->gradient(q->loss->conf, z, q->net->out, q->part->label[i], NULL, g);
    for (size_t k = 0; k < q->net->out; k++)
      out->list.v[i] += g[k] * z[k];
  }
  free(g);
  return s;
}

static const struct quantity inner = {"of each example of the part, for a relu net without biases", take_inner};

static const struct param params[] = {
  {.id = "inner", .type = PARAM_LIST, .at = offsetof(struct conf, inner), .from = &inner,
   .doc = "per example, the loss's derivative in the outputs times the outputs, summed", .example = "0.5,-1"},
  {.id = "depth", .type = PARAM_INT, .at = offsetof(struct conf, depth), .min = 1, .max = 1e6, .flags = PARAM_AUTO,
   .doc = "number of weight matrices D", .example = "2", .from = &quantity_depth},
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
  measure_set(out, (double)c->depth * sqrt(mean));
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
