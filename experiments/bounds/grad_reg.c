/* grad_reg.c: the squared gradient of the training loss, which gradient regularisation adds to it. */
#include "experiments/bounds/bound.h"

extern const struct probe probe_gradient_norms;

struct conf {
  double gradient, examples;
};

static enum status take(const char *name, const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  const struct probe_value *v;
  enum status s = bound_probe(x, in, &probe_gradient_norms, NULL, 0, &v, e);
  if (s == STATUS_OK)
    out->number = probe_number(v, name, PROBE_WHOLE);
  return s;
}

static enum status take_gradient(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  return take("mean_gradient", x, in, out, e);
}

static enum status take_examples(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  return take("mean_square", x, in, out, e);
}

static const struct quantity quantity_gradient = {"the norm of the mean loss's gradient on the part", take_gradient};
static const struct quantity quantity_examples = {"the mean squared norm of single examples' gradients", take_examples};

static const struct param params[] = {
  {.id = "gradient", .type = PARAM_REAL, .at = offsetof(struct conf, gradient), .min = 0, .max = INFINITY, .flags = PARAM_AUTO,
   .doc = "norm of the gradient of the mean loss", .example = "0.3", .from = &quantity_gradient},
  {.id = "mean_square", .type = PARAM_REAL, .at = offsetof(struct conf, examples), .min = 0, .max = INFINITY, .flags = PARAM_AUTO,
   .doc = "mean of the squared gradient norms of single examples, shown beside", .example = "2", .from = &quantity_examples},
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e)
{
  (void)x, (void)in, (void)e;
  const struct conf *c = conf;
  if (!isnan(c->examples))
    bound_term(out, "mean_square", c->examples);
  out->trivial = INFINITY;
  out->value = c->gradient * c->gradient;
  return STATUS_OK;
}

static const char *const required[] = {"gradient", NULL};

const struct bound bound_grad_reg = {
  .m = {.kind = KIND_BOUND,
        .id = "grad-reg",
        .name = "Squared gradient",
        .summary = "squared norm of the gradient of the training loss",
        .formula = "|grad F_S(w)|^2;  mean_square = (1/n) sum |grad f_i(w)|^2",
        .cite = "Karakida, Takase, Hayase and Osawa 2023, Understanding gradient regularization in deep learning: efficient finite-difference "
                "computation and implicit bias",
        .notes = "What gradient regularisation adds to the loss, times gamma/2. The mean over single examples never lies below it; their "
                 "difference is the trace of the gradients' covariance.",
        .example = "assay.bound(\"grad-reg\", {gradient = 0.3})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
