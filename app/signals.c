/* signals.c: see signals.h. The handler only sets flags, writes one byte and calls the async-signal-safe
 * lua_host_interrupt. */
#include "app/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "lua/host.h"

static atomic_int *cancel_flag;
static _Atomic(struct lua_host *) host;
static atomic_int count, last, resized;
static atomic_int wake[2] = {-1, -1};

static void on_signal(int number)
{
  int saved = errno;
  if (number == SIGWINCH) {
    atomic_store(&resized, 1);
  } else {
    atomic_store(&last, number);
    atomic_fetch_add(&count, 1);
    if (cancel_flag)
      atomic_store(cancel_flag, 1);
    struct lua_host *h = atomic_load(&host);
    if (h)
      lua_host_interrupt(h);
  }
  int fd = atomic_load(&wake[1]);
  if (fd >= 0) {
    ssize_t n = write(fd, "!", 1); /* a full pipe is as good as one more byte */
    (void)n;
  }
  errno = saved;
}

void signals_install(atomic_int *cancel)
{
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH};
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  int fds[2];
  cancel_flag = cancel;
  if (atomic_load(&wake[0]) < 0 && pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0) {
    atomic_store(&wake[0], fds[0]);
    atomic_store(&wake[1], fds[1]);
  }
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    struct sigaction now;
    if (numbers[i] == SIGHUP && sigaction(SIGHUP, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
      continue; /* started by nohup */
    sigaction(numbers[i], &action, NULL);
  }
}

void signals_after_fork(void)
{
  for (int i = 0; i < 2; i++) {
    int fd = atomic_exchange(&wake[i], -1);
    if (fd >= 0)
      close(fd);
  }
}

struct lua_host *signals_set_host(struct lua_host *h) { return atomic_exchange(&host, h); }

int signals_fd(void) { return atomic_load(&wake[0]); }

void signals_drain(void)
{
  char bytes[64];
  while (read(atomic_load(&wake[0]), bytes, sizeof bytes) > 0)
    ;
}

int signals_count(void) { return atomic_load(&count); }
int signals_last(void) { return atomic_load(&last); }
bool signals_resized(void) { return atomic_exchange(&resized, 0) != 0; }

void signals_clear(void)
{
  atomic_store(&count, 0);
  atomic_store(&last, 0);
  if (cancel_flag)
    atomic_store(cancel_flag, 0);
}

int signals_exit_code(void) { return 128 + (signals_last() ? signals_last() : SIGINT); }
