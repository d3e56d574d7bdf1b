/* image_files.h: data sets that are pairs of IDX files, as MNIST and Fashion-MNIST are. */
#ifndef ASSAY_DATA_IMAGE_FILES_H
#define ASSAY_DATA_IMAGE_FILES_H

#include "experiments/data/data_int.h"

enum pixel_scale { SCALE_UNIT, SCALE_STANDARD };
extern const char *const pixel_scale_names[]; /* "unit", "standard", NULL */

struct image_files {
  const char *images, *labels;           /* training: n x … inputs, n labels */
  const char *test_images, *test_labels; /* NULL: no test part */
  size_t classes;                        /* 0: one more than the largest label */
};

/* Which examples go where: the last sixth of the training file is set aside for validation (the last 10000 of
 * 60000), and more if more is asked for, so that training and validation never depend on each other's
 * counts; only with valid = 0 may training take all. Each part is the first so many of its range. Only
 * as much of the files is read as the counts ask for.
 *
 * Unsigned bytes become byte/255; other element types stay as they are. SCALE_STANDARD: then (x - mean)/sd with the
 * mean and standard deviation over all inputs of the training part together. */
NODISCARD enum status images_load(struct dataset *out, const struct image_files *files,
                                  const struct data_counts *counts, enum pixel_scale scale, const struct exec *x,
                                  struct err *e);

#define IMAGE_TRAIN_TEXT "all that is not set aside for validation"
#define IMAGE_VALID_TEXT "the last sixth of the training file"
#define IMAGE_TEST_TEXT  "the whole test file"

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define IMAGE_SCALE_PARAM(owner, member)                                                                               \
  {.id = "scale", .type = PARAM_CHOICE, .at = offsetof(owner, member), .def = SCALE_UNIT,                              \
   .choices = pixel_scale_names,                                                                                       \
   .doc = "unit: byte/255; standard: then (x - mean)/sd over all inputs of the training part", .example = "standard"}
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
