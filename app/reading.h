/* reading.h: what the commands that read the store share: opening it, naming a run, growing lists. */
#ifndef ASSAY_READING_H
#define ASSAY_READING_H

#include "app/app.h"

/* The store of this program opened for reading; NULL after a message on stderr. */
struct store *reading_open(struct app *app);

/* Say why the store failed, and give the exit code that fits. */
int reading_failed(struct app *app, const struct store *s);

/* A query under the cancel flag, its text printed from a format and freed; values bound afterwards.
 * NULL after the message is set in the store. */
struct store_query *reading_query(struct app *app, struct store *s, const char *sql);

/* Step a query; *code becomes the store's code and false is returned at the end or on an error. */
bool reading_next(struct store_query *q, int *code);

/* The run named by its number or by a prefix of its uid that no other run has. EXIT_DONE or a message; for a
 * run in the trash the message says so. */
int reading_run(struct app *app, struct store *s, const char *word, int64_t *id);
/* The same for a run that may lie in the trash. */
int reading_any_run(struct app *app, struct store *s, const char *word, int64_t *id);

/* --format: "table" (the default), csv, … ; `def` when not given. False after a message. */
bool reading_format(const struct arguments *a, enum table_format *format);

/* A copy of a cell whose text is owned by the copy, and its release. */
struct store_cell cell_copy(const struct store_cell *c);
void cell_free(struct store_cell *c);
bool cell_equal(const struct store_cell *a, const struct store_cell *b);
struct store_cell cell_text(const char *text); /* borrowed; NULL gives a NULL cell */
struct store_cell cell_real(double v);         /* NaN gives a NULL cell */
struct store_cell cell_integer(int64_t v);

/* Names of all parameters or results in the store, sorted: "param" or "result". */
struct names { char **name; size_t n; };
int reading_keys(struct app *app, struct store *s, const char *table, struct names *out);
void names_add(struct names *list, const char *name);
bool names_has(const struct names *list, const char *name);
void names_free(struct names *list);

/* Does this result stand for a metric's last, least or greatest value? (K.last, K.min, K.max) */
bool result_is_derived(const char *key);
/* The same asked of a row of the table `result` in SQL, exactly: is there such a metric? */
#define RESULT_IS_DERIVED "((key GLOB '*.last' OR key GLOB '*.min' OR key GLOB '*.max') AND EXISTS (SELECT 1 FROM metric_key k" \
                          " WHERE result.key IN (k.name || '.last', k.name || '.min', k.name || '.max')))"
/* Is it a time? */
bool result_is_timing(const char *key);

/* FROM and WHERE clauses that choose from `view` (runs, trash) by an expression over columns of `runs`, parameters and results;
 * the alias of a run is r. Names with dots are quoted for the user. `where` may be NULL. Caller frees. */
char *where_from(const char *view, const char *where, const struct names *params, const struct names *results);
/* Why the store has just refused the SQL of such an expression, with the nearest name where one is unknown; text that begins with
 * WHERE_UNFINISHED where it only ends too early. Caller frees. */
#define WHERE_UNFINISHED "unfinished"
char *where_problem(const struct store *s, const char *where, const struct names *params, const struct names *results);
/* After the store refused the SQL of `where`: say so, with the nearest name where one is unknown. An exit code. */
int where_refused(struct app *app, const struct store *s, const char *where, const struct names *params, const struct names *results);

#endif
