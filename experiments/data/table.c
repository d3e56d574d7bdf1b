/* table.c: numbers given directly, from Lua tables: assay.data{x = {{1, 2}, …}, y = {0, …}}. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "experiments/data/classes.h"

struct conf {
  struct data_split split;
  struct param_table *x, *y; /* owned by the conf */
  int task;                  /* enum task; 0: auto */
  int64_t classes;
};

static const char *const order_names[] = {"random", "given", NULL};
static const char *const task_names[] = {"auto", "classes", "regression", NULL};

static const struct param params[] = {
  {.id = "x", .type = PARAM_TABLE, .at = offsetof(struct conf, x), .flags = PARAM_REQUIRED,
   .doc = "inputs: one row per example", .example = "{{0, 0}, {0, 1}, {1, 0}, {1, 1}}"},
  {.id = "y", .type = PARAM_TABLE, .at = offsetof(struct conf, y), .flags = PARAM_REQUIRED,
   .doc = "one label per example, or a row of targets", .example = "{0, 1, 1, 0}"},
  {.id = "task", .type = PARAM_CHOICE, .at = offsetof(struct conf, task), .choices = task_names,
   .doc = "what y holds: classes, or numbers to predict; auto: classes, unless there are several per row",
   .example = "classes"},
  {.id = "classes", .type = PARAM_INT, .at = offsetof(struct conf, classes), .min = 2, .max = 1e6, .flags = PARAM_AUTO,
   .doc = "number of classes, labels being 0 to classes - 1; auto: the different labels, in order", .example = "2"},
  DATA_COUNT_PARAMS(struct conf, split.counts, "all that is left", "none", "none"),
  DATA_SPLIT_PARAMS(struct conf, split, 0),
  {.id = "order", .type = PARAM_CHOICE, .at = offsetof(struct conf, split.order), .choices = order_names,
   .doc = "given: the first rows are for training, the next for validation, then for test; random: any, by split_seed, "
          "and the rows of a part stand in a random order too", .example = "given"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  struct conf *c = conf;
  c->split.counts.valid = c->split.counts.valid == PARAM_AUTO_INT ? 0 : c->split.counts.valid;
  c->split.counts.test = c->split.counts.test == PARAM_AUTO_INT ? 0 : c->split.counts.test;
  if (c->task == 0)
    c->task = c->y->cols > 1 ? TASK_REGRESSION : TASK_CLASSES;
  if (c->x->rows == 0 || c->x->cols == 0)
    return err_set(e, STATUS_BAD_ARG, "x has no %s", c->x->rows ? "columns" : "rows");
  if (c->x->rows != c->y->rows)
    return err_set(e, STATUS_BAD_ARG, "x has %zu rows, but y has %zu", c->x->rows, c->y->rows);
  if (c->y->cols < 1 || (c->task == TASK_CLASSES && c->y->cols != 1))
    return err_set(e, STATUS_BAD_ARG,
                   "y must have one label per row, got %zu (task = \"regression\" allows several targets)", c->y->cols);
  return STATUS_OK;
}

/* Row i of a table as float32. */
static enum status copy_row(float *to, const struct param_table *t, const char *name, size_t i, struct err *e)
{
  for (size_t j = 0; j < t->cols; j++) {
    double v = t->v[i * t->cols + j];
    if (!(fabs(v) <= (double)FLT_MAX))
      return err_set(e, STATUS_BAD_DATA, "%s, row %zu, column %zu: %g is not a finite float32", name, i + 1, j + 1, v);
    to[j] = (float)v;
  }
  return STATUS_OK;
}

static enum status take_label(struct rows *rows, struct classes *classes, const struct conf *c, size_t i, struct err *e)
{
  double v = c->y->v[i];
  char text[32];
  if (v != trunc(v))
    return err_set(e, STATUS_BAD_DATA,
                   "y, row %zu: the label %g is not a whole number; set task = \"regression\" if it is a target", i + 1,
                   v);
  if (c->classes != PARAM_AUTO_INT && !(v >= 0 && v < (double)c->classes))
    return err_set(e, STATUS_BAD_DATA,
                   "y, row %zu: the label %g is out of range; with classes = %lld it must be 0 to %lld", i + 1, v,
                   (long long)c->classes, (long long)c->classes - 1);
  json_number(v, text);
  rows->label[i] = c->classes != PARAM_AUTO_INT ? (int32_t)v : classes_id(classes, text, v);
  return rows->label[i] >= 0 ? STATUS_OK
                             : err_set(e, STATUS_BAD_DATA, "y, row %zu: more than 10000 different labels", i + 1);
}

static enum status take_rows(struct rows *rows, struct classes *classes, const struct conf *c, const struct exec *x,
                             struct err *e)
{
  enum status s = STATUS_OK;
  for (size_t i = 0; i < c->x->rows && s == STATUS_OK; i++) {
    s = rows_add(rows, e);
    if (s == STATUS_OK)
      s = copy_row(rows->x + i * rows->d, c->x, "x", i, e);
    if (s == STATUS_OK && rows->task == TASK_CLASSES)
      s = take_label(rows, classes, c, i, e);
    else if (s == STATUS_OK)
      s = copy_row(rows->target + i * rows->outputs, c->y, "y", i, e);
    if (s == STATUS_OK && i % 1024 == 0)
      s = data_cancelled(x, e);
  }
  return s;
}

static enum status load(const void *conf, const struct data_env *env, struct dataset *out, struct err *e)
{
  const struct conf *c = conf;
  struct rows rows = {.task = (enum task)c->task, .d = c->x->cols, .outputs = c->y->cols};
  struct classes classes = {0};
  enum status s = take_rows(&rows, &classes, c, env->exec, e);
  if (s == STATUS_OK && rows.task == TASK_CLASSES && c->classes == PARAM_AUTO_INT)
    s = classes_assign(out, &classes, &rows, e);
  else if (rows.task == TASK_CLASSES)
    out->classes = (size_t)c->classes;
  out->outputs = rows.outputs;
  if (s == STATUS_OK)
    s = rows_split(out, &rows, &c->split, env->exec, e);
  classes_free(&classes);
  rows_free(&rows);
  return s;
}

const struct data_method data_table = {
  .m = {.kind = KIND_DATA, .id = "table", .name = "Numbers at hand",
        .summary = "inputs and labels or targets given as tables of numbers",
        .cite = "Codd 1970, A relational model of data for large shared data banks",
        .notes = "All rows are for training unless valid or test is given. The rows are shuffled, by split_seed: what was done to "
                 "some of them (wrong labels, weights by row) stays where it was put with order = \"given\" only.",
        .example = "assay.data(\"table\", {x = {{0, 0}, {0, 1}, {1, 0}, {1, 1}}, y = {0, 1, 1, 0}})",
        .conf_size = sizeof(struct conf), .params = params, .resolve = resolve},
  .load = load,
};
