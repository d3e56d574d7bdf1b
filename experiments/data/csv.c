/* csv.c: the user's own table in a text file. The reader is read_table.c. */
#include <stdlib.h>
#include <string.h>

#include "experiments/data/csv_rows.h"
#include "experiments/kernel/mem.h"

static const char *const header_names[] = {"auto", "yes", "no", NULL};
static const char *const separator_names[] = {"auto", "comma", "tab", "semicolon", NULL};
static const char *const decimal_names[] = {"point", "comma", NULL};
static const char *const missing_names[] = {"error", "mean", "zero", "drop", NULL};

struct conf {
  struct data_split split;
  char *file, *label;
  int header, separator, decimal, task, missing; /* indices of the names above */
  int64_t skip;
};

static const struct param params[] = {
  {.id = "file", .type = PARAM_STRING, .at = offsetof(struct conf, file), .flags = PARAM_REQUIRED | PARAM_FILE,
   .doc = "the table, gzipped or not", .example = "experiments/data/tables/digits.csv.gz"},
  {.id = "label", .type = PARAM_STRING, .at = offsetof(struct conf, label), .def_text = "last", .example = "last",
   .doc = "column of the label or target: its name, its number from 1 on as a string, \"first\" or \"last\""},
  {.id = "task", .type = PARAM_CHOICE, .at = offsetof(struct conf, task), .choices = data_task_names,
   .doc = "what the label column holds: classes, or numbers to predict", .example = "regression"},
  {.id = "header", .type = PARAM_CHOICE, .at = offsetof(struct conf, header), .choices = header_names, .example = "yes",
   .doc = "is the first line column names? auto: yes if it has words only, no if numbers only, else an error"},
  {.id = "separator", .type = PARAM_CHOICE, .at = offsetof(struct conf, separator), .choices = separator_names,
   .example = "semicolon",
   .doc = "between fields; auto: comma, or tab if the first line has tabs and no commas"},
  {.id = "decimal", .type = PARAM_CHOICE, .at = offsetof(struct conf, decimal), .choices = decimal_names,
   .doc = "decimal mark of the numbers", .example = "comma"},
  {.id = "missing", .type = PARAM_CHOICE, .at = offsetof(struct conf, missing), .choices = missing_names,
   .example = "mean",
   .doc = "empty, ? and NA among the inputs: refuse them, put the training mean or 0, or drop the row"},
  {.id = "skip", .type = PARAM_INT, .at = offsetof(struct conf, skip), .min = 0, .max = 1e9, .unit = "lines",
   .doc = "lines before the table to leave out", .example = "1"},
  DATA_COUNT_PARAMS(struct conf, split.counts, "all that is left", "a fifth of the rows", "a fifth of the rows"),
  DATA_SPLIT_PARAMS(struct conf, split, 0),
  {0},
};

static enum status load(const void *conf, const struct data_env *env, struct dataset *out, struct err *e)
{
  const struct conf *c = conf;
  char *path = data_path(env, c->file);
  const struct csv_request request = {
      .path = path,
      .table = {.header = (enum table_header)c->header,
                .separator = (enum table_separator)c->separator,
                .decimal_comma = c->decimal == 1,
                .skip = (size_t)c->skip},
      .task = (enum task)(c->task + 1),
      .label = c->label,
      .missing = (enum missing_policy)c->missing,
  };
  const char *slash = strrchr(path, '/');
  out->name = xstrdup(slash ? slash + 1 : path);
  enum status s = csv_load(out, &request, 1, &c->split, env->exec, e);
  free(path);
  return s;
}

const struct data_method data_csv = {
  .m = {.kind = KIND_DATA, .id = "csv", .name = "Text table",
        .summary = "a CSV or TSV file with one label or target column",
        .cite = "Shafranovich 2005, RFC 4180: common format and MIME type for comma-separated values",
        .notes = "Labels become classes 0, 1, ... in the order of their values if all are numbers, else of their "
                 "spelling. Rows are split at random, by split_seed: first test, then validation, then training. "
                 "Means for missing inputs and for standardize come from the training part only. Numbers have a "
                 "decimal point whatever the locale is.",
        .example = "assay.data(\"csv\", {file = \"experiments/data/tables/breast_cancer.csv\", skip = 1, "
                   "standardize = true})",
        .conf_size = sizeof(struct conf), .params = params},
  .load = load,
};
