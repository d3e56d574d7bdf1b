/* reading.c: the commands that read the store, called as the program calls them: ls, show, diff, query. */
#include <locale.h>
#include <stdarg.h>

#include "app/app.h"
#include "experiments/kernel/mem.h"
#include "tests/unit/store/fixture.h"

extern const struct command command_ls, command_show, command_diff, command_query;

static char path[128];
static char *out, *err;
static struct app app;

static char *slurp(FILE *f)
{
  long size = ftell(f);
  char *text = xcalloc((size_t)size + 1, 1);
  rewind(f);
  if (fread(text, 1, (size_t)size, f) != (size_t)size)
    tap_bail("could not read what a command printed");
  fclose(f);
  return text;
}

/* The program's own messages, without the program: this test links the commands that read, and no others. */
void app_complain(const char *format, ...)
{
  va_list args;
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
}

int app_usage(const struct command *c, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  return c ? EXIT_USAGE : EXIT_RUN_FAILED;
}

/* Run a command with words that end in NULL; what it printed stands in out and err. */
static int call(const struct command *c, ...)
{
  struct arguments a = {.command = c};
  const char *words[32], *word;
  FILE *to[2] = {tmpfile(), tmpfile()};
  int kept[2] = {dup(1), dup(2)};
  va_list args;
  va_start(args, c);
  a.word = words;
  while ((word = va_arg(args, const char *))) {
    const struct option_row *row = c->options;
    while (strncmp(word, "--", 2) == 0 && row->name && strcmp(row->name, word + 2) != 0)
      row++;
    if (strncmp(word, "--", 2) != 0) {
      words[a.n_words++] = word;
    } else {
      a.option[a.n_options].row = row;
      a.option[a.n_options++].value = row->arg ? va_arg(args, const char *) : "";
    }
  }
  va_end(args);
  fflush(NULL);
  dup2(fileno(to[0]), 1);
  dup2(fileno(to[1]), 2);
  int code = c->run(&app, &a);
  fflush(NULL);
  for (int i = 0; i < 2; i++) {
    dup2(kept[i], i + 1);
    close(kept[i]);
    fseek(to[i], 0, SEEK_END);
  }
  free(out);
  free(err);
  out = slurp(to[0]);
  err = slurp(to[1]);
  return code;
}

static size_t lines_of(const char *text)
{
  size_t n = 0;
  for (; *text; text++)
    n += *text == '\n';
  return n;
}

