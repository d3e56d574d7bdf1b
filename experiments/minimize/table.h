/* table.h: SAG, SAGA and SVRG on linear models: a table of n slopes instead of n gradients, dense in mini-batches, sparse with
 * just-in-time updates.
 *
 * One iteration, for a batch B of b components with slopes s_i at w and tab_i in the table (the l2 term is exact, never in the table):
 *   u = sum_B (s_i - tab_i) a_i;   w <- (1 - rate l2) w - rate (kappa u + mean),   mean = (1/n) sum_i tab_i a_i
 *   then tab_i = s_i, mean += u/n (SAG, SAGA); SVRG renews table and mean together at its reference points only.
 * kappa = 1/b: SAGA, SVRG; 1/n: SAG, whose step uses the new mean. */
#ifndef ASSAY_MINIMIZE_TABLE_H
#define ASSAY_MINIMIZE_TABLE_H

#include "experiments/minimize/finite_sum.h"

struct table_rule {
  double factor;        /* auto rate: factor / smoothness of the batch */
  bool sag;             /* kappa = 1/n */
  double period;        /* SVRG: iterations times batch over n between reference points; 0: the table follows */
  double bb;            /* SVRG-BB: 1: the rate of each epoch from the reference points (Barzilai-Borwein); 0: no */
};

/* For minimizer.accepts: linear models only. */
NODISCARD enum status table_accepts(const void *conf, const struct objective *f, struct err *e);
NODISCARD enum status table_run(const struct sum_conf *c, const struct table_rule *rule, struct minimize *m, struct err *e);

#endif
