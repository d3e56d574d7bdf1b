/* test_binomial.c: the exact test-set bound: invert the binomial tail. */
#include "experiments/bounds/test_set.h"
#include "experiments/kernel/tail.h"

struct conf { struct test_counts counts; };

static const struct param params[] = {TEST_COUNT_PARAMS(struct conf, counts), {0}};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in, (void)e;
  const struct test_counts *c = conf;
  out->value = bin_inv(c->errors, c->n, c->delta);
  bound_term(out, "risk", (double)c->errors / (double)c->n);
  bound_term(out, "lower", bin_inv_lower(c->errors, c->n, c->delta));
  return STATUS_OK;
}

const struct bound bound_test_binomial = {
  .m = {.kind = KIND_BOUND,
        .id = "test-binomial",
        .name = "Binomial test-set bound",
        .summary = "the exact bound on the error of one fixed classifier, from held-out points",
        .formula = "F <= sup{p : P(Bin(n, p) <= k) >= delta} = (1 - delta)-quantile of Beta(k + 1, n - k)",
        .cite = "Clopper and Pearson 1934, The use of confidence or fiducial limits illustrated in the case of the "
                "binomial; Langford 2005, Tutorial on practical prediction theory for classification",
        .notes = "Only for a classifier chosen without looking at these points. The term \"lower\" is a limit from "
                 "below that fails with probability delta of its own: both together fail with at most 2 delta.",
        .example = "assay.bound(\"test-binomial\", {n = 1000, errors = 30, delta = 0.05})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP_FIXED,
        .resolve = test_counts_resolve},
  .required = test_counts_required,
  .evaluate = evaluate,
  .checked = test_set_checked,
};
