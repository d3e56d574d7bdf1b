/* schedules_data.h: the schedules of a study, ranked, for screen 4.
 *
 * An experiment has them whose runs have a parameter `schedule`, a peak rate and a result. What else its configs differ in
 * (a problem, an optimizer) are the keys of its facets: within a facet, configs differ in schedule, peak and seed alone, and
 * only such are held against each other. Each schedule stands at the peak that is best on validation data; what is compared
 * is its score on test data. The statistics are those of experiments/compare/schedules.lua, so that the screen and its
 * report say the same. */
#ifndef ASSAY_UI_SCHEDULES_DATA_H
#define ASSAY_UI_SCHEDULES_DATA_H

#include "app/ui/run_data.h"
#include "app/ui/study.h"

struct standing {
  char *name;              /* of the schedule; owned */
  size_t key;              /* what name_of says of its configs */
  size_t row;              /* of the listing: this schedule at its best peak */
  double peak, decades;    /* decades of peaks whose mean stays within a tenth of the best */
  bool edge;               /* its best peak is the least or greatest that it tried: the grid decided */
  double difference, p;    /* of its score from the best schedule's, paired by seed, and Holm's p; NaN: no test */
  double twice, cost;      /* change of its score by twice the updates; gradient evaluations an update; NaN: not known */
  int rank;                /* equal for all that cannot be told from the best; 0: no score */
  size_t lost;             /* runs of this schedule, at any peak, that did not end well */
  /* Read aside (schedules_curves.c); n 0: not there (yet). */
  struct curve shape;      /* its learning rate by step in one run */
  struct curve course;     /* what tunes it, over the part of its updates: mean and interval over the runs that have a score */
  double target;           /* the part of its updates until the course is within a tenth of the least in the facet; NaN: never */
};

/* Configs that differ in schedule, peak and seed alone. */
struct facet {
  size_t *at;                          /* its value of each key: a place among data.value[key] */
  char *name;                          /* "heavy-ball, fashion-mlp"; "" where there are no keys */
  size_t *row, n_rows;                 /* its configs, as rows of the listing */
  size_t *name_of, *peak_of;           /* of each of them: its schedule, and its place in peaks; SIZE_MAX: no peak */
  struct names peaks;                  /* of the grid, ascending; "" among them: configs without one */
  size_t choices;                      /* seeds on which the peaks are chosen */
  struct standing *standing; size_t n; /* by score; at least one */
};

struct schedules_data {
  size_t schedule, peak, tuned, score; /* parameters and results; SIZE_MAX: not there */
  size_t *key, n_keys;                 /* parameters in which the facets differ */
  struct names *value;                 /* of each key, in order */
  struct facet *facet; size_t n;       /* by their values, the first key slowest */
  size_t left_out;                     /* facets beyond FACETS_MOST */
};

enum { FACETS_MOST = 400 };

void schedules_judge(struct schedules_data *d, const struct study *s);
void schedules_free(struct schedules_data *d);

/* What a config is chosen by: its mean on validation data; NaN where a run that was to tell it was lost. */
double schedules_choice(const struct schedules_data *d, const struct study *s, const struct facet *f, size_t row);
/* A result of one schedule against the peak rate, ascending, with intervals over seeds (NaN where there is none); caller frees
 * with curve_free. */
struct curve schedules_points(const struct schedules_data *d, const struct study *s, const struct facet *f, size_t standing, size_t result);

/* --- facets (schedules_facets.c) ------------------------------------------------------------------------------- */

/* Keys, values and facets with their configs, from columns that were found. */
void facets_find(struct schedules_data *d, const struct study *s);
void facets_free(struct schedules_data *d);
/* Forget those in which no schedule can be chosen. */
void facets_drop_empty(struct schedules_data *d);
/* The facet of this name; SIZE_MAX: none. */
size_t facets_named(const struct schedules_data *d, const char *name);
/* The facet with the next value of a key, and of the other keys as many values the same as can be. */
size_t facets_step(const struct schedules_data *d, size_t facet, size_t key);

#endif
