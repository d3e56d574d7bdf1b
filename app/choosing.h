/* choosing.h: the runs that a command shall do something with, and the store opened to do it. */
#ifndef ASSAY_CHOOSING_H
#define ASSAY_CHOOSING_H

#include "app/reading.h"

/* Option rows of every command that takes RUN… or --where, --experiment. */
#define CHOOSING_OPTIONS \
  {.name = "where", .letter = 'w', .arg = "SQL", .doc = "runs for which this holds: \"status = 'failed' and lr > 0.01\""}, \
  {.name = "experiment", .letter = 'e', .arg = "NAME", .doc = "runs of this experiment", .complete = "experiment"}

struct chosen { int64_t *id; size_t n; };

/* The store of this program opened for writing, which never makes one; NULL after a message on stderr. */
struct store *writing_open(struct app *app);

/* The runs named by the words from `first` on, and those that --where and --experiment choose; every run, when
 * nothing is said and `all`. Each once, by id; `trash` chooses in the trash. EXIT_DONE, or a message was
 * printed: also when nothing is chosen. Free with chosen_free. */
int choosing_runs(struct app *app, struct store *s, const struct arguments *a, size_t first, bool trash, bool all, struct chosen *out);
void chosen_free(struct chosen *c);

/* {"runs":[1,2,3]} on stdout. */
void chosen_print_json(const struct chosen *c);

#endif
