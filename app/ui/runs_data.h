/* runs_data.h: what the screen of runs shows, read aside: configs or runs, in order, each against the best. */
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

struct runs_ask {
  char *where;          /* as typed; NULL: all */
  bool by_run;
  char *sort;           /* a result, a parameter, "n", "wall_s", "started"; NULL: the first result */
  bool descending, sort_given;
  struct names columns; /* results that must be shown */
};

struct runs_data {
  struct listing list;
  size_t *order;               /* of list.row, as shown */
  struct against *against;     /* of each list.row, by the first result; Holm-adjusted p */
  size_t best;                 /* row; SIZE_MAX: none */
  size_t n_running;
  bool higher_better;
};

struct runs_ask runs_ask_copy(const struct runs_ask *a);
void runs_ask_free(struct runs_ask *a);
/* In the reading thread. False: a message was printed. */
bool runs_load(struct runs_data *d, struct app *app, struct store *s, const struct runs_ask *ask);
void runs_free(struct runs_data *d);
/* The WHERE text for what was typed: SQL stays, bare words search names, parameters, tags and notes. NULL: all. */
char *runs_where(const char *typed);

#endif
