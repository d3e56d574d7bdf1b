/* run_data.h: everything about a run, or the runs of one config, read aside: facts, texts and curves. */
#ifndef ASSAY_UI_RUN_DATA_H
#define ASSAY_UI_RUN_DATA_H

#include "app/reading.h"
#include "app/ui/ui.h"

enum run_section { SECTION_CONFIG, SECTION_RESULTS, SECTION_ENVIRONMENT, SECTION_SCRIPT, SECTION_ARTIFACTS, SECTION_ERROR, SECTION_COUNT };
extern const char *const run_section_names[]; /* NULL at the end */

/* A metric over steps: mean, least and greatest over the runs, in at most CURVE_POINTS buckets of steps. */
enum { CURVE_POINTS = 2000 };
struct curve { double *x, *y, *low, *high; size_t n; bool stale; /* the store has changed since */ };
void curve_free(struct curve *c);

struct kept_artifact { int64_t id, run, size_b; char *name, *kind; };

struct run_data {
  char *head;                     /* "run 12  0f3c…  linear-decay peak=0.1 seed=3   done  2.41 s" */
  char *facts;                    /* "val_error 0.1039  test_error 0.1090" */
  char *status;                   /* of the runs, when they share it; else NULL */
  char *section[SECTION_COUNT];   /* text; NULL: none */
  uint8_t *script_class;          /* enum lua_class of each byte of the script's text */
  struct names params, values;    /* of the first run's config; lists as "1,2" */
  struct kept_artifact *artifact; size_t n_artifacts;
  struct names metrics;
  struct curve *curve;            /* one per metric; read when asked for: x NULL until then */
};

/* In the reading thread; what goes wrong is said by aside_fail or on stderr. */
bool run_data_load(struct run_data *d, struct app *app, struct store *s, const int64_t *run, size_t n);
bool curve_load(struct curve *c, struct app *app, struct store *s, const int64_t *run, size_t n, const char *metric);
void run_data_free(struct run_data *d);
/* Keep the curves of the last reading on the screen until they are read anew. */
void run_data_inherit(struct run_data *d, struct run_data *old);
/* Of run_data.c and run_results.c: call take(self, query) for each row of a query, in whose text %s stands for the runs. */
void run_data_each(struct app *app, struct store *s, const char *format, const char *ids, void *self, void (*take)(void *self, struct store_query *q));
void run_results_load(struct run_data *d, struct app *app, struct store *s, const char *ids);
/* "1,2,3" for SQL. Caller frees. */
char *run_list(const int64_t *run, size_t n);

#endif
