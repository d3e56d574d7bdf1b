/* ui_query.c: the screen of queries: completion from the schema, answers as a table, marks, saved queries and history, and a query
 * without end that disturbs nobody and can be stopped. */
#include "app/ui/query_data.h"
#include "tests/unit/app/small_store.h"
#include "tests/unit/app/workbench.h"

static char path[128];

/* --- completion ----------------------------------------------------------------------------------------------------- */

static char *tables[] = {"metric_key", "results", "run", "runs"};
static char *table_of[] = {"metric_key", "metric_key", "results", "results", "results", "runs", "runs", "runs"};
static char *columns[] = {"id", "name", "run_id", "key", "value", "id", "status", "odd name"};
static char *params[] = {"peak"}, *results[] = {"val_error"}, *metrics[] = {"loss", "val_error"}, *experiments[] = {"mine"};

static void offers(const char *typed, const char *expected, const char *name)
{
  const struct query_schema q = {.tables = {tables, 4}, .table_of = {table_of, 8}, .columns = {columns, 8}, .params = {params, 1}, .results = {results, 1},
                                 .metrics = {metrics, 2}, .experiments = {experiments, 1}};
  const char *bar = strchr(typed, '|'); /* the cursor; else at the end */
  char *text = xasprintf("%.*s%s", bar ? (int)(bar - typed) : (int)strlen(typed), typed, bar ? bar + 1 : "");
  char *seen = query_candidates(&q, text, bar ? (size_t)(bar - typed) : strlen(typed));
  tap_is_str(seen, expected, "%s", name);
  free(seen);
  free(text);
}

static void completion(void)
{
  offers("sel", "select", "words of SQL");
  offers("SELECT * FROM ", "metric_key\nresults\nrun\nruns", "tables behind FROM");
  offers("select * from ru", "run\nruns", "that begin so");
  offers("select * from runs ", "where\njoin\ngroup by\norder by\nlimit", "behind a table what may follow");
  offers("select * from runs wh", "where", "also begun");
  offers("select | from results", "run_id\nkey\nvalue", "columns of the table that is named, wherever it is");
  offers("select st| from runs", "status", "that begin so");
  offers("select od| from runs", "\"odd name\"", "quoted where SQL needs it");
  offers("select r.| from results r", "r.run_id\nr.key\nr.value", "by the alias of a table");
  offers("select R.K| from results AS r", "R.key", "in any case");
  offers("select x.| from results r", "", "no such alias, no columns");
  offers("select runs.| from runs join results on 1", "runs.id\nruns.status\nruns.odd name", "by its name");
  offers("select value from results where key = ", "'peak'\n'val_error'\n'loss'", "keys are those of this store");
  offers("select value from results r where r.key in ('l", "loss'", "behind a quote their rest");
  offers("select * from runs where status = 'd", "done'", "states");
  offers("select * from runs where experiment like ", "'mine'", "experiments");
  offers("select * from runs where status = 'done' or", "order by\nor", "then words again");
}

/* --- answers -------------------------------------------------------------------------------------------------------- */

static void ask(const char *sql)
{
  bench_keys("/ Ctrl-U");
  bench_type(sql);
  bench_keys("Enter");
}

static void answers_are_tables(void)
{
  bench_open(path, 120, 30);
  bench_keys("9 / Ctrl-U");
  tap_has(bench_type("select nope from runs"), "no such column: nope", "a mistake is named while it is typed");
  bench_keys("Enter");
  tap_has(bench_screen(), "SQL: select nope from runs", "and cannot be asked: it stays to be mended");
  tap_has(bench_screen(), "no such column: nope", "with the reason");
  bench_keys("Esc");
  bench_keys("/ Ctrl-U");
  tap_has(bench_type("select id, experiment, wall_s / 3 as third from runs"), "3 columns: id, experiment, third", "a good one says what it will show");
  tap_has(bench_keys("Enter"), "7 rows in", "an answer");
  tap_has(bench_keys("Right Right s s"), "third↓", "columns sort both ways");
  tap_has(bench_screen(), "0.5", "numbers of up to eight digits");
  bench_keys("Left Left -");
  tap_ok(!strstr(bench_line("third↓"), " id "), "columns hide");
  bench_keys("c");
  bench_type("id");
  bench_keys("Tab Enter");
  tap_has(bench_line("third↓"), " id ", "and come back");
  ask("select 1.0 / 3 as x, null as missing, 'a,b' as text");
  bench_keys("e Ctrl-U");
  bench_type(fixture_path("exact.csv"));
  tap_has(bench_keys("Enter"), "written to", "a file has");
  FILE *f = fopen(fixture_path("exact.csv"), "r");
  char text[256] = "";
  size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
  if (f)
    fclose(f);
  tap_ok(n && strcmp(text, "x,missing,text\n0.33333333333333331,,\"a,b\"\n") == 0, "every digit, and nothing for null");
  ask("select zeroblob(3) as b, 'x' as t union all select 1, 'w' union all select null, 'v' union all select 'text', 'u'");
  tap_has(bench_keys("s"), "b↑", "one column holds all there is");
  const char *text_at = strstr(bench_text, "  text "), *blob_at = strstr(bench_text, "(3 bytes)"), *null_at = strstr(bench_text, "  null ");
  tap_ok(text_at && text_at < blob_at && blob_at < null_at && strstr(bench_text, "▸ 1 "), "numbers, texts, bytes, nothing: that is the order");
}

