/* runs_data.h: what the screen of runs shows, read aside: configs, runs or the best run of each config, in order, each
 * config against the best. */
#ifndef ASSAY_UI_RUNS_DATA_H
#define ASSAY_UI_RUNS_DATA_H

#include "app/listing.h"
#include "app/ui/ui.h"

/* A row against the best one, by runs of the same seed. */
struct against {
  double difference, p; /* p NaN: no test (fewer than two pairs, or constant differences) */
  size_t pairs;
  bool known;
};

enum runs_fold { FOLD_CONFIGS, FOLD_RUNS, FOLD_BEST };

struct runs_ask {
  char *where;          /* as typed; NULL: all */
  enum runs_fold fold;
  char *best_of;        /* of FOLD_BEST: by this result */
  char *sort;           /* a parameter, a result, one of listing_sorts or runs_sorts; NULL: the score */
  bool descending, sort_given;
  struct names columns; /* results, parameters, curves and facts that must be shown */
};

/* What rows can be sorted by besides what a listing knows. */
enum runs_sort { SORT_CONFIG, SORT_AGAINST, SORT_STATUS, SORT_TAGS, SORT_NOTE, SORT_CHOSEN_FROM, RUNS_SORTS };
extern const char *const runs_sorts[RUNS_SORTS];

struct runs_data {
  struct listing list;
  enum runs_fold fold;
  size_t *order;               /* of list.row, as shown */
  size_t score;                /* the result that rows are judged by: the one sorted by, else the first usual one of numbers; SIZE_MAX: none */
  struct against *against;     /* of each list.row, by the score; Holm-adjusted p */
  size_t best;                 /* row; SIZE_MAX: none */
  size_t n_running;
  bool higher_better, descending;
  char *sorted_by;             /* also when nobody has asked for it; owned */
  bool any_tag, any_note;
  struct names metrics;        /* of the whole store */
  int64_t *metric_id;          /* their keys */
  size_t curve;                /* the metric whose course goes with the score; SIZE_MAX: there are none */
};

struct runs_ask runs_ask_copy(const struct runs_ask *a);
void runs_ask_free(struct runs_ask *a);
/* In the reading thread. False: *problem says what is wrong with the filter (caller frees), or a message was printed. */
bool runs_load(struct runs_data *d, struct app *app, struct store *s, const struct runs_ask *ask, char **problem);
void runs_free(struct runs_data *d);
/* Is it a number in any row? */
bool runs_result_is_number(const struct listing *l, size_t result);
/* Is this result the same in all rows, so that it need not be shown? */
bool runs_result_same(const struct listing *l, size_t result);

#endif
