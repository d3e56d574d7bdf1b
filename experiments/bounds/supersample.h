/* supersample.h: what the supersample (conditional mutual information) bounds share.
 *
 * A supersample is n rows of two examples. A mask u picks one of each row for training; the other tests. Of k2 masks on each
 * of k1 supersamples come 0-1 losses of both columns, L0 and L1, and from them the information that the losses of a row
 * hold about its mask bit: in expectation the gap is bounded by it (Steinke and Zakynthinou 2020).
 *
 * Information is estimated by plug-in counts. Pooled: rows, supersamples and masks are counted together, which needs an
 * algorithm that treats all rows alike (trained in random order). By row: only the masks of one supersample are, as the
 * bounds conditional on the supersample require; with few masks that is far too large where there is no information at
 * all. Hence every value comes with that of Miller and Madow's correction and with a null level: the same estimate
 * after the masks of each supersample were dealt anew to its models. */
#ifndef ASSAY_BOUNDS_SUPERSAMPLE_H
#define ASSAY_BOUNDS_SUPERSAMPLE_H

#include "experiments/bounds/bound.h"

/* First member of the bounds' confs. One row of each table per trained model, the models of a supersample together. */
struct supersample_conf {
  struct param_table *losses;      /* 2n: the losses on the first column of the n rows, then on the second */
  struct param_table *predictions; /* 2n predicted labels, in the same order */
  struct param_table *masks;       /* n: 0 where the first column was trained on, 1 the second */
  int64_t supersamples, shuffles, resamples, seed;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define SUPERSAMPLE_TABLE_PARAM(owner, member, name, text)                                                             \
  {.id = name, .type = PARAM_TABLE, .at = offsetof(owner, member), .doc = text, .example = "{{0, 1}, {1, 0}}"}
#define SUPERSAMPLE_COMMON_PARAMS(owner, member)                                                                       \
  SUPERSAMPLE_TABLE_PARAM(owner, member.masks, "masks", "a row per model: 0 where it was trained on the first column, 1 the second"), \
  {.id = "supersamples", .type = PARAM_INT, .at = offsetof(owner, member.supersamples), .def = 1, .min = 1, .max = 1e6, \
   .doc = "supersamples among the models: the first k2 belong to the first, and so on", .example = "1"},               \
  {.id = "shuffles", .type = PARAM_INT, .at = offsetof(owner, member.shuffles), .def = 200, .min = 0, .max = 1e6,      \
   .doc = "random deals of the masks for the null level; 0: none", .example = "200"},                                  \
  {.id = "resamples", .type = PARAM_INT, .at = offsetof(owner, member.resamples), .def = 1000, .min = 0, .max = 1e6,   \
   .flags = PARAM_ADVANCED, .doc = "bootstrap resamples for the interval of a pooled estimate; 0: none", .example = "1000"}, \
  {.id = "seed", .type = PARAM_INT, .at = offsetof(owner, member.seed), .def = 0, .min = -9e15, .max = 9e15,           \
   .flags = PARAM_ADVANCED, .doc = "seed of shuffles and resamples", .example = "1"}
#define SUPERSAMPLE_PARAMS(owner, member)                                                                              \
  SUPERSAMPLE_TABLE_PARAM(owner, member.losses, "losses",                                                              \
                          "a row per model: its 0-1 losses on the first column of the n rows, then on the second"),     \
  SUPERSAMPLE_COMMON_PARAMS(owner, member)
/* NOLINTEND(bugprone-macro-parentheses) */

#define SUPERSAMPLE_EXAMPLE                                                                                            \
  "losses = {{0, 0, 1, 0}, {1, 0, 0, 0}, {0, 0, 0, 1}, {0, 1, 0, 0}}, masks = {{0, 1}, {1, 0}, {0, 0}, {1, 0}}"
/* The same without training errors. */
#define SUPERSAMPLE_INTERPOLATING_EXAMPLE                                                                              \
  "losses = {{0, 0, 1, 0}, {1, 0, 0, 0}, {0, 0, 0, 1}, {0, 1, 0, 0}}, masks = {{0, 1}, {1, 0}, {0, 0}, {1, 1}}"
#define SUPERSAMPLE_NOTES                                                                                              \
  "Losses are 0 or 1. The value rests on estimated information; beside it stand that of the Miller-Madow correction and "  \
  "the null level (mean and 95 % quantile over shuffled masks): a value near it says nothing. Early stopping or choices " \
  "by the held-out column make it invalid. "
#define SUPERSAMPLE_POOLED_NOTES                                                                                       \
  SUPERSAMPLE_NOTES "Pooled over rows, supersamples and masks: train each model on its rows in random order. Interval: "  \
  "bootstrap over supersamples (10 and more), else over models."
#define SUPERSAMPLE_ROW_NOTES                                                                                          \
  SUPERSAMPLE_NOTES "By row, given the supersample, over its masks alone: some 30 masks leave a null level of about "     \
  "0.2. Interval: Student's over supersamples."

/* Estimated information in nats from its sum over N models and the bias to take off: at least 0, and 0 where only
 * rounding is left (the least that counts can give is about 1/N^2), which a square root would show. */
static inline double supersample_information(double sum, double N, double bias)
{
  double plug_in = sum / N < 1e-12 ? 0 : sum / N;
  return fmax(0, plug_in - bias);
}

/* --- pooled ------------------------------------------------------------------------------------------- */

/* What pooled bounds are made of: means over models, and counts. */
struct tally {
  double cell[8];             /* of (L0 + 2 L1, u): cell 2 (L0 + 2 L1) + u */
  double train, test;         /* mean losses */
  double train2;              /* mean squared training error of a model */
  double sharpness;           /* mean over rows and columns of (expected training loss there)^2 */
  double worst_train;         /* largest training error of a model */
  bool corrected;             /* information by Miller and Madow */
};

enum information { INFORMATION_PAIR, INFORMATION_DIFFERENCE, INFORMATION_FIRST, INFORMATION_SECOND };
/* I(pair; U), I(L1 - L0; U), I(L0; U) or I(L1; U) in nats, at least 0. */
double tally_information(const struct tally *t, enum information what);
/* Mean of I(L0; U) and I(L1; U). */
double tally_single(const struct tally *t);

typedef double supersample_rule(const void *conf, const struct tally *t);
NODISCARD enum status supersample_pooled(const void *conf, const struct exec *x, supersample_rule *rule, bool on_gap,
                                         struct bound_value *out, struct err *e);

/* min over C2 in (0, ln 2) of C1 risk + information/C2, C1 = -ln(2 - e^C2)/C2 - 1. */
double supersample_weighted(double risk, double information);
/* The same for C1 (train - (1 - g^2) moment) where C2 allows C1 g^2; gamma g in (0, 1), NaN: its limit 1. */
double supersample_discounted(double gamma, double moment, const struct tally *t);
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define SUPERSAMPLE_GAMMA_PARAM(owner, member, what)                                                                   \
  {.id = "gamma", .type = PARAM_REAL, .at = offsetof(owner, member), .min = 0, .max = 1,                               \
   .flags = PARAM_AUTO | PARAM_MIN_OPEN | PARAM_MAX_OPEN,                                                              \
   .doc = "weight g of the " what "; auto: its limit 1, where the bound is smallest", .example = "0.9"}
/* min(I(pair), 2 I(single)): what the fast bounds weigh. */
double supersample_fast_information(const struct tally *t);

/* --- by row ------------------------------------------------------------------------------------------- */

enum row_view { ROW_PAIR, ROW_DIFFERENCE, ROW_PREDICTIONS };
/* Mean over supersamples and rows of sqrt(2 I(view; U)). */
NODISCARD enum status supersample_by_row(const void *conf, const struct exec *x, enum row_view view, struct bound_value *out,
                                         struct err *e);

/* --- inside ------------------------------------------------------------------------------------------- */

/* The tables as codes, in the order supersample, row, mask. */
struct supersample {
  size_t k1, k2, n;
  uint16_t *code;   /* [k1][n][k2]: L0 + 2 L1, or a number for each different pair of predictions of the row */
  uint16_t *codes;  /* [k1][n]: how many */
  uint8_t *mask;    /* [k1][n][k2] */
  void *memory;
};
NODISCARD enum status supersample_read(struct supersample *s, const struct supersample_conf *c, bool predictions, struct err *e);
void supersample_free(struct supersample *s);
/* deal[k1][k2] = a permutation of each supersample's masks, for this shuffle. */
void supersample_deal(const struct supersample *s, uint64_t seed, uint64_t shuffle, uint32_t *deal);
/* Mean and 95 % quantile of the null values (sorts them) as terms; nothing for none. */
NODISCARD enum status supersample_null(struct bound_value *out, double *values, size_t n, struct err *e);

#endif
