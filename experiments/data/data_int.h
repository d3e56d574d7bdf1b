/* data_int.h: what the data sets share: parameters, parts, splitting. Not for other folders. */
#ifndef ASSAY_DATA_INT_H
#define ASSAY_DATA_INT_H

#include "experiments/data/data.h"
#include "experiments/params.h"

/* ---- parameters ---- */

/* How many examples go to each part; PARAM_AUTO_INT where the data set decides. */
struct data_counts {
  int64_t train, valid, test;
};

#define DATA_COUNT_MAX 4e9 /* example numbers are 32 bits wide */

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
/* Counts of data read from files; the texts say what auto means. */
#define DATA_COUNT_PARAMS(owner, member, train_text, valid_text, test_text)                                            \
  {.id = "train", .type = PARAM_INT, .at = offsetof(owner, member.train), .min = 1, .max = DATA_COUNT_MAX,             \
   .flags = PARAM_AUTO, .unit = "examples", .doc = "training examples; auto: " train_text, .example = "1000"},         \
  {.id = "valid", .type = PARAM_INT, .at = offsetof(owner, member.valid), .min = 0, .max = DATA_COUNT_MAX,             \
   .flags = PARAM_AUTO, .unit = "examples", .doc = "validation examples, 0 for none; auto: " valid_text,               \
   .example = "100"},                                                                                                  \
  {.id = "test", .type = PARAM_INT, .at = offsetof(owner, member.test), .min = 0, .max = DATA_COUNT_MAX,               \
   .flags = PARAM_AUTO, .unit = "examples", .doc = "test examples, 0 for none; auto: " test_text, .example = "100"}

/* Counts of synthetic data, with their defaults. */
#define DATA_MADE_COUNT_PARAMS(owner, member, train_count, valid_count, test_count)                                    \
  {.id = "train", .type = PARAM_INT, .at = offsetof(owner, member.train), .def = train_count, .min = 1,                \
   .max = DATA_COUNT_MAX, .unit = "examples", .doc = "training examples", .example = "1000"},                          \
  {.id = "valid", .type = PARAM_INT, .at = offsetof(owner, member.valid), .def = valid_count, .min = 0,                \
   .max = DATA_COUNT_MAX, .unit = "examples", .doc = "validation examples, 0 for none", .example = "1000"},            \
  {.id = "test", .type = PARAM_INT, .at = offsetof(owner, member.test), .def = test_count, .min = 0,                   \
   .max = DATA_COUNT_MAX, .unit = "examples", .doc = "test examples, 0 for none", .example = "1000"}

#define DATA_INPUTS_PARAM(owner, member, count)                                                                        \
  {.id = "d", .type = PARAM_INT, .at = offsetof(owner, member), .def = count, .min = 1, .max = 1e7, .unit = "inputs",  \
   .doc = "inputs per example", .example = "20"}

#define DATA_SEED_PARAM(owner, member)                                                                                 \
  {.id = "seed", .type = PARAM_INT, .at = offsetof(owner, member), .def = 1, .min = 0, .max = 9007199254740991.0,      \
   .doc = "seed of everything random in the data", .example = "1"}

enum data_order {
  DATA_ORDER_RANDOM, /* by split_seed */
  DATA_ORDER_GIVEN   /* the first rows train, the next validate, then test; none is moved */
};

/* How the rows of a table become parts. */
struct data_split {
  struct data_counts counts;
  bool standardize;
  int64_t split_seed;
  int order; /* enum data_order: which rows make which part */
};

#define DATA_SPLIT_PARAMS(owner, member, standardize_default)                                                          \
  {.id = "standardize", .type = PARAM_BOOL, .at = offsetof(owner, member.standardize), .def = standardize_default,     \
   .doc = "give each input mean 0 and standard deviation 1 over the training part", .example = "true"},                \
  {.id = "split_seed", .type = PARAM_INT, .at = offsetof(owner, member.split_seed), .def = 1, .min = 0,                \
   .max = 9007199254740991.0, .doc = "seed of the random split into parts", .example = "1"}

/* NOLINTEND(bugprone-macro-parentheses) */

extern const char *const data_task_names[]; /* "classes", "regression", NULL: enum task - 1 */

/* ---- files ---- */

/* The path to open: relative ones start from env->base_dir. Caller frees. */
char *data_path(const struct data_env *env, const char *path);
/* share_dir/experiments/data/tables/NAME; NULL with a message if there is no share_dir. Caller frees. */
char *data_shipped_path(const struct data_env *env, const char *name, struct err *e);

/* ---- parts ---- */

/* Zeroed room for n examples of d inputs, and their labels or n x outputs targets; n = 0: an absent part, all zero.
 * A size that this machine's memory cannot hold is refused before it is asked for. */
NODISCARD enum status part_new(struct examples *p, size_t n, size_t d, enum task task, size_t outputs, struct err *e);
void part_free(struct examples *p);

/* The same numbers, writable while the data set is being made. */
static inline float *part_row(struct examples *p, size_t i) { return (float *)p->x + i * p->stride; }
static inline int32_t *part_labels(struct examples *p) { return (int32_t *)p->label; }
static inline float *part_targets(struct examples *p) { return (float *)p->target; }

NODISCARD enum status data_cancelled(const struct exec *x, struct err *e); /* STATUS_CANCELLED if asked to stop */

/* ---- tables of rows ---- */

/* Rows as they are read, before they are split; NaN marks a missing input. */
struct rows {
  enum task task;
  size_t n, room, d;
  size_t outputs; /* targets per row (TASK_REGRESSION) */
  float *x;       /* n x d, packed, owned */
  int32_t *label; /* n (TASK_CLASSES), owned */
  float *target;  /* n x outputs (TASK_REGRESSION), owned */
};

/* Room for one more row, which the caller fills: row n - 1. */
NODISCARD enum status rows_add(struct rows *r, struct err *e);
/* Zeroed room for n rows at once: r->n = n. d, task and outputs are set. A size that this machine's memory cannot
 * hold is refused before it is asked for. */
NODISCARD enum status rows_make(struct rows *r, size_t n, struct err *e);
void rows_free(struct rows *r);

/* A random permutation of the rows (seed split_seed, RNG_SPLIT) is cut: first test, then validation, then training,
 * so that the test examples do not depend on the other two counts. auto is a fifth for test and for
 * validation and what is left for training. Missing inputs become the mean of the training part; then
 * inputs are standardised if wanted. Fills task, d and the parts of `out`. */
NODISCARD enum status rows_split(struct dataset *out, const struct rows *r, const struct data_split *how,
                                 const struct exec *x, struct err *e);
/* The same where a file of its own holds the test part: its first counts.test rows (auto: all), in its order; the
 * random split then leaves training and validation only. test = NULL: rows_split(). */
NODISCARD enum status rows_split_files(struct dataset *out, const struct rows *r, const struct rows *test,
                                       const struct data_split *how, const struct exec *x, struct err *e);

/* Does this machine's memory hold the bytes of n examples of d inputs? */
NODISCARD enum status data_check_room(size_t n, size_t d, size_t bytes, struct err *e);

#endif
