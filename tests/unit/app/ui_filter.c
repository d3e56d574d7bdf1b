/* ui_filter.c: the filter of the screen of runs: words or SQL, what Tab offers, what is said while it is typed, and how often a
 * word finds what it should. */
#include "app/ui/runs_filter.h"
#include "tests/unit/app/small_store.h"
#include "tests/unit/app/workbench.h"

static char path[128];

/* --- words and SQL ------------------------------------------------------------------------------------------------ */

static void words_or_sql(void)
{
  char *where = filter_where("  ");
  tap_ok(!where, "blanks are no filter");
  where = filter_where("where peak < 1");
  tap_is_str(where, "peak < 1", "a leading where may stand");
  free(where);
  where = filter_where("schedule is null");
  tap_is_str(where, "schedule is null", "words of SQL make it SQL");
  free(where);
  where = filter_where("val_error");
  tap_has(where, "LIKE '%val\\_error%' ESCAPE '\\'", "a word's underline is no wildcard");
  free(where);
  where = filter_where("größer");
  tap_has(where, "%größer%", "words may have letters of any language");
  free(where);
}

/* --- what Tab offers ------------------------------------------------------------------------------------------------- */

static struct store_cell cells[2][3];
static struct listing_row rows[2] = {{.param = cells[0]}, {.param = cells[1]}};
static char *params[] = {"layers", "schedule", "weight-decay"}, *keys[] = {"loss.last", "val error", "val_error"};
static char *experiments[] = {"mine"};

static struct listing made_listing(void)
{
  cells[0][0] = cell_integer(2);
  cells[1][0] = cell_integer(3);
  cells[0][1] = cell_text("cosine");
  cells[1][1] = cell_text("it's");
  cells[0][2] = cells[1][2] = cell_real(0.1);
  return (struct listing){.params = {params, 3}, .keys = {keys, 3}, .experiments = {experiments, 1}, .row = rows, .n_rows = 2};
}

static void offers(const char *typed, const char *expected, const char *name)
{
  struct listing l = made_listing();
  char *seen = filter_candidates(&l, typed, strlen(typed));
  tap_is_str(seen, expected, "%s", name);
  free(seen);
}

static void candidates(void)
{
  offers("sch", "schedule", "a name");
  offers("SCH", "schedule", "in any case");
  offers("(layers=2 and sch", "schedule", "anywhere");
  offers("weight", "\"weight-decay\"", "a name that SQL would not read is quoted");
  offers("\"wei", "\"weight-decay\"", "also behind its quote");
  offers("val", "\"val error\"\nval_error", "several");
  offers("loss.l", "loss.last", "last values of metrics, when asked for");
  offers("schedule = ", "'cosine'\n'it''s'", "behind an operator the values");
  offers("schedule = 'c", "cosine'", "or their rest behind a quote");
  offers("schedule in ('cosine', ", "'cosine'\n'it''s'", "in lists too");
  offers("schedule not like ", "'cosine'\n'it''s'", "and behind operators that are words");
  offers("layers > ", "2\n3", "numbers without quotes");
  offers("experiment = m", "'mine'", "of columns of runs too");
  offers("status = 'ru", "running'", "and states");
  offers("layers > 2 an", "and", "behind a value the words of SQL");
  offers("weight-decay > 0 or nope", "", "nothing where nothing fits");
}

/* --- while it is typed -------------------------------------------------------------------------------------------------- */

static void remarks(void)
{
  bench_open(path, 120, 30);
  bench_keys("/");
  tap_has(bench_type("peak < 1"), "6 runs match", "the count of runs is said at every key");
  tap_has(bench_type(" and (see"), "unfinished: something is missing at the end", "what is unfinished is no mistake");
  bench_keys("Ctrl-U");
  tap_has(bench_type("schedule = 'co"), "unfinished: a quote is open", "nor is an open quote");
  bench_keys("Ctrl-U");
  tap_has(bench_type("peek < 1"), "no such column: peek; did you mean peak", "a wrong name is named with the right one");
  bench_keys("Enter");
  tap_has(bench_screen(), "filter (SQL, or words): peek < 1", "Enter does not take it: it stays to be mended");
  tap_has(bench_screen(), "did you mean peak", "with what is wrong");
  tap_has(bench_screen(), "7 runs  3 configs", "and the table stays as it was");
  bench_keys("Ctrl-U");
  tap_has(bench_type("peak < 1)"), "one closing bracket too many", "brackets are counted");
  bench_keys("Backspace");
  tap_has(bench_keys("Enter"), "6 runs  2 configs  where peak < 1", "mended, it holds");
  bench_keys("/ Ctrl-U");
  bench_type("schedule = ");
  tap_has(bench_keys("Tab"), "'constant' 'cosine'", "Tab shows the values");
  tap_has(bench_type("s"), "schedule = 'cos", "and has written what they share");
  tap_has(bench_keys("Tab"), "schedule = 'cosine'", "then completes the one");
  tap_has(bench_keys("Enter"), "3 runs  1 config", "which chooses");
  bench_keys("/ Ctrl-U");
  bench_type("wei");
  tap_has(bench_keys("Tab"), "words): wei", "what nothing fits stays");
  bench_keys("Esc");
  tap_has(bench_screen(), "3 runs  1 config", "Esc leaves the filter as it was");
  bench_keys("/ Ctrl-U Enter");
}

/* A name in quotes takes the place of what was typed of it. */
static void quoted_names_replace(void)
{
  struct store *s;
  char message[256];
  const struct store_run_end end = {.status = STORE_DONE, .wall_s = 1};
  if (store_open(&s, path, STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  int64_t run = fixture_run(s, 1, "{\"seed\":9}", 9);
  if (store_result_number(s, run, "gap (log)", 0.5) != STORE_OK || store_run_end(s, run, &end) != STORE_OK)
    tap_bail("%s", store_message(s));
  store_close(s);
  ui_refresh(bench, true);
  bench_screen();
  bench_keys("/");
  bench_type("not ga");
  tap_has(bench_keys("Tab"), "words): not \"gap (log)\"", "a name with blanks is quoted for the user");
  bench_keys("Ctrl-U");
  bench_type("\"gap (log)\" > 0.4");
  tap_has(bench_keys("Enter"), "1 run  1 config", "and understood so");
  bench_keys("/ Ctrl-U Enter");
}

static void pasted_lines_are_one(void)
{
  bench_keys("/");
  for (const char *c = "peak\r<\r1"; *c; c++)
    ui_event(bench, &(struct ui_event){.key = (unsigned char)*c, .pasted = true});
  tap_has(bench_screen(), "words): peak < 1", "pasted lines become one");
  tap_has(bench_keys("Enter"), "6 runs", "with blanks between them");
  bench_keys("/ Ctrl-U Enter");
  bench_close();
}

int main(void)
{
  snprintf(path, sizeof path, "%s", fixture_path("filter.db"));
  small_store_make(path);
  words_or_sql();
  candidates();
  remarks();
  quoted_names_replace();
  pasted_lines_are_one();
  fixture_done();
  return tap_done();
}
