/* stability.h: what the stability bounds of stochastic gradient descent share: the path's steps and risks. */
#ifndef ASSAY_BOUNDS_STABILITY_H
#define ASSAY_BOUNDS_STABILITY_H

#include "experiments/bounds/bound.h"

/* First member of the on-average bounds' confs. */
struct stability_path {
  int64_t n, batch;
  double smoothness, loss_range, measured;
  struct param_list rates, risks, gradients;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define STABILITY_N_PARAM(owner, member)                                                                               \
  {.id = "n", .type = PARAM_INT, .at = offsetof(owner, member), .min = 1, .max = 1e12, .flags = PARAM_AUTO,            \
   .unit = "examples", .doc = "training examples (has to be given)", .example = "1000"}
/* NOLINTEND(bugprone-macro-parentheses) */

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define STABILITY_RANGE_PARAM(owner, member)                                                                           \
  {.id = "loss_range", .type = PARAM_REAL, .at = offsetof(owner, member), .min = 0, .max = INFINITY,                   \
   .flags = PARAM_AUTO | PARAM_MIN_OPEN,                                                                               \
   .doc = "range of the loss: a bound on the gap above it is vacuous; auto: unbounded", .example = "1"}
/* NOLINTEND(bugprone-macro-parentheses) */

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define STABILITY_PATH_PARAMS(owner, member)                                                                           \
  STABILITY_N_PARAM(owner, member.n),                                                                                  \
  {.id = "batch", .type = PARAM_INT, .at = offsetof(owner, member.batch), .def = 1, .min = 1, .max = 1e12,             \
   .unit = "examples", .doc = "examples per step b, drawn without replacement within the step", .example = "8"},       \
  BOUND_POSITIVE_PARAM(owner, member.smoothness, "smoothness", "gradient Lipschitz constant L of the loss (has to be given)"), \
  BOUND_LIST_PARAM(owner, member.rates, "rates", "step sizes eta_1 … eta_t of the steps taken"),                       \
  BOUND_LIST_PARAM(owner, member.risks, "risks", "training risks F_S(w_j) before each step, or one for all"),          \
  BOUND_LIST_PARAM(owner, member.gradients, "gradients",                                                               \
                   "mean squared per-example gradient norms before each step, in place of risks (sharper)"),           \
  STABILITY_RANGE_PARAM(owner, member.loss_range)
/* NOLINTEND(bugprone-macro-parentheses) */

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define STABILITY_FINAL_RISK_PARAM(owner, member)                                                                      \
  {.id = "risk", .type = PARAM_REAL, .at = offsetof(owner, member), .min = 0, .max = INFINITY, .flags = PARAM_AUTO,    \
   .doc = "training risk F_S(A(S)) at the end (has to be given)", .example = "0.1"}
/* NOLINTEND(bugprone-macro-parentheses) */

#define STABILITY_PATH_NOTES                                                                                           \
  "For a convex, smooth, non-negative loss and steps of at most 2/L; with a larger step there is no bound (inf). The " \
  "risks stand for expectations over samples, so from one trajectory the value is an estimate. A risk that was "       \
  "measured on a step's own examples is unbiased before the step, not after it."

/* Rules between the parts: resolve() of these bounds. */
enum status stability_path_resolve(void *conf, struct err *e);
/* Of those among them that know one example a step and no measured distance, and have no parameters for these. */
enum status stability_single_resolve(void *conf, struct err *e);
/* Asks for n, smoothness, rates, and risks or gradients. */
NODISCARD enum status stability_path_check(const struct stability_path *p, struct err *e);
/* Squared size that a changed example adds to a step's gradient: 8 L F_j, or 4 times the mean squared gradient. */
double stability_hit(const struct stability_path *p, size_t step);
/* Are all steps of the same size? */
bool stability_constant_rate(const struct param_list *rates);
/* Expected gap of a smooth non-negative loss with this training risk: (L/2) Delta2 + sqrt(2 L risk Delta2). */
double stability_gap(double smoothness, double risk, double delta2);
/* The value of `out` bounds a gap, which the loss's range bounds too. */
void stability_on_gap(const struct stability_path *p, struct bound_value *out);
/* The same with stability_gap() at this delta2 as the value, and delta2 as a term. */
void stability_give(const struct stability_path *p, double risk, double delta2, struct bound_value *out);
/* Sums over the steps of the hits and of their roots. */
struct stability_sums { double hits, roots; };
struct stability_sums stability_sum(const struct stability_path *p);
double stability_largest_rate(const struct param_list *rates);
/* (1/n) sum_j eta_j sqrt(hit_j): bounds the mean distance. */
double stability_l1(const struct stability_path *p);
/* Bounds on the mean squared distance: the closed form, at the best q of a grid, and the recursion, which knows mu. */
double stability_l2_closed(const struct stability_path *p);
double stability_l2_recursion(const struct stability_path *p, double mu);

#endif
