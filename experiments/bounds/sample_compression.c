/* sample_compression.c: a classifier that k of its n training points determine is tested by the other n - k. */
#include "experiments/bounds/bound.h"
#include "experiments/kernel/tail.h"

struct conf {
  int64_t n, support, errors;
  double delta;
};

static const struct param params[] = {
  BOUND_N_PARAM(struct conf, n),
  BOUND_DELTA_PARAM(struct conf, delta),
  {.id = "support", .type = PARAM_INT, .at = offsetof(struct conf, support), .min = 0, .max = 1e12, .flags = PARAM_AUTO,
   .unit = "examples", .doc = "training points k from which the classifier can be rebuilt (has to be given)", .example = "12"},
  {.id = "errors", .type = PARAM_INT, .at = offsetof(struct conf, errors), .min = 0, .max = 1e12, .flags = PARAM_AUTO,
   .unit = "examples", .doc = "wrong answers among the other n - k (has to be given)", .example = "5"},
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in;
  const struct conf *c = conf;
  if (c->support >= c->n)
    return err_set(e, STATUS_BAD_ARG, "support must be less than n (%lld), got %lld", (long long)c->n, (long long)c->support);
  int64_t rest = c->n - c->support;
  if (c->errors > rest)
    return err_set(e, STATUS_BAD_ARG, "errors must be at most n - support (%lld), got %lld", (long long)rest, (long long)c->errors);
  double cost = log((double)c->n) + log_choose((double)c->n, (double)c->support) - log(c->delta);
  out->value = bin_inv_log(c->errors, rest, -cost);
  bound_term(out, "risk", (double)c->errors / (double)rest);
  bound_term(out, "cost", cost);
  return STATUS_OK;
}

static const char *const required[] = {"n", "support", "errors", NULL};

const struct bound bound_sample_compression = {
  .m = {.kind = KIND_BOUND,
        .id = "sample-compression",
        .name = "Sample compression bound",
        .summary = "bounds the error of a classifier that a few training points determine (SVM, perceptron)",
        .formula = "F <= bin_inv(errors on the other n - k, n - k, delta/(n C(n, k)))",
        .cite = "Littlestone and Warmuth 1986, Relating data compression and learnability",
        .notes = "The k points alone, without their order or a message, must rebuild the classifier. The union is over k and "
                 "the choice of points.",
        .example = "assay.bound(\"sample-compression\", {n = 1000, support = 12, errors = 5})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP},
  .required = required,
  .evaluate = evaluate,
};
