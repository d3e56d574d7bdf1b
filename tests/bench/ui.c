/* ui.c: how quick the workbench is, driven through a pseudo-terminal.
 *
 *   bench_ui KEYS COMMAND [ARG...]
 *
 * One line: first frame ms, rows ms (until the text "sorted by" is there), median and 99th percentile of key to last byte of
 * the frame in ms over KEYS keys, idle CPU percent over 3 s, resident memory MB. */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_KEYS = 100000 };

static char seen[1 << 20];
static size_t n_seen;

static double now_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static void die(const char *what)
{
  fprintf(stderr, "bench_ui: %s\n", what);
  exit(2);
}

/* Read what comes within wait_ms; false when nothing did. */
static int take(int fd, int wait_ms)
{
  struct pollfd p = {.fd = fd, .events = POLLIN};
  if (poll(&p, 1, wait_ms) <= 0)
    return 0;
  if (n_seen > sizeof seen / 2)
    n_seen = 0;
  ssize_t n = read(fd, seen + n_seen, sizeof seen - n_seen - 1);
  if (n <= 0)
    die("it has ended");
  n_seen += (size_t)n;
  seen[n_seen] = '\0';
  return 1;
}

static double await(int fd, const char *text, double begun)
{
  while (!strstr(seen, text)) {
    if (now_ms() - begun > 60000)
      die("nothing came for a minute");
    take(fd, 1000);
  }
  return now_ms() - begun;
}

static int by_size(const void *a, const void *b) { return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b); }

/* From the key to the last byte before the program waits again. */
static double key(int fd, char c)
{
  double begun = now_ms(), last;
  if (write(fd, &c, 1) != 1)
    die("it takes no keys");
  while (!take(fd, 1000))
    ;
  last = now_ms();
  while (take(fd, 4))
    last = now_ms();
  return last - begun;
}

/* Field of /proc/PID/stat, counted as in proc(5). */
static double stat_field(pid_t pid, int field)
{
  char path[64], text[1024], *at;
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  FILE *f = fopen(path, "r");
  if (!f || !fgets(text, sizeof text, f))
    die("no /proc/PID/stat");
  fclose(f);
  at = strrchr(text, ')') + 2;
  for (int i = 3; i < field; i++)
    at = strchr(at, ' ') + 1;
  return atof(at);
}

int main(int argc, char **argv)
{
  static double ms[MAX_KEYS];
  struct winsize size = {.ws_row = 40, .ws_col = 120};
  int fd, n = argc > 2 ? atoi(argv[1]) : 0;
  if (n < 1 || n > MAX_KEYS)
    die("usage: bench_ui KEYS COMMAND [ARG...]");
  double begun = now_ms();
  pid_t pid = forkpty(&fd, NULL, NULL, &size);
  if (pid == 0) {
    setenv("TERM", "xterm-256color", 1);
    execvp(argv[2], argv + 2);
    _exit(127);
  }
  double first = await(fd, "Runs", begun), rows = await(fd, "sorted by", begun);
  while (take(fd, 300)) /* sparklines */
    ;
  for (int i = 0; i < n; i++) {
    ms[i] = key(fd, i / 60 % 2 ? 'k' : 'j');
    usleep(5000);
  }
  qsort(ms, (size_t)n, sizeof *ms, by_size);
  while (take(fd, 500))
    ;
  double cpu = stat_field(pid, 14) + stat_field(pid, 15), idle = now_ms();
  while (now_ms() - idle < 3000)
    take(fd, 100);
  cpu = (stat_field(pid, 14) + stat_field(pid, 15) - cpu) / (double)sysconf(_SC_CLK_TCK) / ((now_ms() - idle) / 1000) * 100;
  printf("%.1f %.1f %.2f %.2f %.2f %.1f\n", first, rows, ms[n / 2], ms[(int)(0.99 * (n - 1))], cpu, stat_field(pid, 24) * (double)sysconf(_SC_PAGESIZE) / 1e6);
  kill(pid, SIGKILL);
  return waitpid(pid, NULL, 0) == pid ? 0 : 2;
}
