/* vc_linear.c: Vapnik's bound for half-spaces. */
#include "experiments/bounds/bound.h"

struct conf {
  int64_t n, dim;
  double delta, risk;
};

/* Half-spaces only: one dense layer with one output. */
static enum status take_inputs(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  (void)x;
  const struct net *net = in->subject->net;
  if (net->n_layers != 1 || net->layer[0].kind != LAYER_DENSE || net->out != 1)
    return err_set(e, STATUS_UNSUPPORTED, "model \"%s\" is no half-space: one layer with one output is needed", in->subject->model->method->id);
  out->number = (double)net->in;
  return STATUS_OK;
}

static const struct quantity inputs = {"the inputs of a linear model with one output", take_inputs};

static const struct param params[] = {
  BOUND_N_PARAM(struct conf, n),
  BOUND_DELTA_PARAM(struct conf, delta),
  BOUND_RISK_FROM(struct conf, risk, "risk", "error rate on the n training examples", &quantity_error_rate),
  {.id = "dim", .type = PARAM_INT, .at = offsetof(struct conf, dim), .min = 1, .max = 1e12, .flags = PARAM_AUTO,
   .doc = "number of inputs d; with the bias, the VC dimension is d + 1", .example = "10", .from = &inputs},
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in, (void)e;
  const struct conf *c = conf;
  double n = (double)c->n, h = (double)c->dim + 1;
  /* ln of the growth function at 2n: Sauer's lemma from 2n >= h on, all labellings before. */
  double growth = 2 * n >= h ? h * log(2 * M_E * n / h) : 2 * n * M_LN2;
  double width = sqrt(8 / n * (growth + log(4 / c->delta)));
  bound_term(out, "risk", c->risk);
  bound_term(out, "vc_dimension", h);
  bound_term(out, "log_growth", growth);
  bound_term(out, "width", width);
  out->value = c->risk + width;
  return STATUS_OK;
}

static const char *const required[] = {"n", "risk", "dim", NULL};

const struct bound bound_vc_linear = {
  .m = {.kind = KIND_BOUND,
        .id = "vc-linear",
        .name = "VC bound for half-spaces",
        .summary = "bounds the error of every linear classifier with bias by the number of inputs",
        .formula = "err <= Lhat + sqrt((8/n)(h ln(2 e n/h) + ln(4/delta))),  h = d + 1",
        .cite = "Vapnik and Chervonenkis 1971, On the uniform convergence of relative frequencies of events to their "
                "probabilities; Vapnik 1998, Statistical learning theory",
        .notes = "Needs no norm or margin, and many examples: vacuous even at n = 10 h.",
        .example = "assay.bound(\"vc-linear\", {n = 60000, risk = 0.05, dim = 10})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP},
  .required = required,
  .evaluate = evaluate,
  .checked = bound_uniform,
};
