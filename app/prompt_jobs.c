/* prompt_jobs.c: see prompt_jobs.h. One lock guards the jobs and all that stands in the struct; the reader's only other
 * business with the prompt are two eventfds. */
#include "app/prompt_jobs.h"

#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/above.h"
#include "app/app.h"
#include "app/jobs/background.h"
#include "app/jobs/jobs.h"
#include "app/signals.h"
#include "experiments/kernel/mem.h"

enum { WATCHES = 4, LOG_LINES = 20 };

struct prompt_jobs {
  pthread_mutex_t lock;
  pthread_t reader;
  bool reading, ending; /* the reader has been started; is to end */
  int told, wake;       /* eventfds: for the prompt, something has changed; for the reader, look anew */
  struct child_loop loop;
  struct jobs *jobs;
  struct { int fd; void (*readable)(void *of); void *of; } watch[WATCHES];
  size_t n_watches;
  struct news { char *text; bool failed; } *news; /* oldest first; owned, with its texts */
  size_t n_news;
  char line[200]; /* of the job last looked at */
};

static void say(int event)
{
  uint64_t one = 1;
  ssize_t n = write(event, &one, sizeof one); /* one that is full has been said often enough */
  (void)n;
}

static void hear(int event)
{
  uint64_t times;
  ssize_t n = read(event, &times, sizeof times);
  (void)n;
}

/* --- a loop for children, with the lock held ------------------------------------------------------- */

static void watch(void *self, int fd, void (*readable)(void *of), void *of)
{
  struct prompt_jobs *p = self;
  if (p->n_watches == WATCHES)
    return; /* one job runs at a time, and has two */
  p->watch[p->n_watches].fd = fd;
  p->watch[p->n_watches].readable = readable;
  p->watch[p->n_watches++].of = of;
  say(p->wake);
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

static void changed(void *self) { say(((struct prompt_jobs *)self)->told); }

static char *describe_end(const struct job *job) { return xasprintf("job %d %s: %s in %.1f s", job->id, job_name(job), job_state_name(job->state), job->took); }

static void ended(void *self, const struct job *job)
{
  struct prompt_jobs *p = self;
  const char *more = job->state == JOB_DONE ? "; job:report() shows its report" : job->state == JOB_FAILED ? "; job:log() says why" : "; what is finished is kept";
  char *text = describe_end(job);
  p->news = xrealloc(p->news, (p->n_news + 1) * sizeof *p->news);
  p->news[p->n_news++] = (struct news){xasprintf("%s%s", text, more), job->state == JOB_FAILED};
  free(text);
  say(p->told);
}

/* --- the reader ------------------------------------------------------------------------------------- */

/* Each call may end a child and start the next: look anew who has the descriptor. A new owner finds nothing to read. */
static void heed(struct prompt_jobs *p, const struct pollfd *fds, size_t n)
{
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; fds[i].revents && k < p->n_watches; k++)
      if (p->watch[k].fd == fds[i].fd) {
        p->watch[k].readable(p->watch[k].of);
        break;
      }
}

static void *read_on(void *self)
{
  struct prompt_jobs *p = self;
  pthread_mutex_lock(&p->lock);
  while (!p->ending) {
    struct pollfd fds[WATCHES + 1];
    size_t n = p->n_watches;
    for (size_t i = 0; i < n; i++)
      fds[i] = (struct pollfd){.fd = p->watch[i].fd, .events = POLLIN};
    fds[n] = (struct pollfd){.fd = p->wake, .events = POLLIN};
    pthread_mutex_unlock(&p->lock);
    int ready = poll(fds, n + 1, -1);
    pthread_mutex_lock(&p->lock);
    if (ready > 0 && fds[n].revents)
      hear(p->wake);
    if (ready > 0)
      heed(p, fds, n);
  }
  pthread_mutex_unlock(&p->lock);
  return NULL;
}

