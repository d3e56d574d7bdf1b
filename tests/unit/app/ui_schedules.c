/* ui_schedules.c: the screen of schedules on runs whose statistics are known by hand: ranks, facets, courses, and the table
 * over all facets. */
#include "tests/unit/app/workbench.h"

static char path[128];

static void end_run(struct store *s, int64_t run, enum store_status status)
{
  struct store_run_end end = {.status = status, .error = status == STORE_DONE ? NULL : "diverged", .wall_s = 1};
  if (store_run_end(s, run, &end) != STORE_OK)
    tap_bail("%s", store_message(s));
}

/* --- one facet ----------------------------------------------------------------------------------------------------- */

static void add_schedule(struct store *s, int64_t experiment, int epochs, const char *name, double peak, double val, double test, bool fails)
{
  for (int seed = 1; seed <= 3; seed++) {
    char config[160];
    snprintf(config, sizeof config, "{\"params\":{\"epochs\":%d},\"peak\":%g,\"schedule\":\"%s\",\"seed\":%d}", epochs, peak, name, seed);
    int64_t run = fixture_run(s, experiment, config, seed);
    bool lost = fails && seed == 3, falls = strcmp(name, "cosine") == 0;
    store_result_number(s, run, "val_error", val);
    store_result_number(s, run, "test_error", test + 0.01 * seed + (falls ? 0 : 0.01 * seed));
    store_result_number(s, run, "best_test_error", test);
    for (int step = 0; step < 10; step++)
      store_metric(s, run, "lr", step, falls ? peak * (9 - step) / 9 : peak);
    end_run(s, run, lost ? STORE_FAILED : STORE_DONE);
  }
}

/* A run with twice the updates. */
static void add_twice(struct store *s, int64_t experiment)
{
  int64_t run = fixture_run(s, experiment, "{\"horizon\":2,\"params\":{\"epochs\":3},\"peak\":0.1,\"schedule\":\"cosine\",\"seed\":1}", 1);
  store_result_number(s, run, "twice_test_error", 0.09);
  end_run(s, run, STORE_DONE);
}

static void make_schedules(struct store *s, int64_t experiment)
{
  add_twice(s, experiment);
  add_schedule(s, experiment, 1, "cosine", 0.1, 0.001, 0.001, false); /* under another setting: no match for the others */
  add_schedule(s, experiment, 3, "cosine", 0.01, 0.2, 0.2, false);
  add_schedule(s, experiment, 3, "cosine", 0.1, 0.1, 0.1, false);
  add_schedule(s, experiment, 3, "cosine", 1, 0.125, 0.1, false);
  add_schedule(s, experiment, 3, "constant", 0.01, 0.3, 0.2, false);
  add_schedule(s, experiment, 3, "constant", 0.1, 0.2, 0.2, false);
  add_schedule(s, experiment, 3, "constant", 1, 0.9, 0.9, true);
}

static void schedules(void)
{
  tap_has(bench_keys("4"), "epochs=3  (E, f: another)", "4 shows the newest setting of an experiment and says that there are others");
  const char *best = bench_line("cosine  ");
  tap_has(best, "1 ", "the best schedule has rank 1");
  tap_has(best, "0.120 ±0.025", "its score is that at its best peak, with an interval"); /* mean of .11, .12, .13; t(2) .01/sqrt(3) = .0248 */
  tap_has(best, "0.5 decades", "its good range by straight lines"); /* .01/.1 of a decade to the left, .01/.025 to the right */
  tap_has(best, "+0.0200", "the last iterate against the best one");
  tap_has(best, "-0.0300", "what twice the updates change");
  tap_has(best, "█▇▆▆▅▄▃▃▂▁", "its rate falls");
  const char *other = bench_line("constant  ");
  /* Differences .11, .12, .13: t = .12/(.01/sqrt(3)) = 20.78; with 2 degrees of freedom p = 1 - t/sqrt(t^2 + 2) = .0023 */
  tap_has(other, "+0.1200 p=0.0023 *", "the other one is told apart by a paired test");
  tap_has(other, "██████████", "a constant rate is drawn as one");
  tap_has(bench_screen(), "val_error against peak rate", "sensitivity");
  tap_has(bench_screen(), "(1 point left out: lost, or above 3x the best)", "what diverged is left out, and that is said");
  tap_has(bench_keys("Tab"), "val_error over the training, at the best peak", "Tab: the course of the training");
  tap_has(bench_screen(), "the runs that have a score log no metric val_error", "of which these runs have logged nothing");
  tap_has(bench_keys("Tab"), "by schedule and peak", "Tab: the heat map");
  tap_has(bench_screen(), "^^", "where what diverged has a sign of its own");
  tap_has(bench_keys("Tab"), "shapes: learning rate over its peak", "Tab: the shapes");
  tap_has(bench_keys("Shift-Tab m"), "test_error by schedule", "m chooses the result");
  tap_has(bench_keys("Down Enter"), "3 runs of one config", "Enter opens the runs of a schedule");
  bench_keys("Esc");
  tap_has(bench_keys("E Down Enter"), "epochs=1", "E chooses another setting");
  tap_has(bench_line("cosine  "), "0.021 ±", "whose runs are by themselves");
  tap_ok(!strstr(bench_screen(), "constant"), "without the schedules that it does not have");
  tap_has(bench_keys("f"), "epochs=3", "f goes to the next setting where there are no facets");
}

