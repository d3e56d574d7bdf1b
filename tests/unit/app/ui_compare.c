/* ui_compare.c: the screen of comparisons: groups and what differs, effects against figures made by hand, the bands of curves, the
 * reference, single runs. */
#include "app/ui/compare_data.h"
#include "tests/unit/app/small_store.h"
#include "tests/unit/app/workbench.h"

static char path[128];

static struct store *opened(void)
{
  struct store *s;
  char message[256];
  if (store_open(&s, path, STORE_READ, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  return s;
}

/* --- curves --------------------------------------------------------------------------------------------------------- */

static double curve_value(int seed, int step) { return seed == 13 && step >= 900 ? (double)NAN : sin(0.01 * step) + 0.3 * cos(seed * step); }

/* Three runs of one config with a metric of its own: 1000 steps, of which the second logs only every tenth and the third is NaN
 * from step 900 on. */
static void add_curves(void)
{
  struct store *s;
  char message[256], config[64];
  int64_t key;
  if (store_open(&s, path, STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  store_metric_key(s, "noise", &key);
  for (int seed = 11; seed <= 13; seed++) {
    snprintf(config, sizeof config, "{\"schedule\":\"curved\",\"seed\":%d}", seed);
    int64_t run = fixture_run(s, 1, config, seed);
    for (int step = 0; step < 1000; step += seed == 12 ? 10 : 1)
      store_metric_by_id(s, run, key, step, curve_value(seed, step));
    const struct store_run_end end = {.status = STORE_DONE, .wall_s = 1};
    if (store_run_end(s, run, &end) != STORE_OK)
      tap_bail("%s", store_message(s));
  }
  store_close(s);
}

struct band { double mean, half; };

/* The same by hand: bucket i has the steps from 2.5 i on, 2.5 of them. */
static struct band band_by_hand(int i)
{
  static const double quantile[] = {NAN, NAN, 12.706204736174694, 4.302652729749462}; /* t, 0.975, n - 1 degrees of freedom */
  double mean[3] = {0}, sum = 0, squares = 0;
  int n = 0;
  for (int seed = 11; seed <= 13; seed++) {
    double total = 0;
    int count = 0;
    for (int step = 0; step < 1000; step += seed == 12 ? 10 : 1)
      if ((int)(step / 2.5) == i) {
        total += curve_value(seed, step);
        count++;
      }
    if (count)
      mean[n++] = total / count;
  }
  for (int k = 0; k < n; k++)
    sum += mean[k];
  for (int k = 0; k < n; k++)
    squares += (mean[k] - sum / n) * (mean[k] - sum / n);
  return (struct band){sum / n, quantile[n] * sqrt(squares / (n - 1) / n)};
}

static void bands_are_intervals(void)
{
  struct app app = {.db = path};
  struct store *s = opened();
  struct curve c;
  const int64_t run[] = {8, 9, 10};
  tap_ok(compare_curve(&c, &app, s, run, 3, "noise") && c.n == 400, "as many points as there are buckets");
  double worst = 0;
  long gaps = 0;
  for (int i = 0; i < (int)c.n; i++) {
    struct band band = band_by_hand(i);
    gaps += isnan(c.y[i]);
    if (!isnan(c.y[i]))
      worst = fmax(worst, fmax(fabs(c.y[i] - band.mean), fmax(fabs(c.low[i] - band.mean + band.half), fabs(c.high[i] - band.mean - band.half))));
  }
  tap_ok(worst < 1e-12, "bands are t intervals over the runs' means (%.1e; values of order 1, sums of 3)", worst); /* half of 12.7 deviations at most */
  tap_ok(gaps == 40 && isnan(c.y[399]), "and there is a gap where a run is NaN");
  curve_free(&c);
  tap_ok(compare_curve(&c, &app, s, run, 1, "noise") && c.low[5] == c.y[5] && c.high[5] == c.y[5], "a single run has no band");
  curve_free(&c);
  tap_ok(compare_curve(&c, &app, s, run, 1, "no such metric") && c.n == 0, "no metric, no curve");
  curve_free(&c);
  store_close(s);
}

/* --- the screen ----------------------------------------------------------------------------------------------------- */

static void two_configs(void)
{
  bench_open(path, 120, 40);
  tap_has(bench_keys("3"), "mark configs or runs on screen 1", "3 says what to mark");
  bench_keys("1 g Space Space 3");
  tap_has(bench_screen(), "differs: schedule", "it names what differs");
  tap_has(bench_line("● A"), "3  constant", "groups have letters, counts and what differs");
  tap_has(bench_line("○ B"), "3  cosine", "each in its line");
  tap_has(bench_line("-0.09933"), "[-0.102, -0.0965]", "a paired difference with its interval"); /* -0.0993333 +- 4.3027 * 0.0011547 / sqrt 3 */
  tap_has(bench_line("-0.09933"), "-86.03   4.5e-05 *  0.25", "its size and both tests"); /* d = -0.0993333 / 0.0011547; three pairs: Wilcoxon cannot go below 0.25 */
  tap_has(bench_screen(), "seed 2", "and the pairs by seed");
  tap_has(bench_keys("a"), "B is A now", "a makes the other the reference");
  tap_has(bench_line("● A"), "cosine", "it stands first");
  tap_has(bench_line("+0.09933"), "[0.0965, 0.102]", "and the difference turns round");
  tap_has(bench_keys("a"), "B is A now", "and back");
}

static void run_by_run(void)
{
  tap_has(bench_keys("z"), "differs: schedule seed", "z: run by run");
  tap_has(bench_line("● A"), "1  constant", "under their numbers");
  tap_has(bench_screen(), "mean of X", "each against A");
  bench_keys("z");
  bench_keys("1 Home Space");
  tap_has(bench_keys("3"), "one config only", "one config is not compared");
  tap_has(bench_keys("z"), "mean of X", "but its runs are");
  tap_has(bench_screen(), "no seed in common", "which have nothing to pair");
  bench_keys("z 1 *");
}

static void tables(void)
{
  bench_keys("1 * 3");
  tap_has(bench_screen(), "Holm p", "more than two groups: adjusted tests");
  tap_has(bench_keys("Right Right Right Right s"), "X - A↑", "columns sort");
  tap_has(bench_keys("s"), "X - A↓", "both ways");
  tap_ok(!strstr(bench_keys("-"), "X - A"), "and can be hidden");
  char file[160];
  bench_keys("e Ctrl-U");
  snprintf(file, sizeof file, "%s", fixture_path("effects.csv"));
  bench_type(file);
  tap_has(bench_keys("Enter"), "written to", "the effects go to a file");
  bench_keys("1 * *");
  bench_close();
}

/* More groups than letters. */
static void too_many(void)
{
  struct app app = {.db = path};
  struct store *s = opened();
  struct comparison c;
  struct compare_ask ask = {.run = xcalloc(10, sizeof *ask.run), .n = 10, .by_run = true, .reference = 10};
  for (int64_t i = 0; i < 10; i++)
    ask.run[i] = i + 1;
  tap_ok(compare_load(&c, &app, s, &ask) && c.n == COMPARE_GROUPS && c.left_out == 2, "groups beyond the letters are counted");
  tap_ok(c.list.row[c.row[0]].id == 10 && c.list.row[c.row[1]].id == 1, "the reference is A, the others follow in their order");
  compare_free(&c);
  compare_ask_free(&ask);
  store_close(s);
}

/* --- what comes first ---------------------------------------------------------------------------------------------------- */

/* Two configs of three seeds: a cost that differs clearly, a test error that hardly differs, a loss between. Both log a loss at 20
 * steps, and the error of validation once (or, with `often`, at 20 steps as well). */
static void make_scored(const char *db, bool often)
{
  struct store *s;
  char message[512], config[64];
  int64_t loss, error;
  if (store_open(&s, db, STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  int64_t experiment = fixture_experiment(s);
  store_metric_key(s, "loss", &loss);
  store_metric_key(s, "val_error", &error);
  for (int k = 0; k < 2; k++)
    for (int seed = 1; seed <= 3; seed++) {
      snprintf(config, sizeof config, "{\"schedule\":\"%s\",\"seed\":%d}", k ? "cosine" : "constant", seed);
      int64_t run = fixture_run(s, experiment, config, seed);
      for (int step = 0; step < 20; step++) {
        store_metric_by_id(s, run, loss, step, 1.0 / (step + 1));
        if (often || step == 19)
          store_metric_by_id(s, run, error, step, 0.5 - 0.01 * step);
      }
      store_result_number(s, run, "cost", 100 * k + 0.01 * seed * seed * (k + 1));
      store_result_number(s, run, "test_error", 0.2 + 0.01 * (k * (seed - 2)));
      store_result_number(s, run, "loss_at_end", 0.3 * k + 0.01 * seed * seed * (k + 1));
      const struct store_run_end end = {.status = STORE_DONE, .wall_s = 1};
      if (store_run_end(s, run, &end) != STORE_OK)
        tap_bail("%s", store_message(s));
    }
  store_close(s);
}

/* Do the texts stand in the table in this order? */
static bool in_order(const char *a, const char *b, const char *c)
{
  const char *table = strstr(bench_text, "95 % interval"), *x = table ? strstr(table, a) : NULL, *y = x ? strstr(x, b) : NULL;
  return y && strstr(y, c);
}

static void scores_first(void)
{
  static char db[128];
  snprintf(db, sizeof db, "%s", fixture_path("scored.db"));
  make_scored(db, false);
  bench_open(db, 120, 40);
  bench_screen();
  bench_keys("g Space Space 3");
  tap_ok(in_order("test_error", "cost", "loss_at_end"), "the score stands before effects that are a hundred times as clear");
  tap_has(bench_screen(), "B - A by seed: test_error", "and its pairs are shown");
  tap_has(bench_screen(), "scores first, then by effect", "as the line below says");
  tap_has(bench_keys("Right Right Right Right Right Right s"), "effect↑", "s sorts by a column");
  tap_ok(in_order("cost", "loss_at_end", "test_error"), "the clearest effect is first then");
  tap_ok(!strstr(bench_screen(), "scores first"), "and nobody says otherwise");
  tap_has(bench_keys("s"), "effect↓", "s turns it");
  tap_ok(in_order("test_error", "loss_at_end", "cost"), "and the least clear one is first");
  bench_keys("s");
  tap_ok(in_order("test_error", "cost", "loss_at_end"), "and s once more goes back to scores first");
  bench_keys("/");
  bench_type("LOSS");
  tap_ok(!strstr(bench_line("cost"), "100") && *bench_line("loss_at_end"), "/ shows the results with a word in their names while it is typed");
  tap_has(bench_keys("Enter"), "1 of 3 with \"LOSS\"", "and says how many there are");
  bench_keys("/ Ctrl-U");
  bench_type("nothing like it");
  tap_has(bench_keys("Enter a"), "0 of 3", "none is none");
  tap_has(bench_keys("/ Ctrl-U Enter"), "test_error", "an empty word shows all again");
  bench_keys("1");
  for (int i = 0; i < 12 && !*bench_line("cost↑") && !*bench_line("cost↓"); i++)
    bench_keys("Right s");
  bench_keys("3");
  tap_ok(in_order("cost", "test_error", "loss_at_end"), "what screen 1 is sorted by is the score");
  bench_close();
}

/* A curve is drawn of a metric that has one. */
static void with_course(void)
{
  static char db[128];
  snprintf(db, sizeof db, "%s", fixture_path("scored.db"));
  bench_open(db, 120, 40);
  bench_screen();
  tap_has(bench_keys("1"), "~loss", "val_error was logged once only: the column of curves has the loss");
  tap_has(bench_keys("g Space Space 3"), "\nloss", "so has the plot of screen 3");
  bench_keys("Space Space");
  tap_has(bench_keys("1 m"), "~val_error", "m shows the other");
  tap_ok(!strstr(bench_screen(), "▁▁"), "as the point it is");
  bench_close();
  snprintf(db, sizeof db, "%s", fixture_path("often.db"));
  make_scored(db, true);
  bench_open(db, 120, 40);
  tap_has(bench_keys("1"), "~val_error", "logged as often as the loss, val_error is drawn");
  bench_close();
}

int main(void)
{
  snprintf(path, sizeof path, "%s", fixture_path("compare.db"));
  small_store_make(path);
  two_configs();
  run_by_run();
  tables();
  add_curves();
  bands_are_intervals();
  too_many();
  scores_first();
  with_course();
  fixture_done();
  return tap_done();
}
