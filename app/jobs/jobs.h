/* jobs.h: a sweep: its runs, who does them, and where what they say goes.
 *
 * experiment.c puts it together; shard.c leaves a part of it to others; plan.c says which runs are next; pool.c forks workers and hears them;
 * record.c writes to the store; progress.c shows; report.c hands the results to the script. */
#ifndef ASSAY_JOBS_H
#define ASSAY_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "app/app.h"
#include "app/jobs/events.h"

enum { TASK_MAX = 16 }; /* runs that are handed to a worker at once; see plan.c */

enum run_phase {
  RUN_KEPT,    /* finished in an earlier sweep */
  RUN_WAITING, /* to be done */
  RUN_HANDED,  /* in the task of a worker */
  RUN_STARTED,
  RUN_ENDED,
  RUN_ELSEWHERE, /* in another shard */
};

struct run_state {
  enum run_phase phase;
  enum status status;  /* of an ended run */
  char *error;         /* owned; NULL when done */
  int64_t id;          /* in the store; 0: none yet */
  double fraction;     /* done so far, 0..1 */
  double started;      /* seconds_now */
  char hash[33];       /* identity */
};

/* Runs that may share a worker's engine call; those before `next` are handed out. */
struct run_group { uint64_t key; size_t *runs; size_t n, next; };

struct plan {
  struct run_group *groups;
  size_t n_groups, first;  /* groups before `first` are empty */
  size_t *storage;         /* the groups' runs, one block */
  size_t bound;            /* no group has more runs left than this */
  size_t *alone; size_t n_alone; /* runs to be tried again, each in a task of its own */
  size_t waiting;          /* runs not handed out */
  bool one_by_one;         /* no task has more than one run */
};

struct counts { size_t total, kept, done, failed, diverged, cancelled, running, waiting /* before a stage, and left after it */; };

struct sweep {
  struct app *app;
  const struct run_options *options;
  struct lua_host *host;
  struct lua_experiment *experiment;
  struct store *store;          /* NULL in a dry run without a store */
  int64_t experiment_id, environment_id;
  const struct script_file *files; /* the script and what it requires, borrowed */
  size_t n_files;
  struct run_state *runs;
  size_t n;
  struct plan plan;
  struct counts counts;
  double run_seconds;           /* wall time of the ended runs, summed */
  char *last_failure;           /* what the last failed run said, and how many said it in a row; owned */
  size_t same_failures;
  double full_since;            /* since when the disk is full (seconds_now); 0: it is not */
  char *store_problem;          /* why nothing more can be written; NULL: all is well */
  bool is_set_up;               /* the script's setup() has run */
  bool stopping;                /* no new tasks: a signal, a full disk, or --fail-fast */
  struct progress *progress;
  const struct pool *pool;      /* while there are workers */
};

/* --- plan.c ------------------------------------------------------------------------------------ */

/* Make groups of the waiting runs. */
void plan_init(struct plan *p, const struct sweep *s);
void plan_free(struct plan *p);
/* The next task for one of `jobs` workers: up to TASK_MAX runs of one group; returns the count. Tasks
 * shrink toward the end, so that workers finish together; run_s is the time of a run so far (0: unknown). */
size_t plan_take(struct plan *p, size_t jobs, double run_s, size_t out[TASK_MAX]);
/* A run that was handed out but not started, or (alone) that was in flight when its worker died. */
void plan_give_back(struct plan *p, const struct sweep *s, size_t run);
void plan_retry_alone(struct plan *p, size_t run);

/* --- shard.c ----------------------------------------------------------------------------------- */

/* "2/8", or "slurm": the place in a job array. NULL, or what is wrong. */
const char *shard_parse(const char *text, long *shard, long *shards);
/* Of the identified runs, leave those of this shard waiting. */
void shard_choose(struct sweep *s);

/* --- pool.c ------------------------------------------------------------------------------------ */

/* Do all waiting runs with forked workers; returns when they have ended or the sweep is stopped. */
void pool_run(struct sweep *s);
size_t pool_workers(const struct pool *p); /* p may be NULL: none */
/* The task of a worker: how many runs it was handed together, 0 when it is idle. */
size_t pool_task(const struct pool *p, size_t worker, const size_t **runs);

/* --- record.c ---------------------------------------------------------------------------------- */

/* What one worker has told of its metric keys: its numbers -> the store's. */
struct key_map { int64_t *id; size_t n; };
void record_event(struct sweep *s, struct key_map *keys, int worker_pid, const struct event *e);
/* Write the end of a run that cannot tell it itself. */
void record_end(struct sweep *s, size_t run, enum status status, const char *error, double wall_s, double cpu_s, int64_t peak_b);
/* Note the first store problem and stop the sweep. */
void record_check(struct sweep *s, int code);
/* After each try to write: is it to be tried again, because the disk was full? Waits a little before it says so;
 * not beyond options->space_wait_s, nor once there was a signal. */
bool record_again(struct sweep *s, int code);
void record_tick(struct sweep *s);  /* call often: writes what has waited for a second */
void record_flush(struct sweep *s); /* write all that waits */

/* --- progress.c -------------------------------------------------------------------------------- */

struct progress *progress_new(struct sweep *s, int workers);
void progress_draw(struct progress *p, bool now);
/* A line of its own above the bar; nothing when quiet. */
void progress_line(struct progress *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
void progress_free(struct progress *p); /* removes the bar and prints the closing line */

/* --- environment.c ----------------------------------------------------------------------------- */

/* Canonical JSON of everything that could change numbers or times. Caller frees. */
char *environment_json(const char *script_path);

/* --- report.c ---------------------------------------------------------------------------------- */

/* What a run returned as a JSON object (sorted keys); "{}" without anything. Caller frees. */
char *results_json(struct store *store, int64_t run_id);
const char *run_status_word(const struct run_state *r); /* as stored: "done", "failed", … */
NODISCARD enum status report_show(struct sweep *s, struct err *e);
/* Ask the script for more runs, given those that have ended; *added: how many the experiment has grown by. */
NODISCARD enum status report_more(struct sweep *s, size_t *added, struct err *e);
/* Ask a paper's script for its verdict and record it; the JSON is the caller's to free. */
NODISCARD enum status report_verdict(struct sweep *s, char **json, struct err *e);
void report_json(struct sweep *s, const char *verdict); /* verdict: JSON, or NULL */
void report_dry_run(struct sweep *s);
void report_shard(struct sweep *s); /* what is left to do for a report: to stderr, unless quiet */

double seconds_now(void); /* monotonic */

#endif
