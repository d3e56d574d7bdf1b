/* read_fann.h: training files of the FANN library, plain or gzipped.
 *
 * Text: `rows inputs outputs`, then for each row its inputs and its outputs; blanks and newlines are the same. The
 * numbers must be as many as the first three say. Reference: Nissen 2003, Implementation of a fast artificial
 * neural network library (FANN), and fann_read_train_from_file. */
#ifndef ASSAY_DATA_READ_FANN_H
#define ASSAY_DATA_READ_FANN_H

#include "experiments/data/read_whole.h"

struct fann {
  size_t n, d, outputs;
  float *x;      /* n x d, packed, owned */
  float *target; /* n x outputs, packed, owned */
};

NODISCARD enum status fann_parse(struct fann *out, const struct whole *file, struct err *e);
NODISCARD enum status fann_read(struct fann *out, const char *path, struct err *e);
void fann_free(struct fann *f); /* twice is harmless */

#endif
