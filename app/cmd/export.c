/* export.c: `assay export`: curves for other programs, point by point in full resolution, or a copy of the store.
 *
 * NPY is the format of NumPy (numpy.lib.format, version 1.0): here one structured array (run, step, value). */
#include <endian.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/export_runs.h"
#include "experiments/data/matrix_pack.h"
#include "experiments/data/read_npy.h"
#include "experiments/kernel/mem.h"
#include "experiments/params.h"

static const struct option_row options[] = {
  {.name = "format", .letter = 'f', .arg = "FORMAT", .doc = "csv (the default), tsv, jsonl, json, npy, or runs", .complete = "csv tsv jsonl json npy runs"},
  {.name = "metric", .letter = 'm', .arg = "KEY", .repeat = true, .doc = "only this metric (default: all; npy takes one)", .complete = "metric"},
  CHOOSING_OPTIONS,
  {.name = "artifact", .arg = "NAME", .doc = "instead, what one run has kept under this name: a matrix as NPY, a text as it is"},
  {.name = "publish", .arg = "FILE", .doc = "write a copy of the store to a new FILE instead, without the trash, to be read anywhere", .complete = "file"},
  {0},
};

enum { METRICS_MAX = 64 };

struct export {
  struct app *app;
  struct store *store;
  struct chosen runs;
  const char *metric[METRICS_MAX];
  size_t n_metrics;
  bool (*point)(struct export *x, const struct store_query *q); /* false: no more are wanted */
  struct table *table;
  int64_t left;        /* npy: points that the head has promised and that are not written */
};

static const char points_sql[] =
  "SELECT r.id, r.uid, r.experiment, r.seed, k.name, m.step, m.value FROM runs r CROSS JOIN metric m ON m.run_id = r.id"
  " JOIN metric_key k ON k.id = m.key_id WHERE r.id = ?1 AND (?2 IS NULL OR m.key_id = (SELECT id FROM metric_key WHERE name = ?2))"
  " ORDER BY m.key_id, m.step";
static const char count_sql[] =
  "SELECT count(*) FROM metric WHERE run_id = ?1 AND key_id = (SELECT id FROM metric_key WHERE name = ?2)";
enum { COLUMN_RUN, COLUMN_STEP = 5, COLUMN_VALUE, COLUMNS };

/* Every name of --metric is one that the store has. */
static int check_metrics(struct export *x)
{
  struct names known = {0};
  struct store_query *q = reading_query(x->app, x->store, "SELECT name FROM metric_key ORDER BY name");
  int code;
  if (!q)
    return reading_failed(x->app, x->store);
  while (reading_next(q, &code))
    names_add(&known, store_query_cell(q, 0).text);
  store_query_close(q);
  code = code ? reading_failed(x->app, x->store) : EXIT_DONE;
  for (size_t i = 0; !code && i < x->n_metrics; i++) {
    if (names_has(&known, x->metric[i]))
      continue;
    const char *near = nearest_name(x->metric[i], (const char *const *)known.name, known.n);
    app_complain("no metric '%s' in %s%s%s", x->metric[i], x->app->db, near ? "; did you mean " : "", near ? near : "");
    code = EXIT_USAGE;
  }
  names_free(&known);
  return code;
}

/* Call x->point for every chosen point of one run. */
static int export_run(struct export *x, const char *sql, int64_t run, const char *metric)
{
  struct store_query *q = reading_query(x->app, x->store, sql);
  int code;
  if (!q)
    return reading_failed(x->app, x->store);
  store_query_bind_int(q, 1, run);
  if (metric)
    store_query_bind_text(q, 2, metric);
  while (reading_next(q, &code) && x->point(x, q))
    ;
  store_query_close(q);
  return code ? reading_failed(x->app, x->store) : EXIT_DONE;
}

static int export_points(struct export *x, const char *sql)
{
  int code = EXIT_DONE;
  for (size_t i = 0; !code && i < x->runs.n; i++) {
    if (!x->n_metrics)
      code = export_run(x, sql, x->runs.id[i], NULL);
    for (size_t k = 0; !code && k < x->n_metrics; k++)
      code = export_run(x, sql, x->runs.id[i], x->metric[k]);
  }
  return code;
}

/* --- tables ----------------------------------------------------------------------------------- */

