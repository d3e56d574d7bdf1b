/* data.h: data sets in memory.
 *
 * Inputs are one float32 matrix, row major, each row padded with zeros to a multiple of 16 and aligned
 * to 64 bytes, so that kernels use rows in place. Labels are int32 classes, or float32 targets. A data
 * set is immutable once loaded, reference counted, and shared by forked workers through copy on write:
 * load it before forking. */
#ifndef ASSAY_DATA_H
#define ASSAY_DATA_H

#include <stdint.h>

#include "experiments/kernel/exec.h"
#include "experiments/kernel/mat.h"
#include "experiments/method.h"

enum task { TASK_CLASSES = 1, TASK_REGRESSION = 2 };

/* One part (training, validation or test) of a data set: n examples. */
struct examples {
  size_t n, d;      /* examples, inputs per example */
  size_t stride;    /* floats between rows: round_up(d, 16); the padding is zero */
  const float *x;   /* n rows */
  const int32_t *label;  /* n class labels 0..classes-1 (TASK_CLASSES), else NULL */
  const float *target;   /* n x outputs, row major (TASK_REGRESSION), else NULL */
};

struct dataset {
  enum task task;
  size_t d;              /* inputs */
  size_t classes;        /* TASK_CLASSES: number of classes, >= 2 */
  size_t outputs;        /* numbers a model predicts: classes, or the width of a target */
  struct examples train, valid, test; /* n = 0 where a part is absent */
  char *name;            /* "fashion-mnist" */
  char *config;          /* canonical JSON of the object that made it */
  char **class_names;    /* `classes` owned names where the file has words for classes, else NULL */
  uint64_t content_hash; /* xxh3 of inputs and labels: goes with the run */
  size_t bytes;
  /* Known answers of synthetic sets; 0 x 0 or NaN where they do not apply. */
  struct mat teacher;    /* weights of the teacher, or the optimum, 1 x d or outputs x d */
  double bayes_error;    /* smallest possible expected error, NaN when unknown: share of wrong predictions
                            (classes), or mean squared error (regression; can be infinite) */
  int references;
};

struct data_env {
  const struct exec *exec;
  const char *share_dir; /* installed share/assay (small tables under experiments/data); may be NULL */
  const char *base_dir;  /* directory that relative file names start from; NULL: the working directory */
};

struct data_method {
  struct method m;
  enum status (*load)(const void *conf, const struct data_env *env, struct dataset *out, struct err *e);
};

#define DATA_COMMON_NOTE                                                                                               \
  "Every data set takes train, valid, test (counts; auto = its own split, 0 = none), standardize and split_seed "      \
  "where they apply."

/* Load the data set that `o` (of KIND_DATA) describes. *out is reference counted. Messages start with the
 * method and, for files, name the file and the line or byte. */
NODISCARD enum status dataset_load(struct dataset **out, const struct object *o, const struct data_env *env,
                                   struct err *e);
struct dataset *dataset_retain(struct dataset *d);
void dataset_release(struct dataset *d);

/* standardize: x <- (x - mean) / sd per input, with mean and sd of the training part; an input that never changes
 * there is centred only. Done while loading: a data set does not change afterwards. */

#endif
