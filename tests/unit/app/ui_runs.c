/* ui_runs.c: the screens of runs and of one run, and the frame around them, on a store made by hand. */
#include "tests/unit/app/small_store.h"
#include "tests/unit/app/workbench.h"

static char path[128];

static void runs_are_grouped(void)
{
  bench_open(path, 120, 30);
  tap_has(bench_screen(), "7 runs  3 configs", "the title counts runs and configs");
  tap_has(bench_screen(), "same in all: batch 64", "what all have in common is said once");
  tap_has(bench_line("cosine peak=0.1"), "0.121 ±0.025", "mean and interval over seeds"); /* 4.3027 sd / sqrt 3 */
  tap_has(bench_line("cosine peak=0.1"), "best", "the best config is called so");
  tap_has(bench_line("constant"), "+0.099 p=4.5e-05 *", "the other is compared with it, paired by seed"); /* t = 149, 2 degrees of freedom: p = 1 - t / sqrt(t t + 2) */
  tap_has(bench_line("cosine peak=0.1"), "█", "a sparkline of the metric");
  tap_ok(!strchr(bench_screen(), 27) && strstr(bench_screen(), "\\x1b[31m"), "control characters of the store are shown, not sent");
  tap_has(bench_line("\\x1b"), "0/1", "a failed run counts as not done");
}

static void rows_fold_and_sort(void)
{
  tap_has(bench_keys("z"), "7 runs", "z shows single runs");
  tap_has(bench_line("failed"), "\\x1b[31m", "with their status");
  bench_keys("z");
  tap_has(bench_screen(), "val_error↑", "the best stand first");
  bench_keys("Right Right s");
  tap_has(bench_screen(), "val_error↓", "s turns the order of the column under the cursor");
  tap_has(bench_keys("s"), "val_error↑", "and back");
}

static void press(const char *key)
{
  ui_event(bench, &(struct ui_event){.key = key_from_name(key, strlen(key))});
}

/* Configs have come in place of more single runs, and are not drawn yet: Enter opens one that is there. */
static void fewer_rows(void)
{
  bench_keys("z");
  press("z");
  press("G"); /* of the rows that are still there */
  while (!aside_idle(ui_aside(bench))) {
    struct pollfd fd = {.fd = aside_fd(ui_aside(bench)), .events = POLLIN};
    if (poll(&fd, 1, 10000) != 1)
      tap_bail("the reading thread did not answer");
    aside_finish(ui_aside(bench));
  }
  press("Enter");
  tap_has(bench_screen(), "[2 Run]", "Enter right after the rows have become fewer opens the last of them");
  bench_keys("1 g");
}

static void filters(void)
{
  bench_keys("/");
  bench_type("schedule = 'constant'");
  tap_has(bench_keys("Enter"), "3 runs  1 config  where schedule = 'constant'", "a filter is SQL");
  bench_keys("/ Ctrl-U");
  bench_type("cosine");
  tap_has(bench_keys("Enter"), "where cosine", "or words");
  tap_ok(!strstr(bench_screen(), "constant "), "which are searched for");
  bench_keys("/ Ctrl-U");
  bench_type("schedule is null");
  tap_has(bench_keys("Enter"), "no run matches", "words of SQL make it SQL");
  bench_keys("/ Ctrl-U");
  bench_type("sched");
  bench_keys("Tab");
  tap_has(bench_type(" like 'q%'"), "schedule like 'q%'", "Tab completes names");
  tap_has(bench_keys("Enter"), "no run matches the filter", "nothing found is said");
  bench_keys("/ Ctrl-U");
  tap_has(bench_keys("Enter"), "7 runs  3 configs", "an empty filter shows all");
}

static void marks_and_trash(void)
{
  bench_keys("g Space");
  tap_has(bench_screen(), "3 marked", "a config marks its runs");
  const int64_t *left;
  tap_has(bench_keys("G U"), "no run is marked any more", "U takes all marks away");
  tap_is_int((long)ui_marked(bench, &left), 0, "wherever the cursor stands");
  bench_keys("g Space");
  tap_has(bench_keys("d"), "put 3 runs into the trash? y/n", "the trash asks first");
  tap_has(bench_keys("y"), "4 runs  2 configs", "then takes them");
  tap_has(bench_keys("u"), "7 runs  3 configs", "and u brings them back");
  bench_keys("g t");
  bench_type("good");
  tap_has(bench_keys("Enter"), "3 runs tagged", "a tag");
  bench_keys("/ Ctrl-U");
  bench_type("good");
  tap_has(bench_keys("Enter"), "3 runs  1 config", "is found by a word");
  bench_keys("/ Ctrl-U Enter");
}

