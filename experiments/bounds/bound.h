/* bound.h: generalization bounds and measures.
 *
 * Every number carries its kind of statement (enum statement in method.h): the descriptor states the
 * strongest it can make, an evaluation may only weaken it (an estimate took the place of an expectation, an
 * assumption could not be checked). What the program prints beside the number is statement_claim(). */
#ifndef ASSAY_BOUND_H
#define ASSAY_BOUND_H

#include "experiments/probe/probe.h"

/* Numbers a bound may be given directly (at the prompt) instead of through a subject; NaN where not given. */
struct bound_input {
  double n;              /* training examples */
  double delta;          /* failure probability, in (0, 1) */
  double train_risk, test_errors, test_n;
  const struct probe_subject *subject;                     /* NULL: from the numbers alone */
  const struct probe_value *const *probe;                  /* in the order of method.needs */
};

#define BOUND_MAX_TERMS 16

struct bound_value {
  double value;                /* bound on the risk or gap, in the unit of the loss; +inf when there is none */
  bool on_gap;                 /* bounds the gap (true) or the risk (false) */
  bool vacuous;                /* not below what holds without any training (1 for the 0-1 loss) */
  enum statement statement;
  bool assumptions_checked;
  double low, high;            /* interval of an estimated value; NaN otherwise */
  size_t n_terms;
  struct { const char *name; double value; } term[BOUND_MAX_TERMS]; /* complexity, confidence term, … */
};

struct bound {
  struct method m;
  enum status (*evaluate)(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out,
                          struct err *e);
};

#endif
