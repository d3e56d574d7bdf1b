/* round_trip.c: what is written comes back: runs, parameters, metrics, results, tags, scripts. */
#include <math.h>
#include <string.h>

#include "tests/tap.h"
#include "tests/unit/store/fixture.h"

static struct store *s;
static int64_t experiment, run;
static char script_hash[33];

static void test_experiment(void)
{
  struct store_script files[] = {{"exp.lua", "return 1", 8}, {"b.lua", "b", 1}, {"a.lua", "a", 1}};
  struct store_script swapped[] = {files[0], files[2], files[1]};
  struct store_script renamed[] = {{"/elsewhere/exp.lua", "return 1", 8}, files[1], files[2]};
  struct store_script changed[] = {{"exp.lua", "return 2", 8}, files[1], files[2]};
  int64_t again, other;
  char hash[33];
  tap_is_int(store_experiment(s, "exp", "what", files, 3, "{\"epochs\":5}", &experiment, script_hash), STORE_OK,
             "an experiment is stored");
  tap_is_int((long long)strlen(script_hash), 32, "its identity is 32 hex digits");
  store_experiment(s, "exp", "what", swapped, 3, "{\"epochs\":5}", &again, hash);
  tap_ok(again == experiment && strcmp(hash, script_hash) == 0, "the order of required files does not change its identity");
  store_experiment(s, "exp", "what", renamed, 3, "{\"epochs\":5}", &again, hash);
  tap_ok(again == experiment, "where the script lies does not change its identity");
  store_experiment(s, "exp", "what", changed, 3, "{\"epochs\":5}", &other, hash);
  tap_ok(other != experiment && strcmp(hash, script_hash) != 0, "another text is another experiment");
  tap_is_int(fixture_int(s, "SELECT count(*) FROM script"), 4, "equal texts are stored once");
  tap_is_str(fixture_text(s, "SELECT group_concat(name) FROM (SELECT name FROM experiment_script WHERE experiment_id = 1"
                             " ORDER BY position)"), "exp.lua,b.lua,a.lua", "files keep their order");
}

static void test_environment(void)
{
  int64_t a, b, c;
  store_environment(s, &(struct store_environment){"{\"cpu\":\"x\"}"}, &a);
  store_environment(s, &(struct store_environment){"{\"cpu\":\"x\"}"}, &b);
  store_environment(s, &(struct store_environment){"{\"cpu\":\"y\"}"}, &c);
  tap_ok(a > 0 && a == b && c != a, "equal environments are stored once");
}

static void test_config(void)
{
  static const char config[] = "{\"big\":9007199254740993,\"flag\":true,\"none\":null,\"opt\":{\"empty\":{},\"id\":\"sgd\","
                               "\"momentum\":0.9},\"seed\":3,\"widths\":[256,256]}";
  run = fixture_run(s, experiment, config, 3);
  tap_ok(run > 0, "a run begins");
  tap_is_int(fixture_int(s, "SELECT count(*) FROM param"), 8, "each leaf of the config is a row");
  tap_is_str(fixture_text(s, "SELECT value FROM param WHERE key = 'opt.id'"), "sgd", "nested keys are joined by dots");
  tap_is_str(fixture_text(s, "SELECT typeof(value) FROM param WHERE key = 'opt.momentum'"), "real", "numbers are numbers");
  tap_ok(fixture_int(s, "SELECT value FROM param WHERE key = 'big'") == 9007199254740993LL, "whole numbers keep all digits");
  tap_is_int(fixture_int(s, "SELECT value FROM param WHERE key = 'flag'"), 1, "true is 1");
  tap_is_str(fixture_text(s, "SELECT typeof(value) FROM param WHERE key = 'none'"), "null", "null is NULL");
  tap_is_str(fixture_text(s, "SELECT value FROM param WHERE key = 'widths'"), "[256,256]", "a list is JSON text");
  tap_is_str(fixture_text(s, "SELECT value FROM param WHERE key = 'opt.empty'"), "{}", "an empty object is kept");
  tap_is_str(fixture_text(s, "SELECT config FROM runs"), config, "the config is kept as it was given");
  tap_is_str(fixture_text(s, "SELECT status || '/' || experiment || '/' || seed FROM runs"), "running/exp/3",
             "the view `runs` shows a running run");
  int64_t bad;
  struct store_run_start start = {.experiment_id = experiment, .config_json = "[1]", .config_hash = "x", .seed = 1};
  tap_is_int(store_run_begin(s, &start, &bad), STORE_ERROR, "a config that is not an object is refused");
  tap_has(store_message(s), "JSON object", "and the message says so");
}

