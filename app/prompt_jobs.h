/* prompt_jobs.h: background jobs of the Lua prompt: what Lua sees of them, and what the prompt's loop has to do. */
#ifndef ASSAY_APP_PROMPT_JOBS_H
#define ASSAY_APP_PROMPT_JOBS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "lua/host.h"

enum { PROMPT_JOBS_FDS = 4 };

struct prompt_jobs;
struct prompt_jobs *prompt_jobs_new(const char *db); /* db is borrowed */
void prompt_jobs_free(struct prompt_jobs *p);        /* stops what runs, in order */
struct lua_job_services prompt_jobs_services(struct prompt_jobs *p);

/* What to wait for, and what to do once poll has returned. */
size_t prompt_jobs_fds(const struct prompt_jobs *p, struct pollfd fds[PROMPT_JOBS_FDS]);
void prompt_jobs_heed(struct prompt_jobs *p, const struct pollfd *fds, size_t n);

bool prompt_jobs_busy(const struct prompt_jobs *p); /* one runs or waits */
/* "job 1 sweep.lua: 12/60 runs  2 workers …", of the one that runs; false when none does. */
bool prompt_jobs_line(const struct prompt_jobs *p, char *out, size_t size);
/* What to tell about a job that has ended, oldest first, each once; NULL: nothing. Caller frees. */
char *prompt_jobs_news(struct prompt_jobs *p);
/* Wait until no job is left, or a stop signal has come: then they are stopped in order. */
void prompt_jobs_finish(struct prompt_jobs *p);

#endif
