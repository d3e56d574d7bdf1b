/* diff.c: assay diff: two runs side by side: parameters, results, curves, scripts.
 *
 * Exit code 0: same, 1: they differ, 2: trouble. Times (keys ending in _s) are shown but do not count, for
 * they differ between equal runs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/lines.h"
#include "app/reading.h"
#include "experiments/kernel/mem.h"

static const struct option_row options[] = {
  {.name = "all", .letter = 'a', .doc = "show parameters that are equal and each metric's .last, .min and .max, too"},
  {.name = "format", .letter = 'f', .arg = "FORMAT", .doc = "of parameters and results: table, csv, tsv, json, jsonl or md", .complete = "table csv tsv json jsonl md"},
  {0},
};

enum { DIFF_SAME = 0, DIFF_DIFFERS = 1 };

struct pair { int64_t a, b; };

struct compare {
  struct app *app;
  struct store *store;
  struct pair run;
  struct table *table;
  const char *what; /* of the rows of values: run, param, result */
  bool all, people, differs;
};

/* Both runs' values of each key; has_a, has_b say whether the run has the key at all (NULL is a value: NaN);
 * at last, whether the value is derived from a metric. */
static const char values_sql[] =
  "SELECT key, max(CASE WHEN run_id = ?1 THEN value END), max(CASE WHEN run_id = ?2 THEN value END),"
  " max(run_id = ?1), max(run_id = ?2), max(%s) FROM %s WHERE run_id IN (?1, ?2) GROUP BY key ORDER BY key";

static struct store_cell shown(const struct store_cell *c, bool present)
{
  if (!present)
    return cell_text("-");
  return c->type == STORE_NULL ? cell_text("NaN") : *c;
}

static struct store_cell difference(const struct store_cell *a, const struct store_cell *b)
{
  bool numbers = (a->type == STORE_INTEGER || a->type == STORE_REAL) && (b->type == STORE_INTEGER || b->type == STORE_REAL);
  return numbers && isfinite(b->r - a->r) ? cell_real(b->r - a->r) : cell_text("-");
}

static void compare_row(struct compare *c, struct store_query *q)
{
  const char *what = c->what;
  struct store_cell key = store_query_cell(q, 0), a = store_query_cell(q, 1), b = store_query_cell(q, 2);
  bool has_a = store_query_cell(q, 3).i, has_b = store_query_cell(q, 4).i;
  bool same = has_a == has_b && cell_equal(&a, &b);
  if (!same && !(strcmp(what, "result") == 0 && result_is_timing(key.text)))
    c->differs = true;
  bool derived = store_query_cell(q, 5).i; /* counts, but says again what the metrics say */
  if (!c->all && (derived || (same && strcmp(what, "param") == 0)))
    return;
  struct store_cell row[5] = {cell_text(what), key, shown(&a, has_a), shown(&b, has_b), difference(&a, &b)};
  table_row(c->table, row);
}

/* `use` of each row that sql gives for runs ?1 and ?2; an exit code. */
static int each_row(struct compare *c, const char *sql, void (*use)(struct compare *c, struct store_query *q))
{
  struct store_query *q = reading_query(c->app, c->store, sql);
  int code;
  if (!q)
    return reading_failed(c->app, c->store);
  store_query_bind_int(q, 1, c->run.a);
  store_query_bind_int(q, 2, c->run.b);
  while (reading_next(q, &code))
    use(c, q);
  store_query_close(q);
  return code ? reading_failed(c->app, c->store) : EXIT_DONE;
}

static int compare_values(struct compare *c, const char *what)
{
  char *sql = xasprintf(values_sql, strcmp(what, "result") == 0 ? RESULT_IS_DERIVED : "0", what);
  c->what = what;
  int code = each_row(c, sql, compare_row);
  free(sql);
  return code;
}

static int compare_status(struct compare *c)
{
  c->what = "run";
  return each_row(c, "SELECT 'status', a.status, b.status, 1, 1, 0 FROM run a, run b WHERE a.id = ?1 AND b.id = ?2", compare_row);
}

/* Metrics whose curves differ in some point, with the points that each run has and how many differ: equal last, least and
 * greatest values say nothing about the middle. */
static const char curves_sql[] =
  "WITH a AS (SELECT key_id, step, value FROM metric WHERE run_id = ?1), b AS (SELECT key_id, step, value FROM metric WHERE run_id = ?2),"
  " d AS (SELECT key_id, step FROM (SELECT * FROM a EXCEPT SELECT * FROM b) UNION SELECT key_id, step FROM (SELECT * FROM b EXCEPT SELECT * FROM a))"
  " SELECT k.name, (SELECT count(*) FROM a WHERE a.key_id = d.key_id), (SELECT count(*) FROM b WHERE b.key_id = d.key_id), count(*)"
  " FROM d JOIN metric_key k ON k.id = d.key_id GROUP BY d.key_id ORDER BY k.name";

