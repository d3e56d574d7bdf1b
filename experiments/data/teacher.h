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

#define TEACHER_PARAMS(conf_type, member)                                                                              \
  DATA_MADE_COUNT_PARAMS(conf_type, member.counts, 1000, 1000, 1000), DATA_INPUTS_PARAM(conf_type, member.d, 20),      \
  DATA_SEED_PARAM(conf_type, member.seed), SPECTRUM_PARAMS(conf_type, member.spectrum, 1)

enum status teacher_resolve(void *conf, struct err *e);

/* Draw a teacher of this norm (out->teacher), then all parts: x ~ N(0, covariance) and answer(conf, w.x, to). *variance,
 * unless NULL: of w.x. The task of `out` is set. */
NODISCARD enum status teacher_load(struct dataset *out, const struct teacher_conf *c, double norm,
                                   void (*answer)(const void *conf, double output, struct draw *to), const void *conf,
                                   const struct exec *x, double *variance, struct err *e);

#endif
