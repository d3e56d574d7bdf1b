/* pool.c: forked workers and the loop that hears them. See jobs.h.
 *
 * A worker is a child forked after the script and its data are loaded; it gets tasks over one pipe and
 * sends events over another. When it dies, runs that had not started go back to the plan; a single run in
 * flight is recorded as failed with the signal; several in flight (trained together) are tried again, one
 * at a time, so that the one that kills its worker costs only itself. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/jobs/jobs.h"
#include "app/jobs/worker.h"
#include "app/signals.h"
#include "experiments/kernel/mem.h"

enum { PIPE_SIZE = 1 << 20, READ_SIZE = 1 << 18 };

struct worker {
  pid_t pid;               /* 0: none */
  int task_fd, event_fd;
  size_t runs[TASK_MAX], n_runs; /* the task in hand; 0: idle */
  struct key_map keys;
  unsigned char *bytes;    /* received and not yet decoded */
  size_t used, size;
  bool broken;             /* sent what is no event */
  bool leaving;            /* has done the one task that it was there for */
};

struct pool {
  struct sweep *s;
  struct worker *workers;
  size_t n;
  bool told;               /* the workers have been told to stop */
  bool killed;             /* … and have been killed */
  double told_at;
  int signals_seen;
};

double seconds_now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* --- birth ------------------------------------------------------------------------------------- */

static bool open_pipes(int task[2], int event[2])
{
  if (pipe2(task, O_CLOEXEC) != 0)
    return false;
  if (pipe2(event, O_CLOEXEC) != 0) {
    close(task[0]);
    close(task[1]);
    return false;
  }
  fcntl(event[1], F_SETPIPE_SZ, PIPE_SIZE); /* fewer switches; refused in vain where it is not allowed */
  return true;
}

/* In the child: forget the other workers, so that their pipes end when they should. */
static void close_siblings(const struct pool *p)
{
  for (size_t i = 0; i < p->n; i++)
    if (p->workers[i].pid) {
      close(p->workers[i].task_fd);
      close(p->workers[i].event_fd);
    }
}

static bool spawn(struct pool *p, struct worker *w)
{
  int task[2], event[2];
  pid_t parent = getpid();
  if (!open_pipes(task, event))
    return false;
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    close(task[1]);
    close(event[0]);
    close_siblings(p);
    const struct worker_config c = {.experiment = p->s->experiment, .host = p->s->host, .task_fd = task[0],
                                    .event_fd = event[1], .parent = parent,
                                    .single = p->s->options->isolate, .store_path = store_path(p->s->store)};
    worker_main(&c);
  }
  close(task[0]);
  close(event[1]);
  if (pid < 0) {
    close(task[1]);
    close(event[0]);
    return false;
  }
  *w = (struct worker){.pid = pid, .task_fd = task[1], .event_fd = event[0], .bytes = w->bytes, .size = w->size};
  fcntl(w->event_fd, F_SETFL, O_NONBLOCK);
  return true;
}

/* --- tasks ------------------------------------------------------------------------------------- */

static bool send_task(struct worker *w)
{
  uint32_t words[1 + TASK_MAX] = {(uint32_t)w->n_runs};
  for (size_t i = 0; i < w->n_runs; i++)
    words[1 + i] = (uint32_t)w->runs[i];
  size_t size = (1 + w->n_runs) * sizeof *words;
  return write(w->task_fd, words, size) == (ssize_t)size; /* below PIPE_BUF: all or nothing */
}

static void hand_out(struct pool *p, struct worker *w)
{
  struct sweep *s = p->s;
  size_t ended = s->counts.done + s->counts.failed + s->counts.diverged;
  w->n_runs = plan_take(&s->plan, p->n, ended ? s->run_seconds / (double)ended : 0, w->runs);
  for (size_t i = 0; i < w->n_runs; i++)
    s->runs[w->runs[i]].phase = RUN_HANDED;
  if (w->n_runs)
    send_task(w); /* a worker that just died is found at its end of stream */
}

static void assign(struct pool *p)
{
  for (size_t i = 0; i < p->n && !p->s->stopping && p->s->plan.waiting; i++) {
    struct worker *w = &p->workers[i];
    if (!w->pid && !spawn(p, w)) {
      if (i == 0) {
        app_complain("cannot start a worker: %s", strerror(errno));
        p->s->stopping = true;
        p->s->counts.failed++;
      }
      return;
    }
    if (!w->n_runs && !w->leaving)
      hand_out(p, w);
  }
}

