/* labels.h: class labels that files write as numbers: -1 and 1, 0 and 1, 1 and 2, 1 to k, … */
#ifndef ASSAY_DATA_LABELS_H
#define ASSAY_DATA_LABELS_H

#include "experiments/data/data_int.h"

/* Classes 0, 1, … in the order of the different labels of training; sets out->classes, out->outputs, the class names
 * unless they are 0, 1, …, and the labels of the rows. Test labels (test = NULL: none) must occur in training; only where
 * both files have two classes, coded -1 and 1, 0 and 1, or 1 and 2, may the codes differ. `files`: their names. */
NODISCARD enum status labels_assign(struct dataset *out, struct rows *train, const double *label, struct rows *test,
                                    const double *test_label, const char *const files[2], struct err *e);

/* The last part of a path, as the name of a data set. */
char *data_file_name(const char *path);

#endif
