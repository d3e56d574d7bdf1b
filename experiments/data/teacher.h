/* teacher.h: data sets in which a random linear teacher answers Gaussian inputs. */
#ifndef ASSAY_DATA_TEACHER_H
#define ASSAY_DATA_TEACHER_H

#include "experiments/data/spectrum.h"
#include "experiments/data/synthetic.h"

/* First member of their confs. */
struct teacher_conf {
  struct data_counts counts;
  int64_t d, seed;
  struct spectrum spectrum;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define TEACHER_PARAMS(owner, member)                                                                                  \
  DATA_MADE_COUNT_PARAMS(owner, member.counts, 1000, 1000, 1000), DATA_INPUTS_PARAM(owner, member.d, 20),              \
  DATA_SEED_PARAM(owner, member.seed), SPECTRUM_PARAMS(owner, member.spectrum, 1)
/* NOLINTEND(bugprone-macro-parentheses) */

enum status teacher_resolve(void *conf, struct err *e);

/* Draw a teacher of this norm (out->teacher), then all parts: x ~ N(0, covariance) and answer(conf, w.x, to).
 * *variance, unless NULL: of w.x. The task of `out` is set. */
NODISCARD enum status teacher_load(struct dataset *out, const struct teacher_conf *c, double norm,
                                   void (*answer)(const void *conf, double output, struct draw *to), const void *conf,
                                   const struct exec *x, double *variance, struct err *e);

#endif
