/* bb.h: what the two Barzilai-Borwein rates share: all but the quotient. */
#ifndef ASSAY_SCHEDULES_BB_H
#define ASSAY_SCHEDULES_BB_H

#include "experiments/schedules/controller.h"

struct bb_conf {
  double eta0, eta_min, eta_max;
  int gradients;
};
extern const struct param bb_params[];

#define BB_NOTES                                                                                                         \
  "Made for full batches: with mini-batches y is mostly the difference between two batches. gradients = \"same-batch\" "  \
  "takes both gradients on the batch in hand, at the cost of one more each; svrg-bb (a minimizer) uses epoch averages. "  \
  "Where s.y <= 0 (no positive curvature along s) the last rate stays. The loss may rise between updates: look at its "   \
  "least value so far. Meant for plain SGD."

size_t bb_state_size(const void *conf, size_t n);
void bb_init(const void *conf, void *state, size_t n);
/* What the changes since the last update, s of the weights and y of the gradient, were: their products. */
struct bb_change {
  double ss, sy, yy;
};
/* One update; quotient gives the rate, from changes with s.y > 0. */
NODISCARD enum status bb_rate(const struct bb_conf *c, void *state, struct control *k, double (*quotient)(const struct bb_change *b),
                              double *lr, struct err *e);

#endif