static bool busy(const struct pool *p)
{
  for (size_t i = 0; i < p->n; i++)
    if (p->workers[i].pid && p->workers[i].n_runs)
      return true;
  return false;
}

/* --- events ------------------------------------------------------------------------------------ */

/* The worker says that its task is over. Runs it never started (a cancel) wait again. */
static void end_task(struct pool *p, struct worker *w, const struct event *e)
{
  struct sweep *s = p->s;
  bool failed = e->status != STATUS_OK && e->status != STATUS_CANCELLED;
  for (size_t i = 0; i < w->n_runs; i++) {
    struct run_state *r = &s->runs[w->runs[i]];
    if (r->phase == RUN_STARTED)
      record_end(s, w->runs[i], failed ? (enum status)e->status : STATUS_CANCELLED, e->text, 0, 0, 0);
    if (r->phase != RUN_HANDED)
      continue;
    r->phase = RUN_WAITING;
    plan_give_back(&s->plan, s, w->runs[i]);
  }
  w->n_runs = 0;
  w->leaving = s->options->isolate;
  if (failed && !s->stopping) { /* a task that fails as a whole would fail again */
    progress_line(s->progress, "%s", e->text);
    s->counts.failed++;
    s->stopping = true;
  }
}

static void decode_all(struct pool *p, struct worker *w)
{
  size_t at = 0, used;
  struct event e;
  int got;
  while ((got = event_decode(w->bytes + at, w->used - at, &e, &used)) > 0) {
    if (e.kind == EVENT_TASK_END)
      end_task(p, w, &e);
    else
      record_event(p->s, &w->keys, w->pid, &e);
    at += used;
  }
  memmove(w->bytes, w->bytes + at, w->used - at);
  w->used -= at;
  if (got < 0 && !w->broken) {
    w->broken = true;
    kill(w->pid, SIGKILL);
  }
}

/* Read what there is. False at the end of the stream. */
static bool hear(struct pool *p, struct worker *w)
{
  if (w->size - w->used < READ_SIZE)
    w->bytes = xrealloc(w->bytes, w->size = w->used + 2 * READ_SIZE);
  ssize_t n = read(w->event_fd, w->bytes + w->used, READ_SIZE);
  if (n < 0)
    return errno == EAGAIN || errno == EINTR;
  w->used += (size_t)n;
  if (!w->broken)
    decode_all(p, w);
  return n > 0;
}

/* --- death ------------------------------------------------------------------------------------- */

/* Wait for a process whose pipe is closed; one that will not go is killed after two seconds. */
static int reap(pid_t pid)
{
  int status = 0;
  for (int i = 0; i < 400; i++) {
    pid_t got = waitpid(pid, &status, WNOHANG);
    if (got == pid || (got < 0 && errno != EINTR))
      return status;
    nanosleep(&(struct timespec){.tv_nsec = i < 20 ? 200000 : 5000000}, NULL);
  }
  kill(pid, SIGKILL);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
    ;
  return status;
}

static char *death_text(const struct pool *p, const struct worker *w, int status)
{
  if (p->killed)
    return xstrdup("worker killed after a second interrupt");
  if (w->broken)
    return xstrdup("worker sent a damaged event");
  if (WIFSIGNALED(status)) {
    const char *name = sigabbrev_np(WTERMSIG(status));
    return xasprintf("worker killed by signal %d (SIG%s)", WTERMSIG(status), name ? name : "?");
  }
  return xasprintf("worker left with exit code %d in the middle of a run", WEXITSTATUS(status));
}

