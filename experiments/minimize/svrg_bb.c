/* svrg_bb.c: SVRG with the rate of each epoch from Barzilai and Borwein's rule: nothing to tune. */
#include "experiments/minimize/table.h"

struct conf {
  struct sum_conf sum;
  double period;
};

static const struct param params[] = {
  SUM_PARAMS(struct conf, sum, "1/(10 L_b) for the first epoch", "about L_max/L for dense rows, at most 64; 1 for sparse ones"),
  {.id = "period", .type = PARAM_REAL, .at = offsetof(struct conf, period), .def = 2, .min = 0, .max = 1000, .flags = PARAM_MIN_OPEN,
   .unit = "passes", .doc = "inner passes between two reference points: m = period n/b iterations", .example = "1"},
  {0},
};

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  const struct table_rule rule = {.factor = 0.1, .period = c->period, .bb = 1};
  return table_run(&c->sum, &rule, m, e);
}

const struct minimizer minimizer_svrg_bb = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "svrg-bb",
        .name = "SVRG-BB",
        .summary = "SVRG whose rate comes from the last two reference points",
        .formula = "rate_k = |s|^2 / (m s.y), s = ref_k - ref_{k-1}, y = G(ref_k) - G(ref_{k-1}); else as svrg, m = period n/b",
        .cite = "Tan, Ma, Dai and Qian 2016, Barzilai-Borwein step size for stochastic gradient descent",
        .notes = "Linear models only. The gradient of component i is slope_i a_i, so the table holds n numbers. The l2 term is exact and stands outside "
                 "the table; sparse rows are updated just in time. Where s.y <= 0 the last rate is kept. The step column of the trace shows the rates.",
        .example = "assay.minimizer(\"svrg-bb\", {period = 2})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .accepts = table_accepts,
  .run = run,
};
