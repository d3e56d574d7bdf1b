/* rule.c: what the elementwise rules share at run time. */
#include "experiments/optim/rule.h"

#include <inttypes.h>

enum status rule_overflowed(const struct step_info *s, struct err *e)
{
  return err_set(e, STATUS_DIVERGED, "a weight or the state of the rule (a second moment, say) overflows at update %" PRIu64
                                     ": clip the gradient or lower the learning rate", s->k);
}

enum isa rule_isa(const struct step_info *s)
{
  enum isa best = cpu_best_isa();
  return s->at_most && *s->at_most < best ? *s->at_most : best;
}
