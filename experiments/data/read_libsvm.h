/* read_libsvm.h: sparse rows in the text format of LIBSVM and LIBLINEAR, plain or gzipped.
 *
 * A row is `label index:value index:value …`, indices increasing from 1 (or from 0, if so asked); # starts a comment;
 * blank lines are skipped; a row may have no features. Refused, with the line: index 0, indices that do not increase,
 * numbers that are not finite, and by name the extensions `qid:` (ranking) and `1,3` (several labels).
 * Reference: Chang and Lin 2011, LIBSVM: a library for support vector machines, and its README. */
#ifndef ASSAY_DATA_READ_LIBSVM_H
#define ASSAY_DATA_READ_LIBSVM_H

#include <stdint.h>

#include "experiments/data/read_whole.h"

#define LIBSVM_INDEX_MAX 2147483647 /* LIBSVM's own */

/* Row i has the entries start[i] to start[i + 1] - 1. */
struct libsvm {
  size_t n, d;      /* rows; inputs: the largest index, counted from 1 */
  size_t n_entries;
  double *label;    /* n, owned */
  uint64_t *line;   /* n: where each row stands in the file, owned */
  size_t *start;    /* n + 1, owned */
  uint32_t *index;  /* n_entries, from 0, owned */
  float *value;     /* n_entries, owned */
};

NODISCARD enum status libsvm_parse(struct libsvm *out, const struct whole *file, bool zero_based, struct err *e);
NODISCARD enum status libsvm_read(struct libsvm *out, const char *path, bool zero_based, struct err *e);
void libsvm_free(struct libsvm *s); /* twice is harmless */

#endif
