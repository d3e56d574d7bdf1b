/* runs_filter.h: the filter of the screen of runs: what was typed as SQL, what may be typed next, what is wrong with it. */
#ifndef ASSAY_UI_RUNS_FILTER_H
#define ASSAY_UI_RUNS_FILTER_H

#include "app/listing.h"

/* The WHERE text for what was typed: SQL stays, bare words search names, parameters, tags and notes. NULL: all. Caller frees. */
char *filter_where(const char *typed);

/* What may stand at the cursor, for ui_question.candidates: names of runs' columns, parameters and results, quoted where SQL needs
 * it; behind a name and an operator its values among the rows; words of SQL. */
char *filter_candidates(const struct listing *l, const char *text, size_t cursor);

/* How many runs a filter leaves: the count, or -1 and why in *problem (NULL: the query was stopped). Caller frees. */
int64_t filter_count(struct app *app, struct store *s, const char *typed, const struct names *params, const struct names *results, char **problem);

#endif
