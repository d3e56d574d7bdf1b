/* param_norm.c: the Euclidean norm of all weights, per root of an example. */
#include "experiments/bounds/measure.h"

struct conf {
  struct param_list frobenius;
  int64_t n;
};

static const struct param params[] = {
  MEASURE_NORMS_PARAM(struct conf, frobenius, "frobenius", "Frobenius norm of each layer's weights", &quantity_frobenius),
  BOUND_N_PARAM(struct conf, n),
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e)
{
  (void)x, (void)in, (void)e;
  const struct conf *c = conf;
  measure_set_norm(out, &c->frobenius, c->n);
  return STATUS_OK;
}

static const char *const required[] = {"frobenius", "n", NULL};

const struct bound bound_param_norm = {
  .m = {.kind = KIND_BOUND,
        .id = "param-norm",
        .name = "Norm of the weights",
        .summary = "Euclidean norm of the weights over the root of the examples",
        .formula = "sqrt(sum_l |W_l|_F^2/n)",
        .cite = "Jiang, Neyshabur, Mobahi, Krishnan and Bengio 2020, Fantastic generalization measures and where to find them",
        .notes = "Equation 42 there, in the form in which the study compares it. Biases are left out.",
        .example = "assay.bound(\"param-norm\", {n = 1000, frobenius = {3, 2}})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
