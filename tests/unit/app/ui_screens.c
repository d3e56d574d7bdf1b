/* ui_screens.c: the screens of methods and queries, without a terminal. */
#include "tests/unit/app/workbench.h"

static char path[128];

static void make_store(void)
{
  struct store *s;
  char message[512], config[64];
  if (store_open(&s, path, STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  int64_t experiment = fixture_experiment(s);
  for (int i = 1; i <= 12; i++) {
    snprintf(config, sizeof config, "{\"lr\":%d,\"seed\":1}", i);
    int64_t run = fixture_run(s, experiment, config, 1);
    store_result_number(s, run, "loss", (i - 7) * (i - 7));
    struct store_run_end end = {.status = STORE_DONE, .wall_s = i};
    if (store_run_end(s, run, &end) != STORE_OK)
      tap_bail("%s", store_message(s));
  }
  store_close(s);
}

static void methods(void)
{
  tap_has(bench_keys("7"), "[7 Methods]", "7 shows the catalogue");
  bench_keys("/");
  bench_type("cosine");
  tap_has(bench_screen(), "schedule    cosine", "the search works while typing");
  tap_ok(!strstr(bench_screen(), "fashion"), "and leaves out the rest");
  bench_keys("Enter");
  tap_has(bench_keys("Enter"), "half a cosine from peak to end", "Enter opens its page");
  tap_has(bench_keys("G"), "Loshchilov and Hutter", "which has the citation at its end");
  tap_has(bench_keys("Esc"), "[7 Methods]", "Esc closes it");
  bench_keys("/ Ctrl-U");
  bench_type("nothing like this");
  tap_has(bench_keys("Enter"), "no method matches", "an empty search says so");
}

static void ask(const char *sql)
{
  bench_keys("/ Ctrl-U");
  bench_type(sql);
  bench_keys("Enter");
}

static void queries(void)
{
  tap_has(bench_keys("9"), "type a query in SQL", "9 says what to do");
  ask("select id, wall_s from runs order by id");
  tap_has(bench_screen(), "12 rows in", "a query is answered");
  bench_keys("Right s s");
  tap_has(bench_line("▸"), "12       12", "a column sorts by number, greatest first");
  ask("select nonsense from runs");
  tap_has(bench_screen(), "no such column: nonsense", "SQLite says what is wrong");
  ask("delete from run");
  tap_has(bench_screen(), "not authorized", "nothing can be changed");
  ask("select char(27) || '[2J', null, x'00ff', 1e999");
  tap_has(bench_screen(), "\\x1b[2J", "control characters are shown");
  tap_has(bench_screen(), "(2 bytes)", "a blob by its size");
  ask("with recursive n(i) as (select 1 union all select i + 1 from n) select i from n");
  tap_has(bench_screen(), "there are more; add a LIMIT", "an endless query is cut");
  ask("select step, value from metrics");
  tap_has(bench_screen(), "0 rows", "no rows are no error");
  bench_keys("/ Ctrl-U");
  bench_type("select wal");
  bench_keys("Tab");
  tap_has(bench_screen(), "select wall_s", "Tab completes a column");
  bench_keys("Esc");
  bench_keys("F");
  bench_type("slowest");
  tap_has(bench_keys("Enter"), "peak_mb", "there are questions to begin with");
  ask("select i, i * i as square from (with recursive n(i) as (select 1 union all select i + 1 from n where i < 40) select i from n)");
  tap_has(bench_keys("Right m"), "square", "a column is plotted against the first");
}

int main(void)
{
  snprintf(path, sizeof path, "%s", fixture_path("screens.db"));
  make_store();
  bench_open(path, 100, 30);
  methods();
  queries();
  for (int i = 0; i < 40; i++) {
    bench_resize(40 + 4 * i, 10 + i);
    bench_keys(i % 2 ? "7" : "9");
  }
  tap_ok(1, "every size can be drawn");
  bench_close();
  fixture_done();
  return tap_done();
}
