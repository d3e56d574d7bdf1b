/* listing.h: runs chosen from the store, grouped by their config without the seed or one by one.
 *
 * This is what `assay ls` prints: rows with their parameters, and for each chosen result count, mean and 95 %
 * interval over the runs that are done. Only `run`, `param` and `result` are read, never `metric`. */
#ifndef ASSAY_LISTING_H
#define ASSAY_LISTING_H

#include "app/reading.h"

struct listing_ask {
  const char *where, *experiment, *status; /* NULL: all */
  const char *const *columns;              /* results that must be shown */
  size_t n_columns;
  size_t most_results;                     /* besides those; SIZE_MAX: all */
  bool by_run, timings;                    /* one row per run; results that are times too */
  bool trash;                              /* runs in the trash instead of the others */
  bool seeds;                              /* the seeds beside the values, for summary_pairs */
  bool labels;                             /* tags and notes too */
  const char *best_of;                     /* of each config the one run that is best by this result; NULL: all */
};

/* A result over the runs of a row. */
struct summary {
  size_t n, n_nan;
  double *value;               /* the n numbers; NULL for a single run without seeds, whose number is the mean */
  int64_t *seed;               /* and the seeds of their runs (INT64_MIN: none); NULL unless asked for */
  double mean, half;           /* of n >= 1; half the 95 % t interval, NaN where there is none */
  struct store_cell one;       /* the value of the last run, also when it is text */
  bool varies;                 /* texts that are not all the same */
};

struct listing_row {
  int64_t id;                  /* first run */
  size_t experiment;           /* index into experiments */
  size_t n, count[STORE_LOST + 1]; /* runs, and by enum store_status */
  size_t n_timed;              /* runs that are done and have a time */
  double wall_s;               /* their mean; of a single run its own; NaN: none */
  char uid[33], started[32], script[33]; /* of the first run */
  struct store_cell *param;    /* one per params.name; a cell of type NULL where there is none */
  struct summary *result;      /* one per results.name */
  size_t chosen_from;          /* of a best run: the runs of its config that are done */
  struct { char *name; size_t n; } *tag; size_t n_tags; /* sorted within a run; n: runs that have it */
  char *note;                  /* NULL: none */
};

struct listing {
  bool by_run;
  struct names experiments, params, results; /* results: those that are shown */
  struct names keys;           /* every result in the store */
  struct names usual;          /* results that would be shown without any being asked for, the most important first */
  bool *differs;               /* of each parameter: not the same in all rows */
  bool *differs_within;        /* of each experiment and parameter: not the same in all rows of that experiment */
  bool scripts_differ;         /* rows of one experiment come from different texts of its script */
  struct listing_row *row;
  size_t n_rows, n_runs;
  struct member { int64_t id, seed; size_t row; bool done; } *run; /* every chosen run, by id; done: it counts in the mean */
};

/* EXIT_DONE, or a message has been printed. */
int listing_load(struct listing *l, struct app *app, struct store *s, const struct listing_ask *ask);
void listing_free(struct listing *l);

/* What rows can be sorted by besides parameters and results. */
enum { LISTING_SORTS = 5 };
extern const char *const listing_sorts[LISTING_SORTS];
/* The rows in the order of a parameter, a result (its mean) or one of listing_sorts; NULL: as they came. Numbers, then texts,
 * then what has no value, whichever the direction. False, and as they came, where there is no such column. */
bool listing_sort(const struct listing *l, const char *sort, bool descending, size_t *order);
/* The same by keys of your own, one for each row. */
void listing_sort_by(const struct listing *l, const struct store_cell *key, bool descending, size_t *order);
/* Is more of this result better, as far as its name says? */
bool result_higher_better(const char *name);
/* What people look at first: 0 validation, 1 test, 2 other losses, errors and accuracies, 3 the rest. */
int result_importance(const char *name);
static inline bool result_is_score(const char *name) { return result_importance(name) <= 1; }

/* The value people see: "0.1042 ±0.0011", "0.25", "NaN in 2 of 5", "(varies)", "-". Caller frees. */
char *summary_text(const struct summary *x, bool by_run);

/* "good, slow (2)": with a count where not all runs of the row have the tag. Caller frees. */
char *listing_tags_text(const struct listing_row *r);

/* Values of a and b (read with their seeds) whose runs have the same seed, in the order of b: x of a, y of b, at most `most`. Returns the count. */
size_t summary_pairs(const struct summary *a, const struct summary *b, double *x, double *y, size_t most);

/* The sign before an interval, in ASCII where the terminal has nothing else. */
const char *plus_minus(void);

#endif
