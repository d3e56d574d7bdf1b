/* fann.c: data sets in the text format of the FANN library. The reader is read_fann.c. */
#include <stdlib.h>
#include <string.h>

#include "experiments/data/labels.h"
#include "experiments/data/read_fann.h"
#include "experiments/kernel/mem.h"

struct conf {
  struct data_split split;
  char *file, *test_file;
  int task; /* enum task - 1 */
};

static const struct param params[] = {
  {.id = "file", .type = PARAM_STRING, .at = offsetof(struct conf, file), .flags = PARAM_REQUIRED | PARAM_FILE,
   .doc = "rows of inputs and outputs, gzipped or not", .example = "experiments/data/tables/spirals.fann"},
  {.id = "test_file", .type = PARAM_STRING, .at = offsetof(struct conf, test_file), .flags = PARAM_FILE,
   .doc = "the same for the test part; none: a part of file", .example = "experiments/data/tables/spirals.fann"},
  {.id = "task", .type = PARAM_CHOICE, .at = offsetof(struct conf, task), .choices = data_task_names,
   .doc = "what the outputs are: classes (one-hot, or one label), or numbers to predict", .example = "regression"},
  DATA_COUNT_PARAMS(struct conf, split.counts, "all that is left", "a fifth of the rows",
                    "the whole test file, or a fifth of the rows"),
  DATA_SPLIT_PARAMS(struct conf, split, 0),
  {0},
};

/* The one output that is larger than the others, which must be equal; -1 if it is not so. */
static int64_t one_hot(const float *v, size_t n)
{
  size_t best = 0;
  for (size_t j = 1; j < n; j++)
    best = v[j] > v[best] ? j : best;
  for (size_t j = 0; j < n; j++)
    if (j != best && (v[j] != v[best == 0] || v[j] >= v[best]))
      return -1;
  return (int64_t)best;
}

/* One label per row: the output itself, or the place of the one among several. */
static enum status read_labels(double *label, const struct fann *f, const char *path, struct err *e)
{
  for (size_t i = 0; i < f->n; i++) {
    const float *v = f->target + i * f->outputs;
    int64_t hot = f->outputs > 1 ? one_hot(v, f->outputs) : 0;
    if (hot < 0)
      return err_set(e, STATUS_BAD_DATA,
                     "%s: row %zu: the %zu outputs do not name one class (one high, the others equal); set task = "
                     "\"regression\" if they are targets", path, i + 1, f->outputs);
    label[i] = f->outputs > 1 ? (double)hot : (double)v[0];
  }
  return STATUS_OK;
}

/* Move the numbers of the file into rows. */
static void take(struct rows *rows, struct fann *f, enum task task)
{
  *rows = (struct rows){.task = task, .n = f->n, .room = f->n, .d = f->d, .outputs = f->outputs, .x = f->x};
  f->x = NULL;
  if (task == TASK_REGRESSION) {
    rows->target = f->target;
    f->target = NULL;
  }
}

/* One-hot classes are as many as there are outputs, even if one never occurs. */
static enum status assign(struct dataset *out, struct rows rows[2], struct fann file[2], char *const path[2], struct err *e)
{
  double *label[2] = {NULL, NULL};
  enum status s = STATUS_OK;
  for (int k = 0; k < 2 && path[k] && s == STATUS_OK; k++) {
    label[k] = xcalloc(file[k].n, sizeof *label[k]);
    rows[k].label = xcalloc(file[k].n, sizeof *rows[k].label);
    s = read_labels(label[k], &file[k], path[k], e);
    for (size_t i = 0; i < file[k].n && s == STATUS_OK && file[0].outputs > 1; i++)
      rows[k].label[i] = (int32_t)label[k][i];
  }
  out->classes = out->outputs = file[0].outputs;
  if (s == STATUS_OK && file[0].outputs == 1)
    s = labels_assign(out, &rows[0], label[0], path[1] ? &rows[1] : NULL, label[1], (const char *const *)path, e);
  free(label[0]);
  free(label[1]);
  return s;
}

static enum status load(const void *conf, const struct data_env *env, struct dataset *out, struct err *e)
{
  const struct conf *c = conf;
  char *path[] = {data_path(env, c->file), c->test_file ? data_path(env, c->test_file) : NULL};
  struct fann file[2] = {0};
  struct rows rows[2] = {0};
  enum task task = (enum task)(c->task + 1);
  enum status s = STATUS_OK;
  for (int k = 0; k < 2 && path[k] && s == STATUS_OK; k++) {
    s = fann_read(&file[k], path[k], e);
    if (s == STATUS_OK && (file[k].d != file[0].d || file[k].outputs != file[0].outputs))
      s = err_set(e, STATUS_BAD_DATA, "%s has %zu inputs and %zu outputs, but %s %zu and %zu", path[k], file[k].d,
                  file[k].outputs, path[0], file[0].d, file[0].outputs);
    if (s == STATUS_OK)
      take(&rows[k], &file[k], task);
  }
  out->name = data_file_name(path[0]);
  out->outputs = rows[0].outputs;
  if (s == STATUS_OK && task == TASK_CLASSES)
    s = assign(out, rows, file, path, e);
  if (s == STATUS_OK)
    s = rows_split_files(out, &rows[0], path[1] ? &rows[1] : NULL, &c->split, env->exec, e);
  for (int k = 0; k < 2; k++) {
    fann_free(&file[k]);
    rows_free(&rows[k]);
    free(path[k]);
  }
  return s;
}

const struct data_method data_fann = {
  .m = {.kind = KIND_DATA, .id = "fann", .name = "FANN files",
        .summary = "rows of inputs and outputs in the text format of the FANN library",
        .cite = "Nissen 2003, Implementation of a fast artificial neural network library (FANN)",
        .notes = "Several outputs of which one is high are classes 0, 1, ... in their order; a single output is a label, "
                 "and classes follow the order of the labels' values.",
        .example = "assay.data(\"fann\", {file = \"experiments/data/tables/spirals.fann\"})",
        .conf_size = sizeof(struct conf), .params = params},
  .load = load,
};