/* --- facets -------------------------------------------------------------------------------------------------------- */

struct arm { const char *optimizer, *problem, *name; double test, half, end; };

static int64_t start_run(struct store *s, int64_t experiment, const struct arm *a, double peak, int seed)
{
  char config[200];
  snprintf(config, sizeof config, "{\"optimizer\":\"%s\",\"peak\":%g,\"problem\":\"%s\",\"schedule\":\"%s\",\"seed\":%d}", a->optimizer, peak, a->problem, a->name, seed);
  return fixture_run(s, experiment, config, seed);
}

/* Two seeds that tune, of which one may be lost. What they log must not count in the course. */
static void tune(struct store *s, int64_t experiment, const struct arm *a, double peak, double val, bool loses)
{
  for (int seed = 1; seed <= 2; seed++) {
    int64_t run = start_run(s, experiment, a, peak, seed);
    bool lost = loses && seed == 2;
    store_metric(s, run, "val_error", 10, 0.001);
    if (!lost)
      store_result_number(s, run, "val_error", val);
    end_run(s, run, lost ? STORE_FAILED : STORE_DONE);
  }
}

/* Three fresh seeds around the test error; the mean course goes from 1 through `half` to `end`, at steps 0, 5 and 10. */
static void score(struct store *s, int64_t experiment, const struct arm *a)
{
  const double course[] = {1, a->half, a->end};
  for (int seed = 1001; seed <= 1003; seed++) {
    int64_t run = start_run(s, experiment, a, 0.1, seed);
    double shift = 0.01 * (seed - 1002);
    store_result_number(s, run, "test_error", a->test + shift);
    for (int i = 0; i < 3; i++)
      store_metric(s, run, "val_error", 5 * i, course[i] + shift);
    end_run(s, run, STORE_DONE);
  }
}

/* Optimizers sgd and adam on problems p and q; adam was not run on q, and gamma not with sgd on q. */
static void make_facets(struct store *s, int64_t experiment)
{
  static const struct arm arm[] = {
    {"sgd", "p", "alpha", 0.1, 0.5, 0.1}, {"sgd", "p", "beta", 0.2, 0.2, 0.1}, {"sgd", "p", "gamma", 0.3, 0.9, 0.8},
    {"adam", "p", "alpha", 0.15, 0.5, 0.1}, {"adam", "p", "beta", 0.1, 0.5, 0.1}, {"adam", "p", "gamma", 0.4, 0.5, 0.1},
    {"sgd", "q", "alpha", 0.2, 0.5, 0.1}, {"sgd", "q", "beta", 0.22, 0.5, 0.1}};
  for (size_t i = 0; i < sizeof arm / sizeof *arm; i++) {
    if (i == 2)
      tune(s, experiment, &arm[i], 0.01, 0.1, false); /* as good as the one that is scored */
    tune(s, experiment, &arm[i], 0.1, 0.1, false);
    tune(s, experiment, &arm[i], 1, i ? 0.12 : 0.05, i == 0);
    score(s, experiment, &arm[i]);
  }
}

