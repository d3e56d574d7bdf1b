/* show.c: assay show: everything about one run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/reading.h"
#include "experiments/kernel/mem.h"

static const struct option_row options[] = {
  {.name = "script", .doc = "print the text of the script as it was"},
  {.name = "json", .doc = "everything as one JSON object"},
  {0},
};

struct part {
  const char *title;  /* heading for people, key for JSON */
  const char *sql;    /* ?1: the run */
  bool pairs;         /* two columns: key and value */
};

static const struct part parts[] = {
  {"config", "SELECT key, value FROM param WHERE run_id = ?1 ORDER BY key", true},
  {"results", "SELECT key, value FROM result WHERE run_id = ?1 AND NOT " RESULT_IS_DERIVED " ORDER BY key", true},
  {"metrics", "SELECT k.name AS key, n.count, (SELECT value FROM metric m WHERE m.run_id = ?1 AND m.key_id = k.id ORDER BY step DESC LIMIT 1)"
              " AS last, n.min, n.max FROM metric_key k JOIN (SELECT key_id, count(*) AS count, min(value) AS min, max(value) AS max"
              " FROM metric WHERE run_id = ?1 GROUP BY key_id) n ON n.key_id = k.id ORDER BY k.name", false},
  {"artifacts", "SELECT name, kind, size_b FROM artifact WHERE run_id = ?1 ORDER BY name", false},
  {"scripts", "SELECT x.name, length(CAST(t.text AS BLOB)) AS size_b, t.hash FROM run r JOIN experiment_script x ON x.experiment_id = r.experiment_id"
              " JOIN script t ON t.id = x.script_id WHERE r.id = ?1 ORDER BY x.position", false},
  {"environment", "SELECT j.key, j.value FROM run r JOIN environment e ON e.id = r.environment_id, json_each(e.json) j WHERE r.id = ?1", true},
};
static const char head_sql[] = "SELECT id, uid, experiment, status, error, seed, started_at, ended_at, wall_s, cpu_s, peak_memory_b, host, tags, note,"
                               " config_hash, script_hash FROM runs WHERE id = ?1";

static struct store_query *ask(struct app *app, struct store *s, const char *sql, int64_t run)
{
  struct store_query *q = reading_query(app, s, sql);
  if (q)
    store_query_bind_int(q, 1, run);
  return q;
}

/* --- for people ------------------------------------------------------------------------------- */

static void print_field(const char *name, const struct store_cell *c)
{
  char *label = text_safe(name, false), *value;
  if (c->type == STORE_INTEGER)
    value = xasprintf("%lld", (long long)c->i);
  else if (c->type == STORE_REAL)
    value = xasprintf("%.6g", c->r);
  else if (c->type == STORE_NULL)
    value = xstrdup("NaN");
  else
    value = text_safe(c->text, false);
  size_t width = text_width(label);
  printf("  %s%*s  %s\n", label, width < 22 ? (int)(22 - width) : 0, "", value);
  free(label);
  free(value);
}

/* The row of the run, a line a column; empty ones are left out. */
static int print_head(struct app *app, struct store *s, int64_t run)
{
  struct store_query *q = ask(app, s, head_sql, run);
  int code;
  if (!q)
    return reading_failed(app, s);
  if (reading_next(q, &code))
    for (size_t k = 0; k < store_query_columns(q); k++) {
      struct store_cell c = store_query_cell(q, k);
      if (c.type != STORE_NULL)
        print_field(store_query_name(q, k), &c);
    }
  store_query_close(q);
  return code ? reading_failed(app, s) : EXIT_DONE;
}

static int print_part(struct app *app, struct store *s, const struct part *p, int64_t run)
{
  struct store_query *q = ask(app, s, p->sql, run);
  struct table *t = NULL;
  bool any = false;
  int code;
  if (!q)
    return reading_failed(app, s);
  for (; reading_next(q, &code); any = true) {
    struct store_cell cells[8] = {{.text = ""}};
    const char *names[8] = {0};
    size_t n = store_query_columns(q);
    for (size_t k = 0; k < n; k++) {
      cells[k] = store_query_cell(q, k);
      names[k] = store_query_name(q, k);
    }
    if (!any)
      printf("\n%s\n", p->title);
    if (p->pairs) {
      char *key = xasprintf("%.*s", (int)cells[0].size, cells[0].text);
      print_field(key, &cells[1]);
      free(key);
    } else {
      if (!t)
        t = table_new(TABLE_HUMAN, n, names, app->tty_out ? app->width : 0);
      table_row(t, cells);
    }
  }
  if (t)
    table_end(t);
  store_query_close(q);
  return code ? reading_failed(app, s) : EXIT_DONE;
}

