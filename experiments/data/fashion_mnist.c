/* fashion_mnist.c: Fashion-MNIST, as Debian's package dataset-fashion-mnist installs it. */
#include <stdlib.h>
#include <unistd.h>

#include "experiments/data/image_files.h"
#include "experiments/data/label_noise.h"
#include "experiments/kernel/mem.h"

struct conf {
  struct data_counts counts;
  int scale; /* enum pixel_scale */
  struct label_noise noise;
  char *dir;
};

static const struct param params[] = {
  DATA_COUNT_PARAMS(struct conf, counts, "50000, the first of the training file", "10000, the last of the training "
                                                                                  "file",
                    "10000, the whole test file"),
  IMAGE_SCALE_PARAM(struct conf, scale),
  LABEL_NOISE_PARAMS(struct conf, noise),
  {.id = "dir", .type = PARAM_STRING, .at = offsetof(struct conf, dir), .def_text = "/usr/share/datasets/fashion-mnist",
   .flags = PARAM_FILE | PARAM_ADVANCED, .doc = "folder of the four IDX files, gzipped or not",
   .example = "/usr/share/datasets/fashion-mnist"},
  {0},
};

/* DIR/NAME.gz, or DIR/NAME where only that exists. Caller frees. */
static char *find_file(const char *dir, const char *name)
{
  char *plain = xasprintf("%s/%s", dir, name), *gzipped = xasprintf("%s/%s.gz", dir, name);
  bool unpacked = access(gzipped, F_OK) != 0 && access(plain, F_OK) == 0;
  free(unpacked ? gzipped : plain);
  return unpacked ? plain : gzipped;
}

static enum status load(const void *conf, const struct data_env *env, struct dataset *out, struct err *e)
{
  static const char *const names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                                      "t10k-labels-idx1-ubyte"};
  const struct conf *c = conf;
  char *dir = data_path(env, c->dir), *file[4];
  enum status s = STATUS_OK;
  for (int i = 0; i < 4; i++)
    file[i] = find_file(dir, names[i]);
  for (int i = 0; i < 4 && s == STATUS_OK; i++)
    if (access(file[i], F_OK) != 0)
      s = err_set(e, STATUS_IO,
                  "%s is not there; install Debian's package dataset-fashion-mnist (apt-get install "
                  "dataset-fashion-mnist), or set dir to a folder with the four files",
                  file[i]);
  struct image_files files = {file[0], file[1], file[2], file[3], .classes = 10};
  if (s == STATUS_OK)
    s = images_load(out, &files, &c->counts, (enum pixel_scale)c->scale, env->exec, e);
  if (s == STATUS_OK)
    labels_disturb(out, &c->noise);
  for (int i = 0; i < 4; i++)
    free(file[i]);
  free(dir);
  return s;
}

const struct data_method data_fashion_mnist = {
  .m = {.kind = KIND_DATA, .id = "fashion-mnist", .name = "Fashion-MNIST",
        .summary = "60000 + 10000 grey images of clothing, 28 x 28, 10 classes",
        .cite = "Xiao, Rasul and Vollgraf 2017, Fashion-MNIST: a novel image dataset for benchmarking machine "
                "learning algorithms",
        .notes = "The split is fixed: training is examples 1 to 50000 of the training file, validation 50001 to "
                 "60000, test the test file; smaller counts take the first of each. With valid = 0, train may be up "
                 "to 60000.",
        .example = "assay.data(\"fashion-mnist\", {train = 1000, valid = 200, test = 200})",
        .conf_size = sizeof(struct conf), .params = params},
  .load = load,
};
