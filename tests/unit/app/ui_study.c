/* ui_study.c: the screens of schedules and bounds on runs whose statistics are known by hand. */
#include "tests/unit/app/workbench.h"

static char path[128];

static void end_run(struct store *s, int64_t run, enum store_status status)
{
  struct store_run_end end = {.status = status, .error = status == STORE_DONE ? NULL : "diverged", .wall_s = 1};
  if (store_run_end(s, run, &end) != STORE_OK)
    tap_bail("%s", store_message(s));
}

/* --- schedules ----------------------------------------------------------------------------------------------------- */

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

static void make_schedules(struct store *s, int64_t experiment)
{
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
  tap_has(bench_keys("4"), "epochs=3  (E: another)", "4 shows the newest setting of an experiment and says that there are others");
  const char *best = bench_line("cosine  ");
  tap_has(best, "1 ", "the best schedule has rank 1");
  tap_has(best, "0.120 ±0.025", "its score is that at its best peak, with an interval"); /* mean of .11, .12, .13; t(2) .01/sqrt(3) = .0248 */
  tap_has(best, "0.5 decades", "its good range by straight lines"); /* .01/.1 of a decade to the left, .01/.025 to the right */
  tap_has(best, "+0.0200", "the last iterate against the best one");
  tap_has(best, "█▇▆▆▅▄▃▃▂▁", "its rate falls");
  const char *other = bench_line("constant  ");
  /* Differences .11, .12, .13: t = .12/(.01/sqrt(3)) = 20.78; with 2 degrees of freedom p = 1 - t/sqrt(t^2 + 2) = .0023 */
  tap_has(other, "+0.1200 p=0.0023 *", "the other one is told apart by a paired test");
  tap_has(other, "██████████", "a constant rate is drawn as one");
  tap_has(bench_screen(), "val_error against peak rate", "sensitivity");
  tap_has(bench_screen(), "left out", "what diverged is left out, and that is said");
  tap_has(bench_keys("Tab"), "by schedule and peak", "Tab: the heat map");
  tap_has(bench_screen(), "^^", "where what diverged has a sign of its own");
  tap_has(bench_keys("Tab"), "shapes: learning rate over its peak", "Tab: the shapes");
  tap_has(bench_keys("Shift-Tab m"), "test_error by schedule", "m chooses the result");
  tap_has(bench_keys("Down Enter"), "3 runs of one config", "Enter opens the runs of a schedule");
  bench_keys("Esc");
  tap_has(bench_keys("E Down Enter"), "epochs=1", "E chooses another setting");
  tap_has(bench_line("cosine  "), "0.021 ±", "whose runs are by themselves");
  tap_ok(!strstr(bench_screen(), "constant"), "without the schedules that it does not have");
  bench_keys("E Enter Tab Tab m"); /* as it was */
}

/* --- bounds -------------------------------------------------------------------------------------------------------- */

static void add_net(struct store *s, int64_t experiment, int width, int seed, double gap, double bound, bool reached)
{
  char config[96];
  snprintf(config, sizeof config, "{\"seed\":%d,\"width\":%d}", seed, width);
  int64_t run = fixture_run(s, experiment, config, seed);
  store_result_number(s, run, "gap", gap);
  store_result_number(s, run, "train_error", 0.01);
  store_result_number(s, run, "reached", reached);
  store_result_number(s, run, "pb", bound);
  store_result_text(s, run, "pb.kind", "HP");
  store_result_text(s, run, "pb.claim", "guaranteed");
  store_result_number(s, run, "pb.violated", !reached);
  store_result_number(s, run, "pb.vacuous", bound >= 1);
  store_result_number(s, run, "pb.tightness", 2 * width);
  store_result_number(s, run, "norm", reached ? -width : 100);
  store_result_text(s, run, "norm.kind", "C");
  end_run(s, run, STORE_DONE);
}

static void make_bounds(struct store *s, int64_t experiment)
{
  static const double second[] = {0.1, 0.2, 0.4, 0.3}; /* one of six pairs the wrong way round */
  for (int width = 1; width <= 4; width++) {
    add_net(s, experiment, width, 1, 0.1 * width, 0.3 * width, true);
    add_net(s, experiment, width, 2, 0.1 * width, second[width - 1], true);
  }
  add_net(s, experiment, 5, 1, 0.5, 0.001, false);
}

static void bounds(void)
{
  tap_has(bench_keys("5"), "against the measured gap", "5 holds bounds against the gap");
  const char *line = bench_line("pb  ");
  tap_has(line, "0 of 8", "violations of the nets that count");
  tap_has(line, "1 of 8", "and how many bounds say nothing");
  tap_has(line, "0.35", "the median bound"); /* of .1 .2 .3 .3 .4 .6 .9 1.2 */
  tap_has(line, "5x", "the median tightness"); /* of 2, 4, 6, 8, twice */
  /* tau 1 and 4/6 in the two seeds; the t interval, 12.7 x .167, is cut at -1 and 1 */
  tap_has(line, "+0.83 [-1.00, +1.00]", "Kendall's tau within each seed, and its interval over seeds");
  tap_has(bench_line("norm  "), "-1.00 [-1.00, -1.00]", "a measure may rank the wrong way round in every seed");
  tap_has(bench_screen(), "short of the training loss: 1", "nets short of the training loss are left out, and that is said");
  tap_has(bench_screen(), "pb: guaranteed.  an upper bound that holds with probability", "the selected bound says what it claims");
  tap_has(bench_keys("Tab"), "pb less training error against the measured gap", "Tab: the selected one alone");
  tap_has(bench_keys("Down"), "norm against the measured gap", "a measure is drawn as it is");
  bench_keys("Tab Up");
}

int main(void)
{
  struct store *s;
  char message[512];
  snprintf(path, sizeof path, "%s", fixture_path("study.db"));
  if (store_open(&s, path, STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  int64_t experiment = fixture_experiment(s);
  make_schedules(s, experiment);
  int64_t other;
  char hash[33];
  const struct store_script script = {"bounds.lua", "return 1", 8};
  if (store_experiment(s, "bounds", NULL, &script, 1, "{}", &other, hash) != STORE_OK)
    tap_bail("%s", store_message(s));
  make_bounds(s, other);
  store_close(s);
  bench_open(path, 150, 44);
  schedules();
  bounds();
  bench_close();
  fixture_done();
  return tap_done();
}
