/* prompt_jobs.c: see prompt_jobs.h. */
#include "app/prompt_jobs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/jobs/background.h"
#include "app/jobs/jobs.h"
#include "app/signals.h"
#include "experiments/kernel/mem.h"

struct prompt_jobs {
  struct child_loop loop;
  struct jobs *jobs;
  struct { int fd; void (*readable)(void *of); void *of; } watch[PROMPT_JOBS_FDS];
  size_t n_watches;
  char **news; /* owned texts, oldest first */
  size_t n_news;
  char line[200]; /* of the job last looked at */
};

/* --- a loop for children --------------------------------------------------------------------------- */

static void watch(void *self, int fd, void (*readable)(void *of), void *of)
{
  struct prompt_jobs *p = self;
  if (p->n_watches == PROMPT_JOBS_FDS)
    return; /* one job runs at a time, and has two */
  p->watch[p->n_watches].fd = fd;
  p->watch[p->n_watches].readable = readable;
  p->watch[p->n_watches++].of = of;
}

static void unwatch(void *self, int fd)
{
  struct prompt_jobs *p = self;
  size_t i = 0;
  while (i < p->n_watches && p->watch[i].fd != fd)
    i++;
  if (i < p->n_watches)
    p->watch[i] = p->watch[--p->n_watches];
}

static void changed(void *self) { (void)self; /* the prompt looks after each poll */ }

static void ended(void *self, const struct job *job)
{
  struct prompt_jobs *p = self;
  const char *more = job->state == JOB_DONE ? "; job:report() shows its report" : job->state == JOB_FAILED ? "; job:log() says why" : "; what is finished is kept";
  p->news = xrealloc(p->news, (p->n_news + 1) * sizeof(char *));
  p->news[p->n_news++] = xasprintf("job %d %s: %s in %.1f s%s", job->id, job_name(job), job_state_name(job->state), job->took, more);
}

struct prompt_jobs *prompt_jobs_new(const char *db)
{
  struct prompt_jobs *p = xcalloc(1, sizeof *p);
  p->loop = (struct child_loop){p, watch, unwatch, changed};
  p->jobs = jobs_new(&p->loop, db, &(struct jobs_user){p, ended});
  return p;
}

void prompt_jobs_free(struct prompt_jobs *p)
{
  jobs_free(p->jobs);
  for (size_t i = 0; i < p->n_news; i++)
    free(p->news[i]);
  free(p->news);
  free(p);
}

size_t prompt_jobs_fds(const struct prompt_jobs *p, struct pollfd fds[PROMPT_JOBS_FDS])
{
  for (size_t i = 0; i < p->n_watches; i++)
    fds[i] = (struct pollfd){.fd = p->watch[i].fd, .events = POLLIN};
  return p->n_watches;
}

/* Each call may end a child and start the next: look anew who has the descriptor. A new owner finds nothing to read. */
void prompt_jobs_heed(struct prompt_jobs *p, const struct pollfd *fds, size_t n)
{
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; fds[i].revents && k < p->n_watches; k++)
      if (p->watch[k].fd == fds[i].fd) {
        p->watch[k].readable(p->watch[k].of);
        break;
      }
}

/* Wait at most so long for jobs and signals, and take what has come. */
static void pump(struct prompt_jobs *p, double seconds)
{
  struct pollfd fds[PROMPT_JOBS_FDS + 1];
  size_t n = prompt_jobs_fds(p, fds);
  fds[n] = (struct pollfd){.fd = signals_fd(), .events = POLLIN};
  if (poll(fds, n + 1, (int)ceil(1e3 * seconds)) <= 0)
    return;
  if (fds[n].revents)
    signals_drain();
  prompt_jobs_heed(p, fds, n);
}

/* --- what Lua sees --------------------------------------------------------------------------------- */

static int start(void *self, const struct lua_job_request *r)
{
  struct prompt_jobs *p = self;
  return jobs_start(p->jobs, r->path, r->sets, r->n_sets, r->workers, r->rerun);
}

static int count(void *self) { return (int)jobs_count(((struct prompt_jobs *)self)->jobs); }

/* Place of a job in the list, which has the newest first. */
static size_t place(const struct prompt_jobs *p, int number) { return jobs_count(p->jobs) - (size_t)number; }

static void look(void *self, int number, struct lua_job *out)
{
  struct prompt_jobs *p = self;
  pump(p, 0);
  const struct job *job = jobs_at(p->jobs, place(p, number));
  job_describe(job, p->line, sizeof p->line);
  *out = (struct lua_job){.script = job->script, .state = job_state_name(job->state), .line = p->line, .report = job->report, .log = job->log,
                          .progress = job_progress(job), .ended = job->state > JOB_RUNNING, .code = job->code};
}

static void cancel(void *self, int number)
{
  struct prompt_jobs *p = self;
  jobs_cancel(p->jobs, place(p, number));
}

static void wait_for(void *self, double seconds) { pump(self, seconds); }

static double now(void *self)
{
  (void)self;
  return seconds_now();
}

struct lua_job_services prompt_jobs_services(struct prompt_jobs *p)
{
  return (struct lua_job_services){.self = p, .start = start, .count = count, .look = look, .cancel = cancel, .wait = wait_for, .now = now};
}

/* --- what the prompt shows ------------------------------------------------------------------------- */

bool prompt_jobs_busy(const struct prompt_jobs *p)
{
  for (size_t i = 0; i < jobs_count(p->jobs); i++)
    if (jobs_at(p->jobs, i)->state <= JOB_RUNNING)
      return true;
  return false;
}

bool prompt_jobs_line(const struct prompt_jobs *p, char *out, size_t size)
{
  char text[160];
  for (size_t i = 0; i < jobs_count(p->jobs); i++) {
    const struct job *job = jobs_at(p->jobs, i);
    if (job->state != JOB_RUNNING)
      continue;
    job_describe(job, text, sizeof text);
    snprintf(out, size, "job %d %s: %s", job->id, job_name(job), text);
    return true;
  }
  return false;
}

char *prompt_jobs_news(struct prompt_jobs *p)
{
  if (!p->n_news)
    return NULL;
  char *first = p->news[0];
  memmove(p->news, p->news + 1, --p->n_news * sizeof(char *));
  return first;
}

void prompt_jobs_finish(struct prompt_jobs *p)
{
  while (prompt_jobs_busy(p) && !signals_last())
    pump(p, 1);
}
