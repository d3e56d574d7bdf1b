/* above.h: lines above readline's prompt, written while somebody types. */
#ifndef ASSAY_APP_ABOVE_H
#define ASSAY_APP_ABOVE_H

#include <stdbool.h>

/* Can a line be written now? Not in the middle of a search, of a key of several bytes, and so on. */
bool above_possible(void);
/* Write one line above the prompt; what is typed and the cursor stay. A line that does not stay is overwritten by the
 * next one, and is left out where the terminal cannot move its cursor up. */
void above_show(const char *text, bool stays);
/* The prompt has moved away from the line that was written last. */
void above_forget(void);

#endif
