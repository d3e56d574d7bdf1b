/* finite_sum.h: what methods for finite sums share: the order of the components, mini-batches and their smoothness. */
#ifndef ASSAY_MINIMIZE_FINITE_SUM_H
#define ASSAY_MINIMIZE_FINITE_SUM_H

#include "experiments/minimize/minimize.h"
#include "experiments/optim/optimizer.h"

/* First members of the conf of a finite-sum method. */
struct sum_conf {
  struct object sampler;
  double rate;
  int64_t batch;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define SUM_SAMPLER_PARAM(owner, member)                                                                               \
  {.id = "sampler", .type = PARAM_METHOD, .at = offsetof(owner, member.sampler), .of = KIND_SAMPLER,                   \
   .def_text = "random-reshuffling", .doc = "the order of the components", .example = "iid"}
#define SUM_PARAMS(owner, member, auto_rate, auto_batch)                                                               \
  SUM_SAMPLER_PARAM(owner, member),                                                                                    \
  {.id = "rate", .type = PARAM_REAL, .at = offsetof(owner, member.rate), .min = 0, .max = 1e9,                         \
   .flags = PARAM_AUTO | PARAM_LOG | PARAM_TUNED | PARAM_MIN_OPEN, .doc = "the rate; auto: " auto_rate,                \
   .example = "0.1"},                                                                                                  \
  {.id = "batch", .type = PARAM_INT, .at = offsetof(owner, member.batch), .min = 1, .max = 64,                         \
   .flags = PARAM_AUTO | PARAM_LOG | PARAM_TUNED, .unit = "components",                                                \
   .doc = "components an iteration; auto: " auto_batch, .example = "8"}
/* NOLINTEND(bugprone-macro-parentheses) */

/* Walks through the epochs of a sampler; batches end with the epoch, so that those of a permutation hold no component twice. */
struct sum_order {
  const struct object *sampler; /* borrowed */
  size_t n, at;
  uint64_t seed, epoch;         /* of the epoch after the one in hand */
  uint32_t *order;              /* n, owned */
};
NODISCARD enum status sum_order_new(struct sum_order *o, const struct object *sampler, const struct minimize *m, struct err *e);
void sum_order_free(struct sum_order *o);
/* *index: the next *b <= most components. */
NODISCARD enum status sum_order_next(struct sum_order *o, size_t most, const uint32_t **index, size_t *b, struct err *e);

/* The smoothness that decides the rate of batches of b: from L_max (b = 1) down to L (b = n):
 * (n (b - 1) L + (n - b) L_max) / (b (n - 1)). Gower, Loizou, Qian, Sailanbayev, Shulgin and Richtarik 2019, SGD: general analysis and
 * improved rates. */
double sum_smoothness(double n, double b, double l, double l_max);

/* Batch and rate of a run: auto batch (dense linear models: about L_max/L, at most 64; else 1) and auto rate = factor / smoothness
 * of the batch. Needs L_max. The products that estimate L are counted. */
NODISCARD enum status sum_resolve(const struct sum_conf *c, struct minimize *m, double factor, size_t *batch, double *rate, struct err *e);

#endif
