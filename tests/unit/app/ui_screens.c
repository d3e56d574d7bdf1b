/* ui_screens.c: the screens of methods and queries, without a terminal. */
#include "tests/unit/app/workbench.h"

static char path[128];

static void end_run(struct store *s, int64_t run)
{
  struct store_run_end end = {.status = STORE_DONE, .wall_s = 1};
  if (store_run_end(s, run, &end) != STORE_OK)
    tap_bail("%s", store_message(s));
}

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
  for (int k = 0; k < 2; k++)
    for (int seed = 1; seed <= 2; seed++) {
      snprintf(config, sizeof config, "{\"method\":\"m%d\",\"seed\":%d}", k, seed);
      int64_t run = fixture_run(s, experiment, config, seed);
      store_result_number(s, run, "plain error @0", 0.1);
      store_result_number(s, run, "plain error @0.5", 0.2 + 0.2 * k);
      store_result_number(s, run, "tuned kl @0.5", 0.3);
      end_run(s, run);
    }
  for (int i = 1; i <= 6; i++) {
    snprintf(config, sizeof config, "{\"width\":%d,\"seed\":1}", i);
    int64_t run = fixture_run(s, experiment, config, 1);
    store_result_number(s, run, "gap", 0.01 * i);
    store_result_number(s, run, "test-b", 0.1 * i);
    store_result_text(s, run, "test-b.kind", "HP-fixed");
    store_result_number(s, run, "test-b.violated", i == 6);
    store_result_number(s, run, "test-b.vacuous", 0);
    store_result_number(s, run, "norm", 1e9 / i);
    store_result_text(s, run, "norm.kind", "C");
    end_run(s, run);
  }
  store_close(s);
}

static void pruning(void)
{
  tap_has(bench_keys("6"), "error against sparsity, plain", "6 draws quality against sparsity");
  tap_has(bench_line("m0 "), "0.15 ", "with the mean of each curve"); /* trapezoid of 0.1 and 0.2 */
  tap_has(bench_line("m1 "), "0.25 ", "the best first");
  tap_has(bench_keys("m v"), "kl against sparsity, tuned", "m and v choose measure and stage");
}

static void bounds(void)
{
  tap_has(bench_keys("5"), "against the measured gap", "5 holds bounds against the gap");
  tap_has(bench_line("test-b "), "HP-fixed", "with the kind of their statement");
  tap_has(bench_line("test-b "), "1 of 6", "violations are counted");
  tap_has(bench_line("test-b "), "+1.00", "a bound that grows with the gap has tau 1");
  tap_has(bench_line("norm "), "no bound", "a measure bounds nothing");
  tap_has(bench_line("norm "), "-1.00", "and may rank the wrong way round");
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
  tap_has(bench_keys("S"), "S tries it", "S opens the form that tries it");
  tap_has(bench_line("▸"), "peak", "with its parameters");
  bench_keys("Enter Ctrl-U");
  bench_type("oops");
  tap_has(bench_keys("Enter"), "peak must be a number", "which says at once what is refused");
  tap_ok(!strstr(bench_keys("u"), "must be"), "u takes a change back");
  bench_keys("Enter Ctrl-U");
  bench_type("0.5");
  tap_has(bench_keys("Enter"), "peak              0.5", "a value that is accepted stands there");
  tap_has(bench_keys("Esc"), "what it is", "Esc goes back to the catalogue");
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
  tap_has(bench_screen(), "22 rows in", "a query is answered");
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
  pruning();
  bounds();
  long lost = 0;
  for (int i = 0; i < 40; i++) {
    bench_resize(40 + 4 * i, 10 + i);
    lost += !strstr(bench_keys(i % 2 ? "7" : "9"), i % 2 ? "[7 Methods]" : "[9 Query]");
    lost += !strstr(bench_keys(i % 2 ? "5" : "6"), i % 2 ? "[5 Bounds]" : "[6 Pruning]");
  }
  tap_is_int(lost, 0, "every size shows which screen it is");
  bench_close();
  fixture_done();
  return tap_done();
}