/* Marks are one sorted list: whatever is added twice or taken twice. */
static void marks_are_a_set(void)
{
  const int64_t some[] = {9, 3, 7, 3}, more[] = {5, 9, 1}, gone[] = {3, 4, 9}, *run;
  ui_mark(bench, some, 4, true);
  ui_mark(bench, more, 3, true);
  size_t n = ui_marked(bench, &run);
  tap_ok(n == 5 && run[0] == 1 && run[1] == 3 && run[2] == 5 && run[3] == 7 && run[4] == 9, "marks are sorted, each once");
  ui_mark(bench, gone, 3, false);
  n = ui_marked(bench, &run);
  tap_ok(n == 3 && run[0] == 1 && run[1] == 5 && run[2] == 7 && ui_is_marked(bench, 5) && !ui_is_marked(bench, 9), "and taken away");
  ui_mark(bench, run, 0, true);
  const int64_t rest[] = {1, 5, 7};
  ui_mark(bench, rest, 3, false);
  tap_is_int((long long)ui_marked(bench, &run), 0, "to the last");
  bench_keys("g *");
  tap_has(bench_screen(), "7 marked", "* marks every run that is shown");
  bench_keys("*");
  tap_ok(!strstr(bench_screen(), "marked"), "and again none");
}

static void one_run(void)
{
  bench_keys("g Enter");
  tap_has(bench_screen(), "3 runs of one config", "Enter opens a config");
  tap_has(bench_screen(), "val_error 0.1", "its results");
  tap_has(bench_screen(), "[config]", "what it was");
  tap_has(bench_keys("Right Right"), "step 0  ● val_error 0.5 (3 runs: 0.5 to 0.5)", "the cursor reads values");
  tap_has(bench_keys("Tab"), "[results]", "Tab goes to the next section");
  tap_has(bench_keys("Esc"), "7 runs  3 configs", "Esc comes back");
  tap_has(bench_keys("r"), "do all 3 runs again? y/n", "r does a config's runs again, once it has asked");
  bench_keys("n");
  tap_has(bench_keys("S"), "[8 Experiments]", "S goes to the script");
  bench_keys("1 g");
}

/* The first bytes of a file in the temporary folder. */
static const char *head_of(const char *name)
{
  static char head[256];
  FILE *f = fopen(fixture_path(name), "r");
  head[0] = '\0';
  if (f && !fgets(head, sizeof head, f))
    head[0] = '\0';
  if (f)
    fclose(f);
  return head;
}

static void exports(void)
{
  char file[160];
  bench_keys("1 e Ctrl-U");
  snprintf(file, sizeof file, "%s", fixture_path("table.csv"));
  bench_type(file);
  tap_has(bench_keys("Enter"), "written to", "e writes the table");
  tap_has(head_of("table.csv"), "config,n,tags,val_error,val_error.low,val_error.high,val_error.n", "as CSV");
  bench_keys("g Enter e Ctrl-U");
  snprintf(file, sizeof file, "%s", fixture_path("plot.svg"));
  bench_type(file);
  tap_has(bench_keys("Enter"), "written to", "and the plot of a run");
  tap_has(head_of("plot.svg"), "<svg", "as SVG");
  bench_keys("e Ctrl-U");
  bench_type(file);
  tap_has(bench_keys("Enter"), "an existing file is left alone", "nothing is overwritten");
  bench_keys("1");
}

static void schedules(void)
{
  tap_has(bench_keys("4"), "cosine     0.121 ±0.025", "4 ranks the schedules by score");
  tap_has(bench_line("constant"), "2      constant", "one that differs has a rank of its own");
  tap_has(bench_screen(), "against peak rate", "the sensitivity to the peak rate");
  bench_keys("1");
}

static void frame(void)
{
  tap_has(bench_keys("?"), "help: Runs", "? shows help");
  tap_has(bench_screen(), "Space      mark", "with the keys of this screen");
  tap_has(bench_keys("Esc :"), "open           Enter     go deeper", "the palette has what is most useful here first, with its key");
  tap_ok(strstr(bench_screen(), "  sort ") > strstr(bench_screen(), "  mark "), "in the order of the line of keys");
  bench_type("singl");
  tap_has(bench_screen(), "fold", "the palette finds commands by what they do");
  tap_has(bench_keys("Enter"), "[1 Runs]", "and does them");
  bench_keys("z");
  long lost = 0;
  for (int width = 40; width <= 200; width += 7)
    for (int height = 10; height <= 60; height += 9) {
      bench_resize(width, height);
      lost += !strstr(bench_keys("2"), "[2 Run]") + !strstr(bench_keys("3"), "[3 Compare]") + !strstr(bench_keys("4"), "[4 Schedules]") +
              !strstr(bench_keys("8"), "[8 Experiments]");
      lost += !strstr(bench_keys("?"), "help: Experiments");
      lost += !strstr(bench_keys("Esc :"), "commands");
      lost += !strstr(bench_keys("Esc 1"), "[1 Runs]");
    }
  tap_is_int(lost, 0, "every size from 40 x 10 up shows which screen it is");
  bench_resize(30, 8);
  tap_has(bench_screen(), "at least 40 x 10", "smaller ones say so");
  tap_ok(key_bind(bench, "F5", "sort") == NULL && key_request(bench, NULL, key_from_name("F5", 2)) == REQUEST_SORT, "keys can be bound");
  tap_has(key_bind(bench, "F5", "srot"), "did you mean 'sort'", "a misspelt request is named");
  bench_keys("q");
  tap_ok(ui_left(bench), "q leaves");
  bench_close();
}

