/* model_based.h: the loop of stochastic model-based methods: x+ = argmin model_i(x) + |x - w|^2/(2 lr), one component at a time, lr from a
 * schedule. Davis and Drusvyatskiy 2019, Stochastic model-based minimization of weakly convex functions. */
#ifndef ASSAY_MINIMIZE_MODEL_BASED_H
#define ASSAY_MINIMIZE_MODEL_BASED_H

#include "experiments/minimize/finite_sum.h"
#include "experiments/schedules/schedule.h"

struct model_conf {
  struct object sampler, schedule;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define MODEL_PARAMS(owner, member)                                                                                    \
  SUM_SAMPLER_PARAM(owner, member),                                                                                    \
  {.id = "schedule", .type = PARAM_METHOD, .at = offsetof(owner, member.schedule), .of = KIND_SCHEDULE,                \
   .def_text = "constant", .doc = "lr of each iteration; an auto T is the number of iterations in the budget", .example = "inverse-sqrt"}
/* NOLINTEND(bugprone-macro-parentheses) */

/* Move m->w by the model of component i; counts its evaluation; the effective step for the trace. g: scratch of d. */
typedef double model_step(const void *conf, struct minimize *m, size_t i, double lr, double *g);
NODISCARD enum status model_run(const struct model_conf *c, const void *conf, model_step *step, struct minimize *m, struct err *e);

#endif