static void test_groups(void)
{
  int64_t a = fixture_run(s, experiment, "{\"lr\":0.1,\"seed\":1}", 1), b = fixture_run(s, experiment, "{\"seed\":2,\"lr\":0.1}", 2);
  int64_t c = fixture_run(s, experiment, "{\"lr\":0.2,\"seed\":1}", 1);
  char sql[200];
  snprintf(sql, sizeof sql, "SELECT count(DISTINCT group_hash) FROM run WHERE id IN (%lld, %lld)", (long long)a, (long long)b);
  tap_is_int(fixture_int(s, sql), 1, "runs that differ by seed only share a group");
  snprintf(sql, sizeof sql, "SELECT count(DISTINCT group_hash) FROM run WHERE id IN (%lld, %lld)", (long long)a, (long long)c);
  tap_is_int(fixture_int(s, sql), 2, "another parameter makes another group");
}

static void test_metrics(void)
{
  static const double value[] = {2.5, -INFINITY, NAN, 0.25, NAN};
  for (int i = 0; i < 5; i++)
    store_metric(s, run, "loss", i, value[i]);
  for (int i = 199; i >= 0; i--) /* falling steps, more than one statement takes */
    store_metric(s, run, "acc", i, 0.001 * i);
  store_metric(s, run, "acc", 199, 7);
  tap_is_int(store_flush(s), STORE_OK, "metrics are written");
  tap_is_int(fixture_int(s, "SELECT count(*) FROM metrics WHERE key = 'acc'"), 200, "each step stands once");
  tap_near(fixture_real(s, "SELECT value FROM metrics WHERE key = 'acc' AND step = 199"), 7, 0, 0,
           "of two values for a step the later one stands");
  tap_near(fixture_real(s, "SELECT value FROM metrics WHERE key = 'acc' AND step = 57"), 0.001 * 57, 0, 0,
           "values come back to the bit");
  tap_is_str(fixture_text(s, "SELECT typeof(value) FROM metrics WHERE key = 'loss' AND step = 2"), "null", "NaN is NULL");
  tap_near(fixture_real(s, "SELECT value FROM metrics WHERE key = 'loss' AND step = 1"), -INFINITY, 0, 0, "infinity stays");
  store_metric(s, run, "acc", 3, 9);
  store_flush(s);
  tap_near(fixture_real(s, "SELECT value FROM metrics WHERE key = 'acc' AND step = 3"), 9, 0, 0,
           "writing a step again in a later batch replaces it");
  tap_is_int(store_metric(s, 999, "loss", 0, 1), STORE_ERROR, "a metric of a run that was not begun here is refused");
}

