/* label_noise.h: wrong labels, put into a data set of classes on purpose. */
#ifndef ASSAY_DATA_LABEL_NOISE_H
#define ASSAY_DATA_LABEL_NOISE_H

#include "experiments/data/data_int.h"

struct label_noise {
  double rate;
  int64_t seed;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define LABEL_NOISE_PARAMS(owner, member)                                                                              \
  {.id = "label_noise", .type = PARAM_REAL, .at = offsetof(owner, member.rate), .def = 0, .min = 0, .max = 1,          \
   .unit = "fraction", .example = "0.1",                                                                               \
   .doc = "probability that a label, in any part, is replaced by another class"},                                      \
  {.id = "noise_seed", .type = PARAM_INT, .at = offsetof(owner, member.seed), .def = 1, .min = 0,                      \
   .max = 9007199254740991.0, .flags = PARAM_ADVANCED, .doc = "seed of the label noise", .example = "1"}
/* NOLINTEND(bugprone-macro-parentheses) */

/* Each label of each part becomes one of the other classes with probability rate. Whether and what depends on the part, the
 * number of the example in it and the seed alone: more examples do not change the noise of the first. All parts, so that
 * they remain samples of one distribution. */
void labels_disturb(struct dataset *d, const struct label_noise *how);

#endif
