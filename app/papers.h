/* papers.h: the scripts that put published claims to the test: where they are, and what they say.
 *
 * A script lies in ./experiments/papers or in the installed …/share/assay/experiments/papers, under the id of its
 * paper: <id>.lua. Where both folders have one, the local one counts. */
#ifndef ASSAY_APP_PAPERS_H
#define ASSAY_APP_PAPERS_H

#include "app/app.h"

struct paper {
  char *id;       /* the name of the experiment, and before it is loaded that of the file */
  char *path;     /* NULL: the store has verdicts of a script that is not here */
  char *claim;    /* JSON object; NULL while not loaded */
  char *params;   /* the parameters' defaults, canonical JSON; NULL while not loaded */
  char hash[33];  /* identity of the script and what it requires; "" while not loaded */
  char *problem;  /* why the script cannot be used; NULL */
};
struct papers { struct paper *item; size_t n; };

/* The scripts in both folders, by id; nothing is loaded. */
void papers_find(const struct app *app, struct papers *out);
void papers_add(struct papers *list, const char *id, const char *path);
/* Load the script: its claim, parameters and identity, or what is wrong with it. */
void paper_load(struct app *app, struct paper *p);
void papers_free(struct papers *list);

#endif
