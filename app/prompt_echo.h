/* prompt_echo.h: the line that was accepted is shown once more, in colour, where it was typed. */
#ifndef ASSAY_APP_PROMPT_ECHO_H
#define ASSAY_APP_PROMPT_ECHO_H

#include "lua/host.h"

/* Have every key that accepts a line do so; readline must be initialized. Where a line is not shown again (no colour, a
 * terminal that cannot move its cursor, a text taller than the screen) it stays as it was typed. */
void prompt_echo_install(int colours);
/* Show the line that is typed now as one that is given up, in its place where that is possible. */
void prompt_echo_drop(void);
/* The lines before the one that is typed now, which may have opened a long string or a comment; borrowed, NULL: none. */
void prompt_echo_context(const char *before);

#endif
