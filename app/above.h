/* above.h: lines above readline's prompt, written while somebody types. */
#ifndef ASSAY_APP_ABOVE_H
#define ASSAY_APP_ABOVE_H

#include <stdbool.h>

/* Can the terminal move its cursor up? */
bool above_can_move(void);
/* Can a line be written now? Not in the middle of a search, of a key of several bytes, and so on. */
bool above_possible(void);
/* Write one line above the prompt; what is typed and the cursor stay. A line that does not stay is overwritten by the
 * next one, and is left out where the terminal cannot move its cursor up. */
void above_show(const char *text, bool stays);
/* Does a line that does not stay stand right above the prompt? above_erase takes it away: the cursor must be in the
 * cleared row of the prompt, and comes to the row above. */
bool above_stands(void);
void above_erase(void);
/* The prompt has moved away from the line that was written last. */
void above_forget(void);

#endif
