/* signals.h: the one place that handles signals.
 *
 * SIGINT, SIGTERM and SIGHUP set the cancel flag, interrupt the Lua host that runs, and make a pipe
 * readable, so that loops over poll() wake up. */
#ifndef ASSAY_APP_SIGNALS_H
#define ASSAY_APP_SIGNALS_H

#include <stdatomic.h>
#include <stdbool.h>

struct lua_host;

/* Install the handlers; `cancel` is set to 1 on each stop signal. Calling it again is harmless. */
void signals_install(atomic_int *cancel);
/* In a forked worker: the pipe of the parent is not ours. */
void signals_after_fork(void);
/* The host to interrupt (NULL: none). Returns the one before, to be put back. */
struct lua_host *signals_set_host(struct lua_host *h);
/* Readable when a signal has arrived; empty it with signals_drain. */
int signals_fd(void);
void signals_drain(void);
/* The stop signals since the last signals_clear: how many, and the last one (0: none). */
int signals_count(void);
int signals_last(void);
/* Has the terminal changed its size since the last call? */
bool signals_resized(void);
/* Forget what has arrived and clear the cancel flag: back at a prompt. */
void signals_clear(void);
/* At the prompt: while a host runs, a second SIGINT half a second or more after the first ends the process: there are
 * C functions, such as a text pattern that backtracks, which nothing else stops. Returns what was set before. */
bool signals_second_ends(bool on);
/* 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP. */
int signals_exit_code(void);

#endif
