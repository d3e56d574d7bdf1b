/* controller.h: what step-size controllers share. */
#ifndef ASSAY_SCHEDULES_CONTROLLER_H
#define ASSAY_SCHEDULES_CONTROLLER_H

#include "experiments/schedules/schedule.h"

/* STATUS_DIVERGED where the loss or the gradient is not finite. */
NODISCARD enum status controller_check(const struct control *k, struct err *e);
/* Is the gradient too small for a step to be computed from it (a norm under 1e-8)? */
bool controller_skips(const struct control *k);
/* (f - optimum)/(c |g|^2 + eps), at least 0. */
double polyak_step(const struct control *k, double c, double optimum, double eps);

/* Members of controllers without state. */
size_t controller_no_state(const void *conf, size_t n);
void controller_no_init(const void *conf, void *state, size_t n);

#endif
