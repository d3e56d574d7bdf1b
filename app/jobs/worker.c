/* worker.c: see worker.h. A worker is forked from the process that loaded the script and its data, shares
 * them copy on write, and does the tasks that it is handed until its task pipe is closed. */
#include "app/jobs/worker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "app/signals.h"
#include "experiments/kernel/mem.h"

/* Close the copies of the writer's descriptors of its store: a worker never touches it. */
static void close_store(const char *store_path)
{
  DIR *dir = opendir("/proc/self/fd");
  char *full = store_path ? realpath(store_path, NULL) : NULL;
  for (struct dirent *d; dir && full && (d = readdir(dir));) {
    char target[4096];
    ssize_t n = readlinkat(dirfd(dir), d->d_name, target, sizeof target - 1);
    if (n <= 0)
      continue;
    target[n] = '\0';
    if (strncmp(target, full, strlen(full)) == 0)
      close(atoi(d->d_name));
  }
  if (dir)
    closedir(dir);
  free(full);
}

static void settle(const struct worker_config *c)
{
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != c->parent)
    _exit(3);
  prctl(PR_SET_NAME, "assay-worker");
  signals_after_fork();
  signals_set_host(c->host);
  signal(SIGPIPE, SIG_IGN); /* a closed pipe is seen at the write */
  close_store(c->store_path);
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null >= 0) {
    dup2(null, STDIN_FILENO);
    close(null);
  }
  dup2(STDERR_FILENO, STDOUT_FILENO); /* results go to stdout, and only the writer has them */
  setvbuf(stdout, NULL, _IOLBF, 0);
}

/* Read exactly n bytes; false at the end of the stream. */
static bool read_all(int fd, void *out, size_t n)
{
  for (char *at = out; n;) {
    ssize_t got = read(fd, at, n);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return false;
    at += got;
    n -= (size_t)got;
  }
  return true;
}

static bool read_task(int fd, size_t **runs, size_t *n)
{
  uint32_t count, number;
  if (!read_all(fd, &count, sizeof count))
    return false;
  *runs = xrealloc(*runs, (count + 1) * sizeof **runs);
  for (*n = 0; *n < count; ++*n) {
    if (!read_all(fd, &number, sizeof number))
      return false;
    (*runs)[*n] = number;
  }
  return true;
}

_Noreturn void worker_main(const struct worker_config *c)
{
  size_t *runs = NULL, n;
  settle(c);
  struct event_sender *sender = event_sender_new(c->event_fd);
  const struct run_sink sink = event_sender_sink(sender);
  for (bool more = true; more && read_task(c->task_fd, &runs, &n); more = !c->single) {
    struct err e = {0};
    enum status status = lua_experiment_run(c->experiment, runs, n, &sink, &e);
    fflush(stdout);
    event_sender_task_end(sender, status, status == STATUS_OK ? "" : e.message);
  }
  event_sender_free(sender);
  free(runs);
  _exit(0);
}
