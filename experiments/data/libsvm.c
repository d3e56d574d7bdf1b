/* libsvm.c: sparse data sets in LIBSVM's text format, as dense rows. The reader is read_libsvm.c. */
#include <stdlib.h>
#include <string.h>

#include "experiments/data/labels.h"
#include "experiments/data/read_libsvm.h"

struct conf {
  struct data_split split;
  char *file, *test_file;
  int task; /* enum task - 1 */
  int64_t d;
  bool zero_based;
};

static const struct param params[] = {
  {.id = "file", .type = PARAM_STRING, .at = offsetof(struct conf, file), .flags = PARAM_REQUIRED | PARAM_FILE,
   .doc = "rows label index:value …, gzipped or not", .example = "experiments/data/tables/spirals.libsvm"},
  {.id = "test_file", .type = PARAM_STRING, .at = offsetof(struct conf, test_file), .flags = PARAM_FILE,
   .doc = "the same for the test part; none: a part of file", .example = "experiments/data/tables/spirals.libsvm"},
  {.id = "task", .type = PARAM_CHOICE, .at = offsetof(struct conf, task), .choices = data_task_names,
   .doc = "what the labels are: classes, or numbers to predict", .example = "regression"},
  {.id = "d", .type = PARAM_INT, .at = offsetof(struct conf, d), .min = 1, .max = LIBSVM_INDEX_MAX, .flags = PARAM_AUTO,
   .unit = "inputs", .doc = "inputs per example; auto: the largest index in file", .example = "123"},
  {.id = "zero_based", .type = PARAM_BOOL, .at = offsetof(struct conf, zero_based), .doc = "indices start at 0",
   .example = "true"},
  DATA_COUNT_PARAMS(struct conf, split.counts, "all that is left", "a fifth of the rows",
                    "the whole test file, or a fifth of the rows"),
  DATA_SPLIT_PARAMS(struct conf, split, 0),
  {0},
};

/* Dense rows; labels become targets here, classes later. */
static enum status densify(struct rows *rows, const struct libsvm *s, const char *file, const struct exec *x, struct err *e)
{
  if (s->d > rows->d)
    return err_set(e, STATUS_BAD_DATA, "%s: the largest index is %zu, but there are %zu inputs; set d = %zu to have more",
                   file, s->d, rows->d, s->d);
  enum status status = rows_make(rows, s->n, e);
  for (size_t i = 0; i < s->n && status == STATUS_OK; i++) {
    for (size_t k = s->start[i]; k < s->start[i + 1]; k++)
      rows->x[i * rows->d + s->index[k]] = s->value[k];
    if (rows->task == TASK_REGRESSION)
      rows->target[i] = (float)s->label[i];
    if (i % 1024 == 0)
      status = data_cancelled(x, e);
  }
  return status;
}

static enum status read_file(struct libsvm *s, const struct conf *c, const char *path, struct err *e)
{
  enum status status = libsvm_read(s, path, c->zero_based, e);
  if (status == STATUS_OK && s->n == 0)
    status = err_set(e, STATUS_BAD_DATA, "%s: no rows", path);
  return status;
}

static enum status load(const void *conf, const struct data_env *env, struct dataset *out, struct err *e)
{
  const struct conf *c = conf;
  char *path[] = {data_path(env, c->file), c->test_file ? data_path(env, c->test_file) : NULL};
  struct libsvm file[2] = {0};
  struct rows rows[2] = {{.task = (enum task)(c->task + 1), .outputs = 1}, {.task = (enum task)(c->task + 1), .outputs = 1}};
  int n_files = path[1] ? 2 : 1;
  enum status s = STATUS_OK;
  for (int k = 0; k < n_files && s == STATUS_OK; k++) {
    s = read_file(&file[k], c, path[k], e);
    rows[k].d = c->d != PARAM_AUTO_INT ? (size_t)c->d : file[0].d ? file[0].d : 1; /* of the training file */
    if (s == STATUS_OK)
      s = densify(&rows[k], &file[k], path[k], env->exec, e);
  }
  struct rows *test = path[1] ? &rows[1] : NULL;
  out->name = data_file_name(path[0]);
  out->outputs = 1;
  if (s == STATUS_OK && rows[0].task == TASK_CLASSES)
    s = labels_assign(out, &rows[0], file[0].label, test, file[1].label, (const char *const *)path, e);
  if (s == STATUS_OK)
    s = rows_split_files(out, &rows[0], test, &c->split, env->exec, e);
  for (int k = 0; k < 2; k++) {
    libsvm_free(&file[k]);
    rows_free(&rows[k]);
    free(path[k]);
  }
  return s;
}

const struct data_method data_libsvm = {
  .m = {.kind = KIND_DATA, .id = "libsvm", .name = "LIBSVM files",
        .summary = "sparse rows of index:value, with class labels or targets",
        .cite = "Chang and Lin 2011, LIBSVM: a library for support vector machines",
        .notes = "Labels become classes 0, 1, ... in the order of their values, so -1 or 0 before 1, and 1 before 2. A test "
                 "file may code two classes otherwise than the training file does (-1 and 1, 0 and 1, 1 and 2). Rows "
                 "are held dense.",
        .example = "assay.data(\"libsvm\", {file = \"experiments/data/tables/spirals.libsvm\"})",
        .conf_size = sizeof(struct conf), .params = params},
  .load = load,
};