static void compare_curve(struct compare *c, struct store_query *q)
{
  struct store_cell key = store_query_cell(q, 0);
  struct store_cell row[5] = {cell_text("points"), key, store_query_cell(q, 1), store_query_cell(q, 2), store_query_cell(q, 3)};
  table_row(c->table, row);
  if (!(key.type == STORE_TEXT && result_is_timing(key.text)))
    c->differs = true;
}

/* --- scripts ---------------------------------------------------------------------------------- */

static void print_line(void *self, char mark, const char *line, size_t length)
{
  const struct app *app = self;
  char *text = xasprintf("%.*s", (int)length, line), *safe = text_safe(text, true);
  const char *colour = !app->colour_out ? "" : mark == '-' ? "\033[33m" : mark == '+' ? "\033[34m" : "";
  if (mark == '~')
    puts("  ...");
  else
    printf("%s%c %s%s\n", colour, mark, safe, *colour ? "\033[0m" : "");
  free(text);
  free(safe);
}

/* Files of both experiments by name; a file that only one has is compared with nothing. */
static const char scripts_sql[] =
  "WITH a AS (SELECT x.name, t.hash, t.text FROM run r JOIN experiment_script x ON x.experiment_id = r.experiment_id"
  " JOIN script t ON t.id = x.script_id WHERE r.id = ?1), b AS (SELECT x.name, t.hash, t.text FROM run r JOIN experiment_script x"
  " ON x.experiment_id = r.experiment_id JOIN script t ON t.id = x.script_id WHERE r.id = ?2)"
  " SELECT a.name, a.text, coalesce(b.text, '') FROM a LEFT JOIN b ON b.name = a.name WHERE b.hash IS NOT a.hash"
  " UNION ALL SELECT b.name, '', b.text FROM b WHERE b.name NOT IN (SELECT name FROM a)";

static void compare_script(struct compare *c, struct store_query *q)
{
  c->differs = true;
  if (!c->people)
    return;
  struct store_cell name = store_query_cell(q, 0), a = store_query_cell(q, 1), b = store_query_cell(q, 2);
  char *safe = text_safe(name.text, false);
  printf("\nscript %s\n", safe);
  free(safe);
  lines_diff(a.text, b.text, 3, print_line, c->app);
}

static int compare_runs(struct compare *c, enum table_format format)
{
  char *name_a = xasprintf("%lld", (long long)c->run.a), *name_b = xasprintf("%lld", (long long)c->run.b);
  c->people = format == TABLE_HUMAN || format == TABLE_MD;
  const char *names[5] = {"what", "key", c->people ? name_a : "a", c->people ? name_b : "b", "difference"};
  c->table = table_new(format, 5, names, c->app->tty_out ? c->app->width : 0);
  int code = compare_status(c);
  if (!code)
    code = compare_values(c, "param");
  if (!code)
    code = compare_values(c, "result");
  if (!code)
    code = each_row(c, curves_sql, compare_curve);
  table_end(c->table);
  free(name_a);
  free(name_b);
  if (!code)
    code = each_row(c, scripts_sql, compare_script);
  return code ? code : c->differs ? DIFF_DIFFERS : DIFF_SAME;
}

static int run(struct app *app, const struct arguments *a)
{
  struct compare c = {.app = app, .all = arg_flag(a, "all")};
  enum table_format format;
  if (a->n_words != 2)
    return app_usage(a->command, "which two runs? 'assay ls --runs' lists them");
  if (!reading_format(a, &format) || !(c.store = reading_open(app)))
    return EXIT_USAGE;
  int code = reading_run(app, c.store, a->word[0], &c.run.a);
  if (!code)
    code = reading_run(app, c.store, a->word[1], &c.run.b);
  if (!code)
    code = compare_runs(&c, format);
  store_close(c.store);
  return code;
}

const struct command command_diff = {
  .name = "diff",
  .summary = "two runs: what differs in config, results and script",
  .usage = "[--all] [--format FORMAT] RUN RUN",
  .help = "Parameters that differ, results side by side, metrics that differ (how many points each run has, and in how\n"
          "many they differ), and the difference of the script's text.\n"
          "Exit code: 0 same, 1 they differ, 2 trouble. Results that are times (ending in _s) do not count.\n"
          "Examples:\n"
          "  assay diff 17 18\n"
          "  assay diff 0f3c 9ab1 --format json\n",
  .options = options,
  .words = "run",
  .run = run,
};
