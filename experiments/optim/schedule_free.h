/* schedule_free.h: the weights of the average that the schedule-free rules share. */
#ifndef ASSAY_OPTIM_SCHEDULE_FREE_H
#define ASSAY_OPTIM_SCHEDULE_FREE_H

#include "experiments/optim/rule.h"

#define SCHEDULE_FREE_PARAMS(owner)                                                                                    \
  {.id = "beta", .type = PARAM_REAL, .at = offsetof(owner, beta), .def = 0.9, .min = 0, .max = 1, .flags = PARAM_TUNED,\
   .doc = "where the gradient is taken: 0 at the iterate z, 1 at the average x", .example = "0.98"},                   \
  {.id = "r", .type = PARAM_REAL, .at = offsetof(owner, r), .def = 0, .min = 0, .max = 100, .flags = PARAM_ADVANCED,   \
   .doc = "update k enters the average with weight k^r", .example = "1"}

struct schedule_free_weights {
  double sum, largest; /* of the a_k; of the rates so far */
};

/* c_k = a_k/sum of a, a_k = k^r max rate^2; 0 while all rates were 0. */
static inline double schedule_free_share(struct schedule_free_weights *x, const struct step_info *s, double r)
{
  x->largest = fmax(x->largest, s->lr);
  double a = pow((double)s->k, r) * x->largest * x->largest;
  x->sum += a;
  return x->sum > 0 ? a / x->sum : 0;
}

#endif
