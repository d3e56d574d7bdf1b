/* schedules_data.h: the schedules of a study, ranked, for screen 4.
 *
 * An experiment has them whose runs have a parameter `schedule`, a peak rate and a result. Each schedule stands at the
 * peak that is best on validation data; what is compared is its score on test data. */
#ifndef ASSAY_UI_SCHEDULES_DATA_H
#define ASSAY_UI_SCHEDULES_DATA_H

#include "app/ui/run_data.h"
#include "app/ui/study.h"

struct standing {
  char *name;              /* of the schedule; owned */
  size_t key;              /* what name_of says of its configs */
  size_t row;              /* of the listing: this schedule at its best peak */
  double peak, decades;    /* decades of peaks whose mean stays within a tenth of the best */
  bool edge;               /* its best peak is the least or greatest of the grid: the grid decided */
  double difference, p;    /* of its score from the best schedule's, paired by seed, and Holm's p; NaN: no test */
  double twice, cost;      /* change of its score by twice the updates; gradient evaluations an update; NaN: not known */
  int rank;                /* equal for all that cannot be told from the best */
  size_t lost;             /* runs of this schedule, at any peak, that did not end well */
  struct curve shape;      /* its learning rate by step in one run; n 0: not there (yet) */
};

struct schedules_data {
  size_t schedule, peak, tuned, score; /* parameters and results; SIZE_MAX: not there */
  struct names peaks;                  /* of the grid, ascending */
  size_t *name_of, *peak_of;           /* of each config of the study: its schedule, and its place in peaks; SIZE_MAX: no peak */
  struct standing *standing; size_t n; /* by score */
};

void schedules_judge(struct schedules_data *d, const struct study *s);
void schedules_free(struct schedules_data *d);

/* A result of one schedule against the peak rate, ascending, with intervals over seeds (NaN where there is none); caller frees
 * with curve_free. */
struct curve schedules_points(const struct schedules_data *d, const struct study *s, size_t standing, size_t result);

#endif
