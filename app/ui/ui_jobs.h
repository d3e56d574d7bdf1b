/* ui_jobs.h: experiments that run beside the workbench: each is `assay run` as a child process, so that no kernel holds
 * up a key, a crash costs nothing here, and the same command resumes it from a shell. */
#ifndef ASSAY_UI_JOBS_H
#define ASSAY_UI_JOBS_H

#include "app/ui/ui.h"

enum job_state { JOB_WAITING, JOB_RUNNING, JOB_DONE, JOB_FAILED, JOB_CANCELLED };

struct job {
  enum job_state state;
  char *script;           /* path */
  char **set; size_t n_sets;
  bool rerun;
  double started, took;   /* seconds */
  size_t total, kept, done, failed, diverged, running;
  double ended, per_s;    /* runs ended with the shares of those in flight; runs a second */
  int workers;
  char *report;           /* stdout so far */
  char *log;              /* stderr without the lines of progress */
};

struct jobs;
struct jobs *jobs_new(struct ui *ui);
void jobs_free(struct jobs *j); /* stops what runs, in order */
/* Start, or queue behind the one that runs: a store has one writer. set: "k=v" words. */
void jobs_start(struct jobs *j, const char *script, const char *const *set, size_t n_sets, bool rerun);
void jobs_cancel(struct jobs *j, size_t i); /* as Ctrl-C would: finished runs are kept; again kills */
size_t jobs_count(const struct jobs *j);
const struct job *jobs_at(const struct jobs *j, size_t i); /* the newest is 0 */
bool jobs_running(const struct jobs *j);
/* The lines above the keys: how many, and drawing them. */
int jobs_lines(const struct jobs *j);
void jobs_draw(const struct jobs *j, struct plot_grid *g, struct area a);
/* "12/60 runs  2 workers  3.1 runs/s  eta 8 s" */
void job_describe(const struct job *job, char *out, size_t size);
const char *job_state_name(enum job_state s);

/* Run `assay WORDS…` and take what it prints: done(self, stdout, stderr, exit code) is called in the loop. Returns a handle
 * for child_drop, which kills it and calls nothing. words end with NULL. */
struct child;
struct child *child_start(struct ui *ui, const char *const *words, void *self,
                          void (*done)(void *self, const char *out, const char *err, int code));
/* The same with the lines of stderr handed over as they come; returns true when it has used the line up. */
struct child *child_start_watched(struct ui *ui, const char *const *words, void *self, bool (*line)(void *self, const char *line),
                                  void (*done)(void *self, const char *out, const char *err, int code));
void child_signal(struct child *c, int number);
/* Wait for its end, at most so long, then kill it; frees the handle and calls nothing. */
void child_wait(struct child *c, double seconds);
void child_drop(struct child *c);

#endif
