/* saga.c: SAGA: the variance of stochastic gradients, reduced by a table of the last ones, without bias. */
#include "experiments/minimize/table.h"

struct conf {
  struct sum_conf sum;
};

static const struct param params[] = {
  SUM_PARAMS(struct conf, sum, "1/(3 L_b), L_b the smoothness of a mini-batch", "about L_max/L for dense rows, at most 64; 1 for sparse ones"),
  {0},
};

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  const struct table_rule rule = {.factor = 1.0 / 3};
  return table_run(&c->sum, &rule, m, e);
}

const struct minimizer minimizer_saga = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "saga",
        .name = "SAGA",
        .summary = "unbiased variance reduction with a table of gradients",
        .formula = "w <- w - rate (g_i(w) - tab_i + mean tab), then tab_i = g_i(w)\n"
                   "L_b = (n (b-1) L + (n-b) L_max)/(b (n-1)); rate 1/(3 L_max), b = 1: E|w - w*|^2 shrinks by 1 - min(1/(4n), mu/(3 L))",
        .cite = "Defazio, Bach and Lacoste-Julien 2014, SAGA: a fast incremental gradient method with support for non-strongly convex composite "
                "objectives; Gower, Loizou, Qian, Sailanbayev, Shulgin and Richtarik 2019, SGD: general analysis and improved rates",
        .notes = "Linear models only. The gradient of component i is slope_i a_i, so the table holds n numbers. The l2 term is exact and stands outside "
                 "the table; sparse rows are updated just in time. The table starts with one pass at the starting point.",
        .example = "assay.minimizer(\"saga\", {batch = 8})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .accepts = table_accepts,
  .run = run,
};
