/* signals.c: see signals.h. The handler only sets flags, writes one byte and calls the async-signal-safe
 * lua_host_interrupt. */
#include "app/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "lua/host.h"

static atomic_int *cancel_flag;
static _Atomic(struct lua_host *) host;
static atomic_int count, last, resized, second_ends;
static _Atomic long long first_ms; /* when the first stop signal came */
static atomic_int wake[2] = {-1, -1};

static long long now_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* The first interrupt has not been answered: what runs does not look at its flag. */
static void end_at_second(void)
{
  static const char text[] = "assay: what runs cannot be stopped (a text pattern that backtracks, or another C function), and the "
                             "second interrupt ended it, with all that this prompt held\n";
  if (atomic_load(&count) == 0) {
    atomic_store(&first_ms, now_ms());
  } else if (now_ms() - atomic_load(&first_ms) >= 500) {
    ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);
    (void)n;
    _exit(128 + SIGINT);
  }
}

static void on_signal(int number)
{
  int saved = errno;
  if (number == SIGWINCH) {
    atomic_store(&resized, 1);
  } else {
    if (number == SIGINT && atomic_load(&second_ends) && atomic_load(&host))
      end_at_second();
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
  atomic_store(&second_ends, 0);
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

bool signals_second_ends(bool on) { return atomic_exchange(&second_ends, on) != 0; }

int signals_exit_code(void) { return 128 + (signals_last() ? signals_last() : SIGINT); }
