/* fcmi.c: functional CMI: what the predictions on a row tell about its mask bit. */
#include "experiments/bounds/supersample.h"

struct conf {
  struct supersample_conf s;
};

static const struct param params[] = {
  SUPERSAMPLE_TABLE_PARAM(struct conf, s.predictions, "predictions",
                          "a row per model: its labels (from 0) on the first column of the n rows, then on the second"),
  SUPERSAMPLE_COMMON_PARAMS(struct conf, s),
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out,
                            struct err *e)
{
  (void)in;
  return supersample_by_row(conf, x, ROW_PREDICTIONS, out, e);
}

static const char *const required[] = {"predictions", "masks", NULL};

const struct bound bound_fcmi = {
  .m = {.kind = KIND_BOUND,
        .id = "fcmi",
        .name = "Functional CMI bound",
        .summary = "expected gap from the information of predicted labels about the mask, given the supersample",
        .formula = "E[gap] <= (1/n) sum_i E_z sqrt(2 I^z(predictions_i; U_i))",
        .cite = "Harutyunyan et al. 2021, Information-theoretic generalization bounds for black-box learning algorithms",
        .notes = SUPERSAMPLE_ROW_NOTES " Labels of many classes leave few masks per cell: the null level is the highest of the family.",
        .example = "assay.bound(\"fcmi\", {predictions = {{0, 2, 1, 2}, {1, 2, 0, 2}, {0, 2, 0, 1}, {0, 1, 0, 2}}, "
                   "masks = {{0, 1}, {1, 0}, {0, 0}, {1, 1}}})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_E_EST},
  .required = required,
  .evaluate = evaluate,
};
