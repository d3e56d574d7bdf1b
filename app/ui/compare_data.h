/* compare_data.h: what the screen of comparisons shows, read aside: groups of runs under letters, their curves with intervals,
 * and for each result the difference of every group to A, paired by seed, with interval and tests. */
#ifndef ASSAY_UI_COMPARE_DATA_H
#define ASSAY_UI_COMPARE_DATA_H

#include "app/listing.h"
#include "app/ui/run_data.h"

enum { COMPARE_GROUPS = 8 };

/* One result of one group against group A; a figure is NaN where there is none. */
struct effect {
  size_t result, group, pairs;
  bool score;               /* of a result that rows are judged by */
  double difference;        /* of the pairs' mean, or of the means where there are no two pairs */
  double low, high;         /* 95 % t interval of the mean difference over pairs */
  double t_p, wilcoxon_p;   /* two-sided */
  double holm_p;            /* t_p adjusted over the groups that are held against A by this result */
  double size;              /* mean difference / standard deviation of the differences (Cohen's d_z) */
};

struct compare_ask {
  int64_t *run; size_t n;   /* owned */
  char *metric;             /* of the curves; NULL: the usual one; owned */
  char *score;              /* the result that people judge by now; NULL, or no result: the most important one; owned */
  bool by_run;              /* each run by itself instead of configs */
  int64_t reference;        /* the group whose first run this is becomes A; 0: the first group */
};

struct comparison {
  struct listing list;
  size_t n, left_out;            /* groups, and those beyond COMPARE_GROUPS */
  size_t row[COMPARE_GROUPS];    /* of each letter, in list.row */
  bool *differs;                 /* of each parameter: among these groups (the seed only of single runs) */
  struct names metrics;
  size_t score;                  /* the result that stands first; SIZE_MAX: none */
  char *metric;
  struct curve curve[COMPARE_GROUPS];
  struct effect *effect; size_t n_effects; /* scores first, by importance; then greatest |size| first, those without one behind */
};

/* In the reading thread. False: a message was printed. */
bool compare_load(struct comparison *c, struct app *app, struct store *s, const struct compare_ask *ask);
void compare_free(struct comparison *c);
void compare_ask_free(struct compare_ask *a);
/* The result of a group. */
const struct summary *compare_summary(const struct comparison *c, size_t group, size_t result);
/* Every figure with every digit. Caller frees. */
char *compare_csv(const struct comparison *c);

/* Mean over runs of each run's mean in a bucket of steps, with its 95 % t interval (low = high = y of a single run); NaN where a
 * run is NaN. False: a message was printed. */
bool compare_curve(struct curve *c, struct app *app, struct store *s, const int64_t *run, size_t n, const char *metric);

#endif