static void test_end(void)
{
  store_result_number(s, run, "test_error", 0.125);
  store_result_number(s, run, "test_error", 0.25);
  store_result_text(s, run, "note", "caf\xc3\xa9 \x1b[31m'; DROP TABLE run; --");
  store_result_number(s, run, "gap", NAN);
  store_result_number(s, run, "acc.max", 42);
  struct store_run_end end = {.status = STORE_DONE, .wall_s = 1.5, .cpu_s = 1.25, .peak_memory_b = 1 << 20};
  tap_is_int(store_run_end(s, run, &end), STORE_OK, "a run ends");
  tap_is_str(fixture_text(s, "SELECT status FROM runs WHERE id = 1"), "done", "its status is done");
  tap_near(fixture_real(s, "SELECT value FROM results WHERE run_id = 1 AND key = 'test_error'"), 0.25, 0, 0,
           "a result given twice is the later one");
  tap_is_str(fixture_text(s, "SELECT value FROM result WHERE key = 'note'"), "caf\xc3\xa9 \x1b[31m'; DROP TABLE run; --",
             "hostile text comes back byte by byte");
  tap_is_str(fixture_text(s, "SELECT typeof(value) FROM result WHERE key = 'gap'"), "null", "a NaN result is a row with NULL");
  tap_is_str(fixture_text(s, "SELECT typeof(value) FROM result WHERE key = 'loss.last'"), "null",
             "the last value is the one of the last step, NaN too");
  tap_near(fixture_real(s, "SELECT value FROM result WHERE key = 'loss.min'"), -INFINITY, 0, 0, "the minimum passes over NaN");
  tap_near(fixture_real(s, "SELECT value FROM result WHERE key = 'loss.max'"), 2.5, 0, 0, "so does the maximum");
  tap_near(fixture_real(s, "SELECT value FROM result WHERE key = 'acc.last'"), 7, 0, 0, "last goes by step, not by arrival");
  tap_near(fixture_real(s, "SELECT value FROM result WHERE key = 'acc.max'"), 42, 0, 0,
           "a result that the run gave wins over the one made from metrics");
  tap_is_int(store_run_end(s, run, &end), STORE_ERROR, "a run ends once");
}

static void test_tags_and_resume(void)
{
  int64_t found;
  store_tag(s, run, "good", true);
  store_tag(s, run, "good", true);
  store_tag(s, run, "b", true);
  store_tag(s, run, "b", false);
  tap_is_str(fixture_text(s, "SELECT tags FROM runs WHERE id = 1"), "good", "tags are set and removed");
  store_find_done(s, fixture_hash("{\"lr\":0.1,\"seed\":1}"), &found);
  tap_is_int(found, 0, "a run that is not finished is not found by its identity");
  char config[256];
  snprintf(config, sizeof config, "%s", fixture_text(s, "SELECT config FROM runs WHERE id = 1"));
  store_find_done(s, fixture_hash(config), &found);
  tap_is_int(found, run, "a finished one is");
}

static void test_many_ends(void)
{
  int64_t id[3];
  struct store_run_end end[3];
  for (int i = 0; i < 3; i++) {
    char config[40];
    snprintf(config, sizeof config, "{\"many\":%d}", i);
    id[i] = fixture_run(s, experiment, config, INT64_MIN);
    store_metric(s, id[i], "loss", 0, i);
    end[i] = (struct store_run_end){.status = i ? STORE_FAILED : STORE_DONE, .error = i ? "diverged at step 1" : NULL};
  }
  tap_is_int(store_runs_end(s, id, end, 3), STORE_OK, "several runs end in one commit");
  tap_is_int(fixture_int(s, "SELECT count(*) FROM runs WHERE status = 'failed' AND error = 'diverged at step 1' AND seed IS NULL"),
             2, "each with its own status, error and no seed");
  tap_near(fixture_real(s, "SELECT sum(value) FROM results WHERE key = 'loss.last' AND status = 'failed'"), 3, 0, 0,
           "and its own last values");
}

int main(void)
{
  char *path = fixture_path("store.db"), message[1024];
  if (store_open(&s, path, STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  test_experiment();
  test_environment();
  test_config();
  test_groups();
  test_metrics();
  test_end();
  test_tags_and_resume();
  test_many_ends();
  struct store_check check;
  tap_ok(store_integrity(s, true, &check) == STORE_OK && check.ok, "the file passes the full integrity check");
  store_close(s);
  fixture_done();
  return tap_done();
}
