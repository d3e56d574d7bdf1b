/* ecmi.c: evaluated CMI: what the pair of losses on a row tells about its mask bit. */
#include "experiments/bounds/supersample.h"

struct conf {
  struct supersample_conf s;
};

static const struct param params[] = {
  SUPERSAMPLE_PARAMS(struct conf, s),
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out,
                            struct err *e)
{
  (void)in;
  return supersample_by_row(conf, x, ROW_PAIR, out, e);
}

static const char *const required[] = {"losses", "masks", NULL};

const struct bound bound_ecmi = {
  .m = {.kind = KIND_BOUND,
        .id = "ecmi",
        .name = "Evaluated CMI bound",
        .summary = "expected gap from the information of loss pairs about the mask, given the supersample",
        .formula = "E[gap] <= (1/n) sum_i E_z sqrt(2 I^z(L_i^0, L_i^1; U_i))",
        .cite = "Hellstrom and Durisi 2022, A new family of generalization bounds using samplewise evaluated CMI",
        .notes = SUPERSAMPLE_ROW_NOTES,
        .example = "assay.bound(\"ecmi\", {" SUPERSAMPLE_EXAMPLE "})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_E_EST},
  .required = required,
  .evaluate = evaluate,
};
