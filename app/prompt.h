/* prompt.h: Lua at a terminal: what is typed is evaluated, until Ctrl-D. */
#ifndef ASSAY_APP_PROMPT_H
#define ASSAY_APP_PROMPT_H

#include "app/prompt_jobs.h"
#include "lua/host.h"

/* Signals must be installed (app/signals.h). Returns the exit code. */
int prompt_run(struct lua_host *h, struct prompt_jobs *jobs, int colours);

#endif
