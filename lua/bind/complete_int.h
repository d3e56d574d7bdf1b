/* complete_int.h: what the files of completion share: names and calls that stand before a place of a text. */
#ifndef ASSAY_LUA_COMPLETE_INT_H
#define ASSAY_LUA_COMPLETE_INT_H

#include <stdbool.h>
#include <stddef.h>

#include "experiments/method.h"

/* Of Lua's names, whatever the locale. */
bool complete_is_word(char c);
/* The dotted name that ends at `end` (exclusive): its start. */
size_t complete_name_start(const char *text, size_t end);
/* Is the name that ends at `end`, but for spaces, assay.KIND? */
bool complete_kind_before(const char *text, size_t end, enum kind *kind);
/* The method of assay.KIND("id"), or of this without what follows the id, that ends at `end` but for spaces and a comma;
 * NULL: none. */
const struct method *complete_method_before(const char *text, size_t end);

#endif
