/* selector.h: rules that decide, from the losses of a mini-batch, which of its examples count in the update.
 *
 * A selector gives each example a weight; the update descends the weighted mean loss. Labels that are wrong show, early in
 * a training, as large losses: to leave these out is the oldest defence (Shah, Wu and Sanghavi 2020, Choosing the sample
 * with lowest loss makes SGD robust). */
#ifndef ASSAY_OPTIM_SELECTOR_H
#define ASSAY_OPTIM_SELECTOR_H

#include <stdint.h>

#include "experiments/method.h"

/* Mini-batch t of `steps`, before its update. */
struct selection {
  uint64_t t, steps;
  size_t n;           /* >= 1 */
  const double *loss; /* [n], finite */
};

struct selector {
  struct method m;
  /* The state is a flat block, as that of an optimizer. */
  size_t (*state_size)(const void *conf);
  void (*init)(const void *conf, void *state);
  /* weight[n]: >= 0 each. The update is made with the gradient of sum weight_i loss_i/sum weight_i; where all are 0, with
   * a gradient of 0. Called once for each mini-batch, in their order, also where an update takes several. */
  void (*weigh)(const void *conf, void *state, const struct selection *s, double *weight);
};

/* Does a rule that begins after this part of the updates still wait? Then every weight is 1. */
bool selector_waits(double begin, const struct selection *s, double *weight);

#endif
