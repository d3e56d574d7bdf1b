/* idx.c: any data set in IDX files: MNIST and its kin. The reader is read_idx.c. */
#include <stdlib.h>

#include "experiments/data/image_files.h"
#include "experiments/data/label_noise.h"

struct conf {
  struct data_counts counts;
  int scale; /* enum pixel_scale */
  struct label_noise noise;
  char *images, *labels, *test_images, *test_labels;
  int64_t classes;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define FILE_PARAM(name, file_flags, text, file)                                                                       \
  {.id = #name, .type = PARAM_STRING, .at = offsetof(struct conf, name), .flags = PARAM_FILE | (file_flags),           \
   .doc = text, .example = "/usr/share/datasets/fashion-mnist/" file}
/* NOLINTEND(bugprone-macro-parentheses) */

static const struct param params[] = {
  FILE_PARAM(images, PARAM_REQUIRED, "IDX file of training inputs, n x ..., gzipped or not",
  "train-images-idx3-ubyte.gz"),
  FILE_PARAM(labels, PARAM_REQUIRED, "IDX file of their n labels", "train-labels-idx1-ubyte.gz"),
  FILE_PARAM(test_images, 0, "IDX file of test inputs; none: no test part", "t10k-images-idx3-ubyte.gz"),
  FILE_PARAM(test_labels, 0, "IDX file of their labels", "t10k-labels-idx1-ubyte.gz"),
  DATA_COUNT_PARAMS(struct conf, counts, IMAGE_TRAIN_TEXT, IMAGE_VALID_TEXT, IMAGE_TEST_TEXT),
  IMAGE_SCALE_PARAM(struct conf, scale),
  LABEL_NOISE_PARAMS(struct conf, noise),
  {.id = "classes", .type = PARAM_INT, .at = offsetof(struct conf, classes), .min = 2, .max = 1e6, .flags = PARAM_AUTO,
   .doc = "number of classes; auto: one more than the largest label", .example = "10"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  if (!c->test_images != !c->test_labels)
    return err_set(e, STATUS_BAD_ARG, "test_images and test_labels must be given together");
  if (!c->test_images && c->counts.test > 0)
    return err_set(e, STATUS_BAD_ARG, "test is %lld, but test_images and test_labels are not given",
                   (long long)c->counts.test);
  return STATUS_OK;
}

static enum status load(const void *conf, const struct data_env *env, struct dataset *out, struct err *e)
{
  const struct conf *c = conf;
  const char *given[] = {c->images, c->labels, c->test_images, c->test_labels};
  char *file[4];
  for (int i = 0; i < 4; i++)
    file[i] = given[i] ? data_path(env, given[i]) : NULL;
  struct image_files files = {file[0], file[1], file[2], file[3],
                              c->classes == PARAM_AUTO_INT ? 0 : (size_t)c->classes};
  enum status s = images_load(out, &files, &c->counts, (enum pixel_scale)c->scale, env->exec, e);
  if (s == STATUS_OK)
    labels_disturb(out, &c->noise);
  for (int i = 0; i < 4; i++)
    free(file[i]);
  return s;
}

const struct data_method data_idx = {
  .m = {.kind = KIND_DATA, .id = "idx", .name = "IDX files",
        .summary = "images or other arrays with class labels, in IDX files (MNIST)",
        .cite = "LeCun, Cortes and Burges 1998, The MNIST database of handwritten digits",
        .notes = "Validation is the end of the training file: its last sixth, or more if valid asks for more; "
                 "smaller counts take the first of each part. Labels are 0, 1, ...; unsigned bytes are divided by "
                 "255, other types are taken as they are.",
        .example = "assay.data(\"idx\", {images = \"/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz\",\n"
                   "                  labels = \"/usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz\"})",
        .conf_size = sizeof(struct conf), .params = params, .resolve = resolve},
  .load = load,
};
