/* read_whole.h: a whole file, gzipped or not, in memory: for formats that are parsed by offsets. */
#ifndef ASSAY_DATA_READ_WHOLE_H
#define ASSAY_DATA_READ_WHOLE_H

#include <stdbool.h>
#include <stddef.h>

#include "experiments/kernel/err.h"

struct whole {
  char *name;                 /* what messages start with: the path; owned */
  const unsigned char *bytes; /* n bytes and a zero after them; owned if `owned` */
  size_t n;
  bool owned;
};

/* Read a regular file to its end (check sums of a gzipped one included). Memory grows with what is read, so
 * that a small gzipped file cannot ask for much at once. */
NODISCARD enum status whole_read(struct whole *w, const char *path, struct err *e);
/* Bytes that the caller has, and keeps. They need no zero at their end. */
struct whole whole_of(const char *name, const void *bytes, size_t n);
void whole_free(struct whole *w); /* twice is harmless */

#endif
