/* ld_cmi.c: loss-difference CMI: what the difference of the losses on a row tells about its mask bit. */
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
  return supersample_by_row(conf, x, ROW_DIFFERENCE, out, e);
}

static const char *const required[] = {"losses", "masks", NULL};

const struct bound bound_ld_cmi = {
  .m = {.kind = KIND_BOUND,
        .id = "ld-cmi",
        .name = "Loss-difference CMI bound",
        .summary = "expected gap from the information of loss differences about the mask, given the supersample",
        .formula = "E[gap] <= (1/n) sum_i E_z sqrt(2 I^z(L_i^1 - L_i^0; U_i))",
        .cite = "Wang and Mao 2023, Tighter information-theoretic generalization bounds from supersamples",
        .notes = SUPERSAMPLE_ROW_NOTES " At most ecmi on the same models.",
        .example = "assay.bound(\"ld-cmi\", {" SUPERSAMPLE_EXAMPLE "})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_E_EST},
  .required = required,
  .evaluate = evaluate,
};