/* Two schedules x two rates x three seeds; one run failed; the script changed once; hostile text. */
static void make_store(void)
{
  static const char *const schedule[] = {"cosine", "e\\u001b[31mvil\\u202e"};
  struct store *s;
  char message[1024], hash[33];
  int64_t experiment[2], environment;
  struct store_script first[] = {{"exp.lua", "a\nb\nc\n", 6}}, second[] = {{"exp.lua", "a\nB\nc\nd\n", 8}};
  if (store_open(&s, path, STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  store_experiment(s, "exp", "x", first, 1, "{}", &experiment[0], hash);
  store_experiment(s, "exp", "x", second, 1, "{}", &experiment[1], hash);
  store_environment(s, &(struct store_environment){"{\"cpu\":\"fast\"}"}, &environment);
  for (int i = 0; i < 12; i++) {
    char config[200];
    int k = i / 6, p = i / 3 % 2, seed = i % 3 + 1;
    int64_t run;
    snprintf(config, sizeof config, "{\"epochs\":5,\"opt\":{\"lr\":%g},\"schedule\":\"%s\",\"seed\":%d}", p ? 0.1 : 0.01, schedule[k], seed);
    struct store_run_start start = {experiment[i >= 9], environment, config, fixture_hash(config), seed, 0};
    if (store_run_begin(s, &start, &run) != STORE_OK)
      tap_bail("%s", store_message(s));
    for (int t = 0; t < 10; t++)
      store_metric(s, run, "loss", t, 1.0 / (t + 1));
    bool failed = i == 4;
    if (!failed) {
      store_result_number(s, run, "test_error", 0.1 * (k + 1) + 0.05 * p + 0.01 * seed);
      store_result_number(s, run, "eval_s", 0.5 + i);
      store_result_text(s, run, "note", "x|y\n\"q\", \x1b]0;t\x07");
    }
    struct store_run_end end = {failed ? STORE_FAILED : STORE_DONE, failed ? "diverged at step 4 \x1b[2J" : NULL, 2, 2, 1000};
    store_run_end(s, run, &end);
  }
  store_close(s);
}

static void test_groups(void)
{
  tap_is_int(call(&command_ls, NULL), 0, "ls lists");
  tap_has(out, "exp: 12 runs, 4 configs", "how many runs and configs there are");
  tap_has(out, "same in all: epochs=5", "what is the same in all is said once");
  tap_has(out, "opt.lr", "a parameter that differs has a column");
  tap_ok(!strstr(out, "seed"), "the seed has none");
  /* 0.11, 0.12, 0.13: t(0.975, 2) = 4.302653, sd 0.01: half width 0.02484 */
  tap_has(out, "0.120 ±0.025", "mean and 95 %% interval over the seeds");
  tap_has(out, "2 done, 1 failed", "runs that are not done are counted");
  tap_ok(!strstr(out, "\x1b") && !strstr(out, "\xe2\x80\xae"), "no control character reaches the terminal");
  tap_has(out, "script", "where the script's text changed, a column tells the versions apart");
  const char *good = strstr(out, "0.120"), *bad = strstr(out, "0.270");
  tap_ok(good && bad && good < bad, "the smallest error stands first");
}

static void test_runs(void)
{
  tap_is_int(call(&command_ls, "--runs", "--format", "csv", NULL), 0, "ls --runs lists single runs");
  tap_is_int((long long)lines_of(out) - 1, 12 + 11, "one row each (11 notes hold a line feed)");
  call(&command_ls, "--runs", "--status", "failed", "--format", "jsonl", NULL);
  tap_is_int((long long)lines_of(out), 1, "--status chooses");
  tap_has(out, "\"status\": \"failed\"", "by status");
  call(&command_ls, "--runs", "--sort", "test_error:desc", "--limit", "1", "--format", "jsonl", NULL);
  tap_has(out, "\"id\": 12", "--sort :desc and --limit give the greatest");
  call(&command_ls, "--runs", "--sort", "test_error", "--limit", "1", "--format", "jsonl", NULL);
  tap_has(out, "\"id\": 1,", "--sort gives the least");
  call(&command_ls, "--runs", "--sort", "seed", "--format", "csv", "--column", "eval_s", NULL);
  tap_has(out, "eval_s", "--column shows the result that is asked for");
}

static void test_where(void)
{
  static const struct { const char *where; int rows; } cases[] = {
    {"schedule = 'cosine'", 6}, {"opt.lr > 0.05", 6}, {"\"opt.lr\" > 0.05 and seed = 2", 2}, {"test_error < 0.125", 2},
    {"loss.last = 0.1", 12}, {"status = 'failed' or test_error > 0.255", 4}, {"result.test_error is null", 1},
    {"param.seed between 2 and 3", 8}, {"schedule like 'cos%' -- opt.lr", 6}, {"experiment = 'exp' and id <= 1e1", 10},
    {"1", 12}, {"wall_s = 2", 12}, {"schedule = 'opt.lr'", 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    call(&command_ls, "--runs", "--where", cases[i].where, "--format", "jsonl", NULL);
    tap_is_int((long long)lines_of(out), cases[i].rows, "--where %s", cases[i].where);
  }
  tap_is_int(call(&command_ls, "--where", "opt.lrr > 1", NULL), 2, "an unknown name is a usage error");
  tap_has(err, "did you mean opt.lr", "and the nearest one is suggested");
  call(&command_ls, "--where", "zzzzzzzzz > 1", NULL);
  tap_has(err, "there are epochs, opt.lr, schedule, seed, ", "where none is near, some that exist are listed");
  tap_is_int(call(&command_ls, "--where", "1) ; DROP TABLE run; --", NULL), 2, "what is no expression is refused");
  tap_is_int(call(&command_ls, "--sort", "test_eror", NULL), 2, "sorting by an unknown name too");
  tap_has(err, "did you mean 'test_error'", "with a suggestion");
  tap_is_int(call(&command_ls, "--status", "finished", NULL), 2, "so is an unknown status");
  tap_is_int(call(&command_ls, "--where", "0", NULL), 0, "no match is no error");
  tap_has(err, "no runs match", "but is said");
  call(&command_ls, "--where", "0", "--format", "json", NULL);
  tap_is_str(out, "[]\n", "and is an empty list in JSON");
}

static void test_show(void)
{
  tap_is_int(call(&command_show, "5", NULL), 0, "show prints a run");
  tap_has(out, "diverged at step 4 \\x1b[2J", "its error, escaped");
  tap_has(out, "opt.lr", "its config");
  tap_has(out, "cpu", "its environment");
  tap_has(out, "exp.lua", "its scripts");
  tap_has(out, "loss     10   0.1  0.1    1", "its metrics with count, last, least and greatest");
  tap_ok(!strstr(out, "loss.last"), "which do not stand among the results again");
  call(&command_show, "1", "--script", NULL);
  tap_is_str(out, "a\nb\nc\n", "--script prints the script as it was");
  call(&command_show, "1", "--json", NULL);
  tap_has(out, "\"opt\":{\"lr\":0.01}", "--json holds the config");
  tap_has(out, "\"loss.last\":0.1", "and the results");
  char uid[16];
  struct store *s;
  char message[1024];
  store_open(&s, path, STORE_READ, message, sizeof message);
  snprintf(uid, sizeof uid, "%.12s", fixture_text(s, "SELECT uid FROM run WHERE id = 7"));
  store_close(s);
  if (strspn(uid, "0123456789") < 12) {
    tap_is_int(call(&command_show, uid, NULL), 0, "a run is found by the first digits of its uid (%s)", uid);
    tap_has(out, "  7\n", "and is the right one");
  } else {
    tap_skip(2, "this uid looks like a number");
  }
  tap_is_int(call(&command_show, "999", NULL), 2, "a run that is not there is a usage error");
  tap_is_int(call(&command_show, "x'; --", NULL), 2, "so is what names no run");
}

static void test_diff(void)
{
  tap_is_int(call(&command_diff, "1", "1", NULL), 0, "a run is the same as itself");
  tap_is_int(call(&command_diff, "1", "2", NULL), 1, "two runs differ");
  tap_has(out, "seed", "by a parameter that is shown");
  tap_ok(!strstr(out, "epochs"), "what is equal is not");
  tap_ok(strstr(out, "test_error") && !strstr(out, "loss.last"), "results stand side by side, without what metrics say again");
  call(&command_diff, "1", "2", "--all", NULL);
  tap_ok(strstr(out, "epochs") && strstr(out, "loss.last"), "--all shows both");
  tap_is_int(call(&command_diff, "9", "10", NULL), 1, "runs of different script texts differ");
  tap_has(out, "- b\n+ B\n  c\n+ d\n", "by lines that are shown");
  tap_is_int(call(&command_diff, "1", "999", NULL), 2, "trouble is 2");
  tap_is_int(call(&command_diff, "1", NULL), 2, "so is a missing run");
}

/* Two runs equal in everything but their timings. */
static void test_timings(void)
{
  struct store *s;
  char message[1024];
  int64_t run[2];
  store_open(&s, path, STORE_WRITE, message, sizeof message);
  for (int i = 0; i < 2; i++) {
    run[i] = fixture_run(s, 1, "{\"same\":1}", INT64_MIN);
    store_result_number(s, run[i], "test_error", 0.5);
    store_result_number(s, run[i], "eval_s", i);
    store_metric(s, run[i], "step_s", 1, i);
    store_run_end(s, run[i], &(struct store_run_end){.status = STORE_DONE, .wall_s = i});
  }
  store_close(s);
  tap_is_int(call(&command_diff, "13", "14", NULL), 0, "times alone do not make runs differ");
  tap_has(out, "eval_s", "though they are shown");
}

static void test_query(void)
{
  static const char sql[] = "SELECT 1 AS a, 'x,\"y' AS b, NULL AS c, '' AS d, 9e999 AS e, 0.1 AS f, x'00ff' AS g, char(9, 10, 92) AS h";
  tap_is_int(call(&command_query, "--format", "csv", sql, NULL), 0, "query prints CSV");
  tap_is_str(out, "a,b,c,d,e,f,g,h\n1,\"x,\"\"y\",,\"\",inf,0.1,00ff,\"\t\n\\\"\n", "quoted by RFC 4180, NULL told from empty text");
  call(&command_query, "--format", "tsv", sql, NULL);
  tap_is_str(out, "a\tb\tc\td\te\tf\tg\th\n1\tx,\"y\t\\N\t\tinf\t0.1\t00ff\t\\t\\n\\\\\n", "TSV escapes tabs and line feeds");
  call(&command_query, "--format", "jsonl", sql, NULL);
  tap_is_str(out, "{\"a\": 1, \"b\": \"x,\\\"y\", \"c\": null, \"d\": \"\", \"e\": \"inf\", \"f\": 0.1, \"g\": \"00ff\", \"h\": \"\\u0009\\n\\\\\"}\n",
             "JSON lines hold one object a row");
  call(&command_query, "--format", "json", "SELECT 1 AS a UNION ALL SELECT 2", NULL);
  tap_is_str(out, "[\n {\"a\": 1},\n {\"a\": 2}\n]\n", "JSON is one list");
  call(&command_query, "--format", "md", "SELECT 'a|b' AS x, NULL AS y", NULL);
  tap_is_str(out, "| x | y |\n| --- | --- |\n| a\\|b | NULL |\n", "Markdown escapes its bars");
  call(&command_query, "SELECT 'a' AS name, 10 AS n UNION ALL SELECT 'bcd\x1b[0m', NULL", NULL);
  tap_is_str(out, "name           n\n----------  ----\na             10\nbcd\\x1b[0m  NULL\n", "people get aligned columns, NULL and escapes");
  call(&command_query, "--format", "csv", "SELECT 0.1 + 0.2 AS x", NULL);
  tap_is_str(out, "x\n0.30000000000000004\n", "numbers for machines read back exactly");
  call(&command_query, "--format", "csv", "--limit", "2", "SELECT value AS n FROM json_each('[1,2,3]')", NULL);
  tap_is_str(out, "n\n1\n2\n", "--limit cuts");
  tap_is_int(call(&command_query, "DELETE FROM run", NULL), 2, "writing is refused");
  tap_has(err, "only reading", "with the reason");
  tap_is_int(call(&command_query, "--timeout", "1", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", NULL), 2,
             "an endless query ends at its limit");
  tap_has(err, "--timeout", "and the message says how to raise it");
  tap_is_int(call(&command_query, "--format", "xml", "SELECT 1", NULL), 2, "an unknown format is a usage error");
  app.cancel = 1;
  tap_is_int(call(&command_query, "SELECT * FROM metrics", NULL), 130, "an interrupted query ends with 130");
  app.cancel = 0;
}

static void test_narrow(void)
{
  app.tty_out = true;
  app.width = 20;
  call(&command_query, "SELECT 'a long text that does not fit' AS t, 123456 AS n", NULL);
  tap_is_str(out, "t                  n\n------------  ------\na long text…  123456\n", "a table is cut to the terminal, never its numbers");
  app.tty_out = false;
  call(&command_query, "SELECT 'a long text that does not fit' AS t, 123456 AS n", NULL);
  tap_has(out, "does not fit", "and never into a pipe");
}

static void test_no_store(void)
{
  app.db = fixture_path("nothing.db");
  tap_is_int(call(&command_ls, NULL), 2, "without a store ls ends with 2");
  tap_has(err, "assay run", "and says how to make one");
}

int main(void)
{
  setlocale(LC_CTYPE, "C.UTF-8");
  snprintf(path, sizeof path, "%s", fixture_path("store.db"));
  app = (struct app){.db = path, .width = 80};
  make_store();
  test_groups();
  test_runs();
  test_where();
  test_show();
  test_diff();
  test_timings();
  test_query();
  test_narrow();
  test_no_store();
  free(out);
  free(err);
  fixture_done();
  return tap_done();
}
