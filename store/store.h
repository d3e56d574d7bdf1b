/* store.h: the SQLite file that holds every run. Opaque handle; no other folder includes sqlite3.h.
 *
 * The store depends on nothing in experiments/. Functions return 0 or a negative enum store_code, and
 * keep the text of the last problem in the handle (store_message). A failed store_open fills `message`.
 *
 * A handle belongs to one thread at a time, and to the process that opened it: a forked child neither uses
 * nor closes it.
 *
 * One process writes (the one that runs the sweep); readers never block it. Metrics are batched, at most
 * one second behind; a run's end is committed with full sync before anything says "done". */
#ifndef ASSAY_STORE_H
#define ASSAY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

enum store_code {
  STORE_OK = 0,
  STORE_ERROR = -1,      /* anything else; see the message */
  STORE_NOT_OURS = -2,   /* a database of another program */
  STORE_TOO_NEW = -3,    /* written by a newer assay: can only be read */
  STORE_READONLY = -4,
  STORE_FULL = -5,
  STORE_BUSY = -6,       /* another process writes; the message says who */
  STORE_CORRUPT = -7,
  STORE_ABSENT = -8,     /* no such file (read-only opening) */
  STORE_BAD_SQL = -9,
  STORE_INTERRUPTED = -10,
};

enum store_mode {
  STORE_READ,   /* read only; defensive; falls back to immutable where the directory cannot be written */
  STORE_WRITE,  /* create if absent, migrate, take the writer's lock, mark runs of dead processes `lost` */
};

/* path may be NULL: $ASSAY_DB, else ./assay.db. `message` says on success what the user should know: what was done to an
 * older format, that a newer one is read. Else it is empty. */
int store_open(struct store **out, const char *path, enum store_mode mode, char *message, size_t message_size);
void store_close(struct store *s);
const char *store_message(const struct store *s);
const char *store_path(const struct store *s);

/* --- writing --------------------------------------------------------------------------------- */

/* A file that took part: the script and what it requires. Stored once by hash. */
struct store_script { const char *name; const char *text; size_t size; };

struct store_environment { const char *json; /* canonical object: cpu, blas, compiler, versions, git commit … */ };

/* Get or make the experiment row. identity_hash covers the script and everything it requires. */
int store_experiment(struct store *s, const char *name, const char *summary, const struct store_script *scripts, size_t n_scripts,
                     const char *params_json, int64_t *experiment_id, char script_hash_hex[33]);
int store_environment(struct store *s, const struct store_environment *env, int64_t *environment_id);
/* The script_hash that store_experiment gives these files. */
void store_scripts_hash(const struct store_script *scripts, size_t n_scripts, char hash_hex[33]);

enum store_status { STORE_RUNNING = 1, STORE_DONE = 2, STORE_FAILED = 3, STORE_CANCELLED = 4, STORE_LOST = 5 };
const char *store_status_name(enum store_status st); /* "running", "done", … as stored */

struct store_run_start {
  int64_t experiment_id, environment_id;
  const char *config_json;   /* canonical */
  const char *config_hash;   /* 32 hex digits: canonical config with defaults + script hash = identity */
  int64_t seed;              /* INT64_MIN: none */
  int worker_pid;
};
/* The finished run of this identity, if any: *run_id > 0. Runs of other script texts do not count. */
int store_find_done(struct store *s, const char *config_hash, int64_t *run_id);
int store_run_begin(struct store *s, const struct store_run_start *r, int64_t *run_id);

/* Batched; NaN is stored as NULL. The row also keeps last/min/max per key for `result` at the end. */
int store_metric(struct store *s, int64_t run_id, const char *key, int64_t step, double value);
/* Fast path: resolve a key once. */
int store_metric_key(struct store *s, const char *key, int64_t *key_id);
int store_metric_by_id(struct store *s, int64_t run_id, int64_t key_id, int64_t step, double value);

/* One row per result and run. kind of value: number (NaN stored as NULL) or text. */
int store_result_number(struct store *s, int64_t run_id, const char *key, double value);
int store_result_text(struct store *s, int64_t run_id, const char *key, const char *value);

/* A larger product of a run, kept inside the store; of two under one name the later stands. Batched. */
struct store_artifact { const char *name, *kind; const void *content; size_t size; };
int store_artifact(struct store *s, int64_t run_id, const struct store_artifact *a);

