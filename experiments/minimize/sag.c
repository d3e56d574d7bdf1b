/* sag.c: SAG: the average of the last gradient of every component, biased and simple. */
#include "experiments/minimize/table.h"

struct conf {
  struct sum_conf sum;
};

static const struct param params[] = {
  SUM_PARAMS(struct conf, sum, "1/(16 L_b), L_b the smoothness of a mini-batch", "about L_max/L for dense rows, at most 64; 1 for sparse ones"),
  {0},
};

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  const struct table_rule rule = {.factor = 1.0 / 16, .sag = true};
  return table_run(&c->sum, &rule, m, e);
}

const struct minimizer minimizer_sag = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "sag",
        .name = "SAG",
        .summary = "stochastic average gradient: the mean of the last gradient of each component",
        .formula = "tab_i = g_i(w), then w <- w - rate mean tab; rate 1/(16 L_max), b = 1: 1 - min(mu/(16 L), 1/(8n)) an iteration",
        .cite = "Schmidt, Le Roux and Bach 2017, Minimizing finite sums with the stochastic average gradient",
        .notes = "Linear models only. The gradient of component i is slope_i a_i, so the table holds n numbers. The l2 term is exact and stands outside "
                 "the table; sparse rows are updated just in time. Its steps are biased, with less variance than SAGA's; 1/L often works, the proof wants 1/(16 L). Proved for iid sampling.",
        .example = "assay.minimizer(\"sag\", {sampler = \"iid\"})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .accepts = table_accepts,
  .run = run,
};
