/* child.c: see child.h. */
#include "app/jobs/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "experiments/kernel/mem.h"

enum { MOST_OUTPUT = 16 << 20 };

struct stream { int fd; char *text; size_t n, line; };

struct child {
  const struct child_loop *loop; /* borrowed */
  struct child_user user;
  pid_t pid;
  struct stream out, err;
};

static void close_stream(struct child *c, struct stream *s)
{
  if (s->fd >= 0) {
    c->loop->unwatch(c->loop->self, s->fd);
    close(s->fd);
  }
  s->fd = -1;
}

static void free_child(struct child *c)
{
  close_stream(c, &c->out);
  close_stream(c, &c->err);
  free(c->out.text);
  free(c->err.text);
  free(c);
}

static int wait_for(pid_t pid)
{
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
    ;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void append(struct stream *s, const char *bytes, size_t n)
{
  if (s->n + n > MOST_OUTPUT)
    return;
  s->text = xrealloc(s->text, s->n + n + 1);
  memcpy(s->text + s->n, bytes, n);
  s->n += n;
  s->text[s->n] = '\0';
}

/* Hand complete lines over; those that were used up are taken out of the text. */
static void hand_lines(struct child *c, struct stream *s)
{
  char *end;
  while (c->user.line && s->text && (end = strchr(s->text + s->line, '\n'))) {
    *end = '\0';
    size_t from = s->line, next = (size_t)(end - s->text) + 1;
    bool used = c->user.line(c->user.self, s->text + from);
    *end = '\n';
    if (used) {
      memmove(s->text + from, s->text + next, s->n - next + 1);
      s->n -= next - from;
    } else {
      s->line = next;
    }
  }
}

/* Read what is there; true at the end. */
static bool read_stream(struct child *c, struct stream *s)
{
  char bytes[16384];
  for (;;) {
    ssize_t n = read(s->fd, bytes, sizeof bytes);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0 && errno == EAGAIN)
      return false;
    if (n <= 0)
      return true;
    append(s, bytes, (size_t)n);
    if (s == &c->err)
      hand_lines(c, s);
  }
}

static void readable(void *self)
{
  struct child *c = self;
  if (c->err.fd >= 0 && read_stream(c, &c->err))
    close_stream(c, &c->err);
  if (c->out.fd >= 0 && read_stream(c, &c->out))
    close_stream(c, &c->out);
  c->loop->changed(c->loop->self);
  if (c->out.fd >= 0 || c->err.fd >= 0)
    return;
  int code = wait_for(c->pid);
  c->user.done(c->user.self, c->out.text ? c->out.text : "", c->err.text ? c->err.text : "", code);
  free_child(c);
}

/* In the child: only calls that are safe after fork in a program with threads. */
static _Noreturn void become(char *const *argv, int out, int err)
{
  sigset_t none;
  int null = open("/dev/null", O_RDONLY);
  dup2(null, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  setpgid(0, 0); /* Ctrl-C in the terminal is our own */
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execv("/proc/self/exe", argv);
  _exit(127);
}

static bool start_process(struct child *c, char *const *argv)
{
  int out[2], err[2];
  if (pipe2(out, O_CLOEXEC) != 0)
    return false;
  if (pipe2(err, O_CLOEXEC) != 0) {
    close(out[0]);
    close(out[1]);
    return false;
  }
  c->pid = fork();
  if (c->pid == 0)
    become(argv, out[1], err[1]);
  close(out[1]);
  close(err[1]);
  if (c->pid < 0) {
    close(out[0]);
    close(err[0]);
    return false;
  }
  fcntl(out[0], F_SETFL, O_NONBLOCK);
  fcntl(err[0], F_SETFL, O_NONBLOCK);
  c->out.fd = out[0];
  c->err.fd = err[0];
  return true;
}

/* The whole command line, ending with NULL; release with free_words. */
static char **full_words(const char *db, const char *const *words)
{
  size_t n = 0;
  while (words[n])
    n++;
  char **argv = xcalloc(n + 5, sizeof *argv);
  char *fixed[] = {xstrdup("assay"), xstrdup("--db"), xstrdup(db), xstrdup("--color=never")};
  memcpy(argv, fixed, sizeof fixed);
  for (size_t i = 0; i < n; i++)
    argv[4 + i] = xstrdup(words[i]);
  return argv;
}

static void free_words(char **argv)
{
  for (size_t i = 0; argv[i]; i++)
    free(argv[i]);
  free(argv);
}

struct child *child_open(const struct child_loop *loop, const char *db, const char *const *words, const struct child_user *user)
{
  struct child *c = xcalloc(1, sizeof *c);
  *c = (struct child){.loop = loop, .user = *user, .out = {.fd = -1}, .err = {.fd = -1}};
  char **argv = full_words(db, words);
  bool started = start_process(c, argv);
  int reason = errno;
  free_words(argv);
  if (!started) {
    free_child(c);
    errno = reason;
    return NULL;
  }
  loop->watch(loop->self, c->out.fd, readable, c);
  loop->watch(loop->self, c->err.fd, readable, c);
  return c;
}

void child_signal(struct child *c, int number) { kill(c->pid, number); }

void child_wait(struct child *c, double seconds)
{
  bool gone = false;
  for (double waited = 0; waited < seconds && !gone; waited += 0.01) {
    if (c->err.fd >= 0 && read_stream(c, &c->err)) /* a full pipe would hold it up */
      close_stream(c, &c->err);
    if (c->out.fd >= 0 && read_stream(c, &c->out))
      close_stream(c, &c->out);
    gone = c->out.fd < 0 && c->err.fd < 0;
    usleep(10000);
  }
  if (!gone)
    kill(c->pid, SIGKILL);
  wait_for(c->pid);
  free_child(c);
}

void child_drop(struct child *c)
{
  if (!c)
    return;
  kill(c->pid, SIGKILL);
  wait_for(c->pid);
  free_child(c);
}
