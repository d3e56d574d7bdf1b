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
  BOUND_POSITIVE_PARAM(owner, member.rho, "rho",                                                                       \
                       "margin; auto, with margins and grid: the best power of 2 that at most half of them do not exceed"), \
  BOUND_RISK_PARAM(owner, member.risk, "margin_risk", "fraction of the n examples with margin <= rho (or give margins)"), \
  {.id = "margins", .type = PARAM_LIST, .at = offsetof(owner, member.margins),                                         \
   .doc = "the margins y f(x), or f_y - max f_k, of all examples, in place of n and margin_risk", .example = "0.5,-1,2", \
   .from = &quantity_margins, .unless = "margin_risk"},                                                                \
  {.id = "grid", .type = PARAM_BOOL, .at = offsetof(owner, member.grid), .def = 1,                                     \
   .doc = "norm and rho were seen or chosen after the data: pay for a union over powers of 2", .example = "true"}
/* NOLINTEND(bugprone-macro-parentheses) */

/* err <= risk + exp(log_complexity) + confidence at margin rho. */
struct margin_bound { double rho, risk, log_complexity, confidence; };

/* The bound whose complexity term is exp(log_scale)/rho, for a norm exp(log_norm) inside log_scale. With the grid, norm and
 * rho go to the next powers of 2, and rho may be left out. Asks for what is missing. */
NODISCARD enum status margin_bound_of(const struct margin_input *m, double log_scale, double log_norm, struct margin_bound *out,
                                      struct err *e);
/* Value, logarithm (also where the value overflows) and terms. */
void margin_settle(const struct margin_bound *b, struct bound_value *out);
/* bound.checked: holds for every net and margin at once when the grid is paid for. */
enum status margin_checked(const void *conf, const struct bound_input *in, bool *checked, struct err *e);

/* Powers of 2, 2^i for all whole i, share delta as (pi^2/3 - 1)^-1 (|i| + 1)^-2. The next one at or above v, or at or
 * below it, and ln(1/share). */
struct grid_point { double log_value, cost; };
struct grid_point grid_above(double log_v);
struct grid_point grid_below(double log_v);

#endif
