/* import.c: `assay import`: runs of other programs into the store. The work is in app/import. */
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/import/import.h"
#include "app/reading.h"
#include "experiments/kernel/mem.h"

static const struct option_row options[] = {
  {.name = "format", .letter = 'f', .arg = "FORMAT", .doc = "csv, tsv, jsonl, mlflow or tensorboard (default: as the source looks)",
   .complete = "csv tsv jsonl mlflow tensorboard"},
  {.name = "experiment", .letter = 'e', .arg = "NAME", .doc = "put the runs under this experiment (default: as the source says, else its name)",
   .complete = "experiment"},
  {.name = "run", .arg = "COLUMN", .doc = "the column that names the run (default: uid, else run; without one the file is one run)"},
  {.name = "step", .arg = "COLUMN", .doc = "the column of the step (default: step; without one the rows of a run are counted)"},
  {.name = "param", .arg = "COLUMN", .repeat = true, .doc = "a column of numbers that is a parameter of the run, not a metric"},
  {.name = "skip", .arg = "COLUMN", .repeat = true, .doc = "leave a column out"},
  {.name = "dry-run", .letter = 'n', .doc = "read everything and say what would come in"},
  {.name = "quiet", .letter = 'q', .doc = "no messages; errors remain"},
  {.name = "json", .doc = "print the figures as one JSON object for each source"},
  {0},
};

enum { COLUMNS_MAX = 256 };

typedef enum status reader(struct import *m, const char *path, struct err *e);
static const struct format { const char *name; reader *read; } formats[] = {
  {"csv", import_table}, {"tsv", import_table}, {"jsonl", import_lines}, {"mlflow", import_mlflow}, {"tensorboard", import_events},
  {"ndjson", import_lines}, {"json", import_lines}};

static const struct format *by_name(const char *name, size_t n)
{
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
    if (strlen(formats[i].name) == n && strncmp(formats[i].name, name, n) == 0)
      return &formats[i];
  return NULL;
}

/* A folder of MLflow has meta.yaml in it, or in a folder in it. */
static bool looks_like_mlflow(const char *folder)
{
  glob_t found = {0};
  char *own = xasprintf("%s/meta.yaml", folder), *inner = xasprintf("%s/*/meta.yaml", folder);
  bool is_mlflow = access(own, F_OK) == 0 || glob(inner, GLOB_NOSORT, NULL, &found) == 0;
  globfree(&found);
  free(own);
  free(inner);
  return is_mlflow;
}

/* What a source is, without --format: by what lies in a folder, else by the suffix (before .gz). */
static const struct format *by_look(const char *source)
{
  struct stat st;
  const char *slash = strrchr(source, '/');
  size_t n = strlen(source);
  if (stat(source, &st) == 0 && S_ISDIR(st.st_mode))
    return looks_like_mlflow(source) ? by_name("mlflow", 6) : by_name("tensorboard", 11);
  if (strstr(slash ? slash : source, ".tfevents."))
    return by_name("tensorboard", 11);
  if (n > 3 && strcmp(source + n - 3, ".gz") == 0)
    n -= 3;
  size_t dot = n;
  while (dot > 0 && source[dot - 1] != '.' && source[dot - 1] != '/')
    dot--;
  return by_name(source + dot, n - dot);
}

/* NULL after a message. */
static const struct format *format_of(const struct arguments *a, const char *source)
{
  const char *word = arg_value(a, "format");
  const struct format *f = word ? by_name(word, strlen(word)) : by_look(source);
  if (!f && word)
    app_usage(a->command, "--format must be csv, tsv, jsonl, mlflow or tensorboard, not '%s'", word);
  else if (!f)
    app_usage(a->command, "what is %s? --format says it: csv, tsv, jsonl, mlflow or tensorboard", source);
  return f;
}

struct figures { struct store_merged merged; size_t changed, runs, points, running; };

static void tell(const struct arguments *a, const char *source, const struct figures *f)
{
  char *name = text_safe(source, false);
  bool dry = arg_flag(a, "dry-run");
  if (arg_flag(a, "json"))
    printf("{\"runs\":%" PRId64 ",\"points\":%" PRId64 ",\"known\":%" PRId64 ",\"changed\":%zu,\"running\":%zu}\n",
           dry ? (int64_t)f->runs : f->merged.runs, dry ? (int64_t)f->points : f->merged.points, f->merged.known, f->changed, f->running);
  else if (dry)
    fprintf(stderr, "%s: %zu runs with %zu points would come in\n", name, f->runs, f->points);
  else if (!arg_flag(a, "quiet"))
    fprintf(stderr, "%s: %" PRId64 " runs with %" PRId64 " points, %" PRId64 " known already\n", name, f->merged.runs, f->merged.points,
            f->merged.known);
  if (f->changed)
    app_complain("%s: %zu of the known runs came from another state of it and were left as they are ('assay rm', then 'assay gc', and they "
                 "come in anew)", name, f->changed);
  if (f->running)
    app_complain("%s: %zu runs are not finished and were left; import it again when they are", name, f->running);
  free(name);
}

