/* prompt_complete.h: Tab at the prompt: what may stand at the cursor, each with a line on what it is. */
#ifndef ASSAY_APP_PROMPT_COMPLETE_H
#define ASSAY_APP_PROMPT_COMPLETE_H

#include <stdbool.h>

#include "lua/host.h"

/* Have readline ask the host. Both are borrowed. */
void prompt_complete_install(struct lua_host *h, bool colour);
/* The lines before the one that is typed now; borrowed, NULL: none. */
void prompt_complete_context(const char *before);
/* Forget the candidates of the last completion. */
void prompt_complete_done(void);

#endif
