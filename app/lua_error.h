/* lua_error.h: what went wrong in Lua code, for people. */
#ifndef ASSAY_APP_LUA_ERROR_H
#define ASSAY_APP_LUA_ERROR_H

#include "experiments/kernel/err.h"

/* Tell it on stderr: the message and, where it names a line of `name` (what was typed, or a file), that line with a caret
 * under the word meant. `code` is what was typed; NULL: `name` is a file. An interrupt is one word. */
void lua_error_tell(const struct err *e, const char *name, const char *code);

#endif