static bool point_row(struct export *x, const struct store_query *q)
{
  struct store_cell cells[COLUMNS];
  for (size_t k = 0; k < COLUMNS; k++)
    cells[k] = store_query_cell(q, k);
  table_row(x->table, cells);
  return true;
}

static int export_table(struct export *x, enum table_format format)
{
  static const char *const names[COLUMNS] = {"run", "uid", "experiment", "seed", "key", "step", "value"};
  x->point = point_row;
  x->table = table_new(format, COLUMNS, names, 0);
  int code = export_points(x, points_sql);
  table_end(x->table);
  return code;
}

/* --- NPY -------------------------------------------------------------------------------------- */

static bool point_count(struct export *x, const struct store_query *q)
{
  x->left += store_query_cell(q, 0).i;
  return true;
}

/* Magic, version, length of what follows, and a Python literal padded so that the data begins at a multiple of 64. */
static void npy_head(int64_t points)
{
  char *text = xasprintf("{'descr': [('run', '<i8'), ('step', '<i8'), ('value', '<f8')], 'fortran_order': False, 'shape': (%" PRId64 ",), }",
                         points);
  size_t size = (10 + strlen(text) + 1 + 63) / 64 * 64 - 10;
  const unsigned char front[] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)(size & 255), (unsigned char)(size >> 8)};
  fwrite(front, 1, sizeof front, stdout);
  printf("%-*s\n", (int)size - 1, text);
  free(text);
}

static bool point_npy(struct export *x, const struct store_query *q)
{
  struct store_cell value = store_query_cell(q, COLUMN_VALUE);
  double v = value.type == STORE_NULL ? (double)NAN : value.r;
  uint64_t bits;
  if (x->left == 0)
    return false; /* written since the points were counted */
  memcpy(&bits, &v, sizeof bits);
  const uint64_t row[] = {htole64((uint64_t)store_query_cell(q, COLUMN_RUN).i), htole64((uint64_t)store_query_cell(q, COLUMN_STEP).i), htole64(bits)};
  fwrite(row, 1, sizeof row, stdout);
  x->left--;
  return true;
}

static int export_npy(struct export *x, const struct arguments *a)
{
  if (x->n_metrics != 1)
    return app_usage(a->command, "an NPY file holds one metric: name it with --metric");
  if (x->app->tty_out)
    return app_usage(a->command, "NPY is no text for a terminal: write it to a file with > FILE.npy");
  x->point = point_count;
  int code = export_points(x, count_sql);
  if (code)
    return code;
  npy_head(x->left);
  x->point = point_npy;
  code = export_points(x, points_sql);
  if (!code && x->left) {
    app_complain("%s: %" PRId64 " points were deleted while they were exported; the file is not whole", x->app->db, x->left);
    code = EXIT_USAGE;
  }
  return code;
}

/* --- artifacts -------------------------------------------------------------------------------- */

static int write_matrix(struct app *app, const char *name, const struct store_cell *content)
{
  struct mat m = {0};
  struct err e = {0};
  unsigned char *bytes = NULL;
  size_t n;
  if (app->tty_out) {
    app_complain("NPY is no text for a terminal: write it to a file with > FILE.npy");
    return EXIT_USAGE;
  }
  if (content->type != STORE_BLOB || matrix_unpack(&m, content->text, content->size, &e) || npy_format(&m, &bytes, &n, &e))
    app_complain("%s: the artifact \"%s\": %s", app->db, name, e.code ? e.message : "it is kept outside the store");
  else
    fwrite(bytes, 1, n, stdout);
  free(bytes);
  mat_free(&m);
  return e.code || content->type != STORE_BLOB ? EXIT_USAGE : EXIT_DONE;
}

/* As it is; on the way to a terminal with what could move the cursor escaped. */
static void write_text(const struct app *app, const struct store_cell *content)
{
  if (!app->tty_out) {
    fwrite(content->text, 1, content->size, stdout);
    return;
  }
  char *text = xasprintf("%.*s", (int)content->size, content->text), *safe = text_safe(text, true);
  fputs(safe, stdout);
  free(safe);
  free(text);
}

