/* test_set.h: what the bounds from held-out points share. */
#ifndef ASSAY_BOUNDS_TEST_SET_H
#define ASSAY_BOUNDS_TEST_SET_H

#include "experiments/bounds/bound.h"

/* First members of the confs that count errors. */
struct test_counts {
  int64_t n, errors;
  double delta;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define TEST_COUNT_PARAMS(owner, member)                                                                               \
  BOUND_N_PARAM(owner, member.n), BOUND_DELTA_PARAM(owner, member.delta),                                              \
  {.id = "errors", .type = PARAM_INT, .at = offsetof(owner, member.errors), .min = 0, .max = 1e12,                     \
   .flags = PARAM_AUTO, .unit = "examples", .doc = "wrong answers k among the n", .example = "10",                            \
   .from = &quantity_errors}
/* NOLINTEND(bugprone-macro-parentheses) */

/* errors <= n, where both are given: resolve() of these bounds. */
enum status test_counts_resolve(void *conf, struct err *e);
extern const char *const test_counts_required[];

/* The hypothesis was trained by the program, and not on these examples: bound.checked of bounds for a fixed hypothesis.
 * What was trained on these very examples is refused. Only the test part counts: the validation part is there to choose
 * by, so its examples have chosen. That nobody has chosen by the test part either, trying settings until it looked well,
 * no program can know: the words that go with a checked HP-fixed bound keep that condition. */
enum status test_set_checked(const void *conf, const struct bound_input *in, bool *checked, struct err *e);

/* A mean of losses in [0, 1] over n points: `risk` and n, or the losses themselves. */
struct test_mean {
  int64_t n;
  double delta, risk;
  struct param_list losses;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define TEST_MEAN_PARAMS(owner, member, source)                                                                          \
  BOUND_N_PARAM(owner, member.n), BOUND_DELTA_PARAM(owner, member.delta),                                              \
  BOUND_RISK_PARAM(owner, member.risk, "risk", "mean loss on the n points (or give losses)"),                          \
  {.id = "losses", .type = PARAM_LIST, .at = offsetof(owner, member.losses), .min = 0, .max = 1,                       \
   .doc = "the losses themselves, in place of n and risk", .example = "0,1,0.5", .from = source, .unless = "risk"}
/* NOLINTEND(bugprone-macro-parentheses) */

struct mean_and_size { double mean, n; };
/* Mean and n from whichever was given; asks for what is missing. */
NODISCARD enum status test_mean_of(const struct test_mean *t, struct mean_and_size *out, struct err *e);

#endif
