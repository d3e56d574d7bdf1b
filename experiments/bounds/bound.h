/* bound.h: generalization bounds and measures.
 *
 * The numbers that a bound starts from (n, delta, a risk, a KL, norms) are its parameters: given at the prompt,
 * or taken from a subject (trained weights and a part of a data set), where their row says `from` what. So they are
 * checked, explained, completed and stored as every other parameter.
 *
 * Every number carries its kind of statement (enum statement in method.h): the descriptor states the
 * strongest it can make, an evaluation may only weaken it (an estimate took the place of an expectation, an
 * assumption could not be checked). What the program prints beside the number is statement_claim(). */
#ifndef ASSAY_BOUND_H
#define ASSAY_BOUND_H

#include <math.h>

#include "experiments/bounds/quantity.h"

struct bound_input {
  const struct probe_subject *subject; /* NULL: from the parameters alone */
  struct probe_cache *cache;           /* of the subject's probe values; not NULL with a subject */
  /* The program itself trained the subject's weights, from a seed and without a mask, on the train part of
   * subject->data: whatever else that data set holds had no influence on them through the training. */
  bool trained;
};

#define BOUND_MAX_TERMS 16

struct bound_value {
  double value;                /* bound on the risk or gap, in the unit of the loss; +inf when there is none */
  double log_value;            /* its natural logarithm: finite where the value itself overflows; NaN: ln(value) */
  bool on_gap;                 /* bounds the gap (true) or the risk (false) */
  double trivial;              /* what holds without any training: 1 for a loss in [0, 1]; +inf: nothing does */
  bool vacuous;                /* value >= trivial; set by bound_evaluate() */
  enum statement statement;
  bool assumptions_checked;    /* by the program: see bound.checked; else evaluate() may set it */
  double low, high;            /* interval of an estimated value; NaN otherwise */
  size_t n_terms;
  struct { const char *name; double value; } term[BOUND_MAX_TERMS]; /* complexity, confidence term, … */
};

struct bound {
  struct method m;
  /* Parameters (real, int, list or table) that must be known, NULL-terminated. */
  const char *const *required;
  /* *out comes prepared: the descriptor's statement, trivial 1, no interval, no terms. `conf` is complete: what was not
   * given has been taken from the subject. */
  enum status (*evaluate)(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out,
                          struct err *e);
  /* Has the program seen to every assumption of the theorem that it can see to? Asked only with a subject, when every
   * parameter that has a `from` was taken from it: what a person types is never checked. What no program can know (that the
   * examples are independent draws; for a fixed hypothesis, that nobody chose it by looking at them) belongs to the
   * words of statement_claim(). NULL: never. An assumption that is known to fail is an error. */
  enum status (*checked)(const void *conf, const struct bound_input *in, bool *checked, struct err *e);
};

/* Evaluate a configured bound: takes from the subject what was not given, asks for what is missing by name, runs it,
 * settles `vacuous`, `log_value` and `assumptions_checked`, and refuses a NaN and a statement stronger than the
 * descriptor's. `in` may be NULL. */
NODISCARD enum status bound_evaluate(const struct object *bound, const struct exec *x, const struct bound_input *in,
                                     struct bound_value *out, struct err *e);

/* May an evaluation of a method that states `strongest` state s? */
bool statement_weakens(enum statement strongest, enum statement s);

/* --- what bounds share --- */

void bound_term(struct bound_value *out, const char *name, double value);
/* bound.checked of bounds that hold for every hypothesis of a class at once, however it was chosen: nothing is left to
 * check when all is taken from the subject. */
enum status bound_uniform(const void *conf, const struct bound_input *in, bool *checked, struct err *e);
/* "n must be given…": for rules that `required` cannot express. */
enum status bound_missing(struct err *e, const char *name);

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define BOUND_N_PARAM(owner, member)                                                                                   \
  {.id = "n", .type = PARAM_INT, .at = offsetof(owner, member), .min = 1, .max = 1e12, .flags = PARAM_AUTO,            \
   .unit = "examples", .doc = "examples that the risk was measured on", .example = "1000", .from = &quantity_n}
#define BOUND_DELTA_PARAM(owner, member)                                                                               \
  {.id = "delta", .type = PARAM_REAL, .at = offsetof(owner, member), .def = 0.05, .min = 0, .max = 1,                  \
   .flags = PARAM_MIN_OPEN | PARAM_MAX_OPEN | PARAM_LOG, .doc = "probability with which the bound may fail",           \
   .example = "0.05"}
#define BOUND_RISK_FROM(owner, member, name, text, source)                                                                    \
  {.id = name, .type = PARAM_REAL, .at = offsetof(owner, member), .min = 0, .max = 1, .flags = PARAM_AUTO,             \
   .doc = text, .example = "0.1", .from = source}
#define BOUND_POSITIVE_FROM(owner, member, name, text, source)                                                                \
  {.id = name, .type = PARAM_REAL, .at = offsetof(owner, member), .min = 0, .max = INFINITY,                           \
   .flags = PARAM_AUTO | PARAM_MIN_OPEN, .doc = text, .example = "1", .from = source}
#define BOUND_RISK_PARAM(owner, member, name, text) BOUND_RISK_FROM(owner, member, name, text, NULL)
#define BOUND_POSITIVE_PARAM(owner, member, name, text) BOUND_POSITIVE_FROM(owner, member, name, text, NULL)
#define BOUND_LIST_PARAM(owner, member, name, text)                                                                    \
  {.id = name, .type = PARAM_LIST, .at = offsetof(owner, member), .min = 0, .max = INFINITY,           \
   .doc = text, .example = "0.5,0.25"}
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
