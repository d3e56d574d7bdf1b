/* export_runs.h: whole runs as JSON lines: what `assay import` reads back as it was (app/import/runs.c has the form). */
#ifndef ASSAY_APP_EXPORT_RUNS_H
#define ASSAY_APP_EXPORT_RUNS_H

#include "app/choosing.h"

/* One line on stdout for each run that has ended; others are left with a message. An exit code. */
int export_runs(struct app *app, struct store *s, const struct chosen *runs);

#endif
