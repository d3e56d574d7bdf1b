/* csv_rows.h: a text table as rows of inputs and one label or target. */
#ifndef ASSAY_DATA_CSV_ROWS_H
#define ASSAY_DATA_CSV_ROWS_H

#include "experiments/data/classes.h"
#include "experiments/data/read_table.h"

enum missing_policy { MISSING_ERROR, MISSING_MEAN, MISSING_ZERO, MISSING_DROP };

struct csv_request {
  const char *path;
  struct table_options table;
  enum task task;
  const char *label; /* the label's or target's column: a name, a number from 1, "first" or "last" */
  enum missing_policy missing;
};

/* Read all rows. With MISSING_MEAN, NaN stands where rows_split() puts means. TASK_CLASSES: labels are ids until
 * classes_assign(). */
NODISCARD enum status csv_read(struct rows *rows, struct classes *classes, const struct csv_request *r,
                               const struct exec *x, struct err *e);

/* csv_read, classes_assign, then each input times `factor`, and rows_split. */
NODISCARD enum status csv_load(struct dataset *out, const struct csv_request *r, float factor,
                               const struct data_split *split, const struct exec *x, struct err *e);

#endif