static int print_human(struct app *app, struct store *s, int64_t run)
{
  int code = print_head(app, s, run);
  for (size_t i = 0; !code && i < sizeof parts / sizeof *parts; i++)
    code = print_part(app, s, &parts[i], run);
  return code;
}

/* --- JSON and the script ---------------------------------------------------------------------- */

/* One JSON object, put together by SQLite; infinities become the texts "inf" and "-inf", bytes their hexadecimal
 * digits, and what should be JSON but is not, a text: assay writes neither of these two, others may. */
#define VALUE(v) "CASE WHEN " v " = 9e999 THEN 'inf' WHEN " v " = -9e999 THEN '-inf' WHEN typeof(" v ") = 'blob' THEN hex(" v ") ELSE " v " END"
#define JSON(v)  "CASE WHEN json_valid(" v ") THEN json(" v ") ELSE CAST(" v " AS TEXT) END"
static const char json_sql[] =
  "SELECT json_object('id', id, 'uid', uid, 'experiment', experiment, 'status', status, 'error', error, 'seed', seed,"
  " 'started_at', started_at, 'ended_at', ended_at, 'wall_s', wall_s, 'cpu_s', cpu_s, 'peak_memory_b', peak_memory_b,"
  " 'host', host, 'tags', json((SELECT json_group_array(tag) FROM tag WHERE run_id = runs.id)),"
  " 'note', note, 'config_hash', config_hash, 'script_hash', script_hash, 'config', " JSON("config") ","
  " 'results', json((SELECT json_group_object(key, " VALUE("value") ") FROM result WHERE run_id = runs.id)),"
  " 'metrics', json((SELECT json_group_object(k.name, m.n) FROM metric_key k JOIN"
  "   (SELECT key_id, count(*) AS n FROM metric WHERE run_id = ?1 GROUP BY key_id) m ON m.key_id = k.id)),"
  " 'artifacts', json((SELECT json_group_array(json_object('name', name, 'kind', kind, 'size_b', size_b)) FROM artifact WHERE run_id = runs.id)),"
  " 'scripts', json((SELECT json_group_array(json_object('name', x.name, 'hash', t.hash)) FROM experiment_script x"
  "   JOIN script t ON t.id = x.script_id WHERE x.experiment_id = runs.experiment_id)),"
  " 'environment', (SELECT " JSON("json") " FROM environment e WHERE e.id = runs.environment_id)) FROM runs WHERE id = ?1";

static const char script_sql[] = "SELECT t.text FROM run r JOIN experiment_script x ON x.experiment_id = r.experiment_id AND x.position = 0"
                                 " JOIN script t ON t.id = x.script_id WHERE r.id = ?1";

/* Print the one value of a query: as it is, or shown safely on a terminal. */
static int print_value(struct app *app, struct store *s, const char *sql, int64_t run, bool lines)
{
  struct store_query *q = ask(app, s, sql, run);
  int code;
  if (!q)
    return reading_failed(app, s);
  bool found = reading_next(q, &code);
  if (found) {
    struct store_cell c = store_query_cell(q, 0);
    char *safe = app->tty_out && c.type == STORE_TEXT ? text_safe(c.text, lines) : NULL;
    if (safe)
      fputs(safe, stdout);
    else if (c.type == STORE_TEXT)
      fwrite(c.text, 1, c.size, stdout);
    free(safe);
    if (!lines)
      putchar('\n');
  }
  store_query_close(q);
  if (code)
    return reading_failed(app, s);
  if (!found)
    app_complain("run %lld has no script in the store", (long long)run);
  return found ? EXIT_DONE : EXIT_USAGE;
}

static int run(struct app *app, const struct arguments *a)
{
  int64_t id;
  if (a->n_words != 1)
    return app_usage(a->command, a->n_words ? "one run at a time ('assay diff A B' compares two)" : "which run? 'assay ls --runs' lists them");
  struct store *s = reading_open(app);
  if (!s)
    return EXIT_USAGE;
  int code = reading_run(app, s, a->word[0], &id);
  if (!code)
    code = arg_flag(a, "json")     ? print_value(app, s, json_sql, id, false)
           : arg_flag(a, "script") ? print_value(app, s, script_sql, id, true)
                                   : print_human(app, s, id);
  store_close(s);
  return code;
}

const struct command command_show = {
  .name = "show",
  .summary = "one run: config, results, metrics, scripts, environment",
  .usage = "[--script | --json] RUN",
  .help = "RUN is the number of a run or the first digits of its uid.\n"
          "Examples:\n"
          "  assay show 17\n"
          "  assay show 0f3c --script > as-it-was.lua\n",
  .options = options,
  .words = "run",
  .run = run,
};