static int export_artifact(struct export *x, const char *name)
{
  struct store_query *q = reading_query(x->app, x->store, "SELECT kind, content FROM artifact WHERE run_id = ?1 AND name = ?2");
  int code;
  if (!q)
    return reading_failed(x->app, x->store);
  store_query_bind_int(q, 1, x->runs.id[0]);
  store_query_bind_text(q, 2, name);
  if (reading_next(q, &code)) {
    const struct store_cell kind = store_query_cell(q, 0), content = store_query_cell(q, 1);
    bool text = kind.type == STORE_TEXT && strcmp(kind.text, "text") == 0;
    if (text && content.type == STORE_BLOB)
      write_text(x->app, &content);
    else
      code = write_matrix(x->app, name, &content);
  } else if (code) {
    code = reading_failed(x->app, x->store);
  } else {
    app_complain("run %" PRId64 " has no artifact '%s'; 'assay show %" PRId64 "' lists what it has", x->runs.id[0], name, x->runs.id[0]);
    code = EXIT_USAGE;
  }
  store_query_close(q);
  return code;
}

/* --- the command ------------------------------------------------------------------------------ */

static int publish(struct app *app, struct store *s, const struct arguments *a)
{
  const char *path = arg_value(a, "publish");
  if (a->n_words || arg_flag(a, "format") || arg_flag(a, "metric") || arg_flag(a, "where") || arg_flag(a, "experiment"))
    return app_usage(a->command, "--publish copies the whole store: give it alone");
  if (store_publish(s, path) != STORE_OK)
    return reading_failed(app, s);
  char *name = text_safe(path, false);
  fprintf(stderr, "published as %s\n", name);
  free(name);
  return EXIT_DONE;
}

static int run(struct app *app, const struct arguments *a)
{
  struct export x = {.app = app};
  enum table_format format = TABLE_CSV;
  const char *word = arg_value(a, "format");
  bool npy = word && strcmp(word, "npy") == 0, whole = word && strcmp(word, "runs") == 0;
  if (word && !npy && !whole && (!table_format_parse(word, &format) || format == TABLE_HUMAN || format == TABLE_MD))
    return app_usage(a->command, "--format must be csv, tsv, jsonl, json, npy or runs, not '%s'", word);
  if (whole && arg_flag(a, "metric"))
    return app_usage(a->command, "--format runs writes whole runs: leave out --metric");
  if (arg_flag(a, "artifact") && (word || arg_flag(a, "metric") || arg_flag(a, "publish")))
    return app_usage(a->command, "--artifact writes one file: leave out --format, --metric and --publish");
  if (!(x.store = reading_open(app)))
    return EXIT_USAGE;
  x.n_metrics = arg_values(a, "metric", x.metric, METRICS_MAX);
  int code;
  if (arg_flag(a, "publish"))
    code = publish(app, x.store, a);
  else if (!(code = check_metrics(&x)) && !(code = choosing_runs(app, x.store, a, 0, false, true, &x.runs)))
    code = arg_flag(a, "artifact") ? x.runs.n == 1 ? export_artifact(&x, arg_value(a, "artifact")) : app_usage(a->command, "--artifact is of one run: name it")
      : npy ? export_npy(&x, a) : whole ? export_runs(app, x.store, &x.runs) : export_table(&x, format);
  chosen_free(&x.runs);
  store_close(x.store);
  return code;
}

const struct command command_export = {
  .name = "export",
  .summary = "curves for other programs, or a copy of the store",
  .usage = "[--format FORMAT] [--metric KEY]… [--where SQL] [--experiment NAME] [RUN…] | --artifact NAME RUN | --publish FILE",
  .help = "Examples:\n"
          "  assay export --metric val_error > curves.csv             every point: run, uid, experiment, seed, key, step, value\n"
          "  assay export -f jsonl --where \"schedule = 'cosine'\" 17\n"
          "  assay export -f npy -m loss > loss.npy                   numpy.load: fields run, step, value\n"
          "  assay export -f runs > runs.jsonl                        a run a line, with all that it has; 'assay import' reads it\n"
          "  assay export --artifact 'layer 1 mask @0.9' 17 > mask.npy   what a run has kept (run:artifact)\n"
          "  assay export --publish results.db                        for a read-only place; any SQLite client reads it\n"
          "Nothing is sampled or rounded. NaN is an empty field in CSV, null in JSON, NaN in NPY. What runs returned is\n"
          "`assay ls --runs --format csv`; `assay merge` moves whole runs between stores.\n",
  .options = options,
  .words = "run",
  .run = run,
};
