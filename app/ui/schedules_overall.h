/* schedules_overall.h: how the schedules do over all facets of a study (problems, optimizers): the mean place, and how far
 * each stays behind the best one at worst. */
#ifndef ASSAY_UI_SCHEDULES_OVERALL_H
#define ASSAY_UI_SCHEDULES_OVERALL_H

#include "app/ui/schedules_data.h"

struct placing {
  const char *name;      /* of the schedule; borrowed from a standing */
  double place;          /* the mean over the facets in which it has a score */
  size_t n;              /* how many they are */
  double worst;          /* its score over the best one's, less 1, at worst; NaN: not known */
  size_t worst_in;       /* the facet where that is */
  double *above;         /* the same in each facet; NaN: no score */
};

struct overall { struct placing *placing; size_t n; }; /* by mean place */

/* Lives no longer than the data. */
void overall_judge(struct overall *o, const struct schedules_data *d, const struct study *s);
void overall_free(struct overall *o);

#endif
