/* import.h: runs that other programs have written, brought into the store.
 *
 * A reader turns its source into runs: import_begin, then points and results, import_end. They gather in a store of
 * their own in a temporary folder; when the whole source has been read without a fault, import_merge brings them
 * into the user's store in one transaction. So an import is whole or absent, and as runs are known by their uid,
 * doing it twice is harmless. */
#ifndef ASSAY_APP_IMPORT_H
#define ASSAY_APP_IMPORT_H

#include <jansson.h>
#include <stdint.h>

#include "experiments/kernel/err.h"
#include "store/store.h"

struct import_settings {
  const char *experiment;   /* name of the experiment; NULL: the source's, else the file's */
  const char *run, *step;   /* columns; NULL: "uid" or "run", and "step" */
  const char *const *param; /* columns that are parameters, where that is not plain */
  size_t n_params;
  const char *const *skip;  /* columns that are left out */
  size_t n_skipped;
};

struct import_run { char uid[33], started_at[32], ended_at[32], *host; int64_t id; struct store_run_end end; };

struct import {
  const struct import_settings *settings;
  struct store *store;       /* the temporary one */
  char *folder, *file;
  char *name;                /* of the source without folder and suffix */
  char *environment;         /* provenance: format, source and its hash, as JSON */
  char time[32];             /* when the source was last changed: the time of runs that know none */
  struct import_run *run;
  size_t n, n_points, n_running; /* running: still running where they are, left out */
};

/* What is known of a run when it begins; NULL (0 for times) where the source says nothing. */
struct import_head {
  const char *uid;           /* 32 hex digits; NULL: made of experiment and label, the same at each import */
  const char *label;         /* the run's name in its source */
  const char *experiment, *summary, *params_json;
  const struct store_script *script;
  size_t n_scripts;
  const json_t *config;      /* object; its whole number `seed` is the run's seed */
  const char *config_hash, *environment_json, *note;
  const char *started_at, *ended_at, *host;
};

/* Begin to import `source`: format is a word for the provenance. */
NODISCARD enum status import_open(struct import *m, const char *source, const char *format, const struct import_settings *settings,
                                  struct err *e);
/* *at numbers the run for what follows. */
NODISCARD enum status import_begin(struct import *m, const struct import_head *head, size_t *at, struct err *e);
NODISCARD enum status import_point(struct import *m, size_t at, const char *key, int64_t step, double value, struct err *e);
/* A number, a text, or null for NaN; {"real": "inf"} and {"real": "-inf"}. */
NODISCARD enum status import_result(struct import *m, size_t at, const char *key, const json_t *value, struct err *e);
NODISCARD enum status import_tag(struct import *m, size_t at, const char *tag, struct err *e);
NODISCARD enum status import_artifact(struct import *m, size_t at, const struct store_artifact *a, struct err *e);
/* How the run ended; without this call it is done, in an unknown time. `error` is copied. */
void import_end(struct import *m, size_t at, const struct store_run_end *end);
/* After the reader: into `to`. `changed` counts the runs that are there already from another state of the source. */
NODISCARD enum status import_merge(struct import *m, struct store *to, struct store_merged *merged, size_t *changed, struct err *e);
void import_close(struct import *m);

/* JSON as everywhere in the store: keys sorted by bytes, no blanks, the shortest numbers. Caller frees. */
char *import_canonical(const json_t *v);
/* A time in seconds since 1970 as the store writes it. */
void import_time(double seconds, char out[32]);

/* The readers. Errors begin with the file and the line. */
NODISCARD enum status import_table(struct import *m, const char *path, struct err *e);  /* table.c: CSV, TSV */
NODISCARD enum status import_lines(struct import *m, const char *path, struct err *e);  /* lines.c: JSON lines */
NODISCARD enum status import_mlflow(struct import *m, const char *path, struct err *e); /* mlflow.c: a folder mlruns */
NODISCARD enum status import_events(struct import *m, const char *path, struct err *e); /* events.c: TensorBoard */

/* --- rows.c: rows of named cells as runs ------------------------------------------------------ */

/* Two shapes. Long, with the columns key and value: one point a row; what other columns hold are parameters of the
 * run and must not change within it. Wide: one step a row; numbers are metrics, texts parameters. */
enum cell_kind { CELL_NONE, CELL_NUMBER, CELL_WHOLE, CELL_TEXT };
struct import_cell { const char *name; enum cell_kind kind; double number; int64_t whole; const char *text; };

struct import_rows;
struct import_rows *import_rows_new(struct import *m);
/* `where` begins the message of an error: "FILE:7". */
NODISCARD enum status import_rows_take(struct import_rows *r, const struct import_cell *cell, size_t n, const char *where, struct err *e);
void import_rows_free(struct import_rows *r);

/* runs.c: a run as `assay export --format runs` writes it. */
bool import_is_run(const json_t *o);
NODISCARD enum status import_run_object(struct import *m, const json_t *o, const char *where, struct err *e);

#endif
