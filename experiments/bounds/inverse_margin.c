/* inverse_margin.c: small margins alone, without any size of the weights. */
#include "experiments/bounds/measure.h"

struct conf {
  double gamma;
  int64_t n;
};

static const struct param params[] = {
  BOUND_POSITIVE_FROM(struct conf, gamma, "gamma", "margin: a percentile of the training margins", &quantity_gamma),
  BOUND_N_PARAM(struct conf, n),
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e)
{
  (void)x, (void)in, (void)e;
  const struct conf *c = conf;
  double raw = 1 / (c->gamma * c->gamma);
  bound_term(out, "raw", raw);
  measure_set(out, sqrt(raw / (double)c->n));
  return STATUS_OK;
}

static const char *const required[] = {"gamma", "n", NULL};

const struct bound bound_inverse_margin = {
  .m = {.kind = KIND_BOUND,
        .id = "inverse-margin",
        .name = "Inverse margin",
        .summary = "inverse margin over the root of the examples",
        .formula = "sqrt(1/(gamma^2 n))",
        .cite = "Jiang, Neyshabur, Mobahi, Krishnan and Bengio 2020, Fantastic generalization measures and where to find them",
        .notes = "Equation 22 there, in the form in which the study compares it.",
        .example = "assay.bound(\"inverse-margin\", {n = 1000, gamma = 0.5})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