static void bury(struct pool *p, struct worker *w)
{
  struct sweep *s = p->s;
  char *text = death_text(p, w, reap(w->pid));
  size_t started = 0;
  for (size_t i = 0; i < w->n_runs; i++)
    started += s->runs[w->runs[i]].phase == RUN_STARTED;
  if (w->n_runs && !p->killed)
    progress_line(s->progress, "%s%s", text, started > 1 ? "; its runs are tried again one by one" : "");
  for (size_t i = 0; i < w->n_runs; i++) {
    struct run_state *r = &s->runs[w->runs[i]];
    if (r->phase == RUN_HANDED) {
      r->phase = RUN_WAITING;
      plan_give_back(&s->plan, s, w->runs[i]);
    } else if (r->phase == RUN_STARTED && started > 1 && !s->stopping) {
      r->phase = RUN_WAITING;
      s->counts.running--;
      plan_retry_alone(&s->plan, w->runs[i]);
    } else if (r->phase == RUN_STARTED) {
      record_end(s, w->runs[i], p->told ? STATUS_CANCELLED : STATUS_IO, text, 0, 0, 0);
    }
  }
  free(text);
  close(w->task_fd);
  close(w->event_fd);
  free(w->keys.id);
  *w = (struct worker){.bytes = w->bytes, .size = w->size};
}

/* --- stopping ---------------------------------------------------------------------------------- */

static void signal_workers(const struct pool *p, int number)
{
  for (size_t i = 0; i < p->n; i++)
    if (p->workers[i].pid)
      kill(p->workers[i].pid, number);
}

static void kill_workers(struct pool *p)
{
  p->killed = true;
  signal_workers(p, SIGKILL);
}

/* The first signal asks the workers to stop; another one at least 50 ms later (not the same one, sent to
 * the process and to its group) kills them, as does patience: nobody sends a second SIGTERM. */
static void heed_signals(struct pool *p)
{
  struct sweep *s = p->s;
  double now = seconds_now();
  if (signals_count() && !s->stopping)
    s->stopping = true;
  if (s->stopping && !p->told) {
    p->told = true;
    p->told_at = now;
    p->signals_seen = signals_count();
    signal_workers(p, SIGTERM);
    if (signals_last() == SIGINT && busy(p))
      progress_line(s->progress, "stopping; interrupt again to kill what still runs");
    return;
  }
  if (!p->told || p->killed)
    return;
  bool again = signals_count() > p->signals_seen;
  p->signals_seen = signals_count();
  if ((again && signals_last() == SIGINT && now - p->told_at > 0.05) ||
      (signals_last() != SIGINT && now - p->told_at > 10))
    kill_workers(p);
}

/* --- the loop ---------------------------------------------------------------------------------- */

static void wait_for_events(struct pool *p, struct pollfd *fds)
{
  fds[0] = (struct pollfd){.fd = signals_fd(), .events = POLLIN};
  for (size_t i = 0; i < p->n; i++)
    fds[1 + i] = (struct pollfd){.fd = p->workers[i].pid ? p->workers[i].event_fd : -1, .events = POLLIN};
  if (poll(fds, 1 + p->n, 100) <= 0)
    return;
  if (fds[0].revents)
    signals_drain();
  for (size_t i = 0; i < p->n; i++)
    if (fds[1 + i].revents && !hear(p, &p->workers[i]))
      bury(p, &p->workers[i]);
}

static void dismiss(struct pool *p)
{
  for (size_t i = 0; i < p->n; i++) {
    struct worker *w = &p->workers[i];
    if (w->pid) {
      close(w->task_fd);
      close(w->event_fd);
      reap(w->pid);
    }
    free(w->bytes);
    free(w->keys.id);
  }
}

size_t pool_workers(const struct pool *p) { return p ? p->n : 0; }

size_t pool_task(const struct pool *p, size_t worker, const size_t **runs)
{
  *runs = p->workers[worker].runs;
  return p->workers[worker].pid ? p->workers[worker].n_runs : 0;
}

void pool_run(struct sweep *s)
{
  struct pool p = {.s = s, .n = (size_t)s->options->jobs};
  if (p.n > s->plan.waiting)
    p.n = s->plan.waiting;
  struct pollfd *fds = xcalloc(p.n + 1, sizeof *fds);
  p.workers = xcalloc(p.n + 1, sizeof *p.workers);
  s->pool = &p; /* cppcheck-suppress autoVariables ; taken back below */
  for (;;) {
    heed_signals(&p);
    assign(&p);
    if (!busy(&p) && (s->stopping || s->plan.waiting == 0))
      break;
    wait_for_events(&p, fds);
    record_tick(s);
    progress_draw(s->progress, false);
  }
  s->pool = NULL;
  dismiss(&p);
  free(p.workers);
  free(fds);
}
