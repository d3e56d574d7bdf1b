/* rerun.c: `assay rerun`: one run of the store again, from what the store knows of it: the script and all that it
 * required as they were, the parameters of its experiment, its config. Afterwards, what differs from the first time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/jobs/jobs.h"
#include "app/reading.h"
#include "experiments/kernel/mem.h"

static const struct option_row options[] = {
  {.name = "set", .letter = 's', .arg = "K=V", .repeat = true, .doc = "change a value of the run's config, or a parameter of the script"},
  {.name = "dry-run", .letter = 'n', .doc = "show the config and run nothing"},
  {.name = "wait-for-space", .arg = "SECONDS", .doc = "how long to wait when the disk is full (default: on a terminal until interrupted, else 60)"},
  {.name = "quiet", .letter = 'q', .doc = "no progress and no messages"},
  {.name = "progress", .arg = "FORM", .doc = "json: progress as lines of JSON on stderr, for a program that watches", .complete = "json"},
  {.name = "json", .doc = "print the run with its results as one JSON object"},
  {0},
};

/* --- the run as it was ------------------------------------------------------------------------------------ */

struct recorded { struct script_file *files; size_t n_files; char *params, *config; };

static void recorded_free(struct recorded *r)
{
  for (size_t i = 0; i < r->n_files; i++) {
    free(r->files[i].name);
    free(r->files[i].text);
  }
  free(r->files);
  free(r->params);
  free(r->config);
}

static char *copy(struct store_cell c)
{
  char *text = xcalloc(c.size + 1, 1);
  if (c.text)
    memcpy(text, c.text, c.size);
  return text;
}

static int read_config(struct app *app, struct store *s, int64_t run, struct recorded *out)
{
  struct store_query *q = reading_query(app, s, "SELECT e.params, r.config FROM run r JOIN experiment e ON e.id = r.experiment_id WHERE r.id = ?1");
  int code;
  if (!q)
    return reading_failed(app, s);
  store_query_bind_int(q, 1, run);
  if (reading_next(q, &code)) {
    out->params = copy(store_query_cell(q, 0));
    out->config = copy(store_query_cell(q, 1));
  }
  store_query_close(q);
  return code ? reading_failed(app, s) : EXIT_DONE;
}

static int read_files(struct app *app, struct store *s, int64_t run, struct recorded *out)
{
  struct store_query *q = reading_query(app, s, "SELECT x.name, t.text FROM run r JOIN experiment_script x ON x.experiment_id = r.experiment_id"
                                                " JOIN script t ON t.id = x.script_id WHERE r.id = ?1 ORDER BY x.position");
  int code;
  if (!q)
    return reading_failed(app, s);
  store_query_bind_int(q, 1, run);
  while (reading_next(q, &code)) {
    struct store_cell name = store_query_cell(q, 0), text = store_query_cell(q, 1);
    out->files = xrealloc(out->files, (out->n_files + 1) * sizeof *out->files);
    out->files[out->n_files++] = (struct script_file){.name = copy(name), .text = copy(text), .size = text.size};
  }
  store_query_close(q);
  return code ? reading_failed(app, s) : EXIT_DONE;
}

/* Everything about the run that `word` names; the store is closed again, for it has one writer. */
static int read_run(struct app *app, const char *word, int64_t *run, struct recorded *out)
{
  struct store *s = reading_open(app);
  if (!s)
    return EXIT_USAGE;
  int code = reading_run(app, s, word, run);
  code = code ? code : read_config(app, s, *run, out);
  code = code ? code : read_files(app, s, *run, out);
  store_close(s);
  if (!code && !out->n_files) {
    app_complain("run %lld has no script in the store (it was imported): there is nothing to run", (long long)*run);
    return EXIT_USAGE;
  }
  return code;
}

/* --- what differs ----------------------------------------------------------------------------------------- */

/* Config and results of both runs by key; times differ between equal runs. */
static const char both_sql[] =
  "SELECT what, key, max(CASE WHEN run_id = ?1 THEN value END), max(CASE WHEN run_id = ?2 THEN value END), what = 'result' AND count(*) = 2"
  " FROM (SELECT 'config' AS what, run_id, key, value FROM param WHERE run_id IN (?1, ?2)"
  " UNION ALL SELECT 'result', run_id, key, value FROM result WHERE run_id IN (?1, ?2) AND key NOT LIKE '%\\_s' ESCAPE '\\')"
  " GROUP BY what, key ORDER BY what, key";

