/* bound.h: generalization bounds and measures.
 *
 * The numbers that a bound starts from (n, delta, a risk, a KL, norms) are its parameters: given at the prompt,
 * or "auto", that is taken from the subject. So they are checked, explained, completed and stored as every
 * other parameter, and the JSON of the object is the full record of an evaluation's inputs.
 *
 * Every number carries its kind of statement (enum statement in method.h): the descriptor states the
 * strongest it can make, an evaluation may only weaken it (an estimate took the place of an expectation, an
 * assumption could not be checked). What the program prints beside the number is statement_claim(). */
#ifndef ASSAY_BOUND_H
#define ASSAY_BOUND_H

#include <math.h>

#include "experiments/probe/probe.h"

struct bound_input {
  const struct probe_subject *subject;    /* NULL: from the parameters alone */
  const struct probe_value *const *probe; /* in the order of method.needs; NULL without a subject */
};

#define BOUND_MAX_TERMS 16

struct bound_value {
  double value;                /* bound on the risk or gap, in the unit of the loss; +inf when there is none */
  double log_value;            /* its natural logarithm: finite where the value itself overflows; NaN: ln(value) */
  bool on_gap;                 /* bounds the gap (true) or the risk (false) */
  double trivial;              /* what holds without any training: 1 for a loss in [0, 1]; +inf: nothing does */
  bool vacuous;                /* value >= trivial; set by bound_evaluate() */
  enum statement statement;
  bool assumptions_checked;    /* by the program; never for numbers that a person typed */
  double low, high;            /* interval of an estimated value; NaN otherwise */
  size_t n_terms;
  struct { const char *name; double value; } term[BOUND_MAX_TERMS]; /* complexity, confidence term, … */
};

struct bound {
  struct method m;
  /* Parameters (real, int, list or table) that must be given when there is no subject, NULL-terminated. */
  const char *const *required;
  /* *out comes prepared: the descriptor's statement, trivial 1, no interval, no terms. */
  enum status (*evaluate)(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out,
                          struct err *e);
};

/* Evaluate a configured bound: asks for what is missing by name, runs it, settles `vacuous` and `log_value`, and
 * refuses a NaN and a statement stronger than the descriptor's. `in` may be NULL. */
NODISCARD enum status bound_evaluate(const struct object *bound, const struct exec *x, const struct bound_input *in,
                                     struct bound_value *out, struct err *e);

/* May an evaluation of a method that states `strongest` state s? */
bool statement_weakens(enum statement strongest, enum statement s);

/* --- what bounds share --- */

void bound_term(struct bound_value *out, const char *name, double value);
/* "n must be given…": for rules that `required` cannot express. */
enum status bound_missing(struct err *e, const char *name);

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define BOUND_N_PARAM(owner, member)                                                                                   \
  {.id = "n", .type = PARAM_INT, .at = offsetof(owner, member), .min = 1, .max = 1e12, .flags = PARAM_AUTO,            \
   .unit = "examples", .doc = "examples that the risk was measured on (has to be given)", .example = "1000"}
#define BOUND_DELTA_PARAM(owner, member)                                                                               \
  {.id = "delta", .type = PARAM_REAL, .at = offsetof(owner, member), .def = 0.05, .min = 0, .max = 1,                  \
   .flags = PARAM_MIN_OPEN | PARAM_MAX_OPEN | PARAM_LOG, .doc = "probability with which the bound may fail",           \
   .example = "0.05"}
#define BOUND_RISK_PARAM(owner, member, name, text)                                                                    \
  {.id = name, .type = PARAM_REAL, .at = offsetof(owner, member), .min = 0, .max = 1, .flags = PARAM_AUTO,             \
   .doc = text, .example = "0.1"}
#define BOUND_POSITIVE_PARAM(owner, member, name, text)                                                                \
  {.id = name, .type = PARAM_REAL, .at = offsetof(owner, member), .min = 0, .max = INFINITY,                           \
   .flags = PARAM_AUTO | PARAM_MIN_OPEN, .doc = text, .example = "1"}
#define BOUND_LIST_PARAM(owner, member, name, text)                                                                    \
  {.id = name, .type = PARAM_LIST, .at = offsetof(owner, member), .min = 0, .max = INFINITY,           \
   .doc = text, .example = "0.5,0.25"}
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
