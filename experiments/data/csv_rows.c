/* csv_rows.c: see csv_rows.h. */
#include "experiments/data/csv_rows.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/data/read_bytes.h"

static enum status unknown_column(const struct table *t, const char *path, const char *label, struct err *e)
{
  char seen[TEXT_QUOTE_MAX], name[TEXT_QUOTE_MAX];
  text_quote(label, seen);
  if (!t->names)
    return err_set(e, STATUS_BAD_ARG,
                   "label is %s, but %s has no header; it must be \"first\", \"last\" or a number from 1 to %zu", seen,
                   path, t->cols);
  const char *near = nearest_name(label, (const char *const *)t->names, t->cols);
  if (near)
    return err_set(e, STATUS_BAD_ARG, "%s has no column %s; did you mean %s?", path, seen, text_quote(near, name));
  return err_set(e, STATUS_BAD_ARG, "%s has no column %s; it has %zu columns, the first is %s", path, seen, t->cols,
                 text_quote(t->names[0], name));
}

/* Which column holds the label? A column's name goes before its number. */
static enum status find_label(const struct table *t, const struct csv_request *r, size_t *column, struct err *e)
{
  size_t found = 0, j = 0;
  for (; t->names && j < t->cols; j++)
    if (strcmp(t->names[j], r->label) == 0) {
      *column = j;
      found++;
    }
  if (found > 1)
    return err_set(e, STATUS_BAD_ARG, "%s has %zu columns of that name; give label as a number from 1 to %zu", r->path,
                   found, t->cols);
  if (found)
    return STATUS_OK;
  if (strcmp(r->label, "last") == 0 || strcmp(r->label, "first") == 0) {
    *column = r->label[0] == 'l' ? t->cols - 1 : 0;
    return STATUS_OK;
  }
  size_t digits = strspn(r->label, "0123456789"), number = 0;
  if (digits && !r->label[digits] && digits < 9)
    number = (size_t)strtoul(r->label, NULL, 10);
  if (number < 1 || number > t->cols)
    return unknown_column(t, r->path, r->label, e);
  *column = number - 1;
  return STATUS_OK;
}

static enum status finite_f32(struct table *t, size_t j, float *out, struct err *e)
{
  double v;
  enum status s = table_number(t, j, &v, e);
  if (s == STATUS_OK && fabs(v) > (double)FLT_MAX)
    s = table_error(t, j, e, "%g is too large for a float32", v);
  if (s == STATUS_OK)
    *out = (float)v;
  return s;
}

static enum status read_input(struct table *t, size_t j, enum missing_policy missing, float *out, struct err *e)
{
  char seen[TEXT_QUOTE_MAX];
  if (!table_missing(t, j))
    return finite_f32(t, j, out, e);
  *out = missing == MISSING_MEAN ? NAN : 0;
  if (missing != MISSING_ERROR)
    return STATUS_OK;
  return table_error(t, j, e, "the value is missing (%s); set missing = \"mean\", \"zero\" or \"drop\" to allow this",
                     text_quote(t->field[j], seen));
}

static enum status read_label(struct rows *rows, struct classes *classes, struct table *t, size_t column, struct err *e)
{
  size_t row = rows->n - 1;
  double value = NAN;
  if (table_missing(t, column))
    return table_error(t, column, e, "the %s is missing; set missing = \"drop\" to leave such rows out",
                       rows->task == TASK_CLASSES ? "label" : "target");
  if (rows->task == TASK_REGRESSION)
    return finite_f32(t, column, rows->target + row, e);
  if (!table_is_number(t, column, &value))
    value = NAN;
  rows->label[row] = classes_id(classes, table_text(t, column), value);
  if (rows->label[row] < 0)
    return table_error(t, column, e, "more than 10000 different labels; set task = \"regression\" if they are targets");
  return STATUS_OK;
}

static bool any_missing(const struct table *t)
{
  for (size_t j = 0; j < t->cols; j++)
    if (table_missing(t, j))
      return true;
  return false;
}

static enum status read_row(struct rows *rows, struct classes *classes, struct table *t, size_t column,
                            enum missing_policy missing, struct err *e)
{
  enum status s = rows_add(rows, e);
  if (s != STATUS_OK)
    return s;
  float *x = rows->x + (rows->n - 1) * rows->d;
  for (size_t j = 0; j < t->cols && s == STATUS_OK; j++)
    if (j != column)
      s = read_input(t, j, missing, x++, e);
  return s == STATUS_OK ? read_label(rows, classes, t, column, e) : s;
}

static enum status read_rows(struct rows *rows, struct classes *classes, struct table *t, const struct csv_request *r,
                             const struct exec *x, struct err *e)
{
  size_t column = 0;
  bool more;
  if (t->cols < 2)
    return err_set(e, STATUS_BAD_DATA, "%s: %s; a label and at least one input are needed", r->path,
                   t->cols ? "there is only one column" : "the file is empty");
  enum status s = find_label(t, r, &column, e);
  rows->d = t->cols - 1;
  while (s == STATUS_OK) {
    s = table_next(t, &more, e);
    if (s != STATUS_OK || !more)
      break;
    if (r->missing != MISSING_DROP || !any_missing(t))
      s = read_row(rows, classes, t, column, r->missing, e);
    if (s == STATUS_OK && t->line % 256 == 0)
      s = data_cancelled(x, e);
  }
  if (s == STATUS_OK && rows->n == 0)
    s = err_set(e, STATUS_BAD_DATA, "%s: no rows%s", r->path,
                r->missing == MISSING_DROP ? " without missing values" : "");
  return s;
}

enum status csv_read(struct rows *rows, struct classes *classes, const struct csv_request *r, const struct exec *x,
                     struct err *e)
{
  struct table t;
  *rows = (struct rows){.task = r->task, .outputs = 1};
  *classes = (struct classes){0};
  enum status s = table_open(&t, r->path, &r->table, e);
  if (s == STATUS_OK)
    s = read_rows(rows, classes, &t, r, x, e);
  table_close(&t);
  return s;
}

enum status csv_load(struct dataset *out, const struct csv_request *r, float factor, const struct data_split *split,
                     const struct exec *x, struct err *e)
{
  struct rows rows;
  struct classes classes;
  enum status s = csv_read(&rows, &classes, r, x, e);
  if (s == STATUS_OK && r->task == TASK_CLASSES) {
    s = classes_assign(out, &classes, &rows, e);
    if (s != STATUS_OK)
      err_prefix(e, "%s", r->path);
  }
  for (size_t k = 0; s == STATUS_OK && factor != 1.0f && k < rows.n * rows.d; k++)
    rows.x[k] *= factor;
  out->outputs = 1; /* of a regression; classes have as many as there are classes */
  if (s == STATUS_OK)
    s = rows_split(out, &rows, split, x, e);
  classes_free(&classes);
  rows_free(&rows);
  return s;
}