static void choices_are_kept(void)
{
  bench_open(path, 100, 24);
  bench_keys("/");
  bench_type("peak < 1");
  bench_keys("Enter");
  bench_close();
  bench_open(path, 100, 24);
  tap_has(bench_screen(), "where peak < 1", "the filter of the last time stands");
  bench_close();
}

static void nothing_there(void)
{
  char none[128];
  snprintf(none, sizeof none, "%s", fixture_path("none.db"));
  bench_open(none, 80, 24);
  tap_has(bench_screen(), "none.db", "without a store the name of the missing file is shown");
  tap_has(bench_screen(), "8 shows experiments", "and what to do");
  tap_ok(access(none, F_OK) != 0, "and none is made");
  bench_close();
}

static void add_run(struct store *s, int64_t experiment, const char *config, int64_t seed, double val_error)
{
  int64_t run = fixture_run(s, experiment, config, seed);
  const struct store_run_end end = {.status = STORE_DONE, .wall_s = 1};
  store_result_number(s, run, "test_error", 0.5);
  if (val_error > 0)
    store_result_number(s, run, "val_error", val_error);
  if (store_run_end(s, run, &end) != STORE_OK)
    tap_bail("%s", store_message(s));
}

/* Two experiments with parameters of their own: what tells a config from others of its experiment is what its row says. */
static void several_experiments(void)
{
  static char db[128];
  struct store *s;
  char message[256], hash[33];
  struct store_script file = {"other.lua", "return {}", 9};
  int64_t other;
  snprintf(db, sizeof db, "%s", fixture_path("several.db"));
  if (store_open(&s, db, STORE_WRITE, message, sizeof message) != STORE_OK || store_experiment(s, "other", NULL, &file, 1, NULL, &other, hash) != STORE_OK)
    tap_bail("no store");
  int64_t exp = fixture_experiment(s);
  add_run(s, exp, "{\"batch\":64,\"peak\":0.5,\"seed\":1}", 1, 0.25);
  add_run(s, exp, "{\"batch\":64,\"peak\":0.5,\"seed\":2}", 2, 0.25);
  add_run(s, exp, "{\"batch\":64,\"peak\":0.5,\"seed\":1001}", 1001, 0);
  add_run(s, exp, "{\"batch\":64,\"peak\":0.25,\"seed\":1}", 1, 0.75);
  add_run(s, other, "{\"batch\":32,\"depth\":3,\"seed\":1}", 1, 0.5);
  store_close(s);
  bench_open(db, 120, 30);
  tap_has(bench_screen(), "exp peak=0.5 ", "a config says what differs within its experiment");
  tap_ok(!strstr(bench_screen(), "batch") && !strstr(bench_screen(), "depth"), "and nothing that its experiment's name says already");
  tap_has(bench_line("exp peak=0.5"), "0.25 ±0 (2)", "a mean of two of three runs says so");
  tap_has(bench_line("exp peak=0.25"), "0.75 ", "that of all runs");
  tap_ok(!strstr(bench_line("exp peak=0.25"), "(1)"), "does not");
  tap_has(bench_keys("g 2"), "3 runs of one config", "2 has the selected row where nothing has been opened");
  tap_has(bench_keys("1 Down 2"), "3 runs of one config", "and keeps what was opened");
  bench_close();
}

int main(void)
{
  snprintf(path, sizeof path, "%s", fixture_path("ui.db"));
  small_store_make(path);
  runs_are_grouped();
  rows_fold_and_sort();
  fewer_rows();
  filters();
  marks_and_trash();
  marks_are_a_set();
  one_run();
  exports();
  schedules();
  frame();
  choices_are_kept();
  nothing_there();
  several_experiments();
  fixture_done();
  return tap_done();
}
