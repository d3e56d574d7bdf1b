/* sender.c: what logging costs a worker.
 *
 *   bench_sender     one line: CPU ns per step with 5 metrics, sending to the writer's pipe included
 *
 * Drives the sink of app/jobs/sender.c as a worker does, 64 runs taking turns; a child empties the pipe, so that
 * the time is the worker's own. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/jobs/worker.h"

enum { STEPS = 400000, RUNS = 64 };

static double cpu_now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void empty_pipe(int fd)
{
  static char block[1 << 16];
  while (read(fd, block, sizeof block) > 0)
    ;
  _exit(0);
}

int main(void)
{
  static const char *const key[5] = {"loss", "lr", "val_loss", "val_error", "grad_norm"};
  int fd[2];
  if (pipe(fd) != 0) {
    perror("pipe");
    return 2;
  }
  pid_t child = fork();
  if (child == 0) {
    close(fd[1]);
    empty_pipe(fd[0]);
  }
  close(fd[0]);
  struct event_sender *sender = event_sender_new(fd[1]);
  struct run_sink sink = event_sender_sink(sender);
  double begun = cpu_now();
  for (int t = 0; t < STEPS; t++)
    for (int k = 0; k < 5; k++)
      sink.metric(sink.self, (size_t)(t % RUNS), key[k], t / RUNS, 0.5 * t);
  event_sender_flush(sender);
  double seconds = cpu_now() - begun;
  event_sender_free(sender);
  close(fd[1]);
  waitpid(child, NULL, 0);
  printf("%.0f\n", 1e9 * seconds / STEPS);
  return 0;
}