static void overall(void)
{
  bench_keys("4 E");
  tap_has((bench_type("facets"), bench_keys("Enter")), "over all 3: optimizer (2), problem (2)", "where more is varied, the screen opens on the table over all facets");
  const char *line = bench_line("alpha  ");
  tap_ok(strstr(line, "1.3 ") && strstr(line, "50 %") && strstr(line, "adam, p"), "a schedule's mean place, and where it is how far behind: %s", line); /* places 1, 1, 2; .15/.1 */
  line = bench_line("beta  ");
  tap_ok(strstr(line, "1.7 ") && strstr(line, "100 %") && strstr(line, "sgd, p"), "of another: %s", line); /* 2, 2, 1; .2/.1 */
  line = bench_line("gamma  ");
  tap_ok(strstr(line, "3.0 ") && strstr(line, "300 %") && strstr(line, " 2"), "of one that is missing in a facet: %s", line); /* 3, 3; .4/.1 */
  tap_has(strstr(bench_screen(), "above the best there"), "xxxx", "which is marked in the picture");
  tap_has(strstr(bench_screen(), "above the best there"), "^^^^", "as is what lies far behind");
}

static void facets(void)
{
  tap_has(bench_keys("Enter"), "f optimizer adam (2 of 2)   v problem p (1 of 2)   o over all 3", "Enter opens the facet where the selected one is worst");
  tap_has(bench_line("▸"), "alpha  ", "with that schedule selected");
  tap_has(bench_keys("f"), "optimizer sgd (1 of 2)   v problem p (1 of 2)", "f: the next value of the first key");
  tap_has(bench_line("▸"), "1      alpha ", "the selected schedule stays selected");
  tap_has(bench_line("▸"), "0.1 edge", "a rate that lost a seed is not chosen, and the best of a schedule's own rates stands at their edge");
  tap_has(bench_line("▸"), " 99 %", "the part of T until the mean of the fresh seeds is on target"); /* .5 + .5 (.5 - .11)/.4 = .9875 */
  tap_has(bench_line("beta  "), " 95 %", "by straight lines between the evaluations"); /* .5 + .5 (.2 - .11)/.1 */
  tap_has(bench_line("gamma  "), "never", "or never");
  tap_has(bench_line("gamma  "), "0.300 ±0.025  0.1   ", "of two peaks that are as good, the one that was scored counts");
  tap_has(bench_line("gamma  "), "+0.2000", "differences are those within the facet");
  tap_has(bench_keys("v"), "optimizer sgd (1 of 2)   v problem q (2 of 2)", "v: the next value of the second");
  tap_ok(!*bench_line("gamma  "), "without the schedule that has no runs there");
  tap_has(bench_keys("f"), "optimizer adam (2 of 2)   v problem p (1 of 2)", "a combination that was not run is passed over");
  tap_has(bench_keys("."), "optimizer sgd (1 of 2)   v problem p (1 of 2)", ". goes through the combinations");
  tap_has(bench_keys(","), "optimizer adam (2 of 2)", "and , back");
  tap_has(bench_keys("o"), "over all 3", "o: over all again");
  tap_has(bench_keys("o f"), "optimizer sgd", "and back");
}

/* The course is that of the fresh seeds, from 1 down; the runs that tune have logged one point at .001. */
static void courses(void)
{
  tap_has(bench_keys("Shift-Tab"), "val_error over the training, at the best peak", "Shift-Tab: the course of the training");
  tap_has(bench_screen(), "part of T", "over the part of T");
  tap_has(bench_screen(), "points left out: above 3x the best", "what would flatten the rest is left out, and that is said");
}

/* What was looked at last comes back with the next workbench. */
static void memory(void)
{
  bench_close();
  bench_open(path, 150, 44);
  bench_keys("4");
  bench_keys("E");
  tap_has((bench_type("facets"), bench_keys("Enter")), "optimizer sgd (1 of 2)   v problem p (1 of 2)", "the combination is remembered");
}

static void sizes(void)
{
  long lost = 0;
  for (int i = 0; i < 30; i++) {
    bench_resize(40 + 5 * i, 10 + i);
    lost += !strstr(bench_keys("4 Tab ."), "Schedules]") + !strstr(bench_keys("o Down"), "Schedules]") + !strstr(bench_keys("o"), "Schedules]");
  }
  tap_is_int(lost, 0, "every size shows which screen it is");
}

int main(void)
{
  struct store *s;
  char message[512], hash[33];
  const struct store_script script = {"facets.lua", "return 1", 8};
  int64_t other;
  snprintf(path, sizeof path, "%s", fixture_path("schedules.db"));
  if (store_open(&s, path, STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  if (store_experiment(s, "facets", NULL, &script, 1, "{}", &other, hash) != STORE_OK)
    tap_bail("%s", store_message(s));
  make_facets(s, other);
  make_schedules(s, fixture_experiment(s));
  store_close(s);
  bench_open(path, 150, 44);
  schedules();
  overall();
  facets();
  courses();
  memory();
  sizes();
  bench_close();
  fixture_done();
  return tap_done();
}
