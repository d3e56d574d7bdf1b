/* batching.h: batch-size schedules and tests: how many mini-batches make the gradient of an update.
 *
 * A training's mini-batches, `batch` examples each, are its clock: `steps`, schedules, evaluations and logs count them, so
 * trainings with other batch sizes have seen the same examples at the same step. An update takes the mean gradient of
 * the next one or more. */
#ifndef ASSAY_SCHEDULES_BATCHING_H
#define ASSAY_SCHEDULES_BATCHING_H

#include <stdint.h>

#include "experiments/method.h"

enum { BATCHING_GROUPS = 8 }; /* groups of mini-batches whose gradients are kept apart, at most */

/* The training: examples of a mini-batch, and examples to train on. */
struct batching_frame { size_t batch, examples; };

/* What made the last update. */
struct batching_seen {
  size_t n, count;   /* weights; mini-batches */
  size_t groups;     /* min(count, BATCHING_GROUPS); mini-batch i was in group i mod groups */
  const double *gradient;                /* mean of all; n numbers */
  const double *group[BATCHING_GROUPS];  /* mean of each group */
};

struct batching {
  struct method m;
  /* How many mini-batches (>= 1) the update takes whose first is at hand; *rate: what the schedule says, to be changed
   * where the rule has the rate follow the batch. `state` is state_size bytes, zeros at the start. */
  size_t state_size;
  size_t (*next)(const void *conf, void *state, const struct batching_frame *f, double *rate);
  /* Look at the gradients of an update. NULL: the rule does not. */
  void (*see)(const void *conf, void *state, const struct batching_frame *f, const struct batching_seen *s);
};

/* The largest batch, an `auto` one being n/10, in mini-batches; at least 1. */
size_t batching_most(int64_t most, const struct batching_frame *f);

/* The row of a conf's `int64_t most`. */
#define BATCHING_MOST_PARAM(owner, member)                                                                             \
  {.id = "most", .type = PARAM_INT, .at = offsetof(owner, member), .min = 1, .max = 1e12, .flags = PARAM_AUTO,         \
   .unit = "examples", .doc = "the largest batch; auto: a tenth of the training examples", .example = "512"}

#endif
