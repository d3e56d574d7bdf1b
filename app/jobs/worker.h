/* worker.h: the child's side of a sweep. */
#ifndef ASSAY_JOBS_WORKER_H
#define ASSAY_JOBS_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lua/host.h"

struct worker_config {
  struct lua_experiment *experiment;
  struct lua_host *host;
  int task_fd;             /* read: u32 count, then count u32 run numbers; closed: leave */
  int event_fd;            /* written: events.h */
  pid_t parent;            /* leave when it is gone */
  bool single;             /* leave after one task */
  const char *store_path;  /* descriptors that the fork copied from the writer's store are closed */
};

/* The life of a worker; does not return. */
_Noreturn void worker_main(const struct worker_config *c);

/* The sender of a worker: buffers events, sends them when 64 KB are full, at a run's end, and 4 times a
 * second from a thread of its own (so that a long kernel does not hold back what was logged before it). */
struct event_sender;
struct event_sender *event_sender_new(int fd);
void event_sender_free(struct event_sender *s);
struct run_sink event_sender_sink(struct event_sender *s);
/* Send what is buffered; _exits when nobody listens any more. */
void event_sender_flush(struct event_sender *s);
void event_sender_task_end(struct event_sender *s, enum status status, const char *text);

#endif
