/* digits.c: the small table of handwritten digits that comes with assay. */
#include <stdlib.h>

#include "experiments/data/csv_rows.h"

struct conf {
  struct data_split split;
};

static const struct param params[] = {
  DATA_COUNT_PARAMS(struct conf, split.counts, "1079, all that is left", "359, a fifth", "359, a fifth"),
  DATA_SPLIT_PARAMS(struct conf, split, 0),
  {0},
};

static enum status load(const void *conf, const struct data_env *env, struct dataset *out, struct err *e)
{
  const struct conf *c = conf;
  char *path = data_shipped_path(env, "digits.csv.gz", e);
  if (!path)
    return STATUS_IO;
  const struct csv_request request = {.path = path,
                                      .table = {.header = TABLE_HEADER_NO, .separator = TABLE_COMMA},
                                      .task = TASK_CLASSES,
                                      .label = "last"};
  enum status s = csv_load(out, &request, 1.0f / 16, &c->split, env->exec, e); /* grey levels 0 to 16, so 0 to 1 */
  free(path);
  return s;
}

const struct data_method data_digits = {
  .m = {.kind = KIND_DATA, .id = "digits", .name = "Digits",
        .summary = "1797 handwritten digits, 8 x 8 grey levels, 10 classes",
        .cite = "Alpaydin and Kaynak 1998, Optical recognition of handwritten digits, UCI machine learning "
                "repository",
        .notes = "Grey levels 0 to 16 are divided by 16. The split is random, by split_seed.",
        .example = "assay.data(\"digits\")", .conf_size = sizeof(struct conf), .params = params},
  .load = load,
};
