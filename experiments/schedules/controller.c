/* controller.c: see controller.h. */
#include "experiments/schedules/controller.h"

#include <math.h>

#define GRAD_NORM_MIN 1e-8

enum status controller_check(const struct control *k, struct err *e)
{
  if (isfinite(k->loss) && isfinite(k->grad_norm2))
    return STATUS_OK;
  return err_set(e, STATUS_DIVERGED, "the loss is %g and the squared gradient norm %g", k->loss, k->grad_norm2);
}

bool controller_skips(const struct control *k) { return sqrt(k->grad_norm2) < GRAD_NORM_MIN; }

double polyak_step(const struct control *k, double c, double optimum, double eps)
{
  return fmax(k->loss - optimum, 0.0) / (c * k->grad_norm2 + eps);
}

size_t controller_no_state(const void *conf, size_t n)
{
  (void)conf, (void)n;
  return 0;
}

void controller_no_init(const void *conf, void *state, size_t n) { (void)conf, (void)state, (void)n; }
