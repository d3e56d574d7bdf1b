/* background.h: experiments that run beside an interactive program: each is `assay run` as a child process, so that no
 * kernel holds up a key, a crash costs nothing here, and the same command resumes it from a shell. They run one after
 * the other: a store has one writer, and a run has its own workers. */
#ifndef ASSAY_JOBS_BACKGROUND_H
#define ASSAY_JOBS_BACKGROUND_H

#include <stddef.h>
#include <stdint.h>

#include "app/jobs/child.h"

enum job_state { JOB_WAITING, JOB_RUNNING, JOB_DONE, JOB_FAILED, JOB_CANCELLED };

/* What to run: `assay run SCRIPT`, or `assay rerun RUN`. */
struct job_request {
  const char *script;     /* path; of no use for a rerun */
  int64_t again;          /* > 0: this run of the store again */
  const char *const *set; size_t n_sets; /* "k=v" words */
  int workers;            /* 0: as many as cores */
  bool rerun;
};

/* What a worker does, as it was last heard. */
struct job_worker {
  size_t runs;            /* of its task; 0: idle */
  int64_t run;            /* the first of them that runs, in the store; 0: none has started */
  double share, seconds;  /* of the task that is done; since that run started */
};

struct job {
  enum job_state state;
  int id;                 /* from 1 */
  char *script;           /* path */
  int64_t again;
  char **set; size_t n_sets;
  int workers_wanted;     /* 0: as many as cores */
  bool rerun;
  double started, took;   /* seconds */
  size_t total, kept, done, failed, diverged, running;
  double ended, per_s;    /* runs ended with the shares of those in flight; runs a second */
  int workers;
  struct job_worker *worker; size_t n_workers;
  int code;               /* how it left, once it has ended */
  char *report;           /* stdout, once it has ended */
  char *log;              /* stderr without the lines of progress, so far; NULL: nothing yet */
};

/* Who wants to know. */
struct jobs_user {
  void *self;
  void (*ended)(void *self, const struct job *job); /* may be NULL */
};

struct jobs;
/* `loop` and `db` are borrowed. */
struct jobs *jobs_new(const struct child_loop *loop, const char *db, const struct jobs_user *user);
void jobs_free(struct jobs *j); /* stops what runs, in order; calls nothing */
/* Start, or queue behind the one that runs. Returns the job's number. */
int jobs_start(struct jobs *j, const struct job_request *r);
/* As Ctrl-C would: finished runs are kept; again kills. False where there is nothing to stop. */
bool jobs_cancel(struct jobs *j, size_t i);
size_t jobs_count(const struct jobs *j);
const struct job *jobs_at(const struct jobs *j, size_t i); /* the newest is 0 */
bool jobs_running(const struct jobs *j);
/* "sweep.lua" of the script's path; "run 12 again". */
const char *job_name(const struct job *job);
const char *job_state_name(enum job_state s);
/* Share that is done, 0 to 1. */
double job_progress(const struct job *job);
/* "12/60 runs  2 workers  3.1 runs/s  eta 8 s" */
void job_describe(const struct job *job, char *out, size_t size);

#endif
