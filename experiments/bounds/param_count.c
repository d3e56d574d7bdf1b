/* param_count.c: how many weights the net has: the measure that a better one must beat. */
#include "experiments/bounds/measure.h"

struct conf {
  int64_t count, n;
};

static enum status take_count(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  (void)x, (void)e;
  out->number = (double)in->subject->net->n_logical;
  return STATUS_OK;
}

static const struct quantity count = {"the parameters of the net", take_count};

static const struct param params[] = {
  {.id = "count", .type = PARAM_INT, .at = offsetof(struct conf, count), .min = 1, .max = 1e15, .flags = PARAM_AUTO, .unit = "parameters",
   .doc = "trainable numbers", .example = "10000", .from = &count},
  BOUND_N_PARAM(struct conf, n),
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e)
{
  (void)x, (void)in, (void)e;
  const struct conf *c = conf;
  double raw = (double)c->count;
  bound_term(out, "raw", raw);
  measure_set(out, sqrt(raw / (double)c->n));
  return STATUS_OK;
}

static const char *const required[] = {"count", "n", NULL};

const struct bound bound_param_count = {
  .m = {.kind = KIND_BOUND,
        .id = "param-count",
        .name = "Number of weights",
        .summary = "root of parameters per example",
        .formula = "sqrt(p/n)",
        .cite = "Jiang, Neyshabur, Mobahi, Krishnan and Bengio 2020, Fantastic generalization measures and where to find them",
        .notes = "Equation 20 there, in the form in which the study compares it: a baseline.",
        .example = "assay.bound(\"param-count\", {n = 1000, count = 10000})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
