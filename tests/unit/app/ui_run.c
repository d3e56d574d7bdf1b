/* ui_run.c: screen 2 without a terminal: curves together, their cursor, the parts below them, artifacts. Doing runs again
 * takes a process: tests/cli/ui.t. */
#include "app/lua_colour.h"
#include "app/ui/run_view.h"
#include "experiments/data/matrix_pack.h"
#include "experiments/data/read_npy.h"
#include "tests/unit/app/workbench.h"

static char path[128];
static int64_t good[3], bad;

static const char script[] = "local assay = require \"assay\" -- a line of code\nreturn 42\n";

static int64_t make_experiment(struct store *s)
{
  int64_t id = 0;
  char hash[33];
  struct store_script files[] = {{"exp.lua", script, sizeof script - 1}, {"parts/sum.lua", "return 1\n", 9}};
  if (store_experiment(s, "exp", NULL, files, 2, NULL, &id, hash) != STORE_OK)
    tap_bail("%s", store_message(s));
  return id;
}

static void keep_matrix(struct store *s, int64_t run, const char *name, const char *kind, double scale)
{
  struct mat m = {0};
  struct err e;
  unsigned char *bytes = NULL;
  size_t n = 0;
  if (mat_new(&m, DTYPE_F64, 2, 3, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  for (size_t i = 0; i < 6; i++)
    mat_set(&m, i / 3, i % 3, scale > 1 ? scale * (double)i : (double)(i % 2));
  if (matrix_pack(&m, &bytes, &n, &e) != STATUS_OK || store_artifact(s, run, &(struct store_artifact){name, kind, bytes, n}) != STORE_OK)
    tap_bail("an artifact is not kept");
  free(bytes);
  mat_free(&m);
}

/* Three runs with loss 1 / (1 + step) and twice that now and then, one that failed. */
static void make_store(void)
{
  struct store *s;
  char message[512], config[96];
  if (store_open(&s, path, STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  int64_t experiment = make_experiment(s);
  for (int seed = 1; seed <= 3; seed++) {
    snprintf(config, sizeof config, "{\"params\":{\"epochs\":4},\"rate\":0.1,\"seed\":%d,\"widths\":[16,8]}", seed);
    int64_t run = good[seed - 1] = fixture_run(s, experiment, config, seed);
    for (int step = 0; step <= 100; step++) {
      store_metric(s, run, "loss", step, 1.0 / (1 + step));
      if (step % 20 == 0)
        store_metric(s, run, "val_loss", step, 2.0 / (1 + step));
    }
    store_metric(s, run, "norm", 0, 7);
    store_result_number(s, run, "test_error", 0.1 * seed);
    if (seed == 1) {
      keep_matrix(s, run, "weights", "matrix", 1.5);
      keep_matrix(s, run, "kept", "mask", 1);
      store_artifact(s, run, &(struct store_artifact){"notes", "text", "first\n\x1b[2Jsecond", 16});
    }
    struct store_run_end end = {.status = STORE_DONE, .wall_s = 1};
    store_run_end(s, run, &end);
  }
  bad = fixture_run(s, experiment, "{\"rate\":9,\"seed\":1}", 1);
  struct store_run_end end = {.status = STORE_FAILED, .wall_s = 1, .error = "exp.lua:7: no such luck\n  called from exp.lua:9 in 'run'"};
  if (store_run_end(s, bad, &end) != STORE_OK)
    tap_bail("%s", store_message(s));
  store_close(s);
}

static void show(const int64_t *run, size_t n)
{
  run_view_show(bench, run, n);
  ui_go(bench, REQUEST_SCREEN_RUN);
  bench_screen();
}

static void press(const char *key, int times)
{
  for (int i = 0; i < times; i++)
    bench_keys(key);
}

static void curves(void)
{
  show(good, 1);
  tap_has(bench_text, "loss, val_loss", "training and validation loss are drawn together");
  tap_has(bench_line("● loss"), "● loss", "each with a marker and its name");
  tap_has(bench_line("○ val_loss"), "○ val_loss", "the other with another");
  tap_has(bench_keys("L"), "loss, val_loss   log y", "L: logarithmic values");
  tap_has(bench_keys("w"), "smoothed: half-life 4 points", "w smooths");
  press("w", 3);
  tap_ok(!strstr(bench_screen(), "smoothed"), "until it does not");
  tap_has(bench_line("1  [2"), "2 of 3 metrics", "the title counts them");
  tap_has(bench_keys("n n"), "norm", "n: another metric alone");
  tap_ok(!strstr(bench_text, "○ val_loss"), "without the others");
  bench_keys("m");
  bench_type("loss");
  bench_keys("Tab");
  tap_has(bench_keys("Enter"), "loss, norm", "m chooses several");
  bench_keys("m");
  bench_type("norm");
  bench_keys("Tab Enter L");
  tap_ok(!strstr(bench_text, "loss, norm") && !strstr(bench_text, "log y"), "and takes one away");
}

static void cursor(void)
{
  show(good, 1);
  press("Right", 41);
  /* The cursor starts at the left edge and goes a hundredth of 0..100 a step. */
  tap_has(bench_line("step 40"), "loss 0.0243902", "the cursor reads 1 / 41 at step 40");
  bench_keys("+");
  tap_has(bench_line("step 40"), "loss 0.0243902", "a closer look keeps its step");
  tap_has(bench_text, "50 % of the steps", "and says what it shows");
  press("[", 2);
  tap_has(bench_line("step 20 "), "loss 0.047619", "[ goes to the left, no further than the beginning"); /* 0.4 of 0..50 */
  press("]", 8);
  press("Right", 100);
  tap_has(bench_line("step 100"), "loss 0.00990099", "] and the cursor to the right, as far as the end");
  press("_", 3);
  tap_ok(!strstr(bench_screen(), "of the steps"), "_ shows all again");
  bench_keys("X");
  press("Left", 50);
  tap_has(bench_line("step 10 "), "loss 0.0909091", "half of a logarithmic axis from 1 to 100 is 10");
  bench_keys("X");
  bench_keys("m");
  bench_type("val_loss");
  bench_keys("Tab Enter");
  tap_has(bench_line("val_loss 0."), "step 50  ● loss 0.0196078   step 40  ○ val_loss 0.0487805", "a metric logged now and then is read at its own step");
}

static void groups(void)
{
  show(good, 3);
  tap_has(bench_text, "3 runs of one config", "three runs of one config");
  tap_has(bench_line("test_error"), "0.2 ±0.25 (3)", "results have mean, interval and count"); /* 4.3027 * 0.1 / sqrt 3 */
  press("Left", 60);
  tap_has(bench_line("step 0"), "loss 1 (3 runs: 1 to 1)", "the cursor tells the range over runs");
  tap_has(bench_line("seed"), "1, 2, 3", "values that differ are listed");
}

/* The colour of the first cell of this text. */
static int colour_at(const char *text)
{
  for (int row = 0; row < bench_grid.height; row++)
    for (int col = 0; col + (int)strlen(text) <= bench_grid.width; col++) {
      const struct plot_cell *c = &bench_grid.cell[(size_t)row * (size_t)bench_grid.width + (size_t)col];
      size_t k = 0;
      while (text[k] && c[k].rune == (unsigned char)text[k])
        k++;
      if (!text[k])
        return (int)c->fg;
    }
  return -1;
}

static void parts(void)
{
  show(good, 1);
  tap_has(bench_line("widths"), "[16,8]", "the config is first");
  press("Tab", 2);
  tap_has(bench_text, "[script]", "Tab goes to the script (this run has no environment)");
  tap_is_int(colour_at("local assay"), lua_colour_of(LUA_CLASS_KEYWORD), "a keyword has its colour");
  tap_is_int(colour_at("\"assay\""), lua_colour_of(LUA_CLASS_STRING), "a string");
  tap_is_int(colour_at("-- a line of code"), lua_colour_of(LUA_CLASS_COMMENT), "a comment");
  tap_has(bench_line("== parts/sum.lua =="), "--", "files that it required follow");
  tap_ok(!strstr(bench_keys("Enter"), "step"), "Enter gives it the whole screen");
  tap_has(bench_keys("Esc"), "step", "Esc gives the plot back");
  press("Down", 50);
  tap_has(bench_screen(), "return 1", "scrolling ends at the last line");
  show(&bad, 1);
  tap_has(bench_text, "[error]", "of a failed run the error is first");
  tap_has(bench_text, "exp.lua:7: no such luck", "its message");
  tap_has(bench_text, "called from exp.lua:9 in 'run'", "and where it came from");
}

/* The file's bytes are those of the matrix that was kept, as NumPy writes them. */
static bool is_saved_matrix(const char *file)
{
  struct tensors t;
  struct err e;
  bool same = npy_read(&t, file, &e) == STATUS_OK;
  if (!same)
    return false;
  for (size_t i = 0; i < 6; i++)
    same = same && t.t[0].count == 6 && tensor_get(&t.t[0], i) == 1.5 * (double)i;
  tensors_free(&t);
  return same;
}

static void artifacts(void)
{
  show(good, 1);
  press("Shift-Tab", 1);
  tap_has(bench_text, "[artifacts]", "what the run has kept is a part of its own");
  tap_has(bench_line("weights"), "matrix", "with kinds");
  tap_has(bench_line("notes"), "16 bytes", "and sizes");
  tap_has(bench_keys("Enter"), "2 x 3 mask, 3 ones (50 %)", "Enter shows a mask");
  tap_has(bench_screen(), "·█·", "as a picture");
  tap_has(bench_keys("Esc Down Enter"), "\\x1b[2Jsecond", "a text, made harmless");
  tap_has(bench_keys("Esc Down Enter"), "2 x 3 float64", "a matrix by its shape");
  tap_has(bench_line("7.5"), "4.5           6         7.5", "and its numbers");
  bench_keys("Esc e Ctrl-U");
  char *file = xstrdup(fixture_path("w.npy"));
  bench_type(file);
  tap_has(bench_keys("Enter"), "weights written to", "e saves it");
  tap_ok(is_saved_matrix(file), "as a file that NumPy reads");
  bench_keys("e Ctrl-U");
  bench_type(file);
  tap_has(bench_keys("Enter"), "an existing file is left alone", "and leaves files alone");
  bench_keys("e Ctrl-U");
  bench_type("/nowhere/at/all");
  tap_has(bench_keys("Enter"), "cannot write /nowhere/at/all", "what cannot be written is said");
  free(file);
}

static void sizes(void)
{
  long lost = 0;
  show(good, 3);
  for (int i = 0; i < 30; i++) {
    bench_resize(40 + 5 * i, 10 + i);
    lost += !strstr(bench_keys("Tab"), "2 Run]");
    lost += !strstr(bench_keys("Right +"), "2 Run]");
  }
  tap_is_int(lost, 0, "every size shows the screen");
}

int main(void)
{
  snprintf(path, sizeof path, "%s", fixture_path("run.db"));
  make_store();
  bench_open(path, 110, 34);
  curves();
  cursor();
  groups();
  parts();
  artifacts();
  sizes();
  bench_close();
  fixture_done();
  return tap_done();
}
