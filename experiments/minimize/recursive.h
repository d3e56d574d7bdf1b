/* recursive.h: SARAH and PAGE: the estimate of the gradient follows the iterate by differences of mini-batch gradients,
 * v <- v + g_B(w) - g_B(w_last), and is renewed by a whole gradient now and then. Any finite sum. */
#ifndef ASSAY_MINIMIZE_RECURSIVE_H
#define ASSAY_MINIMIZE_RECURSIVE_H

#include "experiments/minimize/finite_sum.h"

struct recursive_rule {
  double period;      /* SARAH: passes of the inner loop, of two gradients each */
  double fraction;    /* SARAH+: renewed when |v|^2 <= fraction |v_0|^2 */
  bool page;          /* renewed with probability p at every iteration instead */
  double p;           /* NaN: b/(n + b) */
};

NODISCARD enum status recursive_run(const struct sum_conf *c, const struct recursive_rule *rule, size_t batch, double rate, struct minimize *m,
                                    struct err *e);

#endif