static int print_difference(struct app *app, struct store *s, int64_t before, int64_t now)
{
  char *names[] = {NULL, NULL, xasprintf("run %lld", (long long)before), xasprintf("run %lld", (long long)now)};
  struct store_query *q = reading_query(app, s, both_sql);
  struct table *t = NULL;
  size_t same = 0;
  int code;
  if (q) {
    store_query_bind_int(q, 1, before);
    store_query_bind_int(q, 2, now);
  }
  while (q && reading_next(q, &code)) {
    struct store_cell row[4];
    for (size_t i = 0; i < 4; i++)
      row[i] = store_query_cell(q, i);
    if (cell_equal(&row[2], &row[3])) {
      same += store_query_cell(q, 4).i != 0;
      continue;
    }
    t = t ? t : table_new(TABLE_HUMAN, 4, (const char *const[]){"what", "key", names[2], names[3]}, app->tty_out ? app->width : 0);
    table_row(t, row);
  }
  if (t)
    table_end(t);
  if (q && !code && (same || !t))
    printf("%s%zu result%s of run %lld came out the same to the bit\n", t ? "" : "all ", same, same == 1 ? "" : "s", (long long)before);
  store_query_close(q);
  free(names[2]);
  free(names[3]);
  return q && !code ? EXIT_DONE : reading_failed(app, s);
}

static int print_outcome(struct app *app, int64_t before, int64_t now)
{
  struct store *s = reading_open(app);
  if (!s)
    return EXIT_USAGE;
  printf("run %lld again is run %lld\n", (long long)before, (long long)now);
  int code = print_difference(app, s, before, now);
  store_close(s);
  return code;
}

/* --- the command -------------------------------------------------------------------------------------------- */

static int run(struct app *app, const struct arguments *a)
{
  const char *sets[256], *progress = arg_value(a, "progress");
  struct recorded was = {0};
  int64_t before;
  long space_wait;
  if (a->n_words != 1)
    return app_usage(a->command, a->n_words ? "one run at a time" : "which run? 'assay ls --runs' lists them");
  if (progress && strcmp(progress, "json") != 0)
    return app_usage(a->command, "--progress can only be json, not '%s'", progress);
  if (!arg_integer(a, "wait-for-space", 0, 1000000000, app->tty_err ? -1 : APP_SPACE_WAIT_S, &space_wait))
    return EXIT_USAGE;
  int code = read_run(app, a->word[0], &before, &was);
  if (!code) {
    struct run_again again = {.files = was.files, .n_files = was.n_files, .one = {was.params, was.config}};
    const struct run_options o = {.path = was.files[0].name, .sets = sets, .n_sets = arg_values(a, "set", sets, sizeof sets / sizeof *sets),
      .jobs = 1, .rerun = true, .no_report = true, .dry_run = arg_flag(a, "dry-run"), .quiet = arg_flag(a, "quiet"), .json = arg_flag(a, "json"),
      .progress_json = progress != NULL, .space_wait_s = (double)space_wait, .again = &again};
    code = run_experiment(app, &o);
    if (code == EXIT_DONE && !o.dry_run && !o.json)
      code = print_outcome(app, before, again.made);
  }
  recorded_free(&was);
  return code;
}

const struct command command_rerun = {
  .name = "rerun",
  .summary = "one run of the store again, as it was or with changes",
  .usage = "RUN [--set K=V]… [--dry-run] [--quiet] [--json]",
  .help = "RUN is the number of a run or the first digits of its uid.\n"
          "Examples:\n"
          "  assay rerun 17                    the same script, parameters, config and seed\n"
          "  assay rerun 17 --set lr=0.2       the same with another rate\n"
          "  assay rerun 17 --set lr=0.2 --set optimizer.momentum=0 --dry-run\n"
          "\n"
          "The script is the text in the store, with all that it required, not the file as it is now; data files that\n"
          "it names are looked for from the working directory. --set reads its value as the kind of the one that it\n"
          "replaces: of the run's config, else of the script's parameters (params.NAME where both have the name).\n"
          "What comes out is a new run; what differs from the first one is printed.\n"
          "\n"
          "Exit codes are those of 'assay run'.\n",
  .options = options,
  .words = "run",
  .run = run,
};
