/* breast_cancer.c: the small table of tumour measurements that comes with assay. */
#include <stdlib.h>

#include "experiments/data/csv_rows.h"
#include "experiments/kernel/mem.h"

struct conf {
  struct data_split split;
};

static const struct param params[] = {
  DATA_COUNT_PARAMS(struct conf, split.counts, "341, all that is left", "114, a fifth", "114, a fifth"),
  DATA_SPLIT_PARAMS(struct conf, split, 1),
  {0},
};

static enum status load(const void *conf, const struct data_env *env, struct dataset *out, struct err *e)
{
  const struct conf *c = conf;
  char *path = data_shipped_path(env, "breast_cancer.csv", e);
  if (!path)
    return STATUS_IO;
  /* the first line, "569,30,malignant,benign", is counts and class names, not column names */
  const struct csv_request request = {.path = path,
                                      .table = {.header = TABLE_HEADER_NO, .separator = TABLE_COMMA, .skip = 1},
                                      .task = TASK_CLASSES,
                                      .label = "last"};
  enum status s = csv_load(out, &request, 1, &c->split, env->exec, e);
  if (s == STATUS_OK && out->classes == 2) {
    out->class_names = xcalloc(2, sizeof *out->class_names);
    out->class_names[0] = xstrdup("malignant");
    out->class_names[1] = xstrdup("benign");
  }
  free(path);
  return s;
}

const struct data_method data_breast_cancer = {
  .m = {.kind = KIND_DATA, .id = "breast-cancer", .name = "Breast cancer",
        .summary = "569 tumours, 30 measurements, malignant (0) or benign (1)",
        .cite = "Street, Wolberg and Mangasarian 1993, Nuclear feature extraction for breast tumor diagnosis",
        .notes = "The measurements differ in scale by a factor of 10^5, so they are standardised unless standardize "
                 "= false. The split is random, by split_seed.",
        .example = "assay.data(\"breast-cancer\")", .conf_size = sizeof(struct conf), .params = params},
  .load = load,
};
