/* svrg.c: SVRG: variance reduction with a reference point whose whole gradient is known. */
#include "experiments/minimize/table.h"

struct conf {
  struct sum_conf sum;
  double period;
};

static const struct param params[] = {
  SUM_PARAMS(struct conf, sum, "1/(10 L_b), L_b the smoothness of a mini-batch", "about L_max/L for dense rows, at most 64; 1 for sparse ones"),
  {.id = "period", .type = PARAM_REAL, .at = offsetof(struct conf, period), .def = 2, .min = 0, .max = 1000, .flags = PARAM_MIN_OPEN,
   .unit = "passes", .doc = "inner passes between two reference points: m = period n/b iterations", .example = "1"},
  {0},
};

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  const struct table_rule rule = {.factor = 0.1, .period = c->period};
  return table_run(&c->sum, &rule, m, e);
}

const struct minimizer minimizer_svrg = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "svrg",
        .name = "SVRG",
        .summary = "variance reduction from a reference point and its whole gradient",
        .formula = "w <- w - rate (g_i(w) - g_i(ref) + G(ref)); ref = w every m = period n/b iterations",
        .cite = "Johnson and Zhang 2013, Accelerating stochastic gradient descent using predictive variance reduction",
        .notes = "Linear models only. The gradient of component i is slope_i a_i, so the table holds n numbers. The l2 term is exact and stands outside "
                 "the table; sparse rows are updated just in time. The slopes at the reference point are kept, so an inner iteration evaluates each component once. The reference is the last iterate.",
        .example = "assay.minimizer(\"svrg\", {period = 1})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .accepts = table_accepts,
  .run = run,
};
