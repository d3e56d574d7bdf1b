/* binary_kl.c: binary relative entropy between training and mean error. */
#include "experiments/bounds/supersample.h"
#include "experiments/kernel/tail.h"

struct conf {
  struct supersample_conf s;
};

static const struct param params[] = {
  SUPERSAMPLE_PARAMS(struct conf, s),
  {0},
};

static double rule(const void *conf, const struct tally *t)
{
  (void)conf;
  double mean = kl_inv(fmin(1, t->train), tally_information(t, INFORMATION_PAIR));
  return fmin(1, 2 * mean - t->train);
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out,
                            struct err *e)
{
  (void)in;
  return supersample_pooled(conf, x, rule, false, out, e);
}

static const char *const required[] = {"losses", "masks", NULL};

const struct bound bound_binary_kl = {
  .m = {.kind = KIND_BOUND,
        .id = "binary-kl",
        .name = "Binary-kl supersample bound",
        .summary = "expected test error by inverting a binary relative entropy, pooled",
        .formula = "kl(train || (train + test)/2) <= (1/n) sum_i I(L_i^0, L_i^1; U_i),  so test <= 2 kl_inv(train, .) - train",
        .cite = "Hellstrom and Durisi 2022, A new family of generalization bounds using samplewise evaluated CMI",
        .notes = SUPERSAMPLE_POOLED_NOTES,
        .example = "assay.bound(\"binary-kl\", {" SUPERSAMPLE_EXAMPLE "})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_E_EST},
  .required = required,
  .evaluate = evaluate,
};
