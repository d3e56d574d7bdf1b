/* roberts_gap.c: what one step of gradient descent adds to the gap, by the spread of the examples' gradients. */
#include "experiments/bounds/bound.h"

extern const struct probe probe_gradient_norms;

struct conf {
  int64_t n;
  double rate, trace;
};

/* tr C with divisor n - 1: unbiased. */
static enum status take_trace(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  const struct probe_value *v;
  double n = (double)in->subject->part->n;
  if (n < 2)
    return err_set(e, STATUS_BAD_ARG, "the part has one example: a covariance needs two");
  enum status s = bound_probe(x, in, &probe_gradient_norms, NULL, 0, &v, e);
  if (s == STATUS_OK)
    out->number = probe_number(v, "covariance_trace", PROBE_WHOLE) * n / (n - 1);
  return s;
}

static const struct quantity quantity_trace = {"the trace of the covariance of the part's gradients, divisor n - 1", take_trace};

static const struct param params[] = {
  BOUND_N_PARAM(struct conf, n),
  {.id = "rate", .type = PARAM_REAL, .at = offsetof(struct conf, rate), .def = 0.1, .min = 0, .max = 1e6, .flags = PARAM_LOG | PARAM_MIN_OPEN,
   .doc = "learning rate of the step", .example = "0.1"},
  {.id = "covariance_trace", .type = PARAM_REAL, .at = offsetof(struct conf, trace), .min = 0, .max = INFINITY, .flags = PARAM_AUTO,
   .doc = "trace of the covariance of single examples' gradients", .example = "3", .from = &quantity_trace},
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e)
{
  (void)x, (void)in, (void)e;
  const struct conf *c = conf;
  bound_term(out, "covariance_trace", c->trace);
  out->trivial = INFINITY;
  out->value = c->rate * c->trace / (double)c->n;
  return STATUS_OK;
}

static const char *const required[] = {"n", "covariance_trace", NULL};

const struct bound bound_roberts_gap = {
  .m = {.kind = KIND_BOUND,
        .id = "roberts-gap",
        .name = "Gap added by one step",
        .summary = "first-order growth of the generalization gap in one step of gradient descent",
        .formula = "E[change of test - train] = rate tr(C)/n + O(rate^2),  C = covariance of the gradients of single examples",
        .cite = "Roberts 2021, SGD implicitly regularizes generalization error",
        .notes = "Exact in expectation for weights that do not depend on the sample; along a training, sum it over the steps. C has the divisor "
                 "n - 1. For a mini-batch of b the gap on the whole sample grows by the same, that on the batch by rate tr(C)/b.",
        .example = "assay.bound(\"roberts-gap\", {n = 1000, covariance_trace = 3, rate = 0.1})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
