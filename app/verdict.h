/* verdict.h: the verdict of a paper's script: into the store, and as text.
 *
 * A verdict comes as the JSON object that lua/assay/claims.lua makes of the script's findings: verdict, effect,
 * low, high, unit, why, … of the finding that decides, `parts` with all findings, `claim`. */
#ifndef ASSAY_APP_VERDICT_H
#define ASSAY_APP_VERDICT_H

#include "app/app.h"

/* Store it for the paper of this experiment, with the count of the runs that it rests on. A store_code. */
int verdict_record(struct store *s, const char *paper, int64_t experiment_id, const char *json, size_t runs);

/* The findings, one after the other, on stdout. */
void verdict_print(const struct app *app, const char *json);

/* "0.12 [0.08, 0.16]", with "-" where there is no effect. Caller frees. */
char *verdict_effect(struct store_cell effect, struct store_cell low, struct store_cell high);

/* Text on stdout in lines of at most `width` columns, the second and later ones indented. Made safe. */
void verdict_wrap(const char *first, int indent, const char *text, int width);

#endif
