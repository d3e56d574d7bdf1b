/* lines.h: the difference of two texts, line by line. */
#ifndef ASSAY_LINES_H
#define ASSAY_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* Call visit(self, mark, line, length) for a shortest edit from a to b: mark '-' a line only in a, '+' only
 * in b, ' ' in both (at most `context` around each change, then '~' with length 0 for what is left out).
 * Returns whether the texts differ. Time and memory grow with (lines x changes). */
bool lines_diff(const char *a, const char *b, size_t context, void (*visit)(void *self, char mark, const char *line, size_t length), void *self);

#endif
