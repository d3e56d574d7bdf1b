/* selector.c: see selector.h. */
#include "experiments/optim/selector.h"

bool selector_waits(double begin, const struct selection *s, double *weight)
{
  if ((double)s->t >= begin * (double)s->steps)
    return false;
  for (size_t i = 0; i < s->n; i++)
    weight[i] = 1;
  return true;
}
