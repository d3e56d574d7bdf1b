/* measure.h: what the complexity measures share: one norm per layer. */
#ifndef ASSAY_BOUNDS_MEASURE_H
#define ASSAY_BOUNDS_MEASURE_H

#include "experiments/bounds/bound.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define MEASURE_NORMS_PARAM(owner, member, name, text, source)                                                         \
  {.id = name, .type = PARAM_LIST, .at = offsetof(owner, member), .min = 0, .max = INFINITY, .flags = PARAM_MIN_OPEN,  \
   .doc = text, .example = "3,2", .from = source}
/* NOLINTEND(bugprone-macro-parentheses) */

/* Both name equally many layers. */
NODISCARD enum status measure_same_layers(const struct param_list *a, const char *name_a, const struct param_list *b,
                                          const char *name_b, struct err *e);
double measure_log_product(const struct param_list *v);
/* sum_l a_l^2 / b_l^2 */
double measure_sum_ratios(const struct param_list *a, const struct param_list *b);
/* Set a measure, or its logarithm: never vacuous, never a bound. */
void measure_set(struct bound_value *out, double value);
/* sqrt(sum of squares of the norms / n), with the sum as the term `raw`. */
void measure_set_norm(struct bound_value *out, const struct param_list *norms, int64_t n);
void measure_set_log(struct bound_value *out, double log_value);

#endif
