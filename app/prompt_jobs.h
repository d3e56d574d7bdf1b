/* prompt_jobs.h: background jobs of the Lua prompt: what Lua sees of them, and what the prompt shows.
 *
 * A thread reads what jobs say, so that they go on, end and start one another while Lua or a kernel computes. All
 * functions may be called from the one thread of the prompt only. */
#ifndef ASSAY_APP_PROMPT_JOBS_H
#define ASSAY_APP_PROMPT_JOBS_H

#include <stdbool.h>
#include <stddef.h>

#include "lua/host.h"

struct prompt_jobs;
struct prompt_jobs *prompt_jobs_new(const char *db); /* db is borrowed */
void prompt_jobs_free(struct prompt_jobs *p);        /* stops what runs, in order */
struct lua_job_services prompt_jobs_services(struct prompt_jobs *p);

/* Can be read when a job has said something; after that, prompt_jobs_heard. */
int prompt_jobs_fd(const struct prompt_jobs *p);
void prompt_jobs_heard(struct prompt_jobs *p);

bool prompt_jobs_busy(struct prompt_jobs *p); /* one runs or waits */
/* "job 1 sweep.lua: 12/60 runs  2 workers …", of the one that runs; false when none does. */
bool prompt_jobs_line(struct prompt_jobs *p, char *out, size_t size);
/* What to tell about a job that has ended, oldest first, each once; NULL: nothing. Caller frees. failed may be NULL. */
char *prompt_jobs_news(struct prompt_jobs *p, bool *failed);
/* Wait until no job is left or a stop signal has come, with progress where stderr is a terminal. */
void prompt_jobs_finish(struct prompt_jobs *p);
/* Which jobs have failed, and the ends of their logs; NULL: none. Caller frees. */
char *prompt_jobs_failures(struct prompt_jobs *p);

#endif