/* Signals are for the thread that runs Lua: their handler stops what that runs. */
static void start_reader(struct prompt_jobs *p)
{
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  p->reading = pthread_create(&p->reader, NULL, read_on, p) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void end_reader(struct prompt_jobs *p)
{
  pthread_mutex_lock(&p->lock);
  p->ending = true;
  say(p->wake);
  pthread_mutex_unlock(&p->lock);
  if (p->reading)
    pthread_join(p->reader, NULL);
  p->reading = false;
}

struct prompt_jobs *prompt_jobs_new(const char *db)
{
  struct prompt_jobs *p = xcalloc(1, sizeof *p);
  pthread_mutex_init(&p->lock, NULL);
  p->told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  p->loop = (struct child_loop){p, watch, unwatch, changed};
  p->jobs = jobs_new(&p->loop, db, &(struct jobs_user){p, ended});
  return p;
}

void prompt_jobs_free(struct prompt_jobs *p)
{
  end_reader(p);
  jobs_free(p->jobs);
  for (size_t i = 0; i < p->n_news; i++)
    free(p->news[i].text);
  free(p->news);
  close(p->told);
  close(p->wake);
  pthread_mutex_destroy(&p->lock);
  free(p);
}

int prompt_jobs_fd(const struct prompt_jobs *p) { return p->told; }
void prompt_jobs_heard(struct prompt_jobs *p) { hear(p->told); }

/* --- waiting ------------------------------------------------------------------------------------------ */

/* Place of a job in the list, which has the newest first. */
static size_t place(const struct prompt_jobs *p, int number) { return jobs_count(p->jobs) - (size_t)number; }

static bool has_ended(struct prompt_jobs *p, int number)
{
  pthread_mutex_lock(&p->lock);
  bool out = jobs_at(p->jobs, place(p, number))->state > JOB_RUNNING;
  pthread_mutex_unlock(&p->lock);
  return out;
}

/* How far the job is that runs, over what stands in the cursor's row; NULL takes it away. */
static void show_waiting(const char *line)
{
  struct winsize size;
  if (!isatty(STDERR_FILENO) || !above_can_move() || ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0)
    return;
  char *safe = text_safe(line ? line : "", false);
  fprintf(stderr, "\r%.*s\033[K", (int)text_fit(safe, size.ws_col > 1 ? size.ws_col - 1U : 0), safe);
  fflush(stderr);
  free(safe);
}

/* Wait until something is heard of jobs, a signal comes, or so long; show how far they are. */
static void pause_for(struct prompt_jobs *p, double seconds)
{
  struct pollfd fds[] = {{.fd = p->told, .events = POLLIN}, {.fd = signals_fd(), .events = POLLIN}};
  char line[256];
  if (prompt_jobs_line(p, line, sizeof line))
    show_waiting(line);
  poll(fds, 2, (int)ceil(1e3 * (seconds < 1 ? seconds : 1)));
  hear(p->told);
  if (fds[1].revents)
    signals_drain();
}

static void wait_for(void *self, int number, double seconds)
{
  struct prompt_jobs *p = self;
  fflush(stdout);
  for (double end = seconds_now() + seconds, rest; !has_ended(p, number) && !signals_last() && (rest = end - seconds_now()) > 0;)
    pause_for(p, rest);
  show_waiting(NULL);
}

void prompt_jobs_finish(struct prompt_jobs *p)
{
  while (prompt_jobs_busy(p) && !signals_last())
    pause_for(p, 1);
  show_waiting(NULL);
}

/* --- what Lua sees --------------------------------------------------------------------------------- */

static int start(void *self, const struct lua_job_request *r)
{
  struct prompt_jobs *p = self;
  if (!p->reading)
    start_reader(p);
  pthread_mutex_lock(&p->lock);
  int number = jobs_start(p->jobs, &(struct job_request){.script = r->path, .set = r->sets, .n_sets = r->n_sets, .workers = r->workers, .rerun = r->rerun});
  pthread_mutex_unlock(&p->lock);
  return number;
}

static int count(void *self)
{
  struct prompt_jobs *p = self;
  pthread_mutex_lock(&p->lock);
  int n = (int)jobs_count(p->jobs);
  pthread_mutex_unlock(&p->lock);
  return n;
}

/* The texts stay: a job keeps its script's name, and its report and log once it has ended; before that the log still moves. */
static void look(void *self, int number, struct lua_job *out)
{
  struct prompt_jobs *p = self;
  pthread_mutex_lock(&p->lock);
  const struct job *job = jobs_at(p->jobs, place(p, number));
  job_describe(job, p->line, sizeof p->line);
  *out = (struct lua_job){.script = job->script, .state = job_state_name(job->state), .line = p->line, .report = job->report,
                          .log = job->state > JOB_RUNNING ? job->log : NULL, .progress = job_progress(job), .ended = job->state > JOB_RUNNING, .code = job->code};
  pthread_mutex_unlock(&p->lock);
}

static void cancel(void *self, int number)
{
  struct prompt_jobs *p = self;
  pthread_mutex_lock(&p->lock);
  jobs_cancel(p->jobs, place(p, number));
  pthread_mutex_unlock(&p->lock);
}

struct lua_job_services prompt_jobs_services(struct prompt_jobs *p)
{
  return (struct lua_job_services){.self = p, .start = start, .count = count, .look = look, .cancel = cancel, .wait = wait_for};
}

/* --- what the prompt shows ------------------------------------------------------------------------- */

bool prompt_jobs_busy(struct prompt_jobs *p)
{
  bool busy = false;
  pthread_mutex_lock(&p->lock);
  for (size_t i = 0; i < jobs_count(p->jobs); i++)
    busy = busy || jobs_at(p->jobs, i)->state <= JOB_RUNNING;
  pthread_mutex_unlock(&p->lock);
  return busy;
}

bool prompt_jobs_line(struct prompt_jobs *p, char *out, size_t size)
{
  char text[160];
  const struct job *running = NULL;
  pthread_mutex_lock(&p->lock);
  for (size_t i = 0; i < jobs_count(p->jobs) && !running; i++)
    if (jobs_at(p->jobs, i)->state == JOB_RUNNING)
      running = jobs_at(p->jobs, i);
  if (running) {
    job_describe(running, text, sizeof text);
    snprintf(out, size, "job %d %s: %s", running->id, job_name(running), text);
  }
  pthread_mutex_unlock(&p->lock);
  return running != NULL;
}

char *prompt_jobs_news(struct prompt_jobs *p, bool *failed)
{
  struct news first = {0};
  pthread_mutex_lock(&p->lock);
  if (p->n_news) {
    first = p->news[0];
    memmove(p->news, p->news + 1, --p->n_news * sizeof *p->news);
  }
  pthread_mutex_unlock(&p->lock);
  if (failed)
    *failed = first.failed;
  return first.text;
}

/* The last lines of a text: where they begin. */
static const char *last_lines(const char *text, int n)
{
  const char *at = text + strlen(text);
  while (at > text && (at[-1] != '\n' || n-- > 0))
    at--;
  return at;
}

char *prompt_jobs_failures(struct prompt_jobs *p)
{
  char *out = NULL;
  pthread_mutex_lock(&p->lock);
  for (size_t i = jobs_count(p->jobs); i-- > 0;) {
    const struct job *job = jobs_at(p->jobs, i);
    if (job->state != JOB_FAILED)
      continue;
    char *end = describe_end(job), *more = xasprintf("%s%s%s\n%s", out ? out : "", out ? "\n" : "", end, last_lines(job->log, LOG_LINES));
    free(end);
    free(out);
    out = more;
    for (size_t n = strlen(out); n && out[n - 1] == '\n'; n--)
      out[n - 1] = '\0';
  }
  pthread_mutex_unlock(&p->lock);
  return out;
}
