/* bounds_data.h: bounds and measures of a study held against the gap that was measured, for screen 5.
 *
 * An experiment has them whose runs return a result NAME with NAME.kind, the kind of its statement. NAME.violated,
 * .vacuous, .truth, .tightness, .claim, .log10 and .score are used where they are there; `gap` is what they are held
 * against. Where there is a result `reached`, runs that have not reached their training loss are left out. */
#ifndef ASSAY_UI_BOUNDS_DATA_H
#define ASSAY_UI_BOUNDS_DATA_H

#include "app/ui/study.h"
#include "experiments/kernel/stats.h"

/* A number found within each seed, over the seeds: n 0: none; the interval needs two. */
struct over_seeds { double mean; struct interval interval; size_t n; };

/* One bound or measure over all runs. Texts are owned; medians are NaN where there is nothing. */
struct judged {
  size_t result;                    /* of the listing */
  bool bound;                       /* violations are counted: else a measure */
  char *kind, *claim;               /* claims of all runs, separated by "; " */
  double value, truth, tightness;   /* medians */
  size_t n, vacuous, violated;
  struct over_seeds tau, psi;       /* Kendall's with the gap over the configs of a seed, and its granulated form */
};

struct bounds_data {
  struct judged *judged; size_t n;  /* bounds first, by their median; then measures, the best ranking first */
  size_t gap, train_error, reached; /* results; SIZE_MAX: none */
  size_t lost;                      /* runs that have not reached their training loss */
};

void bounds_judge(struct bounds_data *d, const struct study *s);
void bounds_free(struct bounds_data *d);
/* Points for a picture, a run each: the measured gap, and the measure; of a bound, what it says of the gap (the bound less the
 * training error). Only what is positive. Both arrays have room for as many as s->list.n_runs. Returns the count. */
size_t bounds_points(const struct bounds_data *d, const struct study *s, const struct judged *j, double *gap, double *y);

#endif
