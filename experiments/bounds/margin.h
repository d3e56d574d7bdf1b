/* margin.h: what the margin bounds share: the fraction of small margins, and unions over grids of scales. */
#ifndef ASSAY_BOUNDS_MARGIN_H
#define ASSAY_BOUNDS_MARGIN_H

#include "experiments/bounds/bound.h"

/* First member of the confs. */
struct margin_input {
  int64_t n;
  double delta, rho, risk;
  struct param_list margins;
  bool grid;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define MARGIN_PARAMS(owner, member)                                                                                   \
  BOUND_N_PARAM(owner, member.n), BOUND_DELTA_PARAM(owner, member.delta),                                              \
  BOUND_POSITIVE_PARAM(owner, member.rho, "rho", "margin (has to be given)"),                                          \
  BOUND_RISK_PARAM(owner, member.risk, "margin_risk", "fraction of the n examples with margin <= rho (or give margins)"), \
  {.id = "margins", .type = PARAM_LIST, .at = offsetof(owner, member.margins),                                         \
   .doc = "the margins y f(x), or f_y - max f_k, of all examples, in place of n and margin_risk", .example = "0.5,-1,2"}, \
  {.id = "grid", .type = PARAM_BOOL, .at = offsetof(owner, member.grid), .def = 1,                                     \
   .doc = "norm and rho were seen or chosen after the data: pay for a union over powers of 2", .example = "true"}
/* NOLINTEND(bugprone-macro-parentheses) */

struct margin_fraction { double risk, n; };
/* Fraction of margins <= rho and n from whichever was given; asks for what is missing. */
NODISCARD enum status margin_fraction_of(const struct margin_input *m, double rho, struct margin_fraction *out, struct err *e);

/* Powers of 2, 2^i for all whole i, share delta as (pi^2/3 - 1)^-1 (|i| + 1)^-2. The next one at or above v, or at or
 * below it, and ln(1/share). */
struct grid_point { double log_value, cost; };
struct grid_point grid_above(double log_v);
struct grid_point grid_below(double log_v);

#endif