static void runs_are_marked(void)
{
  ask("select count(*) as id from results");
  tap_has(bench_keys("Space"), "a column run_id", "a count is no run");
  ask("select run_id, value from results where key = 'val_error' and value < 0.13");
  tap_has(bench_keys("*"), "2 marked", "runs of an answer are marked");
  tap_has(bench_keys("3"), "one config only", "and compared");
  bench_keys("9 g *");
  tap_ok(!strstr(bench_screen(), "marked"), "or not any more");
}

static void plots(void)
{
  ask("select 'a' as name, 10 as x, 100 as y union all select 'b', 20, 200");
  tap_has(bench_keys("m"), "name holds no numbers", "a column of texts is not plotted");
  bench_keys("Right Right");
  tap_has(bench_screen(), "y\n", "the column under the cursor is");
  tap_ok(strstr(bench_text, "x\n") && strstr(bench_text, "●"), "against the first of numbers");
  bench_keys("m");
}

static void queries_are_kept(void)
{
  ask("select 41 + 1 as answer");
  bench_keys("W");
  bench_type("the answer");
  tap_has(bench_keys("Enter"), "saved as 'the answer'", "a query is kept under a name");
  bench_close();
  bench_open(path, 120, 30);
  bench_keys("9 F");
  tap_has(bench_screen(), "the answer", "also for the next time");
  tap_has(bench_screen(), "earlier", "with those that were only asked");
  bench_type("theans");
  tap_has(bench_keys("Enter"), "42", "and asked again");
  bench_keys("/ Ctrl-U");
  tap_has(bench_keys("Up Up"), "SQL: select 'a' as name", "Up brings earlier ones back");
  bench_keys("Esc W");
  bench_type("-the");
  tap_has(bench_keys("Tab"), ": -the answer", "its name is completed");
  tap_has(bench_keys("Enter"), "'the answer' is forgotten", "-NAME forgets it");
  bench_keys("F");
  tap_ok(!strstr(bench_screen(), "the answer"), "then it is gone");
  bench_keys("Esc");
}

/* --- a query without end ------------------------------------------------------------------------------------------- */

/* Draw without waiting for the thread of slow queries. */
static const char *quick_screen(void)
{
  int row, col;
  do
    ui_draw(bench, &bench_grid, &row, &col);
  while (bench_wait(ui_aside(bench)));
  free(bench_text);
  return bench_text = plot_grid_text(&bench_grid, 0);
}

static void quick_keys(const char *keys)
{
  for (; *keys; keys++)
    ui_event(bench, &(struct ui_event){.key = *keys == '\n' ? '\r' : (unsigned char)*keys});
}

static void endless_query(void)
{
  quick_keys("/");
  ui_event(bench, &(struct ui_event){.key = 'U' & 31});
  quick_keys("with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n\n");
  tap_has(quick_screen(), "asking …   x stops it", "a query without end runs aside");
  quick_keys("1z");
  tap_has(quick_screen(), "[1 Runs]", "meanwhile other screens");
  tap_has(quick_screen(), "single runs", "read the store");
  quick_keys("z9");
  tap_has(quick_screen(), "asking …", "it still runs");
  quick_keys("x");
  tap_has(bench_screen(), "stopped", "x stops it");
  tap_ok(aside_idle(ui_aside_slow(bench)), "really");
  ask("select 7 * 6 as n");
  tap_has(bench_screen(), "42", "and the next one is answered");
  quick_keys("/");
  ui_event(bench, &(struct ui_event){.key = 'U' & 31});
  quick_keys("with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n\n");
  quick_screen();
  bench_close(); /* ends, or the test does not */
  tap_ok(true, "leaving stops it too");
}

int main(void)
{
  snprintf(path, sizeof path, "%s", fixture_path("query.db"));
  small_store_make(path);
  completion();
  answers_are_tables();
  runs_are_marked();
  plots();
  queries_are_kept();
  endless_query();
  fixture_done();
  return tap_done();
}