struct store_run_end {
  enum store_status status;
  const char *error;     /* NULL when done */
  double wall_s, cpu_s;
  int64_t peak_memory_b; /* 0: unknown */
};
/* Flushes this run's metrics, writes last and best values, and commits with full sync. */
int store_run_end(struct store *s, int64_t run_id, const struct store_run_end *end);
/* Several runs that ended together: one commit, one sync. All of them or, on an error, none. */
int store_runs_end(struct store *s, const int64_t *run_ids, const struct store_run_end *ends, size_t n);
/* A run that has ended was made elsewhere: its name, host and times there. Fails if a run has that uid. */
struct store_origin { const char *uid, *host, *started_at, *ended_at; };
int store_run_origin(struct store *s, int64_t run_id, const struct store_origin *origin);
int store_flush(struct store *s);        /* commit what is pending (metrics), normal sync */
int store_tick(struct store *s);         /* call often; flushes when a second has passed */

int store_tag(struct store *s, int64_t run_id, const char *tag, bool add);
int store_note(struct store *s, int64_t run_id, const char *note); /* NULL or "": none */

/* A published claim put to the test. The same as the paper's latest verdict from this experiment: no new row. */
struct store_verdict {
  const char *paper;         /* id of the paper's script */
  int64_t experiment_id;
  const char *verdict;       /* "holds", "fails" or "inconclusive" */
  double effect, low, high;  /* NaN: none */
  const char *detail_json;   /* an object: the figures that it rests on */
};
int store_verdict(struct store *s, const struct store_verdict *v, bool *is_new);

/* Put runs into the trash or take them out; all of them or, on an error, none. In the trash a run is seen by
 * the view `trash` alone, and does not count as finished. */
int store_trash(struct store *s, const int64_t *run_ids, size_t n, bool in);
/* Delete what is in the trash for good, with the scripts, experiments and environments that nothing else
 * uses, and give the space back to the file system. */
struct store_gc { int64_t runs, points, before_b, after_b; };
int store_gc(struct store *s, struct store_gc *out);

/* --- between stores -------------------------------------------------------------------------- */

/* Copy from the store at `source`, opened read-only, every run whose uid is not here, with all that belongs to
 * it; scripts, experiments and environments that are here are shared. Runs that still run there and what lies
 * in its trash are left. All or nothing; a second time copies nothing. */
struct store_merged { int64_t runs, known, running, points; };
int store_merge(struct store *s, const char *source, struct store_merged *out);

/* Write a copy to the new file `path`: without the trash, with a rollback journal, so that it can be read from
 * a medium or directory that cannot be written. The copy is whole or absent. */
int store_publish(struct store *s, const char *path);

/* --- reading --------------------------------------------------------------------------------- */

/* A query: read-only SQL under an authorizer (no ATTACH, no writes, no pragma writes, no extensions). */
enum store_type { STORE_NULL, STORE_INTEGER, STORE_REAL, STORE_TEXT, STORE_BLOB };
struct store_cell { enum store_type type; int64_t i; double r; const char *text; size_t size; /* text, blob */ };
struct store_query; /* an open cursor */
struct store_limits { double seconds; /* 0: none */ const void *cancel; /* const atomic_int *, or NULL */ };
int store_query_open(struct store_query **out, struct store *s, const char *sql, const struct store_limits *limits);
int store_query_bind_text(struct store_query *q, int at, const char *value);  /* at from 1 */
int store_query_bind_int(struct store_query *q, int at, int64_t value);
int store_query_bind_real(struct store_query *q, int at, double value);
size_t store_query_columns(const struct store_query *q);
const char *store_query_name(const struct store_query *q, size_t column);
int store_query_next(struct store_query *q, bool *row);   /* STORE_OK and *row = false at the end */
struct store_cell store_query_cell(const struct store_query *q, size_t column);
void store_query_close(struct store_query *q);

struct store_check { char text[1024]; bool ok; };
/* A shell command that saves what can be read of a damaged store into a new one, rescued.db. Valid until the next call. */
const char *store_rescue(struct store *s);
int store_integrity(struct store *s, bool full, struct store_check *out); /* quick_check or integrity_check */

#endif
