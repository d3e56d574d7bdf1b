/* measure.h: what the complexity measures share: one norm per layer, typed or from the probe of layer norms. */
#ifndef ASSAY_BOUNDS_MEASURE_H
#define ASSAY_BOUNDS_MEASURE_H

#include "experiments/bounds/bound.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define MEASURE_NORMS_PARAM(owner, member, name, text)                                                                 \
  {.id = name, .type = PARAM_LIST, .at = offsetof(owner, member), .min = 0, .max = INFINITY, .flags = PARAM_MIN_OPEN,  \
   .doc = text, .example = "3,2"}
/* NOLINTEND(bugprone-macro-parentheses) */

struct layer_numbers { size_t n; double v[NET_MAX_LAYERS]; };

extern const char *const measure_needs[]; /* layer-norms, first of the needs */

/* The list where it is given, else the probe's numbers of that name; asks for them where there is neither. */
NODISCARD enum status measure_numbers(const struct param_list *given, const struct bound_input *in, const char *name,
                                      struct layer_numbers *out, struct err *e);
/* Both, of equally many layers. */
NODISCARD enum status measure_same_layers(const struct layer_numbers *a, const char *name_a, const struct layer_numbers *b,
                                          const char *name_b, struct err *e);
double measure_log_product(const struct layer_numbers *v);
/* Set a measure by its logarithm: never vacuous, never a bound. */
void measure_set_log(struct bound_value *out, double log_value);

#endif
