/* merge.c: runs of other stores come in once, whole, or not at all. */
#include "store/store_int.h"
#include "tests/unit/store/fixture.h"

static const char facts[] =
  "SELECT group_concat(x, char(10)) FROM (SELECT uid || ' ' || experiment || ' ' || script_hash || ' ' || status || ' ' || config_hash || ' ' ||"
  " coalesce(seed, '-') || ' ' || coalesce(tags, '-') || ' ' || coalesce(note, '-') || ' ' || host || ' ' || started_at || ' ' || ended_at"
  " AS x FROM runs UNION SELECT uid || key || coalesce(hex(value), 'NaN') FROM results UNION SELECT uid || key || hex(value) FROM params"
  " UNION SELECT uid || key || step || coalesce(format('%!.17g', value), 'NaN') FROM metrics JOIN run ON run.id = run_id"
  " UNION SELECT uid || json FROM run JOIN environment e ON e.id = environment_id"
  " UNION SELECT uid || x.position || x.name || t.text FROM run JOIN experiment_script x USING (experiment_id) JOIN script t ON t.id = script_id"
  " ORDER BY 1)";

static struct store *open_or_bail(const char *path, enum store_mode mode)
{
  struct store *s;
  char message[1024];
  if (store_open(&s, path, mode, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  return s;
}

static void add_run(struct store *s, int64_t experiment, int64_t environment, const char *config, enum store_status status)
{
  int64_t run;
  struct store_run_start start = {.experiment_id = experiment, .environment_id = environment, .config_json = config,
                                  .config_hash = fixture_hash(config), .seed = 3};
  if (store_run_begin(s, &start, &run) != STORE_OK)
    tap_bail("%s", store_message(s));
  for (int i = 0; i < 5; i++) {
    store_metric(s, run, "loss", i, 1.0 / 3 / (i + 1));
    store_metric(s, run, config, i, i == 2 ? (double)NAN : i == 3 ? (double)INFINITY : i); /* a key that the other store gives another id */
  }
  store_result_number(s, run, "nothing", NAN);
  store_result_text(s, run, "word", "a\nb");
  store_tag(s, run, "kept", true);
  store_note(s, run, "why");
  if (status != STORE_RUNNING && store_run_end(s, run, &(struct store_run_end){.status = status, .wall_s = 0.25}) != STORE_OK)
    tap_bail("%s", store_message(s));
}

/* A store with three finished runs, one of them of an experiment that only it has. */
static void fill(const char *path, const char *own)
{
  struct store *s = open_or_bail(path, STORE_WRITE);
  char config[64], hash[33];
  int64_t environment, other;
  const struct store_script scripts[] = {{own, own, strlen(own)}, {"shared.lua", "return 1", 8}};
  store_environment(s, &(struct store_environment){"{\"cpu\":\"same\"}"}, &environment);
  if (store_experiment(s, own, "own", scripts, 2, "{\"n\":1}", &other, hash) != STORE_OK)
    tap_bail("%s", store_message(s));
  int64_t experiment = fixture_experiment(s);
  snprintf(config, sizeof config, "{\"lr\":0.1,\"own\":\"%s\"}", own);
  add_run(s, experiment, environment, config, STORE_DONE);
  add_run(s, other, environment, config, STORE_FAILED);
  add_run(s, experiment, environment, "{\"same\":\"in both\"}", STORE_DONE);
  store_close(s);
}

static void test_merge(struct store *s, const char *a, const char *b)
{
  struct store_merged m;
  char expected[65536] = "";
  static char whole[65536];
  tap_is_int(store_merge(s, a, &m), STORE_OK, "a store is merged into an empty one: %s", store_message(s));
  tap_ok(m.runs == 3 && m.known == 0 && m.points == 30, "all its runs and points come");
  struct store *source = open_or_bail(a, STORE_READ);
  snprintf(expected, sizeof expected, "%s", fixture_text(source, facts));
  store_close(source);
  tap_ok(strlen(expected) > 1000, "there is something to compare (%zu bytes)", strlen(expected));
  tap_is_str(fixture_text(s, facts), expected, "and are as they were");
  tap_is_int(store_merge(s, b, &m), STORE_OK, "a second store comes to it");
  tap_is_int(fixture_int(s, "SELECT count(*) FROM runs"), 6, "with all its runs");
  tap_is_str(fixture_text(s, "SELECT (SELECT count(*) FROM experiment) || ' ' || (SELECT count(*) FROM script) || ' ' ||"
                          " (SELECT count(*) FROM environment) || ' ' || (SELECT count(*) FROM metric_key)"), "3 4 1 4",
             "what both share is there once");
  snprintf(whole, sizeof whole, "%s", fixture_text(s, facts));
  tap_is_int(store_merge(s, a, &m), STORE_OK, "the first store again");
  tap_ok(m.runs == 0 && m.known == 3 && m.points == 0, "brings nothing new");
  tap_is_str(fixture_text(s, facts), whole, "and changes nothing");
}

static void test_left_alone(struct store *s, const char *a)
{
  struct store *source = open_or_bail(a, STORE_WRITE);
  struct store_merged m;
  add_run(source, 1, 1, "{\"still\":\"running\"}", STORE_RUNNING);
  add_run(source, 1, 1, "{\"lies in\":\"the trash\"}", STORE_DONE);
  int64_t trashed = fixture_int(source, "SELECT max(id) FROM run");
  store_trash(source, &trashed, 1, true);
  store_flush(source);
  tap_is_int(store_merge(s, a, &m), STORE_OK, "a store that is being written can be merged from");
  tap_ok(m.runs == 0 && m.running == 1 && m.known == 3, "a run that still runs is left, one in the trash is not seen");
  store_close(source);
}

static void run_sql(const char *path, const char *sql)
{
  sqlite3 *db;
  if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
    tap_bail("%s", sqlite3_errmsg(db));
  sqlite3_close(db);
}

static void test_refused(struct store *s)
{
  static char before[65536];
  char path[128];
  struct store_merged m;
  snprintf(before, sizeof before, "%s", fixture_text(s, facts));
  strcpy(path, fixture_path("other.db"));
  run_sql(path, "CREATE TABLE t (x)");
  tap_is_int(store_merge(s, path, &m), STORE_NOT_OURS, "a database of another program is refused");
  tap_has(store_message(s), "other.db", "and named");
  strcpy(path, fixture_path("newer.db"));
  fill(path, "newer");
  run_sql(path, "PRAGMA user_version = 999");
  tap_is_int(store_merge(s, path, &m), STORE_TOO_NEW, "so is the store of a newer assay");
  tap_is_int(store_merge(s, fixture_path("absent.db"), &m), STORE_ABSENT, "so is one that is not there");
  tap_is_int(store_merge(s, store_path(s), &m), STORE_ERROR, "so is the store itself");
  strcpy(path, fixture_path("broken.db"));
  fill(path, "broken");
  run_sql(path, "PRAGMA foreign_keys = OFF; UPDATE run SET experiment_id = 77 WHERE id = 2");
  tap_is_int(store_merge(s, path, &m), STORE_CORRUPT, "a run without its experiment is refused");
  tap_ok(m.runs == 0, "and nothing counts as merged");
  tap_is_str(fixture_text(s, facts), before, "none of its other runs has come");
  strcpy(path, fixture_path("lying.db"));
  fill(path, "lying");
  run_sql(path, "UPDATE script SET text = 'return 666' WHERE text = 'return 1'");
  tap_is_int(store_merge(s, path, &m), STORE_OK, "a text under the hash of another");
  tap_is_int(fixture_int(s, "SELECT count(*) FROM script WHERE text = 'return 1'"), 1, "does not take its place");
  tap_is_int(fixture_int(s, "SELECT count(*) FROM experiment e JOIN experiment_script x ON x.experiment_id = e.id JOIN script t ON t.id ="
                         " x.script_id WHERE e.name = 'lying' AND t.text = 'return 666'"), 1, "but stands for itself");
}

int main(void)
{
  char a[128], b[128];
  strcpy(a, fixture_path("a.db"));
  strcpy(b, fixture_path("b.db"));
  fill(a, "first");
  fill(b, "second");
  struct store *s = open_or_bail(fixture_path("all.db"), STORE_WRITE);
  test_merge(s, a, b);
  test_left_alone(s, a);
  test_refused(s);
  store_metric(s, fixture_run(s, 1, "{\"after\":1}", 1), "loss", 0, 1);
  tap_is_int(store_flush(s), STORE_OK, "the store can be written as before");
  store_close(s);
  s = open_or_bail(fixture_path("all.db"), STORE_READ);
  tap_is_int(store_merge(s, a, &(struct store_merged){0}), STORE_READONLY, "a reader merges nothing");
  store_close(s);
  fixture_done();
  return tap_done();
}
