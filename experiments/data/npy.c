/* npy.c: inputs and labels or targets in NumPy's .npy files. The reader is read_npy.c. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/data/labels.h"
#include "experiments/data/read_npy.h"
#include "experiments/kernel/mem.h"

struct conf {
  struct data_split split;
  char *x, *y, *test_x, *test_y;
  int task; /* enum task - 1 */
};

static const struct param params[] = {
  {.id = "x", .type = PARAM_STRING, .at = offsetof(struct conf, x), .flags = PARAM_REQUIRED | PARAM_FILE,
   .doc = "inputs: n x d; further dimensions are laid side by side", .example = "experiments/data/tables/spirals_x.npy"},
  {.id = "y", .type = PARAM_STRING, .at = offsetof(struct conf, y), .flags = PARAM_REQUIRED | PARAM_FILE,
   .doc = "n labels, or n targets, or n x k targets", .example = "experiments/data/tables/spirals_y.npy"},
  {.id = "test_x", .type = PARAM_STRING, .at = offsetof(struct conf, test_x), .flags = PARAM_FILE,
   .doc = "inputs of the test part; none: a part of x", .example = "experiments/data/tables/spirals_x.npy"},
  {.id = "test_y", .type = PARAM_STRING, .at = offsetof(struct conf, test_y), .flags = PARAM_FILE,
   .doc = "labels or targets of the test part", .example = "experiments/data/tables/spirals_y.npy"},
  {.id = "task", .type = PARAM_CHOICE, .at = offsetof(struct conf, task), .choices = data_task_names,
   .doc = "what y holds: classes, or numbers to predict", .example = "regression"},
  DATA_COUNT_PARAMS(struct conf, split.counts, "all that is left", "a fifth of the rows",
                    "all of test_x, or a fifth of the rows"),
  DATA_SPLIT_PARAMS(struct conf, split, 0),
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  return !c->test_x == !c->test_y ? STATUS_OK
                                  : err_set(e, STATUS_BAD_ARG, "test_x and test_y must be given together");
}

/* Numbers of the array as float32; each must be finite. */
static enum status copy(float *to, const struct tensor *t, const char *path, const struct exec *x, struct err *e)
{
  enum status s = STATUS_OK;
  for (size_t i = 0; i < t->count && s == STATUS_OK; i++) {
    double v = tensor_get(t, i);
    if (!(fabs(v) <= (double)FLT_MAX))
      return err_set(e, STATUS_BAD_DATA, "%s: element %zu: %g is not a finite float32", path, i + 1, v);
    to[i] = (float)v;
    if (i % 65536 == 0)
      s = data_cancelled(x, e);
  }
  return s;
}

/* Rows and numbers per row. */
static enum status measure(const struct tensor *t, const char *path, size_t *n, size_t *width, struct err *e)
{
  char shape[TENSOR_SHAPE_MAX];
  if (t->ndim == 0 || t->count == 0)
    return err_set(e, STATUS_BAD_DATA, "%s holds %s: at least one row of one number is needed", path, tensor_shape(t, shape));
  *n = t->dim[0];
  *width = t->count / t->dim[0];
  return STATUS_OK;
}

/* A pair of files as rows; *label: the labels (TASK_CLASSES), owned. */
static enum status read_pair(struct rows *rows, double **label, char *const path[2], const struct exec *exec, struct err *e)
{
  struct tensors x, y = {0};
  size_t n = 0, n_y = 0;
  enum status s = npy_read(&x, path[0], e);
  if (s == STATUS_OK)
    s = npy_read(&y, path[1], e);
  if (s == STATUS_OK)
    s = measure(x.t, path[0], &n, &rows->d, e);
  if (s == STATUS_OK)
    s = measure(y.t, path[1], &n_y, &rows->outputs, e);
  if (s == STATUS_OK && n != n_y)
    s = err_set(e, STATUS_BAD_DATA, "%s has %zu rows, but %s has %zu", path[0], n, path[1], n_y);
  if (s == STATUS_OK && rows->task == TASK_CLASSES && rows->outputs != 1)
    s = err_set(e, STATUS_BAD_DATA, "%s has %zu numbers per row; one label is needed (task = \"regression\" allows several "
                "targets)", path[1], rows->outputs);
  if (s == STATUS_OK)
    s = rows_make(rows, n, e);
  if (s == STATUS_OK)
    s = copy(rows->x, x.t, path[0], exec, e);
  if (s == STATUS_OK && rows->task == TASK_REGRESSION)
    s = copy(rows->target, y.t, path[1], exec, e);
  if (s == STATUS_OK && rows->task == TASK_CLASSES) {
    *label = xcalloc(n, sizeof **label);
    for (size_t i = 0; i < n; i++)
      (*label)[i] = tensor_get(y.t, i);
  }
  tensors_free(&x);
  tensors_free(&y);
  return s;
}

static enum status load(const void *conf, const struct data_env *env, struct dataset *out, struct err *e)
{
  const struct conf *c = conf;
  const char *given[] = {c->x, c->y, c->test_x, c->test_y};
  char *path[4];
  for (int i = 0; i < 4; i++)
    path[i] = given[i] ? data_path(env, given[i]) : NULL;
  struct rows rows[2] = {{.task = (enum task)(c->task + 1)}, {.task = (enum task)(c->task + 1)}};
  double *label[2] = {NULL, NULL};
  struct rows *test = path[2] ? &rows[1] : NULL;
  enum status s = read_pair(&rows[0], &label[0], path, env->exec, e);
  if (s == STATUS_OK && test)
    s = read_pair(test, &label[1], path + 2, env->exec, e);
  if (s == STATUS_OK && test && (test->d != rows[0].d || test->outputs != rows[0].outputs))
    s = err_set(e, STATUS_BAD_DATA, "%s has rows of %zu and %zu numbers, but %s %zu and %zu", path[2], test->d,
                test->outputs, path[0], rows[0].d, rows[0].outputs);
  out->name = data_file_name(path[0]);
  out->outputs = rows[0].outputs;
  if (s == STATUS_OK && rows[0].task == TASK_CLASSES)
    s = labels_assign(out, &rows[0], label[0], test, label[1], (const char *const[]){path[1], path[3]}, e);
  if (s == STATUS_OK)
    s = rows_split_files(out, &rows[0], test, &c->split, env->exec, e);
  for (int k = 0; k < 2; k++) {
    rows_free(&rows[k]);
    free(label[k]);
  }
  for (int i = 0; i < 4; i++)
    free(path[i]);
  return s;
}

const struct data_method data_npy = {
  .m = {.kind = KIND_DATA, .id = "npy", .name = "NumPy arrays",
        .summary = "inputs and labels or targets in .npy files",
        .cite = "Harris et al. 2020, Array programming with NumPy",
        .notes = "Labels become classes 0, 1, ... in the order of their values. test_x and test_y go together.",
        .example = "assay.data(\"npy\", {x = \"experiments/data/tables/spirals_x.npy\",\n"
                   "                  y = \"experiments/data/tables/spirals_y.npy\"})",
        .conf_size = sizeof(struct conf), .params = params, .resolve = resolve},
  .load = load,
};
