/* classes.h: labels as they are written, and the classes 0, 1, … they become.
 *
 * Order: by value if all labels are numbers, else by their bytes. Labels of equal value (1 and 1.0) are one class. */
#ifndef ASSAY_DATA_CLASSES_H
#define ASSAY_DATA_CLASSES_H

#include "experiments/data/data_int.h"

struct class_label {
  char *text;    /* owned */
  double value;  /* NaN: no number */
  int32_t id;    /* by first appearance */
};

struct classes {
  size_t n, room;
  struct class_label *label; /* sorted by text, owned */
};

/* The id of a label, from 0 in order of first appearance. More than 10000: -1. */
int32_t classes_id(struct classes *c, const char *text, double value);
void classes_free(struct classes *c);

/* Replace ids by classes in the rows; sets out->classes, and out->class_names unless these are 0, 1, …. Refuses
 * numbers that are not whole: they are targets of a regression. */
NODISCARD enum status classes_assign(struct dataset *out, struct classes *c, struct rows *rows, struct err *e);

#endif
