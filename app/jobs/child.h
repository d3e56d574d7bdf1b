/* child.h: this program run as a child, its two outputs read as they come by whoever runs an event loop. */
#ifndef ASSAY_JOBS_CHILD_H
#define ASSAY_JOBS_CHILD_H

#include <stdbool.h>

/* The event loop of the owner. It must outlive the children. */
struct child_loop {
  void *self;
  /* Call readable(of) whenever fd can be read, until unwatch. readable may end the child, and start another. */
  void (*watch)(void *self, int fd, void (*readable)(void *of), void *of);
  void (*unwatch)(void *self, int fd);
  void (*changed)(void *self); /* something was read: a screen wants drawing */
};

struct child_user {
  void *self;
  bool (*line)(void *self, const char *line); /* a line of stderr as it comes; true: used up, no part of the text. May be NULL */
  void (*done)(void *self, const char *out, const char *err, int code); /* it has ended; code as a shell says it */
};

struct child;
/* Run `assay --db DB --color=never WORDS…`; words end with NULL. Standard input is empty, and the child is its own process
 * group: Ctrl-C in the terminal does not reach it. NULL, with errno, when no process can be started. */
struct child *child_open(const struct child_loop *loop, const char *db, const char *const *words, const struct child_user *user);
void child_signal(struct child *c, int number);
/* Wait for its end, at most so long, then kill it; frees the handle and calls nothing. */
void child_wait(struct child *c, double seconds);
/* Kill it, free the handle, call nothing. c may be NULL. */
void child_drop(struct child *c);

#endif