/* Read one source and bring it in; EXIT_DONE, or a message was printed and nothing of it came in. */
static int take(struct store *s, const struct arguments *a, const char *source, const struct import_settings *settings)
{
  const struct format *f = format_of(a, source);
  struct import m = {0};
  struct figures figures = {0};
  struct err e = {0};
  if (!f)
    return EXIT_USAGE;
  enum status status = import_open(&m, source, f->name, settings, &e);
  if (status == STATUS_OK)
    status = f->read(&m, source, &e);
  figures.runs = m.n;
  figures.points = m.n_points;
  figures.running = m.n_running;
  if (status == STATUS_OK && s)
    status = import_merge(&m, s, &figures.merged, &figures.changed, &e);
  import_close(&m);
  if (status == STATUS_OK)
    tell(a, source, &figures);
  else
    app_complain("%s; nothing of it was imported", e.message);
  return status == STATUS_OK ? EXIT_DONE : EXIT_USAGE;
}

static int run(struct app *app, const struct arguments *a)
{
  const char *param[COLUMNS_MAX], *skip[COLUMNS_MAX];
  const struct import_settings settings = {
    .experiment = arg_value(a, "experiment"), .run = arg_value(a, "run"), .step = arg_value(a, "step"),
    .param = param, .n_params = arg_values(a, "param", param, COLUMNS_MAX), .skip = skip, .n_skipped = arg_values(a, "skip", skip, COLUMNS_MAX)};
  char message[1024] = "";
  struct store *s = NULL;
  int code = EXIT_DONE;
  if (a->n_words == 0)
    return app_usage(a->command, "from which files or folders?");
  if (settings.experiment && (!*settings.experiment || strpbrk(settings.experiment, "\r\n")))
    return app_usage(a->command, "--experiment must be a name on one line");
  if (!arg_flag(a, "dry-run") && store_open(&s, app->db, STORE_WRITE, message, sizeof message) != STORE_OK)
    code = EXIT_USAGE;
  if (*message)
    app_complain("%s", message);
  for (size_t i = 0; i < a->n_words && !code; i++)
    code = take(s, a, a->word[i], &settings);
  if (s)
    store_close(s);
  return code;
}

const struct command command_import = {
  .name = "import",
  .summary = "runs of other programs: CSV, JSON lines, MLflow, TensorBoard, exported runs",
  .usage = "[--format FORMAT] [--experiment NAME] [--run COLUMN] [--step COLUMN] [--param COLUMN]… SOURCE…",
  .help = "Examples:\n"
          "  assay import curves.csv                          run,key,step,value: one point a row\n"
          "  assay import -e baselines --run name log.tsv.gz  name,step,loss,accuracy: one step a row\n"
          "  assay import --param lr --param seed steps.jsonl numbers that are parameters, not metrics\n"
          "  assay import mlruns                              the folder that MLflow writes\n"
          "  assay import logs/tensorboard                    scalars of TensorBoard's event files, a run a folder\n"
          "  assay export -f runs | ssh host 'cat > runs.jsonl', then there: assay import runs.jsonl\n"
          "\n"
          "A table with columns 'key' and 'value' is read point by point, and its other columns are parameters.\n"
          "In every other table numbers are metrics (an empty field: none) and texts are parameters. Parameters\n"
          "do not change within a run. Runs without parameters have their name for one, so that nobody takes\n"
          "them for repetitions. JSON lines are rows in the same two shapes, or the runs that\n"
          "'assay export --format runs' writes, which come back as they were.\n"
          "\n"
          "A source comes in whole or, where anything in it is wrong, not at all; the message has the line. Runs\n"
          "that are here already are left, so the same command twice is harmless. Where runs come from stands in\n"
          "their environment ('assay show'). Runs without times of their own have that of the file.\n"
          "\n"
          "Exit codes: 0 done, 2 usage or trouble.\n",
  .options = options,
  .words = "file",
  .run = run,
};
