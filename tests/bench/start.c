/* start.c: how long a command takes from exec to exit.
 *
 *   bench_start N COMMAND [ARG...]     one line: wall ms, CPU ms (its children's included), medians of N starts
 *
 * The command's standard output goes to /dev/null. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX = 10001 };

static double now_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static double ms_of(struct timeval t) { return 1e3 * (double)t.tv_sec + 1e-3 * (double)t.tv_usec; }

static void start(char **command, double *wall, double *cpu)
{
  struct rusage use;
  int status;
  double begun = now_ms();
  pid_t pid = fork();
  if (pid == 0) {
    dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
    execvp(command[0], command);
    perror(command[0]);
    _exit(127);
  }
  if (pid < 0 || wait4(pid, &status, 0, &use) < 0 || status != 0) {
    fprintf(stderr, "bench_start: %s did not end well\n", command[0]);
    exit(2);
  }
  *wall = now_ms() - begun;
  *cpu = ms_of(use.ru_utime) + ms_of(use.ru_stime);
}

static int ascending(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
  static double wall[MAX], cpu[MAX];
  int n = argc > 2 ? atoi(argv[1]) : 0;
  if (n < 1 || n > MAX) {
    fprintf(stderr, "usage: bench_start N COMMAND [ARG...], N from 1 to %d\n", MAX);
    return 2;
  }
  for (int i = 0; i < n; i++)
    start(argv + 2, &wall[i], &cpu[i]);
  qsort(wall, (size_t)n, sizeof *wall, ascending);
  qsort(cpu, (size_t)n, sizeof *cpu, ascending);
  printf("%.2f %.2f\n", wall[n / 2], cpu[n / 2]);
  return 0;
}
